"""How long what is kept: rules as data."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from catalog.entries import Mark
from gateway.retention.rules import Rule, Stage, Wanted, Windows, load_rules, months_before, windows

TODAY = date(2026, 11, 21)
RULE = Rule(
    code="r",
    stage=Stage.HOT,
    months=3,
    instrument="TCVN 14423:2026",
    article="5.8.2.1",
    mark=Mark.SECONDARY,
    vi="Ba tháng.",
    en="Three months.",
)
DERIVED = replace(RULE, code="d", stage=Stage.SEARCHABLE, months=24, mark=Mark.DERIVED)
months = st.integers(1, 1_200)


def test_the_release_keeps_what_the_law_and_we_say() -> None:
    """Three months hot, two years searchable, five years in the archive and linked to people."""
    found = windows(load_rules(), Wanted(), TODAY)

    assert Windows(hot=3, searchable=24, register=60, links=60) == found


def test_every_rule_names_its_source_and_how_sure_we_are() -> None:
    """What we derived ourselves is not dressed up as law."""
    rules = load_rules()

    assert len(rules) == len({rule.code for rule in rules})
    assert all(rule.instrument and rule.article and rule.vi and rule.en for rule in rules)
    assert all((rule.instrument == "Một Lần") == (rule.mark is Mark.DERIVED) for rule in rules)


def test_a_setting_replaces_a_derived_rule_and_no_other() -> None:
    """A province may keep less than we advise, never less than a rule demands."""
    shorter = windows([RULE, DERIVED], Wanted(hot=1, searchable=6), TODAY)
    longer = windows([RULE, DERIVED], Wanted(hot=5, searchable=30), TODAY)

    assert (3, 6) == (shorter.hot, shorter.searchable)
    assert (5, 30) == (longer.hot, longer.searchable)


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "hot"),
    [
        (None, None, 3),
        (TODAY, None, 3),
        (date(2026, 11, 22), None, 0),
        (None, TODAY, 0),
        (None, date(2026, 11, 22), 3),
    ],
)
def test_a_rule_counts_while_it_is_in_force(
    valid_from: date | None, valid_to: date | None, hot: int
) -> None:
    """A rule without a confirmed first day counts: keeping too long harms less."""
    rule = replace(RULE, valid_from=valid_from, valid_to=valid_to)

    assert hot == windows([rule], Wanted(), TODAY).hot


@given(st.builds(Wanted, st.none() | months, st.none() | months, st.none() | months))
def test_no_stage_is_shorter_than_the_one_before(wanted: Wanted) -> None:
    """Nothing leaves the database before it was archived, or the archive before the database."""
    found = windows(load_rules(), wanted, TODAY)

    assert 3 <= found.hot <= found.searchable <= min(found.register, found.links)
    assert found.drop_before(TODAY) <= found.archive_before(TODAY)


@given(st.dates(date(1900, 1, 1)), st.integers(0, 1_199))
def test_months_are_those_of_the_calendar(day: date, count: int) -> None:
    """The last of May less three months is the last of February."""
    found = months_before(day, count)

    assert count == (day.year - found.year) * 12 + day.month - found.month
    assert found.day <= day.day
    assert date(2026, 2, 28) == months_before(date(2026, 5, 31), 3)


def test_a_years_keys_live_until_all_of_it_is_old_enough() -> None:
    """The first of January and the last of December of a year share one key."""
    five_years = Windows(3, 24, 60, 60)

    assert 2021 == five_years.forget_before(date(2026, 11, 21))
    assert 2021 == five_years.forget_before(date(2026, 12, 31))
    assert 2022 == five_years.forget_before(date(2027, 1, 1))
