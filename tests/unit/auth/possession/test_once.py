"""Single use at one worker: batches, doubts, and what it keeps in mind."""

import asyncio
from collections.abc import Sequence

import pytest

from auth.errors import MemoryUnavailable, MemoryYoung
from auth.possession import once
from auth.possession.once import Answer, Mark, Once
from tests.possession_builders import NOW


class FakeMemory:
    """A memory that can be held up, lost, or out of order."""

    def __init__(self, since: float = float("-inf")) -> None:
        self.since = since
        self.batches: list[Sequence[Mark]] = []
        self.known: set[bytes] = set()
        self.open = asyncio.Event()
        self.open.set()
        self.fault: Exception | None = None

    async def claim(self, marks: Sequence[Mark]) -> Answer:
        """Answer as the rows would."""
        self.batches.append(marks)
        await self.open.wait()
        if self.fault is not None:
            raise self.fault
        first = {mark.digest for mark in marks} - self.known
        self.known |= first
        return Answer(self.since, frozenset(first))


async def test_the_first_use_counts_and_the_second_does_not() -> None:
    """And the second is not even asked about."""
    memory = FakeMemory()
    uses = Once(memory)

    assert [True, False] == [await uses.claim("key", "a", NOW) for _ in range(2)]
    assert 1 == len(memory.batches)


async def test_what_another_worker_used_is_used_here_too() -> None:
    """The memory is one, the workers are many."""
    memory = FakeMemory()

    assert await Once(memory).claim("key", "a", NOW)
    assert not await Once(memory).claim("key", "a", NOW)


async def test_ids_belong_to_their_owners() -> None:
    """Two keys may choose the same id; and none can slip into another's name."""
    uses = Once(FakeMemory())

    found = [await uses.claim(*of, NOW) for of in (("key", "ab"), ("other", "ab"), ("keya", "b"))]

    assert [True, True, True] == found


async def test_what_comes_while_a_batch_is_on_its_way_goes_with_the_next() -> None:
    """One question to the database for all of them."""
    memory = FakeMemory()
    uses = Once(memory)
    memory.open.clear()

    waiting = [asyncio.ensure_future(uses.claim("key", "first", NOW))]
    while not memory.batches:
        await asyncio.sleep(0)
    waiting += [asyncio.ensure_future(uses.claim("key", str(n), NOW)) for n in range(100)]
    await asyncio.sleep(0)
    memory.open.set()

    assert [True] * 101 == await asyncio.gather(*waiting)
    assert [1, 100] == [len(batch) for batch in memory.batches]


async def test_a_batch_has_an_order_so_that_workers_never_wait_for_each_other() -> None:
    """Two statements that lock the same rows in two orders would."""
    memory = FakeMemory()
    uses = Once(memory)

    await asyncio.gather(*(uses.claim("key", str(n), NOW) for n in range(50)))

    digests = [[mark.digest for mark in batch] for batch in memory.batches]
    assert digests == [sorted(each) for each in digests]


async def test_a_replay_at_the_same_instant_at_the_same_worker_is_one() -> None:
    """Both came before the memory said anything."""
    uses = Once(FakeMemory())

    found = await asyncio.gather(*(uses.claim("key", "a", NOW) for _ in range(5)))

    assert [True, False, False, False, False] == found


@pytest.mark.parametrize("fault", [MemoryUnavailable(), TimeoutError(), RuntimeError("a bug")])
async def test_when_the_memory_is_silent_nothing_is_a_first_use(fault: Exception) -> None:
    """Whatever its reason, and once more when it speaks again: perhaps it was remembered."""
    memory = FakeMemory()
    memory.fault = fault
    uses = Once(memory)

    with pytest.raises(MemoryUnavailable):
        await uses.claim("key", "a", NOW)
    memory.fault = None

    assert not await uses.claim("key", "a", NOW)
    assert await uses.claim("key", "b", NOW)


@pytest.mark.parametrize(
    ("born", "young"), [(NOW - 1, True), (NOW + 1, True), (NOW + 1.1, False), (None, True)]
)
async def test_what_may_have_been_used_before_the_memory_began_is_refused(
    born: float | None, *, young: bool
) -> None:
    """The memory was lost at NOW; hosts' clocks agree within a second."""
    uses = Once(FakeMemory(since=NOW))

    if young:
        with pytest.raises(MemoryYoung):
            await uses.claim("key", "a", NOW + 60, born)
    else:
        assert await uses.claim("key", "a", NOW + 60, born)


async def test_who_does_not_say_when_it_was_made_waits_for_the_longest_life() -> None:
    """A signature lives for a minute at most, so after 70 seconds the memory knows all of them."""
    uses = Once(FakeMemory(since=NOW))

    assert await uses.claim("key", "a", NOW + once.LONGEST_LIFE_S + 1.1)


async def test_a_caller_who_goes_takes_nobody_along() -> None:
    """The others of the batch hear their answers."""
    memory = FakeMemory()
    uses = Once(memory)
    memory.open.clear()
    gone = asyncio.ensure_future(uses.claim("key", "a", NOW))
    stays = asyncio.ensure_future(uses.claim("key", "b", NOW))
    await asyncio.sleep(0)

    gone.cancel()
    memory.open.set()

    assert await stays
    assert gone.cancelled() or gone.cancelling()


async def test_too_many_waiting_are_turned_away() -> None:
    """Memory is bounded, whatever the database does."""
    memory = FakeMemory()
    uses = Once(memory)
    memory.open.clear()
    on_its_way = asyncio.ensure_future(uses.claim("key", "first", NOW))
    while not memory.batches:
        await asyncio.sleep(0)
    waiting = [
        asyncio.ensure_future(uses.claim("key", str(n), NOW)) for n in range(once.MOST_WAITING)
    ]
    await asyncio.sleep(0)

    with pytest.raises(MemoryUnavailable):
        await uses.claim("key", "one more", NOW)

    memory.open.set()
    assert all(await asyncio.gather(on_its_way, *waiting))


async def test_what_it_keeps_in_mind_is_bounded() -> None:
    """The rows decide; the filter spares questions only."""
    memory = FakeMemory()
    uses = Once(memory, familiar=10)
    await asyncio.gather(*(uses.claim("key", str(n), NOW) for n in range(11)))
    asked = len(memory.batches)

    assert not await uses.claim("key", "10", NOW)
    assert asked == len(memory.batches)
    assert not await uses.claim("key", "0", NOW)
    assert asked + 1 == len(memory.batches)


async def test_closing_lets_the_batch_on_its_way_end() -> None:
    """A worker that stops answers whom it let in."""
    memory = FakeMemory()
    uses = Once(memory)
    claim = asyncio.ensure_future(uses.claim("key", "a", NOW))
    await asyncio.sleep(0)

    await uses.aclose()

    assert await claim
    await uses.aclose()
