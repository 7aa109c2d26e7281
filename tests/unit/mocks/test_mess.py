"""The mess of real life."""

from random import Random

from mocks.mess import draw_birth, misspell
from mocks.people import Birth, Name, draw_name


def test_young_peoples_birth_dates_are_whole() -> None:
    """Partial dates are a matter of old books."""
    dice = Random(1)

    assert {Birth(1960, 2, 3)} == {draw_birth(dice, 1960, 2, 3) for _ in range(500)}


def test_a_misspelt_name_is_another_name() -> None:
    """A mistake that changes nothing would make the stated rate a lie."""
    dice = Random(2)
    names = [draw_name(dice, "12"[at % 2]) for at in range(500)] + [Name("Y", "", "Blim")]

    assert [] == [str(name) for name in names if misspell(dice, name) == str(name)]
