"""How long the volume lasts at the present rate."""

import pytest

from gateway.retention.capacity import GIBIBYTE, Capacity, Limits, measured
from gateway.retention.sizes import Use

LIMITS = Limits(headroom=0.8, days=30)


def a_capacity(used: int, total: int | None, per_day: float) -> Capacity:
    """Return a measurement in GiB."""
    return Capacity(
        used=used * GIBIBYTE,
        total=total * GIBIBYTE if total else None,
        per_day=per_day * GIBIBYTE,
        limits=LIMITS,
    )


@pytest.mark.parametrize(
    ("used", "total", "per_day", "days", "alarming"),
    [
        (10, 100, 1, 70, False),
        (49, 100, 1, 31, False),
        (51, 100, 1, 29, True),
        (79, 100, 0, None, False),
        (81, 100, 0, None, True),
        (90, 100, 1, 0, True),
        (10, None, 1, None, False),
    ],
)
def test_the_alarm_comes_while_there_is_time(
    used: int, total: int | None, per_day: float, days: float | None, *, alarming: bool
) -> None:
    """A disk is ordered in weeks; one that is four fifths full is full."""
    found = a_capacity(used, total, per_day)

    assert (days, alarming) == (found.days_left, found.alarming)
    assert found.text()


def test_the_rate_counts_what_follows_a_record() -> None:
    """Indexes and projections grow with the record: the database is twice as large as its days."""
    use = Use(database=200, records=100, lately=70)
    found = measured(use, LIMITS, used=None, total=1_000)

    assert 20.0 == found.per_day
    assert 200 == found.used
    assert 500 == measured(use, LIMITS, used=500, total=1_000).used


def test_a_new_database_has_no_rate() -> None:
    """Nothing was recorded in the last days, and nothing is divided by it."""
    found = measured(Use(database=10, records=0, lately=0), LIMITS, used=None, total=1_000)

    assert found.days_left is None
    assert "no growth" in found.text()
