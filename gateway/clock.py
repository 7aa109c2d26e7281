"""Time as an argument."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

Clock: TypeAlias = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the present instant, UTC, microseconds; the only call of its kind."""
    return datetime.now(UTC)
