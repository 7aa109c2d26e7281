"""Which row of the decision table speaks."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.entries import AgencyKind, Answer, PersonalKind, PurposeKind, Rule, RuleCode
from gateway.consents.ages import Standing
from gateway.consents.rules import Ground, decide, highest, in_force, rule_on
from gateway.errors import Code, Refusal
from gateway.rights import Right
from tests.consent_builders import NOON, a_basis, a_grant, a_representation, a_rule

DAY = date(2026, 11, 20)
SUBJECTS = ("adult", "child", "incapable")


def decided(*rules: Rule, subject_is: str = "adult", at: date = DAY) -> str:
    """Return the code of the row that speaks for a state agency's procedure."""
    rule = decide(
        rules,
        consumer=AgencyKind.STATE,
        purpose=PurposeKind.PROCEDURE,
        personal=PersonalKind.BASIC,
        subject_is=subject_is,
        at=at,
    )
    return rule.code


def test_the_first_row_of_the_table_wins_whatever_the_order_of_loading() -> None:
    """The table is a list, and a list in a database comes in any order."""
    rows = [a_rule(code=RuleCode(name), order=order) for name, order in (("b", 2), ("a", 1))]

    assert "a" == decided(*rows)
    assert "a" == decided(*reversed(rows))


def test_rows_of_one_order_are_told_apart_by_code() -> None:
    """The same question has the same answer in every worker."""
    rows = [a_rule(code=RuleCode(name), order=1) for name in ("b", "a")]

    assert "a" == decided(*rows)
    assert "a" == decided(*reversed(rows))


@pytest.mark.parametrize(
    "change",
    [
        {"consumers": frozenset({AgencyKind.ENTERPRISE})},
        {"purposes": frozenset({PurposeKind.STATISTICS})},
        {"personal": frozenset({PersonalKind.SENSITIVE})},
        {"subject": frozenset({"child"})},
        {"valid_from": date(2026, 11, 21)},
        {"valid_to": date(2026, 11, 20)},
    ],
    ids=["consumer", "purpose", "data", "subject", "not yet", "no more"],
)
def test_a_row_that_does_not_match_says_nothing(change: dict[str, Any]) -> None:
    """Every column counts; a missing one would let somebody through."""
    with pytest.raises(Refusal) as refused:
        decided(a_rule(**change))

    assert Code.NO_LEGAL_BASIS == refused.value.code


@pytest.mark.parametrize(
    ("valid_to", "live"),
    [(None, True), (date(2026, 11, 21), True), (date(2026, 11, 20), False)],
    ids=["open", "last day", "repealed today"],
)
def test_a_law_counts_up_to_the_day_of_its_repeal(valid_to: date | None, live: bool) -> None:
    """The day of repeal belongs to the successor."""
    assert live == in_force(date(2026, 1, 1), valid_to, DAY)


def test_a_law_counts_from_its_first_day() -> None:
    """The first day is included."""
    assert in_force(DAY, None, DAY)
    assert not in_force(date(2026, 11, 21), None, DAY)


def test_a_row_changes_at_midnight_in_viet_nam() -> None:
    """At 17:00 UTC a new day, and perhaps a new law, begins here."""
    late = NOON.replace(day=19, hour=17)
    old = a_rule(Answer.LAW, code=RuleCode("old"), valid_to=DAY)
    new = a_rule(Answer.CONSENT, code=RuleCode("new"), valid_from=DAY)

    assert "new" == _ruled(old, new, at=late).rule.code


def _ruled(*rules: Rule, standing: Standing | None = None, **changes: object):  # noqa: ANN202
    members: dict[str, object] = {"at": NOON} | changes
    return rule_on(
        rules,
        consumer=AgencyKind.STATE,
        purpose=PurposeKind.PROCEDURE,
        personal=PersonalKind.BASIC,
        standing=standing or Standing(),
        **members,  # type: ignore[arg-type]
    )


def test_a_row_that_refuses_refuses_with_its_own_code() -> None:
    """The table says what the caller learns."""
    with pytest.raises(Refusal) as refused:
        _ruled(a_rule(Answer.REFUSE, refusal="purpose_not_covered"))

    assert Code.PURPOSE_NOT_COVERED == refused.value.code


@pytest.mark.parametrize("text", [None, "", "no such code"])
def test_a_row_that_refuses_without_a_known_code_still_refuses(text: str | None) -> None:
    """A slip in the table closes the door; it never opens it."""
    with pytest.raises(Refusal) as refused:
        _ruled(a_rule(Answer.REFUSE, refusal=text))

    assert Code.NO_LEGAL_BASIS == refused.value.code


