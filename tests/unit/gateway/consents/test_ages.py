"""Who stands for themselves."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.protocol import PartialDate, Subject
from gateway.consents.ages import (
    Standing,
    has_turned,
    local_day,
    may_have_turned,
    standing,
    subject_class,
    year_in_number,
)
from gateway.errors import Code, Refusal
from tests.consent_builders import NOON

ADULT, YOUNG = "003190000123", "003220000123"  # of 1990, of 2020


@pytest.mark.parametrize(
    ("birth", "kind"),
    [
        ("2008-11-20", "adult"),
        ("2008-11-21", "child"),
        (PartialDate(2007), "adult"),
        (PartialDate(2008), "child"),
        (PartialDate(2008, 10), "adult"),
        (PartialDate(2008, 11), "child"),
        (PartialDate(2008, 11, 20), "adult"),
        (None, "child"),
    ],
    ids=["eighteen today", "tomorrow", "surely", "perhaps", "last month", "this month",
         "day in parts", "nobody knows"],
)  # fmt: skip
def test_a_person_is_an_adult_when_surely_eighteen(
    birth: str | PartialDate | None, kind: str
) -> None:
    """Registers hold year-only births; in doubt the more protected class counts."""
    assert kind == subject_class(birth, NOON)


def test_a_birthday_begins_at_midnight_in_viet_nam() -> None:
    """The eighteenth birthday is a day here, not in Greenwich."""
    eve = datetime(2026, 11, 19, 16, 59, 59, 999999, tzinfo=UTC)
    morning = datetime(2026, 11, 19, 17, 0, tzinfo=UTC)

    assert ("child", "adult") == tuple(subject_class("2008-11-20", at) for at in (eve, morning))
    assert 20 == local_day(morning).day


def test_a_leap_day_child_grows_up_on_the_first_of_march() -> None:
    """Full years only."""
    last = datetime(2026, 2, 28, 5, tzinfo=UTC)
    first = datetime(2026, 3, 1, 5, tzinfo=UTC)

    assert ("child", "adult") == tuple(subject_class("2008-02-29", at) for at in (last, first))


@pytest.mark.parametrize("known", ["child", "incapable"])
def test_what_a_source_knows_counts_before_the_age(known: str) -> None:
    """Capacity is not a matter of years alone."""
    assert known == subject_class("1990-02-01", NOON, known)
    assert known == standing(Subject(so_dinh_danh=ADULT), NOON, known).kind


def test_a_source_that_says_adult_does_not_make_a_child_one() -> None:
    """Sources say adult when they say nothing."""
    assert "child" == subject_class("2015-02-01", NOON, "adult")


@pytest.mark.parametrize(
    ("number", "year"),
    [
        ("003190000123", 1990),
        ("003015000123", 1915),
        ("003220000123", 2020),
        ("003308000123", 2008),
        ("00319000012", None),
        ("00319000012x", None),
        ("００３１９００００１２３", None),
        (None, None),
    ],
    ids=["woman of 1990", "man of 1915", "boy", "girl", "short", "letter", "wide", "none"],
)
def test_a_number_tells_the_year_of_birth(number: str | None, year: int | None) -> None:
    """Digit 4 is century and sex, digits 5 and 6 are the year (domain.md 3.1)."""
    assert (None if year is None else PartialDate(year)) == year_in_number(number)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        (Subject(so_dinh_danh=ADULT, ngay_sinh="1990-02-01"), Standing()),
        (Subject(so_dinh_danh="003208000123", ngay_sinh="2008-11-20"), Standing()),
        (Subject(so_dinh_danh="003208000123", ngay_sinh=PartialDate(2008)),
         Standing("child", assents=True)),
        (Subject(so_dinh_danh="003208000123"), Standing("child", assents=True)),
        (Subject(so_dinh_danh="003219000123", ngay_sinh="2019-12-01"), Standing("child")),
        (Subject(so_dinh_danh=YOUNG), Standing("child")),
        (Subject(so_dinh_danh=YOUNG, ngay_sinh="1990-02-01"), Standing("child", assents=True)),
        (Subject(so_dinh_danh=ADULT, ngay_sinh="2018-02-01"), Standing("child", assents=True)),
        (Subject(ngay_sinh="2020-02-01"), Standing("child")),
        (Subject(ngay_sinh="2019-11-20"), Standing("child", assents=True)),
        (Subject(ngay_sinh="2019-11-21"), Standing("child")),
        (Subject(ho_ten="Ánh"), Standing("child", assents=True)),
        (Subject(ma_xa="00001", so_to="1", so_thua="2"), Standing()),
    ],
    ids=["adult", "eighteen today", "eighteen this year", "eighteen by number", "six to seven",
         "by number", "a date that lies", "a number that lies", "six", "seven today",
         "seven tomorrow", "a name alone", "a parcel"],
)  # fmt: skip
def test_whatever_protects_more_wins(subject: Subject, expected: Standing) -> None:
    """A caller cannot make a child an adult by one of two members."""
    assert expected == standing(subject, NOON)


@pytest.mark.parametrize("birth", ["1990", "1990-13-01", "hôm qua", PartialDate(1990, 13)])
def test_what_is_no_date_is_refused_by_name(birth: str | PartialDate) -> None:
    """The member is named, its value is not (promise P6)."""
    with pytest.raises(Refusal) as refused:
        subject_class(birth, NOON)

    assert Code.VALIDATION_FAILED == refused.value.code
    assert "1990" not in str(refused.value.facts)


@given(st.dates(date(1900, 1, 1), date(2026, 11, 20)), st.integers(0, 30))
def test_less_of_a_date_never_makes_a_person_older(born: object, years: int) -> None:
    """Surely implies perhaps, and a whole date decides what a partial one leaves open."""
    whole = str(born)
    parts = PartialDate(int(whole[:4]))

    surely, perhaps = has_turned(years, parts, NOON), may_have_turned(years, parts, NOON)

    assert surely <= has_turned(years, whole, NOON) <= perhaps
