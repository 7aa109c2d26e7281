"""`motlan keys`: the signing keys of the token endpoint."""

from dataclasses import dataclass
from datetime import timedelta

import click
import msgspec
from rich_click import RichGroup

from auth.keys import KeyLine, SigningKeyRing
from gateway.cli.answers import Answer, Failed, answering, encoded, table
from gateway.cli.exits import Exit
from gateway.clock import utc_now
from gateway.settings import load


@dataclass(frozen=True, slots=True)
class _Ring:
    keys: SigningKeyRing
    lead: timedelta


@click.group(cls=RichGroup)
def keys() -> None:
    """List, rotate, revoke and export the keys that sign tokens."""


@keys.command(name="list")
@answering
def list_keys() -> Answer:
    """List the keys, oldest first."""
    lines = _ring().keys.lines(utc_now())
    return Answer(lines, table([msgspec.structs.asdict(line) for line in lines]) or "no keys")


@keys.command()
@click.option("--now", "at_once", is_flag=True, help="Sign with it at once: an emergency.")
@answering
def rotate(*, at_once: bool) -> Answer:
    """Publish a new key, which signs when everybody can know it."""
    ring = _ring()
    lead = timedelta() if at_once else ring.lead
    line = ring.keys.rotate(utc_now(), lead=lead)
    return Answer(line, _told(line))


@keys.command()
@click.argument("kid")
@click.option("--yes", is_flag=True, help="Every token it signed is refused at once: I know.")
@answering
def revoke(kid: str, *, yes: bool) -> Answer:
    """Destroy a key that others may have seen."""
    if not yes:
        raise Failed(Exit.REFUSED, "every token it signed would be refused at once; add --yes")
    ring = _ring().keys
    ring.revoke(kid, utc_now())
    return Answer({"revoked": kid}, f"{kid} is destroyed")


@keys.command(name="export-jwks")
@answering
def export_jwks() -> Answer:
    """Print the public keys as a JWK set (RFC 7517)."""
    jwks = _ring().keys.export_jwks(utc_now())
    return Answer(jwks, msgspec.json.format(encoded(jwks), indent=2).decode())


def _ring() -> _Ring:
    identity = load().identity
    ring = SigningKeyRing(identity.keys_dir, keep=identity.keep(), algorithm=identity.algorithm)
    return _Ring(ring, timedelta(seconds=identity.rotation_lead_s))


def _told(line: KeyLine) -> str:
    return f"{line.kid} signs from {line.active_from.isoformat(timespec='seconds')}"
