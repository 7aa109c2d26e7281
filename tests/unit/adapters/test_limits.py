"""Places, lines and second tries."""

import asyncio

import pytest

from adapters.deadlines import Deadlines
from adapters.errors import SourceUnavailable
from adapters.limits import Gate, RetryBudget


def soon(seconds: float = 5.0) -> float:
    """Return a deadline."""
    return asyncio.get_running_loop().time() + seconds


async def test_the_first_in_line_gets_the_place() -> None:
    """Nobody overtakes."""
    gate = Gate("land", 1, 10)
    assert gate.enter_at_once()
    order: list[int] = []

    async def wait(number: int) -> None:
        await gate.enter(soon())
        order.append(number)
        gate.leave()

    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(wait(number))
        await asyncio.sleep(0)
        gate.leave()

    assert [0, 1, 2] == order
    assert gate.enter_at_once()
    gate.close()


async def test_a_place_is_taken_until_it_is_left() -> None:
    """Who looks sees what the source has on its hands, and not the line before it."""
    gate = Gate("land", 2, 10)
    before = gate.taken
    assert gate.enter_at_once()
    during = gate.taken
    gate.leave()

    assert (0, 1, 0) == (before, during, gate.taken)


async def test_waiting_ends_at_the_deadline() -> None:
    """A question that found no place in time was never asked, and says so."""
    gate = Gate("land", 1, 10)
    assert gate.enter_at_once()
    begun = asyncio.get_running_loop().time()

    with pytest.raises(SourceUnavailable, match="busy"):
        await gate.enter(soon(0.05))

    assert 0.045 <= asyncio.get_running_loop().time() - begun <= 0.25


async def test_a_full_line_turns_away_at_once() -> None:
    """Waiting that cannot end well only costs memory."""
    gate = Gate("land", 1, 0)
    assert gate.enter_at_once()

    with pytest.raises(SourceUnavailable, match="busy"):
        await gate.enter(soon())


async def test_a_place_given_to_one_who_left_goes_on() -> None:
    """A cancelled caller must not keep a place for ever."""
    gate = Gate("land", 1, 10)
    assert gate.enter_at_once()
    async with asyncio.TaskGroup() as group:
        leaver = group.create_task(gate.enter(soon()))
        await asyncio.sleep(0)
        gate.leave()
        leaver.cancel()
    assert leaver.cancelled()

    assert gate.enter_at_once()
    gate.close()


async def test_closing_sends_everyone_away() -> None:
    """A gateway that stops leaves nobody waiting."""
    gate = Gate("land", 1, 10)
    assert gate.enter_at_once()
    waiting = asyncio.gather(gate.enter(soon()), return_exceptions=True)
    await asyncio.sleep(0)

    gate.close()

    (gone,) = await waiting
    assert isinstance(gone, SourceUnavailable)


async def test_deadlines_fail_the_late_and_spare_the_rest() -> None:
    """One timer, many deadlines."""
    deadlines = Deadlines(lambda: SourceUnavailable("land", "late"), tick_s=0.01)
    early, later, forgotten = (deadlines.future(soon(within)) for within in (0.01, 5, 0.01))
    deadlines.forget(forgotten)

    await asyncio.sleep(0.06)

    assert isinstance(early.exception(), SourceUnavailable)
    assert [False, False] == [later.done(), forgotten.done()]
    deadlines.close()
    assert isinstance(later.exception(), SourceUnavailable)


def test_second_tries_are_a_share_of_first_ones() -> None:
    """Retries must not double the load of a source in trouble."""
    budget = RetryBudget(share=0.5, most=2.0)
    assert [True, True, False] == [budget.spend() for _ in range(3)]

    budget.earn()
    assert not budget.spend()
    budget.earn()
    assert budget.spend()