def test_a_child_needs_a_representative_and_what_an_adult_would_need() -> None:
    """The representative stands in the child's place, and no further."""
    child = a_rule(
        Answer.REPRESENTATIVE, code=RuleCode("child"), order=1, subject=frozenset({"child"})
    )
    grown = a_rule(Answer.CONSENT, code=RuleCode("grown"), order=2)

    ruling = _ruled(child, grown, standing=Standing("child"))

    assert ("child", "grown") == (ruling.rule.code, ruling.carrier.code)
    assert ruling.asks_representation
    assert ruling.asks_grants


def test_what_an_adult_may_not_have_done_a_representative_may_not_either() -> None:
    """A guardian opens no door that is closed to everybody."""
    child = a_rule(Answer.REPRESENTATIVE, order=1, subject=frozenset({"child"}))
    nobody = a_rule(Answer.REFUSE, order=2, refusal="purpose_not_covered")

    with pytest.raises(Refusal) as refused:
        _ruled(child, nobody, standing=Standing("child"))

    assert Code.PURPOSE_NOT_COVERED == refused.value.code


def test_a_table_that_sends_adults_to_a_representative_carries_nobody() -> None:
    """Otherwise nobody would have asked what carries the call itself."""
    with pytest.raises(Refusal) as refused:
        _ruled(a_rule(Answer.REPRESENTATIVE))

    assert Code.REPRESENTATIVE_REQUIRED == refused.value.code


@pytest.mark.parametrize(
    ("answer", "asks"),
    [
        (Answer.LAW, False),
        (Answer.SUBJECT, False),
        (Answer.LAW_WITH_NOTICE, True),
        (Answer.CONSENT, True),
    ],
)
def test_consents_are_read_only_where_they_count(answer: Answer, asks: bool) -> None:
    """What the law carries looks into nobody's consents."""
    assert asks == _ruled(a_rule(answer)).asks_grants


def test_the_highest_class_among_the_fields_decides() -> None:
    """One sensitive field makes the question a sensitive one."""
    kinds = [PersonalKind.BASIC, PersonalKind.SENSITIVE, PersonalKind.NONE]

    assert PersonalKind.SENSITIVE == highest(kinds)
    assert PersonalKind.BASIC == highest([*kinds[::2], PersonalKind.BASIC])
    assert PersonalKind.NONE == highest([])


def test_a_ground_names_the_rights_it_rests_on() -> None:
    """The record's commit judges exactly these (promise P3)."""
    rule = a_rule()
    held = Ground(
        rule=rule,
        carrier=rule,
        basis=None,
        consent=a_grant(seq=4),
        representation=a_representation(),
        allowed=frozenset(),
        withheld=(),
        notice=False,
    )
    free = Ground(
        rule=rule,
        carrier=rule,
        basis=a_basis(),
        consent=None,
        representation=None,
        allowed=frozenset(),
        withheld=(),
        notice=False,
    )

    expected = (Right("consent:consent-1", 4), Right("representation:representation-1", 3))
    assert expected == held.rights
    assert () == free.rights


@st.composite
def tables(draw: st.DrawFn) -> list[Rule]:
    """Draw any table, also a broken one."""
    count = draw(st.integers(0, 6))
    some = {
        "consumers": st.frozensets(st.sampled_from(AgencyKind)),
        "purposes": st.frozensets(st.sampled_from(PurposeKind)),
        "personal": st.frozensets(st.sampled_from(PersonalKind)),
        "subject": st.frozensets(st.sampled_from(SUBJECTS)),
        "order": st.integers(0, 3),
        "valid_from": st.dates(date(2026, 11, 1), date(2026, 12, 1)),
        "valid_to": st.none() | st.dates(date(2026, 11, 1), date(2026, 12, 1)),
    }
    return [
        a_rule(
            draw(st.sampled_from(Answer)),
            code=RuleCode(f"row-{place}"),
            **{name: draw(each) for name, each in some.items()},
        )
        for place in range(count)
    ]


@given(
    tables(),
    st.sampled_from(AgencyKind),
    st.sampled_from(PurposeKind),
    st.sampled_from(PersonalKind),
    st.sampled_from(SUBJECTS),
    st.randoms(use_true_random=False),
)
def test_every_table_gives_one_answer_or_a_refusal(  # noqa: PLR0917 - one column each
    table: list[Rule],
    consumer: AgencyKind,
    purpose: PurposeKind,
    personal: PersonalKind,
    subject_is: str,
    chance: object,
) -> None:
    """Total and deterministic: no order of loading, no table, leaves the gateway undecided."""
    shuffled = list(table)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]

    said: list[str] = []
    for rows in (table, shuffled):
        try:
            rule = decide(
                rows,
                consumer=consumer,
                purpose=purpose,
                personal=personal,
                subject_is=subject_is,
                at=DAY,
            )
        except Refusal as refused:
            said.append(refused.code)
        else:
            said.append(rule.code)

    assert said[0] == said[1]
