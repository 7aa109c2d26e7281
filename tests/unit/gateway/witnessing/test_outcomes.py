"""How long strict services go on without a quorum of witnesses."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.witnessing.outcomes import Witnessed, alarming, strict_allowed, unwitnessed

AT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
LAST = Witnessed(1000, AT)
LIMIT = timedelta(hours=4)


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (timedelta(), True),
        (timedelta(minutes=10), True),
        (LIMIT, True),
        (LIMIT + timedelta(microseconds=1), False),
        (timedelta(days=30), False),
    ],
)
def test_strict_services_go_on_for_four_hours(later: timedelta, *, expected: bool) -> None:
    """A witness that is rebooted must not stop a province; one that is gone must be noticed."""
    assert expected == strict_allowed(LAST, AT + later, LIMIT)


def test_a_clock_put_back_stops_nothing() -> None:
    """The quorum is not younger than now, whatever a clock says."""
    assert timedelta() == unwitnessed(LAST, AT - timedelta(hours=1))
    assert strict_allowed(LAST, AT - timedelta(hours=1), LIMIT)


@pytest.mark.parametrize(("minutes", "expected"), [(0, False), (10, False), (11, True)])
def test_ten_minutes_are_an_alarm(minutes: int, *, expected: bool) -> None:
    """Somebody is called long before anything stops."""
    assert expected == alarming(LAST, AT + timedelta(minutes=minutes), timedelta(minutes=10))
