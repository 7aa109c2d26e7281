"""What carries one call: the law in force, or a live consent."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.entries import AgencyCode, Answer, BasisCode, LegalBasis, RuleCode
from gateway.consents.ages import Standing
from gateway.consents.grants import Grant
from gateway.consents.ground import ground, is_competent
from gateway.consents.rules import Ruling
from gateway.consents.states import LIVE, ConsentState
from gateway.errors import Code, Refusal
from tests.consent_builders import (
    MOMENT,
    NOON,
    a_bank_case,
    a_basis,
    a_case,
    a_grant,
    a_procedure,
    a_representation,
    a_rule,
    a_ruling,
)

LAW: dict[BasisCode, LegalBasis] = {BasisCode("law"): a_basis()}
NEEDS = frozenset({"procedure", "dossier", "listed"})


def refusal(*args: object, **kwargs: object) -> Code:
    """Return the code that the ground ends with."""
    with pytest.raises(Refusal) as refused:
        ground(*args, **kwargs)  # type: ignore[arg-type]
    return refused.value.code


def test_the_law_carries_a_dossier_without_a_consent() -> None:
    """Row 1 of the table, and promise P2: there is no fake consent."""
    found = ground(a_case(), a_ruling(needs=NEEDS), LAW)

    assert LAW[BasisCode("law")] == found.basis
    assert found.consent is None
    assert (frozenset({"ho_ten", "thuong_tru"}), ()) == (found.allowed, found.withheld)
    assert not found.notice


def test_a_consent_that_nobody_needed_is_not_used() -> None:
    """A withdrawal must not look as if it stopped what the law allows."""
    found = ground(a_case(), a_ruling(), LAW, [a_grant(recipient="H99.30.01")])

    assert found.consent is None
    assert () == found.rights


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"procedure": None}, Code.PROCEDURE_REQUIRED),
        ({"dossier": None}, Code.DOSSIER_REQUIRED),
        ({"dossier": ""}, Code.DOSSIER_REQUIRED),
        ({"consumer": AgencyCode("H99.3")}, Code.PROCEDURE_NOT_COVERED),
        ({"procedure": a_procedure("so_cmnd")}, Code.FIELD_NOT_ALLOWED),
        ({"procedure": a_procedure("ho_ten", valid_from=date(2026, 11, 21))},
         Code.PROCEDURE_NOT_COVERED),
        ({"procedure": a_procedure("ho_ten", valid_to=date(2026, 11, 20))},
         Code.PROCEDURE_NOT_COVERED),
    ],
    ids=["procedure", "dossier", "empty dossier", "not competent", "nothing listed",
         "not yet", "no more"],
)  # fmt: skip
def test_a_need_that_is_not_met_has_its_own_code(change: dict[str, object], code: Code) -> None:
    """The caller learns what to add, not that something is wrong."""
    assert code == refusal(a_case(**change), a_ruling(needs=NEEDS), LAW)


def test_a_service_for_officials_demands_one() -> None:
    """A sensitive field is seen by a person with a name."""
    ruling = a_ruling(needs=frozenset({"official"}))

    assert Code.OFFICIAL_REQUIRED == refusal(a_case(), ruling, LAW)
    assert ground(a_case(official=True), ruling, LAW).basis is not None


def test_a_need_that_nobody_can_judge_is_not_met() -> None:
    """A misspelt word in the table closes the door."""
    ruling = a_ruling(needs=frozenset({"prosedure"}))

    assert Code.NO_LEGAL_BASIS == refusal(a_case(), ruling, LAW)


def test_what_must_be_listed_needs_a_list() -> None:
    """Without a procedure there is no list, and without a list no field."""
    ruling = a_ruling(needs=frozenset({"listed"}))

    assert Code.PROCEDURE_REQUIRED == refusal(a_case(procedure=None), ruling, LAW)


def test_fields_that_the_procedure_does_not_list_are_withheld_by_name() -> None:
    """Least data, and never silently (promise P4)."""
    case = a_case(allowed=frozenset({"ho_ten", "so_cmnd"}))

    found = ground(case, a_ruling(needs=NEEDS), LAW)

    assert frozenset({"ho_ten"}) == found.allowed
    assert (("so_cmnd", "field_not_allowed"),) == found.withheld


@pytest.mark.parametrize(
    ("agency", "competent"),
    [("H99.30", True), ("H99.30.01", True), ("H99.301", False), ("H99", False)],
)
def test_a_unit_shares_the_competence_of_what_it_belongs_to(agency: str, competent: bool) -> None:
    """Codes nest by dots; a longer code is not yet a unit."""
    assert competent == is_competent(agency, a_procedure())


@pytest.mark.parametrize(
    "basis",
    [
        a_basis(valid_to=date(2026, 11, 20)),
        a_basis(valid_from=date(2026, 11, 21)),
        a_basis(kind=Answer.CONSENT),
        a_basis(kind=Answer.SUBJECT),
    ],
    ids=["repealed today", "not yet", "only with consent", "only the subject"],
)
def test_a_law_that_does_not_hold_carries_nothing(basis: LegalBasis) -> None:
    """A repealed article never carries a call (promise P2)."""
    assert Code.NO_LEGAL_BASIS == refusal(a_case(), a_ruling(), {BasisCode("law"): basis})


def test_an_instrument_that_the_catalog_does_not_know_carries_nothing() -> None:
    """A citation is not a law."""
    assert Code.NO_LEGAL_BASIS == refusal(a_case(), a_ruling(), {})


def test_the_successor_carries_where_the_old_text_is_repealed() -> None:
    """Both stand in the procedure; the day decides."""
    case = a_case(procedure=a_procedure(bases=(BasisCode("old"), BasisCode("law"))))
    bases = {**LAW, BasisCode("old"): a_basis("old", valid_to=date(2026, 7, 1))}

    found = ground(case, a_ruling(), bases)

    assert found.basis is not None
    assert "law" == found.basis.code


def test_the_procedures_own_article_comes_before_the_agreements() -> None:
    """The nearest law is named on the reply."""
    bases = {**LAW, BasisCode("scope"): a_basis("scope")}
    case = a_case(scope_bases=(BasisCode("scope"),))

    assert bases[BasisCode("law")] == ground(case, a_ruling(), bases).basis
    free = a_case(scope_bases=(BasisCode("scope"),), procedure=None)
    assert bases[BasisCode("scope")] == ground(free, a_ruling(), bases).basis


def test_a_proactive_use_brings_a_notice() -> None:
    """The person is told, and may refuse (NĐ 224/2026 Art 16)."""
    bases = {BasisCode("law"): a_basis(kind=Answer.LAW_WITH_NOTICE)}

    assert ground(a_case(), a_ruling(Answer.LAW_WITH_NOTICE), bases).notice
    assert ground(a_case(), a_ruling(Answer.LAW), bases).notice
    assert Code.NO_LEGAL_BASIS == refusal(a_case(), a_ruling(Answer.LAW_WITH_NOTICE), LAW)


@pytest.mark.parametrize(
    ("states", "stopped"),
    [
        (["refused"], True),
        (["withdrawn"], True),
        (["refused", "given"], False),
        (["expired"], False),
        ([], False),
    ],
    ids=["refused", "taken back", "came back", "ran out", "never asked"],
)
def test_who_refuses_a_proactive_use_is_left_alone(states: list[str], stopped: bool) -> None:
    """A notice with a right to refuse means that the refusal counts."""
    bases = {BasisCode("law"): a_basis(kind=Answer.LAW_WITH_NOTICE)}
    case = a_case()
    grants = [
        a_grant(id=state, state=state, recipient=case.consumer, purpose=case.purpose)
        for state in states
    ]
    ruling = a_ruling(Answer.LAW_WITH_NOTICE)

    if stopped:
        assert Code.CONSENT_WITHDRAWN == refusal(case, ruling, bases, grants)
    else:
        assert ground(case, ruling, bases, grants).notice


@pytest.mark.parametrize(
    "instant",
    [
        pytest.param(NOON - MOMENT, id="before it was given"),
        pytest.param(NOON + timedelta(days=30), id="at its last instant"),
    ],
)
def test_a_grant_that_is_not_live_is_no_grant(instant: datetime) -> None:
    """The grant counts from its first instant up to, and not including, its last."""
    case = a_bank_case(at=instant)

    assert Code.CONSENT_REQUIRED == refusal(case, a_ruling(Answer.CONSENT), LAW, [a_grant()])


@pytest.mark.parametrize(
    "instant", [NOON, NOON + timedelta(days=30) - MOMENT], ids=["first instant", "last instant"]
)
def test_a_live_grant_carries_the_call(instant: datetime) -> None:
    """And the reply names it, with no law beside it."""
    found = ground(a_bank_case(at=instant), a_ruling(Answer.CONSENT), LAW, [a_grant()])

    assert found.consent is not None
    assert found.basis is None
    assert 1 == len(found.rights)


@pytest.mark.parametrize(
    "change",
    [
        {"recipient": "0100112438"},
        {"purpose": "cong-chung"},
        {"service": "baohiem.quatrinh"},
        {"principal_ref": "b" * 32},
    ],
    ids=["recipient", "purpose", "service", "person"],
)
def test_a_consent_for_something_else_is_no_consent(change: dict[str, Any]) -> None:
    """Consent is given per purpose and to one recipient (Luật 91/2025 Art 9)."""
    grants = [a_grant(**change)]

    assert Code.CONSENT_REQUIRED == refusal(a_bank_case(), a_ruling(Answer.CONSENT), LAW, grants)


@pytest.mark.parametrize(
    ("states", "code"),
    [
        (["withdrawn"], Code.CONSENT_WITHDRAWN),
        (["expired"], Code.CONSENT_REQUIRED),
        (["revoked"], Code.CONSENT_REQUIRED),
        (["requested"], Code.CONSENT_REQUIRED),
        ([], Code.CONSENT_REQUIRED),
    ],
)
def test_a_consent_taken_back_is_told_from_one_never_given(states: list[str], code: Code) -> None:
    """A caller asks again for the second, and must not for the first."""
    grants = [a_grant(id=state, state=state) for state in states]

    assert code == refusal(a_bank_case(), a_ruling(Answer.CONSENT), LAW, grants)


def test_the_newest_record_says_whether_it_was_taken_back() -> None:
    """An old withdrawal does not outlive a later consent that merely ran out."""
    grants = [
        a_grant(id="old", state="withdrawn", given_at=NOON - timedelta(days=300)),
        a_grant(id="new", state="expired", given_at=NOON - timedelta(days=90)),
    ]

    assert Code.CONSENT_REQUIRED == refusal(a_bank_case(), a_ruling(Answer.CONSENT), LAW, grants)


def test_fields_outside_the_consent_are_withheld_by_name() -> None:
    """The answer is cut to what the person agreed to (promise P4)."""
    found = ground(a_bank_case(), a_ruling(Answer.CONSENT), LAW, [a_grant("ho_ten", "ngay_sinh")])

    assert frozenset({"ho_ten"}) == found.allowed
    assert (("thuong_tru", "consent_required"),) == found.withheld


def test_a_consent_to_none_of_the_fields_is_no_consent() -> None:
    """An empty answer would be an exchange for nothing."""
    grants = [a_grant("ngay_sinh")]

    assert Code.CONSENT_REQUIRED == refusal(a_bank_case(), a_ruling(Answer.CONSENT), LAW, grants)


def test_of_two_consents_the_one_that_covers_more_is_used() -> None:
    """One consent carries one call; two are never added up."""
    grants = [a_grant("ho_ten", id="less"), a_grant(id="more"), a_grant("thuong_tru", id="z")]

    found = ground(a_bank_case(), a_ruling(Answer.CONSENT), LAW, grants)

    assert found.consent is not None
    assert "more" == found.consent.id


@pytest.mark.parametrize(
    ("told", "allowed"),
    [(frozenset[str](), {"ho_ten"}), (frozenset({"dan_toc"}), {"ho_ten", "dan_toc"})],
    ids=["not told", "told"],
)
def test_a_sensitive_field_needs_a_notice_that_said_so(
    told: frozenset[str], allowed: set[str]
) -> None:
    """NĐ 356/2025 Art 6: the person must have been told that it is sensitive."""
    both = frozenset({"ho_ten", "dan_toc"})
    case = a_bank_case(allowed=both, sensitive=frozenset({"dan_toc"}))
    grants = [a_grant(*both, told_sensitive=told)]

    assert allowed == ground(case, a_ruling(Answer.CONSENT), LAW, grants).allowed


CHILD = Ruling(
    a_rule(Answer.REPRESENTATIVE, code=RuleCode("child"), needs=frozenset({"child_assent"})),
    a_rule(Answer.LAW),
)


@pytest.mark.parametrize(
    ("change", "held"),
    [
        ({}, True),
        ({"principal_ref": "c" * 32}, False),
        ({"valid_to": NOON}, False),
        ({"valid_to": NOON + MOMENT}, True),
    ],
    ids=["the mother", "another's mother", "eighteen today", "a moment before"],
)
def test_a_child_is_represented_by_its_own_living_representative(
    change: dict[str, object], held: bool
) -> None:
    """Luật 91/2025 Art 24; the day of full age ends it."""
    case = a_case(standing=Standing("child"))
    mother = a_representation(**change)

    if held:
        found = ground(case, CHILD, LAW, representation=mother)
        assert (mother, LAW[BasisCode("law")]) == (found.representation, found.basis)
        assert ("representation:representation-1",) == tuple(each.key for each in found.rights)
    else:
        assert Code.REPRESENTATIVE_REQUIRED == refusal(case, CHILD, LAW, representation=mother)


def test_a_child_without_a_representative_is_not_asked_about() -> None:
    """Nobody learns whether the child is in a register."""
    case = a_case(standing=Standing("child"))

    assert Code.REPRESENTATIVE_REQUIRED == refusal(case, CHILD, LAW)
    nobody = a_case(standing=Standing("child"), principal_ref=None)
    mother = a_representation()
    assert Code.REPRESENTATIVE_REQUIRED == refusal(nobody, CHILD, LAW, representation=mother)


@pytest.mark.parametrize(
    ("standing", "assent", "held"),
    [
        (Standing("child", assents=True), False, False),
        (Standing("child", assents=True), True, True),
        (Standing("child", assents=False), False, True),
        (Standing("incapable"), False, True),
    ],
    ids=["seven, said nothing", "seven, agreed", "six", "incapable"],
)
def test_a_child_of_seven_has_a_say(standing: Standing, assent: bool, held: bool) -> None:
    """Disclosure of private life needs the child and the representative."""
    case = a_case(standing=standing)
    mother = a_representation(child_assent=assent)

    if held:
        assert mother == ground(case, CHILD, LAW, representation=mother).representation
    else:
        assert Code.REPRESENTATIVE_REQUIRED == refusal(case, CHILD, LAW, representation=mother)


def test_a_representative_does_not_replace_the_consent() -> None:
    """Where an adult would have to consent, the representative has to have consented."""
    ruling = Ruling(a_rule(Answer.REPRESENTATIVE), a_rule(Answer.CONSENT))
    case = a_bank_case(standing=Standing("child"))
    mother = a_representation()

    assert Code.CONSENT_REQUIRED == refusal(case, ruling, LAW, representation=mother)
    found = ground(case, ruling, LAW, [a_grant()], mother)
    assert 2 == len(found.rights)


def test_only_the_person_may_ask_as_the_person() -> None:
    """Own data is for whoever has signed on as its subject, not for a system that says so."""
    bases = {BasisCode("law"): a_basis(kind=Answer.SUBJECT)}
    ruling = a_ruling(Answer.SUBJECT)

    assert Code.NO_LEGAL_BASIS == refusal(a_case(), ruling, bases)
    assert ground(a_case(subject_asks=True), ruling, bases).basis is not None


@pytest.mark.parametrize("answer", [Answer.REFUSE, Answer.REPRESENTATIVE])
def test_a_row_that_carries_nothing_carries_nothing(answer: Answer) -> None:
    """Even when a caller of this function skipped the ruling's own refusal."""
    ruling = Ruling(a_rule(Answer.LAW), a_rule(answer))

    assert Code.NO_LEGAL_BASIS == refusal(a_case(), ruling, LAW)


