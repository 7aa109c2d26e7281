"""Where commands that change files tell the record first: who, and what they are about to do."""

import asyncio
from collections.abc import Awaitable, Callable
from getpass import getuser
from typing import TypeVar

import asyncpg
import click

from gateway.audit.events import Changed, Event
from gateway.audit.observed import Observed
from gateway.clock import utc_now
from gateway.database import TROUBLES
from gateway.embedded import EmbeddedPostgres
from gateway.settings import Settings
from gateway.wiring.rings import keys_seen

Command = TypeVar("Command", bound=Callable[..., object])
REACH_S = 3.0
UNRECORDED = (
    "not on record with a name: the database is away; "
    "the keeper records what changed once it is back"
)


def acting(command: Command) -> Command:
    """Give a command the flag that says who acts."""
    text = "Staff id of who does it; your account on this machine when left out."
    return click.option("--by", default=getuser, help=text)(command)


def announce(settings: Settings, event: Event, code: str, by: str) -> bool:
    """Owe the record the act that *by* begins now; False when the database is away.

    Keys must be revocable while the database is down.  Nothing is hidden by that: the keeper
    compares the key rings with what it saw last, and records the difference.
    """
    return _told(settings, lambda observed: observed.owe(event, Changed.KEY, code, by=by))


def confirm(settings: Settings, by: str) -> bool:
    """Owe the record what *by* has made of the key rings; False when the database is away."""
    prefix, seen = f"{settings.audit.node}/", keys_seen(settings, utc_now())
    return _told(settings, lambda observed: observed.look(Changed.KEY, prefix, seen, by=by))


def _told(settings: Settings, work: Callable[[Observed], Awaitable[object]]) -> bool:
    dsn = _running(settings)
    if dsn is None:
        return False
    try:
        asyncio.run(_work(dsn, work))
    except TROUBLES:
        return False
    return True


def _running(settings: Settings) -> str | None:
    """Return the address of a database that is there; our own one is not started for this."""
    if settings.database.url:
        return settings.database.url.get_secret_value()
    return EmbeddedPostgres(settings.database.directory).status().dsn


async def _work(dsn: str, work: Callable[[Observed], Awaitable[object]]) -> None:
    named = {"application_name": "motlan keys", "role": "motlan_app"}
    connection = await asyncpg.connect(dsn, timeout=REACH_S, server_settings=named)
    try:
        await work(Observed(connection))
    finally:
        await connection.close(timeout=REACH_S)
