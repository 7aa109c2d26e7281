"""Every finding speaks to people."""

import string

from catalog.errors import Fault, Finding, Place
from catalog.kinds import Kind
from catalog.texts import TEXTS, line, text


def test_every_fault_has_a_text_in_both_languages() -> None:
    """A code alone mends nothing."""
    assert set(Fault) == set(TEXTS)
    assert all(vi and en for vi, en in TEXTS.values())


def test_both_languages_name_the_same_facts() -> None:
    """One of them would fail for want of a fact otherwise."""
    for vi, en in TEXTS.values():
        names = [{name for _, name, _, _ in string.Formatter().parse(each)} for each in (vi, en)]
        assert names[0] == names[1]


def test_a_line_begins_with_the_place() -> None:
    """Editors and terminals make a link of it."""
    finding = Finding(
        fault=Fault.UNKNOWN_BASIS,
        kind=Kind.AGREEMENT,
        code="TT-1",
        path=("scopes", 0, "bases", 1),
        facts={"named": "nd1"},
        place=Place("seed/agreements.yaml", 12),
    )

    assert "seed/agreements.yaml:12: unknown_basis: agreement TT-1 scopes.0.bases.1: " in line(
        finding
    )
    assert ("Không có căn cứ pháp lý nd1.", "There is no basis nd1.") == text(finding)


def test_a_problem_is_told_in_each_language() -> None:
    """The Vietnamese half of a line would be English otherwise."""
    problem = "Object missing required field `label_vi`"
    finding = Finding(fault=Fault.VALUE_WRONG, facts={"problem": problem})

    assert ("Giá trị sai: thiếu thành phần label_vi.", f"Wrong value: {problem}.") == text(finding)
