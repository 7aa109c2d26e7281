"""The periods quotas count in, as pure functions of an instant.

Days are the province's local days (Asia/Ho_Chi_Minh), minutes are minutes of the clock.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from catalog.entries import Window

LOCAL = ZoneInfo("Asia/Ho_Chi_Minh")


def day_of(at: datetime) -> datetime:
    """Return the first instant of the local day that holds *at*, as UTC."""
    local = at.astimezone(LOCAL)
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def minute_of(at: datetime) -> datetime:
    """Return the first instant of the minute that holds *at*, as UTC."""
    return at.astimezone(UTC).replace(second=0, microsecond=0)


def seconds_left(start: datetime, length: timedelta, at: datetime) -> int:
    """Return whole seconds from *at* to the end of the period, at least 1."""
    return max(1, int((start + length - at).total_seconds()))


def open_at(window: Window | None, at: datetime) -> bool:
    """Say whether *window* is open at *at*; no window is always open, ends are not included."""
    if window is None:
        return True
    local = at.astimezone(LOCAL)
    return local.isoweekday() in window.days and window.from_hour <= local.hour < window.to_hour
