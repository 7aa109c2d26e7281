"""The queue before the flusher."""

import asyncio

import pytest

from gateway.audit.entry import Receipt
from gateway.audit.events import Delivered
from gateway.audit.leaf import outcome
from gateway.audit.prepared import Prepared, prepared
from gateway.audit.waiting import MOST_WAITING_BYTES, Pending, Waiting
from gateway.errors import AuditUnavailable
from tests.audit_builders import a_stamp, an_access

LEAF = an_access()


async def a_pending(at: float = 0.0, size: int = 100) -> Pending:
    """Return a record somebody waits for since *at*."""
    future: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
    return Pending(Prepared(LEAF.id, b"x" * size), (), future, at)


def an_own() -> Pending:
    """Return a record of the writer's own."""
    return Pending(prepared(outcome(a_stamp(), LEAF.id, None, Delivered.NO)))


async def test_a_full_queue_takes_no_more() -> None:
    """Waiting without bound is how a slow disk becomes a dead process."""
    waiting = Waiting(1)

    assert waiting.offer(await a_pending())
    assert not waiting.offer(await a_pending())


async def test_bytes_are_bounded_as_well() -> None:
    """Two thousand of the longest records would be 128 MiB."""
    waiting = Waiting(2_000)

    assert waiting.offer(await a_pending(size=MOST_WAITING_BYTES))
    assert not waiting.offer(await a_pending(size=1))


async def test_first_come_is_first_served() -> None:
    """Nobody is overtaken, so the oldest is always the first to expire."""
    waiting, pending = Waiting(9), [await a_pending() for _ in range(3)]
    for one in pending:
        waiting.offer(one)

    assert pending[:2] == waiting.gather(2, 1_000)
    assert pending[2:] == waiting.gather(2, 1_000)
    assert 0 == len(waiting)


@pytest.mark.parametrize(("sizes", "taken"), [([60, 60], 1), ([200, 1], 1), ([50, 50, 1], 2)])
async def test_a_batch_is_bounded_in_bytes_and_never_empty(sizes: list[int], taken: int) -> None:
    """One record beyond the bound must still be able to go."""
    waiting = Waiting(9)
    for size in sizes:
        waiting.offer(await a_pending(size=size))

    assert taken == len(waiting.gather(9, 100))


async def test_what_nobody_waits_for_is_not_recorded() -> None:
    """A caller who left before the commit got nothing: there is nothing to report."""
    waiting, gone = Waiting(9), await a_pending()
    waiting.offer(gone)
    assert gone.future is not None
    gone.future.cancel()

    assert [] == waiting.gather(9, 1_000)


async def test_those_who_waited_too_long_are_told() -> None:
    """A clear no in time; whoever came later still waits."""
    waiting, old, young = Waiting(9), await a_pending(at=1.0), await a_pending(at=3.0)
    waiting.offer(old)
    waiting.offer(young)

    assert 1 == waiting.expire(2.0)
    assert old.future is not None
    assert isinstance(old.future.exception(), AuditUnavailable)
    assert [young] == waiting.gather(9, 1_000)


async def test_the_writers_own_records_go_first_and_never_expire() -> None:
    """They repair what the record says; dropping one would leave it saying too much for ever."""
    waiting, own, other = Waiting(1), [an_own(), an_own()], await a_pending(at=1.0)
    waiting.offer(other)
    waiting.put_first(own)

    waiting.expire(float("inf"))

    assert own == waiting.gather(9, 10_000)
