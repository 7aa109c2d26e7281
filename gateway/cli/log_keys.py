"""`motlan keys log`: the keys that sign checkpoints of the log."""

from datetime import timedelta

import click
import msgspec
from rich_click import RichGroup

from gateway.audit.events import Event
from gateway.cli.answers import Answer, Failed, answering, table
from gateway.cli.exits import Exit
from gateway.cli.owing import UNRECORDED, acting, announce, confirm
from gateway.clock import utc_now
from gateway.sequencing.keyfiles import LogKeysUnusable
from gateway.sequencing.keys import KeyUnknown, LogKey
from gateway.settings import load
from gateway.wiring.sequencing import keys_of


@click.group(cls=RichGroup)
def log() -> None:
    """List, rotate, retire and export the keys that sign the log."""


@log.command(name="list")
@answering
def list_keys() -> Answer:
    """List the pairs of keys, oldest first."""
    lines = _lines()
    shown = [
        {
            "id": line.id,
            "state": line.state.value,
            "active_from": line.active_from.isoformat(timespec="seconds"),
            "retired_from": line.retired_from and line.retired_from.isoformat(timespec="seconds"),
            "private": "destroyed" if line.destroyed else "here",
        }
        for line in lines
    ]
    return Answer(lines, table(shown) or "no keys; the sequencer makes the first ones")


@log.command()
@click.option("--now", "at_once", is_flag=True, help="Sign with them at once: an emergency.")
@acting
@answering
def rotate(by: str, *, at_once: bool) -> Answer:
    """Publish a new pair, which signs beside the present one when verifiers can know it."""
    settings = load()
    announced = announce(settings, Event.KEY_ROTATE, f"{settings.audit.node}/log", by)
    lead = timedelta() if at_once else timedelta(seconds=settings.tree.key_lead_s)
    try:
        line = keys_of(settings).rotate(utc_now(), lead=lead)
    except LogKeysUnusable as refused:
        raise Failed(Exit.REFUSED, str(refused)) from refused
    recorded = confirm(settings, by) and announced
    signs = f"{line.id} signs from {line.active_from.isoformat(timespec='seconds')}"
    return _answer(line, [signs, *line.vkeys], recorded=recorded)


@log.command()
@click.argument("key_id")
@click.option("--yes", is_flag=True, help="It never signs again: I know.")
@acting
@answering
def retire(key_id: str, by: str, *, yes: bool) -> Answer:
    """End a pair at once and destroy its private halves: others may have seen them."""
    if not yes:
        raise Failed(Exit.REFUSED, "it would never sign again; add --yes")
    settings = load()
    announced = announce(settings, Event.KEY_REVOKE, f"{settings.audit.node}/log/{key_id}", by)
    try:
        line = keys_of(settings).retire(key_id, utc_now())
    except KeyUnknown:
        raise Failed(Exit.REFUSED, "there is no such pair") from None
    except LogKeysUnusable as refused:
        raise Failed(Exit.REFUSED, str(refused)) from refused
    recorded = confirm(settings, by) and announced
    return _answer(line, [f"{line.id} is retired"], recorded=recorded)


@log.command()
@answering
def vkeys() -> Answer:
    """Print the public keys as verifiers take them (C2SP signed-note), retired ones included."""
    lines = _lines()
    found = [{"vkey": vkey, "state": line.state.value} for line in lines for vkey in line.vkeys]
    return Answer(found, "\n".join(one["vkey"] for one in found))


def _lines() -> list[LogKey]:
    try:
        return keys_of(load()).lines(utc_now())
    except LogKeysUnusable as unusable:
        raise Failed(Exit.UNHEALTHY, str(unusable)) from unusable


def _answer(line: LogKey, said: list[str], *, recorded: bool) -> Answer:
    facts = {**msgspec.to_builtins(line), "recorded": recorded}
    return Answer(facts, "\n".join([*said, *([] if recorded else [UNRECORDED])]))
