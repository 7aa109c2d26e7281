"""The division of the province, before and after July 2025."""

from datetime import date, timedelta

import pytest

from mocks.communes import CONVERSION, NEW, OLD, PARTS, REFORM, SPLIT, on, same_place

BEFORE, SINCE = REFORM - timedelta(days=1), REFORM


def test_the_division_changes_on_its_day_and_not_a_day_sooner() -> None:
    """The first of July 2025 is already the new division."""
    assert OLD is on(BEFORE)
    assert NEW is on(SINCE)


def test_every_new_code_was_another_communes_code() -> None:
    """This is what makes a code without a date ambiguous."""
    assert NEW.keys() <= OLD.keys()
    assert {"Phường Lê Lợi", "Phường Vĩnh Trà"} == {OLD["99003"].name, NEW["99003"].name}


def test_every_old_commune_went_somewhere_and_three_were_split() -> None:
    """A conversion by code alone works for all but these."""
    assert OLD.keys() == CONVERSION.keys()
    assert all(CONVERSION.values())
    assert {"99004", "99020", "99047"} == SPLIT
    assert all(PARTS.values())


def test_every_code_is_unlike_a_real_one() -> None:
    """Synthetic addresses must not fall on real places."""
    assert all(code.startswith("99") and len(code) == 5 for code in OLD)
    assert {"03", "05"} == {commune.province for commune in OLD.values()}


@pytest.mark.parametrize(
    ("kept", "old", "asked", "day", "so"),
    [
        pytest.param("99003", False, "99003", SINCE, True, id="both new"),
        pytest.param("99003", True, "99003", BEFORE, True, id="both old"),
        pytest.param("99003", True, "99003", SINCE, False, id="same code, other place"),
        pytest.param("99012", True, "99003", SINCE, True, id="merged whole"),
        pytest.param("99004", True, "99003", SINCE, False, id="split: either half is a guess"),
        pytest.param("99003", False, "99012", BEFORE, False, id="new record, old question"),
    ],
)
def test_two_codes_are_one_place_only_when_that_is_sure(
    kept: str, old: bool, asked: str, day: date, so: bool
) -> None:
    """A verified residence must not rest on a coincidence of codes."""
    assert so is same_place(kept, old, asked, day)
