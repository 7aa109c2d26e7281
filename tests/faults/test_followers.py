"""PostgreSQL is killed behind followers that do not wait for its disk: nothing is counted twice."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway import database, migrating
from gateway.disclosure.gathering import GatherRepository
from gateway.disclosure.walk import Walk
from gateway.findings.follower import Follower
from gateway.findings.hours import Hours
from gateway.findings.tally_repository import TallyRepository
from tests.audit_rows import connected, until
from tests.finding_builders import Call, Log, ordinary, spread
from tests.machines import Machine, a_machine

ROLE = "motlan_follower"
NOW = datetime(2026, 11, 18, 18, tzinfo=UTC)
LAZY = "-c wal_writer_delay=10s"  # what nobody waited for is lost, every time
STEPS = 3  # between two kills

BEGIN_ANEW = """
TRUNCATE findings.tally, findings.seen, findings.due, disclosure.day_item;
UPDATE findings.cursor SET next_index = 0;
UPDATE disclosure.walk SET next_index = 0
"""
COUNTED = (
    "SELECT scope, actor, day, mark, n, sample FROM findings.tally ORDER BY 1, 2, 3, 4",
    "SELECT scope, actor, mark, subject, day, first_index FROM findings.seen ORDER BY 1, 2, 3, 4",
    "SELECT scope, actor, day, agency, until FROM findings.due ORDER BY 1, 2, 3",
    "SELECT next_index FROM findings.cursor",
)
GATHERED = (
    "SELECT day, key, leaf_index, item FROM disclosure.day_item ORDER BY 1, 2, 3",
    "SELECT next_index FROM disclosure.walk",
)


class Followed:
    """A log in memory, which no crash takes away, and a database that goes whenever it likes."""

    def __init__(self, machine: Machine, calls: Sequence[Call]) -> None:
        self.log = Log()
        self.log.add(calls)
        self.machine = machine

    async def count(self, pool: database.Pool) -> int:
        """Let findings count one step; return how far that is."""
        await Follower(self.log, pool, Hours(), lambda: NOW).count()
        return await TallyRepository(pool).next_index()

    async def gather(self, pool: database.Pool) -> int:
        """Let disclosure walk one step; return how far that is."""
        return await Walk(self.log, GatherRepository(pool)).step(len(self.log.records))

    async def kill(self) -> None:
        """Kill the server and its children at once, and start it again."""

        async def gone() -> bool:
            return not self.machine.alive

        await asyncio.to_thread(self.machine.kill)
        await until(gone, 30)
        self.machine.sweep()
        await asyncio.to_thread(self.machine.start, LAZY)

    async def rows(self, queries: Sequence[str]) -> list[list[tuple[Any, ...]]]:
        """Return what is stored."""
        async with connected(self.machine.dsn) as owner:
            return [[tuple(row) for row in await owner.fetch(query)] for query in queries]

    def pool(self) -> Awaitable[database.Pool]:
        """Return connections such as a follower has."""
        return database.raw_pool(self.machine.dsn, ROLE, 1, patience_s=10)


@pytest.fixture
async def followed() -> AsyncGenerator[Followed]:
    """Give a log of a few weeks, and a database of its own."""
    with a_machine() as machine:
        machine.build()
        await asyncio.to_thread(machine.start, LAZY)
        await migrating.upgrade(machine.dsn)
        yield Followed(machine, ordinary(days=14, officials=8, seed=7))


@pytest.mark.parametrize(
    ("step", "queries"),
    [(Followed.count, COUNTED), (Followed.gather, GATHERED)],
    ids=["findings", "disclosure"],
)
async def test_what_a_killed_database_forgot_is_followed_again_and_counted_once(
    followed: Followed,
    step: Callable[[Followed, database.Pool], Awaitable[int]],
    queries: Sequence[str],
) -> None:
    """Cursor and counters go together: an official is charged with each look once."""
    end = len(followed.log.records)
    forgotten = at = 0
    for _ in range(3):
        async with await followed.pool() as pool:
            for _ in range(STEPS):
                at = await step(followed, pool)
            await followed.kill()
        async with await followed.pool() as pool:
            (((back,),),) = await followed.rows(queries[-1:])
            forgotten += at - back
            at = await step(followed, pool)
    async with await followed.pool() as pool:
        while await step(followed, pool) < end:
            continue
        disturbed = await followed.rows(queries)
        async with connected(followed.machine.dsn) as owner:
            await owner.execute(BEGIN_ANEW)
        while await step(followed, pool) < end:
            continue

    assert forgotten > 0  # else nothing was shown
    assert disturbed == await followed.rows(queries)


async def test_a_finding_that_stays_rests_on_counters_that_stay(followed: Followed) -> None:
    """Who is named to an auditor must be named by what can still be counted."""
    followed.log.add(spread(12, dossier=None, official="an"))
    async with await followed.pool() as pool:
        follower = Follower(followed.log, pool, Hours(), lambda: NOW)
        while await follower.count():
            continue
        await follower.judge()
        before = await followed.rows(COUNTED)
        await followed.kill()

    assert before == await followed.rows(COUNTED)
    assert [[(len(followed.log.records),)]] == await followed.rows(COUNTED[-1:])