FIELDS = frozenset({"ho_ten", "thuong_tru", "dan_toc", "so_cmnd"})


@st.composite
def any_grants(draw: st.DrawFn) -> list[Grant]:
    """Draw records in any state, for this use or another."""
    return [
        a_grant(
            id=f"consent-{place}",
            state=draw(st.sampled_from([each.value for each in ConsentState])),
            elements=draw(st.frozensets(st.sampled_from(sorted(FIELDS)))),
            told_sensitive=draw(st.frozensets(st.sampled_from(sorted(FIELDS)))),
            recipient=draw(st.sampled_from([a_bank_case().consumer, "other"])),
            purpose=draw(st.sampled_from(["khach-hang", "other"])),
            given_at=NOON + timedelta(days=draw(st.integers(-40, 2))),
        )
        for place in range(draw(st.integers(0, 4)))
    ]


@given(any_grants(), st.sampled_from(Answer), st.frozensets(st.sampled_from(sorted(FIELDS))))
def test_no_consent_is_ever_invented(
    grants: list[Grant], answer: Answer, allowed: frozenset[str]
) -> None:
    """A consent row answers only on a live grant; a law row never names a consent (promise P2)."""
    kinds = (Answer.LAW, Answer.LAW_WITH_NOTICE, Answer.CONSENT, Answer.SUBJECT)
    bases = {BasisCode(kind.value): a_basis(kind.value, kind) for kind in kinds}
    case = a_bank_case(
        allowed=allowed,
        sensitive=allowed & {"dan_toc"},
        scope_bases=tuple(bases),
        subject_asks=True,
    )

    try:
        found = ground(case, a_ruling(answer), bases, grants)
    except Refusal:
        return

    assert found.allowed <= case.allowed
    assert {name for name, _ in found.withheld} == case.allowed - found.allowed
    if answer is Answer.CONSENT:
        _holds(found.consent, found.allowed, case.sensitive)
        assert found.basis is None
    else:
        assert found.consent is None
        assert found.basis is not None


def _holds(grant: Grant | None, allowed: frozenset[str], sensitive: frozenset[str]) -> None:
    """Say that *grant* is live at noon, for the bank, and covers every field that leaves."""
    assert grant is not None
    assert grant.state in LIVE
    assert grant.valid_from <= NOON < grant.valid_to
    assert (a_bank_case().consumer, "khach-hang") == (grant.recipient, grant.purpose)
    assert allowed
    assert allowed <= grant.elements
    assert allowed & sensitive <= grant.told_sensitive
