"""Civil status books."""

from datetime import date
from random import Random

import pytest

from mocks.persona_lives import LIVES
from mocks.province import build
from mocks.records import births, entry, marriages

PROVINCE = build.__wrapped__(3, 1_500)


@pytest.mark.parametrize(
    ("day", "name"),
    [(date(2025, 6, 30), "Phường Lê Lợi"), (date(2025, 7, 1), "Phường Vĩnh Trà")],
)
def test_an_entry_names_the_commune_of_its_day(day: date, name: str) -> None:
    """The same code was another place the day before."""
    assert name == entry(1, day, "99003").commune.name


def test_a_birth_of_which_the_day_is_unknown_is_in_no_digital_book() -> None:
    """Nothing can be registered on an unknown day."""
    assert [] == list(births(Random(1), [LIVES["p04"]] * 20))


def test_births_and_deaths_are_registered_after_they_happened() -> None:
    """An entry before its event would be a forgery."""
    assert all(one.entry.day.isoformat() >= one.child.born.iso() for one in PROVINCE.births)
    assert all(one.entry.day >= one.day for one in PROVINCE.deaths)


def test_a_marriage_is_written_once_with_wife_and_husband_in_place() -> None:
    """Each spouse finds the same entry."""
    found = list(marriages(Random(1), [LIVES["p02"], LIVES["p01"]]))

    assert len(found) <= 1
    assert all(one.husband.number == LIVES["p02"].number for one in found)
    assert PROVINCE.marriages
