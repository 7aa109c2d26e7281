"""`motlan db`: start, stop, upgrade, check, current, downgrade."""

import asyncio
from pathlib import Path

import click
from rich_click import RichGroup

from gateway import migrating
from gateway.cli.answers import Answer, Failed, answering
from gateway.cli.edge import database_options, reachable, settings_with
from gateway.cli.exits import Exit
from gateway.embedded import EmbeddedPostgres
from gateway.settings import Settings


@click.group(cls=RichGroup)
def db() -> None:
    """Start, stop, migrate and check the database."""


@db.command()
@database_options
@answering
def start(url: str | None, directory: Path | None) -> Answer:
    """Start the embedded PostgreSQL and leave it running until `motlan db stop`."""
    ours = _ours(settings_with(url, directory))
    state = ours.status()
    if state.dsn is None:
        ours.start(keep=True)
        ours.leave()
        state = ours.status()
    facts = {"pid": state.pid, "dsn": state.dsn, "opened": [str(folder) for folder in ours.opened]}
    opened = "".join(f"\nlet PostgreSQL's account pass through {path}" for path in ours.opened)
    return Answer(facts, f"PostgreSQL {state.major} runs as process {state.pid}{opened}")


@db.command()
@database_options
@answering
def stop(url: str | None, directory: Path | None) -> Answer:
    """Stop the embedded PostgreSQL, unless a gateway is using it."""
    ours = _ours(settings_with(url, directory))
    pid = ours.status().pid
    ours.stop()
    return Answer({"stopped": pid}, f"stopped process {pid}" if pid else "it was not running")


@db.command()
@database_options
@click.option("--revision", default="head", help="The last migration to apply.")
@click.option("--wait-s", default=60.0, help="Seconds to wait for another process that migrates.")
@answering
def upgrade(url: str | None, directory: Path | None, revision: str, wait_s: float) -> Answer:
    """Apply the migrations that are missing."""
    with reachable(settings_with(url, directory)) as dsn:
        before = asyncio.run(migrating.current(dsn))
        asyncio.run(migrating.upgrade(dsn, revision, wait_s=wait_s))
        after = asyncio.run(migrating.current(dsn))
    moved = f"from {before or 'nothing'} to {after}" if before != after else f"already at {after}"
    return Answer({"before": before, "current": after}, moved)


@db.command()
@database_options
@click.option("--revision", required=True, help="Where to stop; `base` takes everything away.")
@click.option("--yes", is_flag=True, help="Data of the migrations taken down is lost: I know.")
@answering
def downgrade(url: str | None, directory: Path | None, revision: str, *, yes: bool) -> Answer:
    """Take migrations back, with their data."""
    if not yes:
        raise Failed(Exit.REFUSED, "the data of these migrations would be lost; add --yes")
    with reachable(settings_with(url, directory)) as dsn:
        asyncio.run(migrating.downgrade(dsn, revision))
        after = asyncio.run(migrating.current(dsn))
    return Answer({"current": after}, f"now at {after or 'nothing'}")


@db.command()
@database_options
@answering
def check(url: str | None, directory: Path | None) -> Answer:
    """Say whether every migration of this release has been applied."""
    with reachable(settings_with(url, directory)) as dsn:
        found = asyncio.run(migrating.check(dsn))
    facts = {"current": found.current, "head": found.head, "pending": found.pending}
    if found.at_head:
        return Answer(facts, f"at {found.head}, nothing pending")
    text = f"pending: {', '.join(found.pending)}; run `motlan db upgrade`"
    return Answer(facts, text, Exit.MIGRATIONS)


@db.command()
@database_options
@answering
def current(url: str | None, directory: Path | None) -> Answer:
    """Print the number of the last applied migration."""
    with reachable(settings_with(url, directory)) as dsn:
        at = asyncio.run(migrating.current(dsn))
    return Answer({"current": at}, at or "none")


def _ours(settings: Settings) -> EmbeddedPostgres:
    if settings.database.url:
        raise Failed(Exit.REFUSED, "database.url names a server that is not ours to start or stop")
    return EmbeddedPostgres(settings.database.directory)
