"""The periods quotas count in."""

from datetime import timedelta

import pytest

from catalog.entries import Window
from gateway.quota.windows import day_of, minute_of, open_at, seconds_left
from tests.builders import NOON

OFFICE = Window(days=frozenset(range(1, 6)), from_hour=8, to_hour=17)


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        pytest.param(-5, False, id="seven in the morning"),
        pytest.param(-4, True, id="eight sharp"),
        pytest.param(4, True, id="four in the afternoon"),
        pytest.param(5, False, id="five sharp"),
        pytest.param(24, False, id="Saturday noon"),
    ],
)
def test_a_window_is_local_and_its_end_is_not_included(hours: int, *, expected: bool) -> None:
    """Office hours are the province's, whatever clock the server keeps."""
    assert expected is open_at(OFFICE, NOON + timedelta(hours=hours))


def test_no_window_is_always_open() -> None:
    """An agreement that says nothing about hours does not close."""
    assert open_at(None, NOON)


def test_a_day_starts_at_local_midnight() -> None:
    """The local day of noon starts twelve hours earlier."""
    assert NOON - timedelta(hours=12) == day_of(NOON)


def test_a_minute_is_a_minute_of_the_clock() -> None:
    """Seconds are cut off."""
    assert NOON == minute_of(NOON + timedelta(seconds=59))


def test_there_is_always_a_second_left() -> None:
    """Retry-After is never zero."""
    assert 1 == seconds_left(NOON, timedelta(minutes=1), NOON + timedelta(minutes=2))
