"""Instants as people write them."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.search.instants import NotAnInstant, instant

NOW = datetime(2026, 11, 21, 5, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-21", datetime(2026, 11, 20, 17, tzinfo=UTC)),
        ("2026-11-21T08:30", datetime(2026, 11, 21, 1, 30, tzinfo=UTC)),
        ("2026-11-21 08:30", datetime(2026, 11, 21, 1, 30, tzinfo=UTC)),
        ("2026-11-21T08:30:15Z", datetime(2026, 11, 21, 8, 30, 15, tzinfo=UTC)),
        ("2026-11-21T08:30+00:00", datetime(2026, 11, 21, 8, 30, tzinfo=UTC)),
        ("7d", NOW - timedelta(days=7)),
        ("24h", NOW - timedelta(hours=24)),
        ("0h", NOW),
    ],
)
def test_a_day_begins_at_midnight_in_viet_nam(text: str, expected: datetime) -> None:
    """Auditors live there; a server does not say where it is."""
    assert expected == instant(text, NOW)


@pytest.mark.parametrize(
    "text",
    [
        "", "now", "2026-13-01", "2026-02-30", "2026-11-21T25:00", "2026-11-21T08", "26-11-21",
        "1000d", "-1d", "7w", "0001-01-01", "9999-12-31T23:59-23:59", "２０２６-11-21",
        "2026-11-21T",
    ],
)  # fmt: skip
def test_anything_else_is_none(text: str) -> None:
    """The edges of the calendar included."""
    with pytest.raises(NotAnInstant):
        instant(text, NOW)
