"""The keeper's part of disclosure: one keeper works, the others wait, a lost database is found."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date, timedelta
from pathlib import Path

import asyncpg
import pytest

from gateway.disclosure.seals import Kind
from gateway.settings import load
from gateway.wiring import disclosure
from gateway.wiring.shared import Shared
from tests.audit_rows import connected, until
from tests.catalog_builders import agreement, snapshot
from tests.disclosure_builders import MINE, Disclosed, disclosed
from tests.search_builders import an_access_of

STATED = "SELECT count(*) FROM disclosure.day_leaf"
WALKERS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'motlan disclosure'"
HOLDERS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid::bigint = $1"
DONE = """
INSERT INTO audit.cursor (writer, day, next_seq, last_leaf, done)
SELECT writer, day, 1, sha256(''::bytea), true FROM audit.writer WHERE day = $1
"""


@asynccontextmanager
async def kept(dsn: str, folder: Path, node: str = "gw1.k0") -> AsyncGenerator[Shared]:
    """Run this part as a keeper does."""
    settings = load({"database": {"url": dsn}, "audit": {"keys_dir": folder / "pseudonyms"}}, {})
    async with AsyncExitStack() as stack:
        shared = Shared(settings)
        shared.open_database(stack)
        await shared.open_log(stack, node)
        quick = disclosure.Pace(round_s=0.2, retry_s=0.2)
        shared.background(stack, disclosure.rounds(shared, quick), "disclosure")
        yield shared


async def a_closed_day(told: Disclosed, ago: int = 1) -> date:
    """Record an access of some days ago, and end that day's writers."""
    day = told.clock.today - timedelta(days=ago)
    at = told.clock() - timedelta(days=ago)
    await told.add([an_access_of(told.pseudonyms, MINE, at=at)], day=day)
    async with connected(told.dsn) as connection:
        await connection.execute(DONE, day)
    return day


async def count(dsn: str, query: str, *values: object) -> int:
    """Return one number."""
    async with connected(dsn) as connection:
        return int(await connection.fetchval(query, *values))


@pytest.fixture
async def told(database_url: str, tmp_path: Path) -> AsyncGenerator[Disclosed]:
    """Give a followed log."""
    async with disclosed(database_url, tmp_path) as made:
        yield made


async def test_a_keeper_states_the_day_without_anybody_asking(
    told: Disclosed, tmp_path: Path
) -> None:
    """Citizens' proofs do not wait for an operator."""
    await a_closed_day(told)

    async with kept(told.dsn, tmp_path) as shared:
        await until(lambda: _is(told.dsn, 1))

        assert 0 == shared.meters.readings["motlan.questions.overdue"]()


async def test_two_keepers_state_a_day_once(told: Disclosed, tmp_path: Path) -> None:
    """One of them walks; the other finds the lock taken."""
    await a_closed_day(told)

    async with kept(told.dsn, tmp_path), kept(told.dsn, tmp_path, "gw2.k0"):
        await until(lambda: _is(told.dsn, 1))
        await asyncio.sleep(0.5)

        assert 1 == await count(told.dsn, STATED)
        assert 1 >= await count(told.dsn, HOLDERS, disclosure.LOCK & 0xFFFFFFFF)


async def test_a_keeper_whose_connection_died_walks_on(told: Disclosed, tmp_path: Path) -> None:
    """A restarted database is found again; nothing is stated twice."""
    await a_closed_day(told, 2)
    async with kept(told.dsn, tmp_path):
        await until(lambda: _is(told.dsn, 1))
        async with connected(told.dsn) as connection:
            await connection.execute(f"SELECT pg_terminate_backend(pid) FROM ({WALKERS}) AS w")
        await a_closed_day(told)
        await until(lambda: _is(told.dsn, 2), within_s=30)

    assert 2 == await count(told.dsn, STATED)


async def _is(dsn: str, wanted: int) -> bool:
    try:
        return wanted == await count(dsn, STATED)
    except asyncpg.PostgresError:
        return False


def test_targets_are_those_that_the_catalog_knows() -> None:
    """A seal on a misspelt agency would close nothing and be believed to."""
    now = snapshot(agreement())

    assert {"H99.20"} <= disclosure.known_targets(lambda: now, Kind.AGENCY)
    assert agreement().systems == disclosure.known_targets(lambda: now, Kind.SYSTEM)
    assert frozenset() == disclosure.known_targets(lambda: now, Kind.PERSON)
