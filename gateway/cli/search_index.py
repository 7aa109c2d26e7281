"""`motlan audit index`: the search tables beside the log that they are made from."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click
from rich_click import RichGroup

from gateway import database
from gateway.cli.answers import Answer, Failed, answering
from gateway.cli.edge import database_options, reachable, settings_with
from gateway.cli.exits import Exit
from gateway.search.filling import ROLE, opened
from gateway.search.follower import Follower
from gateway.search.rebuilding import Compared, compare, rebuild
from gateway.search.repository import SearchRepository
from gateway.sequencing.repository import TreeRepository
from gateway.sequencing.rows import EntriesGone

READER = "motlan_auditor"
PATIENCE_S = 30.0  # for one statement; nobody waits for an answer meanwhile

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Parts:
    dsn: str
    tree: TreeRepository
    repository: SearchRepository
    follower: Follower


@click.group(cls=RichGroup)
def index() -> None:
    """Compare the search tables with the log, and make them anew."""


@index.command()
@database_options
@answering
def lag(url: str | None, directory: Path | None) -> Answer:
    """Say how far the search is behind the log."""

    async def look(parts: _Parts) -> tuple[int, int, int]:
        standing = await parts.repository.standing()
        return standing.floor, standing.next_index, (await parts.tree.head()).size

    floor, next_index, size = _with_parts(url, directory, look)
    facts = {"floor": floor, "searched_to": next_index, "tree_size": size}
    behind = max(0, size - next_index)
    text = f"searchable from {floor} to {next_index} of {size}: {behind} behind"
    return Answer({**facts, "behind": behind}, text)


@index.command()
@database_options
@answering
def digest(url: str | None, directory: Path | None) -> Answer:
    """Compare the tables with the log, byte for byte; ends with 7 when they differ."""
    return _told(_with_parts(url, directory, lambda own: compare(own.repository, own.tree)))


@index.command(name="rebuild")
@click.option("--yes", is_flag=True, help="Searches find less until it is done: I know.")
@database_options
@answering
def make_anew(url: str | None, directory: Path | None, *, yes: bool) -> Answer:
    """Empty the search tables, fill them from the log, and compare."""
    if not yes:
        raise Failed(Exit.REFUSED, "searches find less until it is done; add --yes")

    async def work(parts: _Parts) -> Compared:
        filling = await opened(parts.dsn)
        try:
            end = (await parts.tree.head()).size
            await rebuild(filling, parts.follower, parts.repository, end)
        finally:
            await filling.aclose()
        return await compare(parts.repository, parts.tree)

    return _told(_with_parts(url, directory, work))


def _told(found: Compared) -> Answer:
    facts = {
        "equal": found.equal,
        "floor": found.floor,
        "searched_to": found.next_index,
        "stored": found.stored,
        "projected": found.projected,
    }
    reach = f"records {found.floor} to {found.next_index}"
    if found.equal:
        return Answer(facts, f"{reach}: the search tables are what the log says ({found.stored})")
    return Answer(
        facts,
        f"{reach}: the search tables differ from the log; motlan audit index rebuild --yes",
        Exit.UNHEALTHY,
    )


def _with_parts(
    url: str | None, directory: Path | None, work: Callable[[_Parts], Awaitable[Result]]
) -> Result:
    async def run(dsn: str) -> Result:
        async with _parts(dsn) as parts:
            return await work(parts)

    with reachable(settings_with(url, directory)) as dsn:
        try:
            return asyncio.run(run(dsn))
        except EntriesGone as gone:
            raise Failed(Exit.UNHEALTHY, str(gone)) from gone


@asynccontextmanager
async def _parts(dsn: str) -> AsyncGenerator[_Parts]:
    engine = database.engine(dsn, pool_connections=1, role=READER, application_name="motlan audit")
    pool = await database.raw_pool(dsn, ROLE, 1, patience_s=PATIENCE_S)
    tree = TreeRepository(pool)
    repository = SearchRepository(lambda: database.transaction(engine))
    try:
        yield _Parts(dsn, tree, repository, Follower(tree, lambda: opened(dsn)))
    finally:
        await pool.close()
        await engine.dispose()
