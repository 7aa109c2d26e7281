"""`motlan keys`: the keys of the token endpoint, and those we prove ourselves by at providers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import click
import msgspec
from rich_click import RichGroup

from auth.keys import KeyLine, SigningKeyRing, age_of, is_overdue
from gateway.audit.events import Event
from gateway.cli.answers import Answer, Failed, answering, encoded, table
from gateway.cli.exits import Exit
from gateway.cli.log_keys import log
from gateway.cli.owing import UNRECORDED, acting, announce, confirm
from gateway.clock import utc_now
from gateway.settings import load
from gateway.wiring import sign_on

SIGNING, SIGN_ON = "signing", "sign-on"
OVERDUE = "older than identity.rotate_after_days: run `motlan keys rotate --ring {ring}`"
Command = TypeVar("Command", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class _Ring:
    keys: SigningKeyRing
    lead: timedelta


def _ringed(command: Command) -> Command:
    """Give a command the flag that says which keys are meant."""
    text = "signing: of our tokens; sign-on: of our proofs at the providers of people."
    kinds = click.Choice([SIGNING, SIGN_ON])
    return click.option("--ring", type=kinds, default=SIGNING, show_default=True, help=text)(
        command
    )


@click.group(cls=RichGroup)
def keys() -> None:
    """List, rotate, revoke and export the keys that sign tokens, or our proofs at providers."""


keys.add_command(log)


@keys.command(name="list")
@_ringed
@answering
def list_keys(ring: str) -> Answer:
    """List the keys, oldest first."""
    now, settings = utc_now(), load()
    lines = _ring(ring).keys.lines(now)
    shown = [{**msgspec.structs.asdict(line), "age_days": age_of(line, now).days} for line in lines]
    text = table(shown) or "no keys"
    if is_overdue(lines, now, settings.identity.rotate_after()):
        text += f"\n{OVERDUE.format(ring=ring)}"
    return Answer(shown, text)


@keys.command()
@click.option("--now", "at_once", is_flag=True, help="Sign with it at once: an emergency.")
@_ringed
@acting
@answering
def rotate(by: str, ring: str, *, at_once: bool) -> Answer:
    """Publish a new key, which signs when everybody can know it."""
    settings, held = load(), _ring(ring)
    announced = announce(settings, Event.KEY_ROTATE, f"{settings.audit.node}/{ring}", by)
    lead = timedelta() if at_once else held.lead
    line = held.keys.rotate(utc_now(), lead=lead)
    recorded = confirm(settings, by) and announced
    return Answer({**msgspec.to_builtins(line), "recorded": recorded}, _told(line, recorded))


@keys.command()
@click.argument("kid")
@click.option("--yes", is_flag=True, help="Every token it signed is refused at once: I know.")
@_ringed
@acting
@answering
def revoke(kid: str, by: str, ring: str, *, yes: bool) -> Answer:
    """Destroy a key that others may have seen."""
    if not yes:
        raise Failed(Exit.REFUSED, "every token it signed would be refused at once; add --yes")
    settings, held = load(), _ring(ring).keys
    announced = announce(settings, Event.KEY_REVOKE, f"{settings.audit.node}/{ring}/{kid}", by)
    held.revoke(kid, utc_now())
    recorded = confirm(settings, by) and announced
    text = f"{kid} is destroyed" + ("" if recorded else f"\n{UNRECORDED}")
    return Answer({"revoked": kid, "recorded": recorded}, text)


@keys.command(name="export-jwks")
@_ringed
@answering
def export_jwks(ring: str) -> Answer:
    """Print the public keys as a JWK set (RFC 7517)."""
    jwks = _ring(ring).keys.export_jwks(utc_now())
    return Answer(jwks, msgspec.json.format(encoded(jwks), indent=2).decode())


def _ring(name: str) -> _Ring:
    settings = load()
    if name == SIGN_ON:
        return _Ring(sign_on.ring_of(settings), sign_on.LEAD)
    identity = settings.identity
    return _Ring(identity.ring(), timedelta(seconds=identity.rotation_lead_s))


def _told(line: KeyLine, recorded: bool) -> str:  # noqa: FBT001 - a fact, not a switch
    signs = f"{line.kid} signs from {line.active_from.isoformat(timespec='seconds')}"
    return signs if recorded else f"{signs}\n{UNRECORDED}"
