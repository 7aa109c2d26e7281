"""Quotas: leased in blocks, never above the limit over all workers."""

from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.entries import Scope
from gateway.errors import Code, Refusal
from gateway.quota.ledger import Ledger, block_size
from tests.builders import NOON, a_scope, an_agreement


class Memory:
    """Shared counters in memory: what the database does under a row lock."""

    def __init__(self) -> None:
        self.taken: Counter[tuple[str, datetime]] = Counter()
        self.people: dict[tuple[str, datetime], set[str]] = {}

    async def lease(self, key: str, start: datetime, limit: int, want: int) -> tuple[int, int]:
        """Take what is left."""
        granted = max(0, min(want, limit - self.taken[key, start]))
        self.taken[key, start] += granted
        return granted, self.taken[key, start]

    async def admit(self, key: str, start: datetime, person: str, limit: int) -> bool:
        """Admit the first ones."""
        people = self.people.setdefault((key, start), set())
        if person not in people and len(people) >= limit:
            return False
        people.add(person)
        return True

    async def give_back(self, key: str, start: datetime, units: int) -> None:
        """Take back."""
        self.taken[key, start] -= units


async def allowed(ledger: Ledger, scope: Scope, at: datetime, person: str | None = None) -> bool:
    """Say whether one more call goes through."""
    try:
        await ledger.spend(an_agreement(scope), scope, person, at)
    except Refusal:
        return False
    return True


@given(limit=st.integers(1, 700), workers=st.integers(1, 4), calls=st.integers(1, 900))
async def test_all_workers_together_never_pass_the_limit(
    limit: int, workers: int, calls: int
) -> None:
    """The sum over workers is at most the limit, and what stays unused is at most their blocks."""
    counters, scope = Memory(), a_scope(calls_per_day=limit)
    ledgers = [Ledger(counters) for _ in range(workers)]

    passed = sum([await allowed(ledgers[n % workers], scope, NOON) for n in range(calls)])

    assert passed <= limit
    assert passed >= min(calls, limit) - workers * block_size(limit)


async def test_a_small_quota_is_exact() -> None:
    """Ten calls a day means the tenth passes and the eleventh does not, whoever takes it."""
    counters, scope = Memory(), a_scope(calls_per_day=10)
    ledgers = [Ledger(counters), Ledger(counters)]

    outcomes = [await allowed(ledgers[n % 2], scope, NOON) for n in range(12)]

    assert [True] * 10 + [False] * 2 == outcomes


async def test_a_used_up_quota_says_when_it_returns() -> None:
    """Noon in Việt Nam leaves twelve hours of the local day."""
    counters, scope = Memory(), a_scope(calls_per_day=1)
    ledger = Ledger(counters)
    await allowed(ledger, scope, NOON)

    with pytest.raises(Refusal) as refused:
        await ledger.spend(an_agreement(scope), scope, None, NOON)

    assert Code.QUOTA is refused.value.code
    assert 12 * 3600 == refused.value.facts["retry_after_s"]


async def test_the_next_day_starts_anew() -> None:
    """Midnight is local: seventeen hours UTC."""
    counters, scope = Memory(), a_scope(calls_per_day=1)
    ledger = Ledger(counters)
    before = NOON.replace(hour=16, minute=59)

    outcomes = [await allowed(ledger, scope, before + timedelta(minutes=n)) for n in (0, 0, 1)]

    assert [True, False, True] == outcomes


async def test_a_minute_limit_is_its_own_refusal() -> None:
    """Too fast and too much are different advice to the caller."""
    scope = a_scope(calls_per_minute=1)
    ledger = Ledger(Memory())
    await allowed(ledger, scope, NOON)

    with pytest.raises(Refusal) as refused:
        await ledger.spend(an_agreement(scope), scope, None, NOON)

    assert Code.RATE_LIMITED is refused.value.code


async def test_the_same_person_counts_once() -> None:
    """A budget of people is about people, not about calls."""
    scope = a_scope(persons_per_day=2)
    ledgers = [Ledger(memory := Memory()), Ledger(memory)]

    outcomes = [
        await allowed(ledgers[n % 2], scope, NOON, person)
        for n, person in enumerate(["a", "a", "b", "b", "c", "a"])
    ]

    assert [True, True, True, True, False, True] == outcomes


async def test_a_stopping_worker_gives_back_what_it_did_not_use() -> None:
    """A restart does not eat the day's quota."""
    counters, scope = Memory(), a_scope(calls_per_day=1000)
    ledger = Ledger(counters)
    await allowed(ledger, scope, NOON)

    await ledger.aclose()

    assert 1 == sum(counters.taken.values())
