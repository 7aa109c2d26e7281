"""The decision table has a row for every case and a case for every row."""

from datetime import date

from catalog.entries import AgencyKind, Answer, PersonalKind, PurposeKind
from catalog.errors import Fault
from catalog.lint import faults, lint
from catalog.lint_rules import lint_table
from tests.catalog_builders import rule, snapshot

F = frozenset
STATE = F({AgencyKind.STATE})


def test_a_table_that_covers_all_is_silent() -> None:
    """One row for everything has no gap and no idle row."""
    assert [] == [*lint_table([rule()])]


def test_every_silent_case_is_named() -> None:
    """A gap refuses, which is safe, and is still a mistake somebody should see."""
    gaps = [*lint_table([rule(consumers=STATE, personal=F({PersonalKind.BASIC}))])]

    assert {Fault.DECISION_TABLE_GAP} == {each.fault for each in gaps}
    assert 3 * 5 * 3 * 3 - 5 * 3 == len(gaps)
    assert () == faults(gaps)
    assert "state · procedure · sensitive · adult" in {each.facts["named"] for each in gaps}


def test_a_row_that_never_speaks_is_found() -> None:
    """A refusal that stands behind an allowance protects nobody."""
    late = rule(code="cam", order=20, answer=Answer.REFUSE, refusal="no_legal_basis")

    assert [(Fault.RULE_UNREACHABLE, "cam")] == [
        (each.fault, each.code) for each in lint_table([late, rule()])
    ]


def test_a_row_that_outlives_the_one_before_it_speaks_later() -> None:
    """The successor of an expiring row is not idle."""
    old = rule(valid_to=date(2027, 1, 1))

    assert [] == [*lint_table([old, rule(code="moi", order=20)])]


def test_rows_together_can_silence_a_row() -> None:
    """No single row covers it, all of them do."""
    rows = [
        rule(code=f"r{at}", order=at, consumers=F({kind})) for at, kind in enumerate(AgencyKind)
    ]

    assert ["r9"] == [each.code for each in lint_table([*rows, rule(code="r9", order=9)])]


def test_one_place_in_the_order_is_for_one_row() -> None:
    """Which of two rows wins must not depend on their names."""
    findings = [*lint(snapshot(rule(), rule(code="khac")))]

    assert Fault.RULE_ORDER_TAKEN in {each.fault for each in faults(findings)}


def test_rows_of_different_years_may_share_a_place() -> None:
    """A row that ends when the other begins meets it on no day."""
    old = rule(valid_to=date(2027, 1, 1))
    new = rule(code="moi", valid_from=date(2027, 1, 1))

    assert () == faults(lint(snapshot(old, new)))


def test_words_the_engine_does_not_know_are_found() -> None:
    """A condition that nobody can judge would never be met."""
    odd = rule(needs=F({"vneid"}), subject=F({"adult", "pet"}), purposes=F[PurposeKind]())
    found = {(each.fault, each.path) for each in lint(snapshot(odd))}

    assert {
        (Fault.RULE_WORD_UNKNOWN, ("needs",)),
        (Fault.RULE_WORD_UNKNOWN, ("subject",)),
        (Fault.TEXT_MISSING, ("purposes",)),
    } <= found


def test_a_refusal_says_its_code() -> None:
    """Callers switch on it."""
    silent = rule(answer=Answer.REFUSE)

    assert (Fault.TEXT_MISSING, ("refusal",)) in {
        (each.fault, each.path) for each in lint(snapshot(silent))
    }
