"""How many questions one source gets at once, and how many it gets again."""

import asyncio
from collections import deque

from adapters.deadlines import Deadlines
from adapters.errors import SourceUnavailable


class Gate:
    """Places for questions under way; who finds none waits in line until its deadline."""

    __slots__ = ("_deadlines", "_free", "_line", "_longest", "_places", "_source")

    def __init__(self, source: str, places: int, longest: int) -> None:
        self._source = source
        self._places = places
        self._free = places
        self._longest = longest
        self._line: deque[asyncio.Future[None]] = deque()
        self._deadlines = Deadlines(self._busy)

    @property
    def taken(self) -> int:
        """How many places are taken now; whoever waits has none."""
        return self._places - self._free

    def enter_at_once(self) -> bool:
        """Take a place if one is free; the usual case, without a future."""
        if self._free <= 0:
            return False
        self._free -= 1
        return True

    async def enter(self, deadline: float) -> None:
        """Wait for a place.

        Raises:
            SourceUnavailable: the line is full, or *deadline* (loop time) came first; the source
                itself was not asked.
        """
        while self._line and self._line[0].done():
            self._line.popleft()
        if len(self._line) >= self._longest:
            raise self._busy()
        place: asyncio.Future[None] = self._deadlines.future(deadline)
        self._line.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and place.exception() is None:
                self.leave()  # the place came in the same instant: hand it on
            raise
        finally:
            self._deadlines.forget(place)

    def leave(self) -> None:
        """Give the place to the first who still waits."""
        while self._line:
            first = self._line.popleft()
            if not first.done():
                first.set_result(None)
                return
        self._free += 1

    def close(self) -> None:
        """Send everyone in line away."""
        self._deadlines.close()
        self._line.clear()

    def _busy(self) -> SourceUnavailable:
        return SourceUnavailable(self._source, "busy: no place before the deadline")


class RetryBudget:
    """Second tries as a share of first ones, so that retries never double a source's trouble."""

    __slots__ = ("_most", "_share", "_tokens")

    def __init__(self, *, share: float = 0.1, most: float = 10.0) -> None:
        self._share = share
        self._most = most
        self._tokens = most

    def earn(self) -> None:
        """Count one answered question."""
        if self._tokens < self._most:
            self._tokens = min(self._most, self._tokens + self._share)

    def spend(self) -> bool:
        """Take one second try; False when there is none to take."""
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True
