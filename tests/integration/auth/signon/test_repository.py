"""Attempts in a real database: taken once, by one, and not kept for ever."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.signon.refusals import Ending, SignOnRefused
from auth.signon.repository import Attempts
from gateway import database
from tests.sign_on_builders import NOW

BOX = b"sealed" * 8


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Give connections as a worker has them."""
    made = database.engine(database_url, pool_connections=8)
    yield made
    await made.dispose()


def kept_by(engine: AsyncEngine, most: int = 100) -> Attempts:
    """Return one worker's way to the attempts."""
    return Attempts(lambda: database.transaction(engine), most)


def key(number: int) -> bytes:
    """Return the key of a row."""
    return number.to_bytes(32, "big")


async def waiting(database_url: str) -> int:
    """Return how many attempts wait."""
    connection = await asyncpg.connect(database_url)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM auth.sign_on_attempt"))
    finally:
        await connection.close()


async def test_an_attempt_is_taken_by_one_of_those_who_try(engine: AsyncEngine) -> None:
    """The same callback at two workers at the same instant: one signs on."""
    workers = kept_by(engine), kept_by(engine)
    await workers[0].keep(key(1), BOX, now=NOW, life_s=600)

    takers = [worker.take(key(1), NOW) for worker in workers for _ in range(4)]
    assert [BOX] == [box for box in await asyncio.gather(*takers) if box is not None]


async def test_an_old_attempt_is_none_and_gone(engine: AsyncEngine, database_url: str) -> None:
    """Ten minutes, to the second."""
    attempts = kept_by(engine)
    await attempts.keep(key(1), BOX, now=NOW, life_s=600)
    await attempts.keep(key(2), BOX, now=NOW, life_s=600)

    assert BOX == await attempts.take(key(1), NOW + timedelta(seconds=599))
    assert await attempts.take(key(2), NOW + timedelta(seconds=600)) is None
    assert 0 == await waiting(database_url)


async def test_attempts_that_nobody_finishes_go_when_others_come(
    engine: AsyncEngine, database_url: str
) -> None:
    """Browsers that were closed leave nothing behind."""
    attempts = kept_by(engine)
    for number in range(5):
        await attempts.keep(key(number), BOX, now=NOW, life_s=600)
    await attempts.keep(key(9), BOX, now=NOW + timedelta(seconds=601), life_s=600)

    assert 1 == await waiting(database_url)


async def test_whoever_opens_attempts_without_end_pushes_out_the_oldest(
    engine: AsyncEngine, database_url: str
) -> None:
    """A flood must not fill the disk, nor keep out those who come after it."""
    attempts = kept_by(engine, most=10)
    for number in range(40):
        later = NOW + timedelta(seconds=2 * number)
        await attempts.keep(key(number), BOX, now=later, life_s=600)

    assert 10 == await waiting(database_url)
    assert BOX == await attempts.take(key(39), NOW + timedelta(seconds=80))


async def test_a_database_that_is_away_signs_nobody_on() -> None:
    """And says so, instead of a fault that nobody understands."""
    gone = database.engine("postgresql://127.0.0.1:1/none", pool_connections=1)

    with pytest.raises(SignOnRefused) as refused:
        await kept_by(gone).take(key(1), NOW)
    assert Ending.DATABASE_UNAVAILABLE is refused.value.ending
