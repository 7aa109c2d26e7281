"""Rules as pure functions of counters: where each begins, and where it stays silent."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.findings.baseline import FEWEST_DAYS, SIGMAS, baseline
from gateway.findings.rules import EXCESSES, GUESSES, Again, Found, History, Rule, Severity, judge
from gateway.findings.tallies import Count, Mark, Scope, procedure_mark
from gateway.findings.texts import TITLES, explained
from tests.finding_builders import DAY, pseudonym


def history(
    today: Mapping[str, int],
    before: Sequence[Mapping[str, int]] = (),
    *,
    scope: Scope = Scope.OFFICIAL,
    last: date | None = None,
    again: tuple[Again, ...] = (),
    usual_again: float = 1.0,
) -> History:
    """Return a history of plain figures, one mapping for each day before."""
    days: dict[date, Mapping[str, int]] = {
        DAY - timedelta(days=back): marks for back, marks in enumerate(before, 1)
    }
    days[DAY] = today
    return History(
        scope=scope,
        actor=pseudonym("an"),
        agency="H31.12",
        day=DAY,
        days={day: {m: Count(n, (7,)) for m, n in marks.items()} for day, marks in days.items()},
        before=last,
        again=again,
        usual_again=usual_again,
    )


def rules(found: list[Found]) -> list[Rule]:
    """Return which rules spoke."""
    return [one.rule for one in found]


QUIET: list[dict[str, int]] = [{Mark.CALLS: 20, Mark.PERSONS: 12}] * 10
BUSY: list[dict[str, int]] = [
    {Mark.CALLS: 200, Mark.PERSONS: 150, Mark.OFF_HOURS: 40, Mark.BARE: 60}
] * 10


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        ({Mark.BARE: 9}, []),
        ({Mark.BARE: 10}, [Rule.BARE]),
        ({Mark.OFF_HOURS: 6}, []),
        ({Mark.OFF_HOURS: 7}, [Rule.OFF_HOURS]),
        ({Mark.PERSONS: 39}, []),
        ({Mark.PERSONS: 40}, [Rule.PERSONS]),
        ({Mark.LISTED: 40}, [Rule.PERSONS]),
        ({Mark.TURNED_AWAY: 14}, []),
        ({Mark.TURNED_AWAY: 15}, [Rule.TURNED_AWAY]),
        ({Mark.MISSED: 10, Mark.PERSONS: 30}, [Rule.GUESSING]),
        ({Mark.MISSED: 10, Mark.PERSONS: 38}, []),  # mistyped among many
    ],
)
def test_each_rule_begins_above_its_bound(today: dict[str, int], expected: list[Rule]) -> None:
    """One call more is a finding, one less is none."""
    assert expected == rules(judge(history({Mark.CALLS: 60, **today}, QUIET)))


def test_what_is_usual_for_one_official_is_no_finding() -> None:
    """A night shift works at night; a register office looks at hundreds."""
    assert [] == judge(history(dict(BUSY[0]), BUSY))
    assert [Rule.BARE, Rule.OFF_HOURS, Rule.PERSONS] == rules(judge(history(BUSY[0], QUIET)))


def test_a_new_official_is_judged_by_the_general_bound() -> None:
    """Without days of their own, ten looks are no news, thirty are."""
    few = QUIET[: FEWEST_DAYS - 1]

    assert [] == judge(history({Mark.CALLS: 60, Mark.BARE: 29}, few))
    (found,) = judge(history({Mark.CALLS: 60, Mark.BARE: 30}, few))
    assert (29.0, FEWEST_DAYS - 1) == (found.threshold, found.support)
    assert "chưa đủ 5 ngày" in explained(found).vi


def test_severity_grows_with_the_excess() -> None:
    """Who has little time begins at the top."""
    seen = [judge(history({Mark.CALLS: 60, Mark.BARE: n}, QUIET))[0].severity for n in (10, 14, 27)]

    assert [Severity.LOW, Severity.MEDIUM, Severity.HIGH] == seen


def test_the_same_person_on_three_days_is_a_finding_about_that_person() -> None:
    """Curiosity comes back; the finding begins on the first of those days."""
    first = DAY - timedelta(days=9)
    again = (Again("p", 3, first, (1, 2, 3)), Again("q", 2, first, (4,)))
    (found,) = judge(history({Mark.CALLS: 5}, QUIET, again=again))

    assert (Rule.REPEATED, "p", first, DAY, 3, (1, 2, 3)) == (
        found.rule,
        found.about,
        found.first_day,
        found.last_day,
        found.value,
        found.sample,
    )
    assert [] == judge(history({Mark.CALLS: 5}, QUIET, again=again, usual_again=2.0))


SOME_KIN: list[dict[str, int]] = [{Mark.CALLS: 20, Mark.NAMED: 12, Mark.KIN: 1}] * 10
MANY_KIN: list[dict[str, int]] = [{Mark.CALLS: 60, Mark.NAMED: 40, Mark.KIN: 15}] * 10


@pytest.mark.parametrize(
    ("kin", "named", "before", "expected"),
    [
        (9, 12, SOME_KIN, []),
        (10, 12, SOME_KIN, [Rule.KINSHIP]),
        (20, 39, MANY_KIN, []),  # a day like the others, of a common name
        (38, 39, MANY_KIN, []),
        (39, 39, MANY_KIN, [Rule.KINSHIP]),
        (45, 120, MANY_KIN, []),  # a busy day brings more of every name
        (14, 100, SOME_KIN, []),
        (30, 100, SOME_KIN, [Rule.KINSHIP]),
    ],
)
def test_own_names_stand_out_by_number_and_by_share_of_ones_own_past(
    kin: int, named: int, before: list[dict[str, int]], expected: list[Rule]
) -> None:
    """Nobody is suspected for being named Nguyễn."""
    today: dict[str, int] = {Mark.CALLS: 120, Mark.NAMED: named, Mark.KIN: kin}

    assert expected == rules(judge(history(today, before)))
    assert [] == judge(history(today, before, scope=Scope.SYSTEM))


def test_days_before_officials_signed_on_are_no_past_of_names() -> None:
    """The first days with names must not look like a sudden turn to one's own family."""
    today: dict[str, int] = {Mark.CALLS: 60, Mark.NAMED: 30, Mark.KIN: 30}

    assert [] == judge(history(today, [*SOME_KIN[: FEWEST_DAYS - 1], *QUIET]))
    (found,) = judge(history(today, [*SOME_KIN[:FEWEST_DAYS], *QUIET]))
    assert (Rule.KINSHIP, 30, 1.0, FEWEST_DAYS) == (
        found.rule,
        found.value,
        found.usual,
        found.support,
    )
    assert "họ hàng" in explained(found).vi


