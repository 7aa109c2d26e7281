"""The one place where the stand-ins read the time."""

from datetime import UTC, datetime, timedelta, timezone

VIETNAM = timezone(timedelta(hours=7))


def utc_now() -> str:
    """Return the present instant in UTC, ISO 8601 with microseconds."""
    return datetime.now(UTC).isoformat()


def local_now() -> str:
    """Return the present instant in Vietnam, ISO 8601 to the second."""
    return datetime.now(VIETNAM).isoformat(timespec="seconds")
