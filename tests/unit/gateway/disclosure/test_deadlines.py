"""When an agency must have answered: days as the law counts them in Việt Nam."""

from datetime import UTC, date, datetime

import pytest
from msgspec.structs import replace

from catalog.entries import Mark
from gateway.disclosure.deadlines import ACKNOWLEDGE, ANSWER, due, in_force

FRIDAY_EVENING = datetime(2026, 11, 20, 12, tzinfo=UTC)  # 19:00 in Việt Nam
LATE_THURSDAY = datetime(2026, 11, 19, 18, tzinfo=UTC)  # already Friday in Việt Nam


def test_working_days_leave_out_the_weekend() -> None:
    """Asked on a Friday, two working days end with the Tuesday."""
    expected = datetime(2026, 11, 24, 17, tzinfo=UTC)  # Wednesday 00:00 in Việt Nam

    assert expected == due(ACKNOWLEDGE[0], FRIDAY_EVENING)


def test_the_day_counted_from_is_the_day_in_viet_nam() -> None:
    """An evening in Europe is the next day here."""
    assert due(ACKNOWLEDGE[0], FRIDAY_EVENING) == due(ACKNOWLEDGE[0], LATE_THURSDAY)


def test_ten_days_are_ten_whole_days() -> None:
    """The person may count on the last minute of the tenth day, the agency too."""
    assert datetime(2026, 11, 30, 17, tzinfo=UTC) == due(ANSWER[0], FRIDAY_EVENING)


def test_a_derived_rule_is_marked_as_derived() -> None:
    """That a question is a request to see one's data is our reading, not the decree's word."""
    assert Mark.DERIVED is ANSWER[0].mark


def test_the_rule_of_the_day_decides() -> None:
    """Decrees are replaced; what was asked before keeps the clock it had."""
    old = replace(ANSWER[0], valid_to=date(2026, 11, 21))
    new = replace(ANSWER[0], code="new", days=5, valid_from=date(2026, 11, 21))

    assert "new" == in_force((old, new), datetime(2026, 11, 20, 17, tzinfo=UTC)).code
    assert old.code == in_force((old, new), FRIDAY_EVENING).code
    assert old.code == in_force((old, new), datetime(2020, 1, 1, tzinfo=UTC)).code


def test_a_rule_that_ended_without_successor_is_not_used() -> None:
    """Better no clock than a dead one shown as law."""
    with pytest.raises(LookupError):
        in_force((replace(ANSWER[0], valid_to=date(2026, 1, 2)),), FRIDAY_EVENING)
