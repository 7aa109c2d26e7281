"""The memory of used proofs in a real database: once over all workers, and small for ever."""

import asyncio
from time import time

import asyncpg
import pytest

from auth.errors import MemoryUnavailable, MemoryYoung
from auth.possession.once import Answer, Mark, Once
from auth.possession.repository import ProofRepository
from gateway.database import Pool, raw_pool
from tests.conftest import execute

FOREVER = float("-inf")


async def a_pool(dsn: str, size: int = 1) -> Pool:
    """Return connections as a worker has them; more patient, for the machine may be busy."""
    return await raw_pool(dsn, "motlan_app", size, patience_s=30)


def marks(*numbers: int, expires_at: float = 2e9) -> list[Mark]:
    """Return marks with these numbers, in the order that is asked of them."""
    return [Mark(number.to_bytes(32, "big"), expires_at) for number in sorted(numbers)]


async def test_a_batch_learns_which_of_its_uses_are_new(database_url: str) -> None:
    """The first memory of a database knows everything: nobody was let in before it."""
    async with await a_pool(database_url) as pool:
        rows = ProofRepository(pool)

        first = await rows.claim(marks(1, 2))
        second = await rows.claim(marks(2, 3))

    assert Answer(FOREVER, frozenset(mark.digest for mark in marks(1, 2))) == first
    assert Answer(FOREVER, frozenset(mark.digest for mark in marks(3))) == second


async def test_of_many_workers_at_the_same_instant_exactly_one_wins(database_url: str) -> None:
    """Eight workers, 53 proofs, all at once, each in an order of its own: 53 winners."""
    pools = [await a_pool(database_url) for _ in range(8)]
    workers = [Once(ProofRepository(pool)) for pool in pools]

    async def all_of(worker: Once, turn: int) -> list[bool]:
        # A prime number of them, so that every step visits each once.
        numbers = [(number * (2 * turn + 1)) % 53 for number in range(53)]
        wins = await asyncio.gather(*(worker.claim("key", str(n), time() + 60) for n in numbers))
        return [win for _, win in sorted(zip(numbers, wins, strict=True))]

    found = await asyncio.gather(*(all_of(worker, turn) for turn, worker in enumerate(workers)))

    assert [1] * 53 == [sum(wins) for wins in zip(*found, strict=True)]
    for pool in pools:
        await pool.close()


async def test_a_memory_that_was_lost_begins_anew_and_says_so(database_url: str) -> None:
    """What PostgreSQL empties after a crash takes the beginning along."""
    async with await a_pool(database_url) as pool:
        uses = Once(ProofRepository(pool))
        assert await uses.claim("key", "a", time() + 60, time() - 10)
        execute(database_url, "TRUNCATE auth.used_proof, auth.proof_memory")
        after = Once(ProofRepository(pool))

        with pytest.raises(MemoryYoung):
            await after.claim("key", "a", time() + 60, time() - 10)
        assert await after.claim("key", "b", time() + 80, time() + 10)


async def test_the_memory_begins_once_however_many_find_it_lost(database_url: str) -> None:
    """Whoever comes second takes the beginning that is there."""
    execute(database_url, "TRUNCATE auth.used_proof, auth.proof_memory")
    pools = [await a_pool(database_url) for _ in range(4)]

    answers = await asyncio.gather(
        *(ProofRepository(pool).claim(marks(n)) for n, pool in enumerate(pools))
    )

    assert 1 == len({answer.since for answer in answers})
    assert all(abs(answer.since - time()) < 60 for answer in answers)
    for pool in pools:
        await pool.close()


async def test_what_was_lost_is_lost_together(database_url: str) -> None:
    """Both tables are unlogged: were one of them kept, a lost use would go unseen."""
    async with await a_pool(database_url) as pool:
        kept = await pool.fetchval(
            "SELECT array_agg(relpersistence::text) FROM pg_class "
            "WHERE oid IN ('auth.used_proof'::regclass, 'auth.proof_memory'::regclass)"
        )

    assert ["u", "u"] == kept


async def test_spent_uses_are_forgotten_in_batches_and_no_others(database_url: str) -> None:
    """The table stays as small as a minute's traffic."""
    now = time()
    async with await a_pool(database_url) as pool:
        rows = ProofRepository(pool)
        await rows.claim(marks(*range(10), expires_at=now - 100))
        await rows.claim(marks(*range(10, 15), expires_at=now + 60))

        found = [await rows.forget(now - 60, at_most=6) for _ in range(3)]
        left = await pool.fetchval("SELECT count(*) FROM auth.used_proof")

    assert [6, 4, 0] == found
    assert 5 == left


async def test_of_a_batch_nothing_is_forgotten_before_all_of_it_could_be(database_url: str) -> None:
    """It has one end for all: the latest, so that none is forgotten while it could come again."""
    now = time()
    async with await a_pool(database_url) as pool:
        rows = ProofRepository(pool)
        await rows.claim([*marks(1, expires_at=now - 100), *marks(2, expires_at=now + 60)])

        assert 0 == await rows.forget(now)
        assert Answer(FOREVER, frozenset()) == await rows.claim(marks(1, 2))


async def test_a_use_that_could_come_again_is_forgotten_at_nobodys_word(database_url: str) -> None:
    """A worker whose clock runs ahead, or one that was taken over, cannot open the way back."""
    async with await a_pool(database_url) as pool:
        rows = ProofRepository(pool)
        await rows.claim(marks(1, expires_at=time() + 60))

        assert 0 == await rows.forget(time() + 1e6)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute("DELETE FROM auth.used_proof")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute("UPDATE auth.proof_memory SET since = 0")


async def test_one_worker_cleans_at_a_time(database_url: str) -> None:
    """The others find nothing to do, and wait for nobody."""
    connection = await asyncpg.connect(database_url)
    async with await a_pool(database_url) as pool, connection.transaction():
        rows = ProofRepository(pool)
        await rows.claim(marks(1, expires_at=time() - 100))
        await connection.execute("SELECT auth.forget_proofs(0, 1)")

        assert 0 == await rows.forget(time())
    assert await connection.fetchval("SELECT auth.forget_proofs($1, 5)", time()) == 1
    await connection.close()


async def test_a_database_that_says_no_lets_nobody_in(database_url: str) -> None:
    """Whatever its reason, the worker goes on and the proof counts as used."""
    async with await a_pool(database_url) as pool:
        execute(database_url, "ALTER TABLE auth.used_proof RENAME TO elsewhere")

        with pytest.raises(MemoryUnavailable):
            await Once(ProofRepository(pool)).claim("key", "a", time() + 60)
        with pytest.raises(MemoryUnavailable):
            await ProofRepository(pool).forget(0.0)