def test_one_day_of_looking_at_ones_own_does_not_hide_the_next() -> None:
    """Who was seen once is seen again."""
    wild: dict[str, int] = {Mark.CALLS: 60, Mark.NAMED: 30, Mark.KIN: 30}

    assert [Rule.KINSHIP] == rules(judge(history(wild, [wild, *SOME_KIN])))


@given(
    st.lists(st.tuples(st.integers(1, 60), st.floats(0, 1)), min_size=FEWEST_DAYS, max_size=28),
    st.integers(0, 200),
)
def test_no_day_within_the_usual_share_is_a_finding(
    past: list[tuple[int, float]], named: int
) -> None:
    """However common the name and however busy the day."""
    before: list[dict[str, int]] = [
        {Mark.CALLS: of, Mark.NAMED: of, **({Mark.KIN: n} if (n := int(of * share)) else {})}
        for of, share in past
    ]
    kin, of = sum(day.get(Mark.KIN, 0) for day in before), sum(day[Mark.NAMED] for day in before)
    today: dict[str, int] = {Mark.CALLS: 200, Mark.NAMED: named, Mark.KIN: named * kin // of}

    assert [] == judge(history(today, before))


@pytest.mark.parametrize(("silent", "expected"), [(59, []), (60, [Rule.DORMANT])])
def test_an_account_sleeps_after_sixty_days(silent: int, expected: list[Rule]) -> None:
    """Leave and illness end sooner."""
    assert expected == rules(judge(history({Mark.CALLS: 1}, last=DAY - timedelta(days=silent))))


@pytest.mark.parametrize(
    ("n", "of", "expected"),
    [(19, 40, []), (20, 40, [Rule.PROCEDURE_MIX]), (20, 120, [])],
)
def test_a_new_procedure_must_be_a_fair_part_of_the_day(
    n: int, of: int, expected: list[Rule]
) -> None:
    """The first dossier of a new procedure is no finding."""
    usual = [{Mark.CALLS: 40, procedure_mark("1.1"): 40}] * 6
    today = {Mark.CALLS: of, procedure_mark("1.1"): of - n, procedure_mark("2.2"): n}

    assert expected == rules(judge(history(today, usual, scope=Scope.AGREEMENT)))
    assert [] == judge(history(today, usual[:4], scope=Scope.AGREEMENT))


def test_a_day_without_calls_is_judged_by_nothing() -> None:
    """Late leaves may come for a day whose counters are gone."""
    assert [] == judge(replace(history({}, QUIET), days={}))


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=28), st.integers(0, 10_000))
def test_a_bound_lies_above_what_is_usual(values: list[int], least: int) -> None:
    """No day that is like the others stands out, and the least is a floor."""
    usual = baseline(values)
    bound = usual.bound(least, alone=20_000)

    assert bound >= least
    assert bound >= usual.usual + (SIGMAS if usual.known else 0)
    assert (not usual.known) == (bound == 20_000.0 and len(values) < FEWEST_DAYS)


