"""`motlan audit`: reads the access log; it holds no personal data, and neither does this."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

import click
import msgspec
from rich_click import RichGroup

from gateway import database
from gateway.audit.events import Decision, Event
from gateway.audit.leaf import leaf_hash
from gateway.audit.repository import MOST_ROWS, AuditRepository, Stored, Wanted
from gateway.cli.answers import Answer, Failed, answering
from gateway.cli.archive import archive
from gateway.cli.edge import database_options, reachable, settings_with
from gateway.cli.evidence import bundle
from gateway.cli.exits import Exit
from gateway.cli.retention import retention
from gateway.cli.search_index import index
from gateway.cli.signature import signature
from gateway.cli.tree import tree
from gateway.cli.verify import verify
from gateway.clock import utc_now

ROWS = click.IntRange(1, MOST_ROWS)
INSTANT = click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S"])


@click.group(cls=RichGroup)
def audit() -> None:
    """Read the access log."""


audit.add_command(index)
audit.add_command(archive)
audit.add_command(retention)
audit.add_command(tree)
audit.add_command(verify)
audit.add_command(bundle)
audit.add_command(signature)


@audit.command()
@click.option("--rows", type=ROWS, default=20, show_default=True)
@database_options
@answering
def tail(rows: int, url: str | None, directory: Path | None) -> Answer:
    """Print the newest records, oldest first."""
    today = utc_now().date()
    return _read(url, directory, lambda log: log.tail(rows, today=today))


@audit.command()
@click.option("--since", type=INSTANT, help="First instant, UTC; a day ago when left out.")
@click.option("--until", type=INSTANT, help="First instant after, UTC; now when left out.")
@click.option("--event", type=click.Choice([event.value for event in Event]))
@click.option("--decision", type=click.Choice([decision.value for decision in Decision]))
@click.option("--agency", help="Code of the agency that asked.")
@click.option("--service", help="Code of the service.")
@click.option("--code", help="Code of the refusal.")
@click.option("--exchange", help="Id of one exchange.")
@click.option("--rows", type=ROWS, default=100, show_default=True)
@database_options
@answering
def search(
    url: str | None,
    directory: Path | None,
    rows: int,
    since: datetime | None,
    until: datetime | None,
    **wanted: str | None,
) -> Answer:
    """Print the records that match, newest first; a window of at most 31 days."""
    event, decision = wanted.pop("event"), wanted.pop("decision")
    end = _utc(until) if until else utc_now()
    looked = Wanted(
        since=_utc(since) if since else end - timedelta(days=1),
        until=end,
        event=Event(event) if event else None,
        decision=Decision(decision) if decision else None,
        **wanted,
    )
    try:
        return _read(url, directory, lambda log: log.search(looked, rows))
    except ValueError as window:
        raise Failed(Exit.REFUSED, str(window)) from window


def _utc(at: datetime) -> datetime:
    now = utc_now()
    return at.replace(tzinfo=now.tzinfo) if at.tzinfo is None else at.astimezone(now.tzinfo)


def _read(
    url: str | None,
    directory: Path | None,
    question: Callable[[AuditRepository], Awaitable[list[Stored]]],
) -> Answer:
    with reachable(settings_with(url, directory)) as dsn:
        found = asyncio.run(_asked(dsn, question))
    lines = [_line(stored) for stored in found]
    return Answer(lines, "\n".join(msgspec.json.encode(each).decode() for each in lines))


async def _asked(
    dsn: str, question: Callable[[AuditRepository], Awaitable[list[Stored]]]
) -> list[Stored]:
    opened = database.engine(dsn, pool_connections=1, role=None, application_name="motlan audit")
    try:
        async with database.transaction(opened) as session:
            return await question(AuditRepository(session))
    finally:
        await opened.dispose()


def _line(stored: Stored) -> dict[str, object]:
    place = {"writer": stored.writer, "seq": stored.seq, "leaf": stored.leaf.hex()}
    if leaf_hash(stored.entry) != stored.leaf:  # it may be no JSON any more, and no text
        return {**place, "damaged": stored.entry.hex()}
    return {**place, "entry": msgspec.Raw(stored.entry)}
