"""Counters in a real database, with several workers at once (ADR 0004)."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest_asyncio

from gateway import database
from gateway.errors import Refusal
from gateway.quota.ledger import Ledger
from gateway.quota.repository import CounterRepository
from tests.builders import NOON, a_scope, an_agreement

WORKERS = 4
DAY = NOON.replace(hour=0)


@pytest_asyncio.fixture
async def pool(database_url: str) -> AsyncGenerator[database.Pool, None]:
    """Give connections that act as the application does."""
    opened = await database.raw_pool(database_url, "motlan_app", WORKERS)
    yield opened
    await opened.close()


async def passed(ledger: Ledger, calls: int, *, people: int | None, **limits: int) -> int:
    """Return how many of *calls* go through, each about the next of *people* persons."""
    scope = a_scope(**limits)
    through = 0
    for number in range(calls):
        person = None if people is None else f"p{number % people}"
        try:
            await ledger.spend(an_agreement(scope), scope, person, NOON)
        except Refusal:
            continue
        through += 1
    return through


async def test_racing_workers_share_one_limit(pool: database.Pool) -> None:
    """An agreement counts its calls, not a worker's."""
    ledgers = [Ledger(CounterRepository(pool)) for _ in range(WORKERS)]

    through = await asyncio.gather(
        *(passed(each, 30, people=None, calls_per_day=50) for each in ledgers)
    )

    assert 50 == sum(through)


async def test_racing_workers_admit_exactly_as_many_people(
    pool: database.Pool,
) -> None:
    """The bound that protects people is exact: each may come again, one more may not come."""
    ledgers = [Ledger(CounterRepository(pool)) for _ in range(WORKERS)]

    through = await asyncio.gather(
        *(passed(each, 20, people=10, persons_per_day=6) for each in ledgers)
    )

    assert {6 * 2} == set(through)


async def test_what_a_stopping_worker_holds_goes_back(
    pool: database.Pool,
) -> None:
    """A restart at noon must not cost the agency its afternoon."""
    counters = CounterRepository(pool)
    stopping, staying = Ledger(counters), Ledger(counters)
    assert 1 == await passed(stopping, 1, people=None, calls_per_day=500)

    await stopping.aclose()

    assert 499 == await passed(staying, 600, people=None, calls_per_day=500)


async def test_a_forgotten_period_is_gone_and_the_present_one_stays(
    pool: database.Pool,
) -> None:
    """Counters are kept no longer than they count."""
    counters = CounterRepository(pool)
    yesterday = DAY - timedelta(days=1)
    await counters.lease("a/d", yesterday, 5, 5)
    await counters.lease("a/d", DAY, 5, 5)

    await counters.forget(DAY)

    assert (5, 5) == await counters.lease("a/d", yesterday, 5, 5)
    assert 0 == (await counters.lease("a/d", DAY, 5, 5))[0]
