"""The one place where the stand-ins read the time."""

import time
from datetime import UTC, datetime, timedelta, timezone

VIETNAM = timezone(timedelta(hours=7))


def utc_now() -> str:
    """Return the present instant in UTC, ISO 8601 with microseconds."""
    return datetime.now(UTC).isoformat()


def local_now() -> str:
    """Return the present instant in Vietnam, ISO 8601 to the second."""
    return datetime.now(VIETNAM).isoformat(timespec="seconds")


class MovableClock:
    """Unix time, and how many seconds it is wrong by."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def now(self) -> float:
        """Return Unix seconds as this clock shows them."""
        return time.time() + self.ahead_s
