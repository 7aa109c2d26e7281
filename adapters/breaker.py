"""Stop asking a source that keeps failing; pure, time comes in as an argument."""

from enum import StrEnum


class BreakerState(StrEnum):
    """Whether questions go through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"  # one probe is under way, or may go


_CLOSED = BreakerState.CLOSED  # a name costs less than a look into the enumeration


class Breaker:
    """Open after so many failures in a row; after a rest let one probe through.

    A permit carries the epoch in which it was given; a verdict from an older epoch is ignored, so
    a slow question from before the trouble neither closes nor re-opens anything.
    """

    __slots__ = ("_epoch", "_failures", "_limit", "_opened_at", "_probing", "_reset_s", "state")

    def __init__(self, failures: int, reset_s: float) -> None:
        self._limit = failures
        self._reset_s = reset_s
        self._failures = 0
        self._epoch: int = 0
        self._opened_at = 0.0
        self._probing = False
        self.state = BreakerState.CLOSED

    def rested(self, now: float) -> bool:
        """Tell whether an open breaker may let a probe through; *now* is monotonic seconds."""
        return now - self._opened_at >= self._reset_s

    def permit(self, now: float) -> int | None:
        """Return the epoch to report back with, or None: do not ask; *now* is monotonic seconds."""
        if self.state is _CLOSED:
            return self._epoch
        if self.state is BreakerState.OPEN and self.rested(now):
            self.state = BreakerState.HALF_OPEN
            self._epoch += 1
        if self.state is BreakerState.OPEN or self._probing:
            return None
        self._probing = True
        return self._epoch

    def succeeded(self, epoch: int) -> None:
        """Take note that the source answered as it should."""
        if epoch != self._epoch:
            return
        self._failures = 0
        if self.state is not _CLOSED:
            self.state = BreakerState.CLOSED
            self._probing = False
            self._epoch += 1

    def failed(self, epoch: int, now: float) -> None:
        """Take note that the source failed; *now* is monotonic seconds."""
        if epoch != self._epoch:
            return
        self._failures += 1
        if self.state is BreakerState.HALF_OPEN or self._failures >= self._limit:
            self.state = BreakerState.OPEN
            self._opened_at = now
            self._probing = False
            self._failures = 0
            self._epoch += 1

    def abandoned(self, epoch: int) -> None:
        """Take note that nothing was learnt: cancelled, or never asked."""
        if epoch == self._epoch:
            self._probing = False
