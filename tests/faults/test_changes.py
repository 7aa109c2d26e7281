"""Whoever writes what is owed is killed at any moment; every act is in the record once."""

import asyncio
import random
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from pathlib import Path

from gateway.audit.writer import PROBE_S
from tests.audit_rows import connected
from tests.change_builders import a_drain, changes, drained

ROOT = Path(__file__).parents[2]
ROUNDS = 6
CUTS = 4
CHANCE = random.Random(20261121)
ACTS = 150
OWE = "SELECT audit.owe('key.create', 'key', 'node-1/k' || n, NULL, sha256(n::text::bytea), 'x')"
# A holder that was killed keeps its lease until it runs out: these tests do not wait for that.
EXPIRE = "UPDATE audit.change_lease SET until = '-infinity'"


async def owe(dsn: str, first: int) -> None:
    """Owe some acts in one commit."""
    async with connected(dsn) as owner:
        await owner.execute(f"{OWE} FROM generate_series({first}, {first + ACTS - 1}) AS n")


async def killed_after(dsn: str, ring: Path, name: str, delay_s: float) -> None:
    """Let a process of its own drain, and kill it *delay_s* after its first leaf."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.changes_child", dsn, str(ring), name, "gw1.k0",
        cwd=ROOT, stdout=PIPE,
    )  # fmt: skip
    assert child.stdout is not None
    try:
        await asyncio.wait_for(child.stdout.readuntil(b"writing\n"), 30)
        await asyncio.sleep(delay_s)
    finally:
        child.kill()
        await child.wait()
    async with connected(dsn) as owner:
        await owner.execute(EXPIRE)


async def test_a_killed_keeper_writes_no_act_twice_and_none_never(
    database_url: str, tmp_path: Path
) -> None:
    """Between the commit of a leaf and the mark that says so lies every moment of the test."""
    for number in range(ROUNDS):
        await owe(database_url, number * ACTS)
        await killed_after(database_url, tmp_path, f"h{number}", CHANCE.uniform(0, 0.15))
    written = await drained(database_url, tmp_path, holder="last")

    counted = Counter(leaf.change.id for leaf in written if leaf.change)
    assert {f"node-1/k{n}": 1 for n in range(ROUNDS * ACTS)} == counted
    assert len(written) == len({leaf.id for leaf in written})


async def test_a_database_that_restarts_takes_nothing_away(
    database_url: str, tmp_path: Path
) -> None:
    """Every connection is cut in the middle; the keeper comes back by itself."""
    written = await asyncio.wait_for(drained_with_cuts(database_url, tmp_path), 90)

    leaves = await changes(database_url)
    async with connected(database_url) as owner:
        assert not await owner.fetchval(
            "SELECT count(*) FROM audit.change_due WHERE done_at IS NULL"
        )
        assert written == await owner.fetchval("SELECT count(*) FROM audit.change_due")
    assert CUTS * ACTS == written == len({leaf.id for leaf in leaves}) == len(leaves)


async def drained_with_cuts(dsn: str, ring: Path) -> int:
    """Drain while all connections but ours are cut again and again; return what was written."""
    async with a_drain(dsn, ring) as (drain, _):
        keeping = asyncio.ensure_future(drain.keep())
        for number in range(CUTS):
            await owe(dsn, number * ACTS)
            await asyncio.sleep(CHANCE.uniform(0, 0.2))
            await cut_all(dsn)
            await asyncio.sleep(PROBE_S)
        while await owed(dsn):  # what the drain knows may be older than the last cut
            assert not keeping.done()
            await asyncio.sleep(0.1)
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
    return len(await changes(dsn))


async def owed(dsn: str) -> int:
    """Return how many acts still have no leaf."""
    async with connected(dsn) as owner:
        return int(
            await owner.fetchval("SELECT count(*) FROM audit.change_due WHERE done_at IS NULL")
        )


async def cut_all(dsn: str) -> None:
    """End every other connection to the database, as a restart does."""
    async with connected(dsn) as owner:
        await owner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
