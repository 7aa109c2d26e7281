"""The stand-ins' own clock."""

from datetime import datetime, timedelta

import pytest

from mocks.clock import MovableClock, local_now, utc_now


def test_both_readings_carry_their_offset() -> None:
    """An instant without an offset is read in whatever zone the reader is in."""
    assert timedelta(0) == datetime.fromisoformat(utc_now()).utcoffset()
    assert timedelta(hours=7) == datetime.fromisoformat(local_now()).utcoffset()


def test_a_movable_clock_is_wrong_by_what_it_is_told() -> None:
    """Clocks of two houses are never the same."""
    clock = MovableClock()
    right = clock.now()
    clock.ahead_s = -3600

    assert -3600 == pytest.approx(clock.now() - right, abs=60)