def test_one_wild_day_does_not_hide_the_next() -> None:
    """The median stays where it is when a few days of the window are extreme themselves."""
    assert baseline([2, 3, 2, 2, 3, 500, 2, 900]).bound(5, 50) < 12


@pytest.mark.parametrize("rule", Rule)
@pytest.mark.parametrize("scope", Scope)
def test_every_finding_has_words_in_both_languages(rule: Rule, scope: Scope) -> None:
    """Figures, bound and days are told; nobody is named or blamed."""
    found = Found(
        rule=rule,
        scope=scope,
        actor=pseudonym("an"),
        agency=None,
        about=pseudonym("ex") if rule is Rule.REPEATED else "{who}",
        first_day=DAY,
        last_day=DAY,
        value=77,
        usual=1.5,
        threshold=12.25,
        support=9,
        severity=Severity.LOW,
        sample=(),
    )
    words = explained(found)

    assert all("77" in text and "12.25" in text for text in (words.vi, words.en))
    assert "18/11/2026" in words.vi
    assert words.vi.endswith("không phải kết luận vi phạm.")
    assert words.en.endswith("not a verdict.")
    assert not any(pseudonym(name) in words.vi + words.en for name in ("an", "ex"))
    assert TITLES[rule].vi != TITLES[rule].en


def test_the_page_names_every_rule_with_its_bounds() -> None:
    """An auditor who asks why reads the page."""
    rows = {
        row[0].strip("` "): [cell.strip() for cell in row[2:]]
        for line in Path("docs/findings.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("| `") and (row := line.strip("|").split("|"))
    }

    assert {rule.value for rule in Rule} <= set(rows)
    for rule in (*EXCESSES, GUESSES):
        least, alone = (
            f"{bound[Scope.OFFICIAL]}, {bound[Scope.SYSTEM]}" for bound in (rule.least, rule.alone)
        )
        assert [least, alone] == rows[rule.rule]
