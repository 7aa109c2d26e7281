"""One coarse timer for all waiting futures of a source, instead of a timer for each."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeAlias

Waiting: TypeAlias = "asyncio.Future[Any]"  # of whatever; only ever failed from here

TICK_S = 0.02  # an answer may be awaited this much longer than its deadline


class Deadlines:
    """Futures that fail soon after their deadline, at most TICK_S late.

    The timer runs only while something is watched, so an idle source costs nothing.
    """

    __slots__ = ("_late", "_loop", "_tick", "_timer", "_watched")

    def __init__(self, late: Callable[[], Exception], *, tick_s: float = TICK_S) -> None:
        self._loop = asyncio.get_running_loop()
        self._late = late
        self._tick = tick_s
        self._timer: asyncio.TimerHandle | None = None
        self._watched: dict[Waiting, float] = {}

    def future(self, deadline: float) -> Waiting:
        """Return a future that fails once the loop's time has passed *deadline*."""
        future: Waiting = self._loop.create_future()
        self._watched[future] = deadline
        if self._timer is None:
            self._timer = self._loop.call_later(self._tick, self._sweep)
        return future

    def forget(self, future: Waiting) -> None:
        """Stop watching; harmless when it is not watched."""
        self._watched.pop(future, None)

    def close(self) -> None:
        """Stop the timer; whoever still waits is told at once that it is too late."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._expire(list(self._watched))

    def _sweep(self) -> None:
        now = self._loop.time()
        self._expire([future for future, deadline in self._watched.items() if deadline <= now])
        self._timer = self._loop.call_later(self._tick, self._sweep) if self._watched else None

    def _expire(self, late: list[Waiting]) -> None:
        for future in late:
            del self._watched[future]
            if not future.done():
                future.set_exception(self._late())
