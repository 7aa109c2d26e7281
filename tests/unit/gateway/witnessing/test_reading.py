"""What a worker knows of the witnesses between two looks."""

import asyncio
from datetime import UTC, datetime, timedelta

from structlog.testing import capture_logs

from gateway.witnessing.outcomes import Witnessed
from gateway.witnessing.reading import WitnessState

AT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
LIMIT = timedelta(hours=4)


class Book:
    """A database that answers, or is away."""

    def __init__(self) -> None:
        self.last = Witnessed(7, AT)
        self.away = False
        self.looks = 0

    async def witnessed(self) -> Witnessed:
        """Answer."""
        self.looks += 1
        if self.away:
            raise ConnectionError
        return self.last


class Watch:
    """A clock that a test moves."""

    now = AT

    def __call__(self) -> datetime:
        """Return the present."""
        return self.now


def test_before_the_first_look_strict_services_wait() -> None:
    """Not knowing is not knowing that all is well."""
    state = WitnessState(Book(), clock=Watch(), limit=LIMIT)

    assert not state.strict_allowed()
    assert state.last is None


async def test_after_a_look_they_go_on_until_the_limit() -> None:
    """Nothing is asked of the database while an exchange waits."""
    book, watch = Book(), Watch()
    state = WitnessState(book, clock=watch, limit=LIMIT)
    await state.look()

    assert state.strict_allowed()
    watch.now = AT + LIMIT
    assert state.strict_allowed()
    watch.now += timedelta(seconds=1)
    assert not state.strict_allowed()
    assert 1 == book.looks


async def test_where_nobody_is_asked_nothing_stops() -> None:
    """A sandbox has no witnesses."""
    state = WitnessState(None, clock=Watch(), limit=LIMIT)
    await state.look()

    assert state.strict_allowed()


async def test_a_database_that_is_away_lets_what_is_known_age() -> None:
    """And it is told once, not with every look."""
    book, watch = Book(), Watch()
    state = WitnessState(book, clock=watch, limit=LIMIT)
    await state.look()
    book.away = True
    with capture_logs() as logged:
        following = asyncio.ensure_future(state.follow(0.01))
        await asyncio.sleep(0.2)
        watch.now = AT + timedelta(hours=5)
        assert not state.strict_allowed()
        book.away, book.last = False, Witnessed(9, watch.now)
        await asyncio.sleep(0.1)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    assert ["witness.state_not_read"] == [line["event"] for line in logged]
    assert Witnessed(9, watch.now) == state.last
    assert state.strict_allowed()
