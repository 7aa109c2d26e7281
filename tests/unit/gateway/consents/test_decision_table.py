"""The decision table as it is seeded, against domain.md 1.2.3 row by row (promise P2)."""

from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.documents import read_folder
from catalog.entries import (
    AgencyCode,
    AgencyKind,
    Agreement,
    Answer,
    BasisCode,
    LegalBasis,
    Mark,
    PersonalKind,
    Procedure,
    ProcedureCode,
    PurposeKind,
    Rule,
)
from gateway.consents.ages import Standing
from gateway.consents.ground import ground
from gateway.consents.rules import Case, Ground, Ruling, decide, rule_on
from gateway.errors import Code, Refusal
from tests.consent_builders import CITIZEN, a_grant, a_representation

SEED = Path(__file__).parents[4] / "deploy" / "seed"
AT = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
STATE, SERVICE, FIRM = AgencyKind.STATE, AgencyKind.PUBLIC_SERVICE, AgencyKind.ENTERPRISE
NONE, BASIC, SENSITIVE = PersonalKind.NONE, PersonalKind.BASIC, PersonalKind.SENSITIVE
DOSSIER, STATISTICS, PROACTIVE = (
    PurposeKind.PROCEDURE,
    PurposeKind.STATISTICS,
    PurposeKind.PROACTIVE,
)
THIRD, OWN = PurposeKind.THIRD_PARTY, PurposeKind.OWN_DATA


@cache
def seed() -> tuple[object, ...]:
    """Return every seeded entry."""
    return tuple(each.entry for each in read_folder(SEED).items)


@cache
def rules() -> tuple[Rule, ...]:
    """Return the seeded table."""
    return tuple(each for each in seed() if isinstance(each, Rule))


@cache
def bases() -> dict[BasisCode, LegalBasis]:
    """Return the seeded instruments."""
    return {each.code: each for each in seed() if isinstance(each, LegalBasis)}


def procedure(code: str) -> Procedure:
    """Return one seeded procedure."""
    found = (each for each in seed() if isinstance(each, Procedure))
    return next(each for each in found if each.code == ProcedureCode(code))


def ruled(
    consumer: AgencyKind,
    purpose: PurposeKind,
    personal: PersonalKind,
    standing: Standing = Standing(),  # noqa: B008 - a frozen value
) -> Ruling:
    """Return what the seeded table says of one question."""
    return rule_on(
        rules(), consumer=consumer, purpose=purpose, personal=personal, standing=standing, at=AT
    )


@pytest.mark.parametrize(
    ("consumer", "purpose", "personal", "answer", "needs"),
    [
        (STATE, DOSSIER, BASIC, Answer.LAW, {"procedure", "dossier", "listed"}),
        (STATE, DOSSIER, NONE, Answer.LAW, {"procedure", "dossier", "listed"}),
        (STATE, DOSSIER, SENSITIVE, Answer.LAW, {"procedure", "dossier", "listed", "official"}),
        (STATE, STATISTICS, NONE, Answer.LAW, set()),
        (STATE, PROACTIVE, BASIC, Answer.LAW_WITH_NOTICE, {"procedure", "listed"}),
        (STATE, PROACTIVE, SENSITIVE, Answer.LAW_WITH_NOTICE, {"procedure", "listed"}),
        (STATE, OWN, BASIC, Answer.SUBJECT, set()),
        (SERVICE, THIRD, BASIC, Answer.CONSENT, set()),
        (SERVICE, DOSSIER, SENSITIVE, Answer.CONSENT, set()),
        (FIRM, THIRD, BASIC, Answer.CONSENT, set()),
        (FIRM, THIRD, SENSITIVE, Answer.CONSENT, set()),
        (FIRM, DOSSIER, BASIC, Answer.CONSENT, set()),
        (FIRM, STATISTICS, BASIC, Answer.CONSENT, set()),
    ],
    ids=[
        "row 1: a dossier",
        "row 1: a parcel",
        "row 2: a sensitive field of a dossier",
        "row 3: aggregates",
        "row 4: proactive",
        "row 4: proactive, sensitive",
        "row 7: one's own",
        "row 5: hospital",
        "row 5: hospital, whatever the purpose",
        "row 5: bank",
        "row 5: bank, sensitive",
        "row 5: notary",
        "row 5: utility",
    ],
)
def test_an_adult_is_asked_about_as_the_table_says(
    consumer: AgencyKind,
    purpose: PurposeKind,
    personal: PersonalKind,
    answer: Answer,
    needs: set[str],
) -> None:
    """Each row of the table, with everything it demands."""
    ruling = ruled(consumer, purpose, personal)

    assert answer == ruling.rule.answer
    assert needs == ruling.rule.needs
    assert ruling.rule == ruling.carrier


@pytest.mark.parametrize("purpose", [STATISTICS, THIRD])
@pytest.mark.parametrize("personal", [BASIC, SENSITIVE])
@pytest.mark.parametrize("standing", [Standing(), Standing("child"), Standing("incapable")])
def test_the_state_gets_no_identifiable_data_for_another_purpose(
    purpose: PurposeKind, personal: PersonalKind, standing: Standing
) -> None:
    """Row 3: refuse, or give aggregates; no representative changes that."""
    with pytest.raises(Refusal) as refused:
        ruled(STATE, purpose, personal, standing)

    assert Code.NO_LEGAL_BASIS == refused.value.code


@pytest.mark.parametrize("kind", ["child", "incapable"])
@pytest.mark.parametrize(
    ("consumer", "purpose"),
    [(STATE, DOSSIER), (STATE, PROACTIVE), (STATE, OWN), (SERVICE, THIRD), (FIRM, THIRD)],
)
@pytest.mark.parametrize("personal", [BASIC, SENSITIVE])
def test_in_a_childs_place_the_representative_acts(
    kind: str, consumer: AgencyKind, purpose: PurposeKind, personal: PersonalKind
) -> None:
    """Row 6: anyone, any purpose; and what an adult would need is needed beside it."""
    ruling = ruled(consumer, purpose, personal, Standing(kind))

    assert Answer.REPRESENTATIVE == ruling.rule.answer
    assert ruled(consumer, purpose, personal).rule == ruling.carrier


@pytest.mark.parametrize(
    ("consumer", "purpose", "personal"),
    [(FIRM, THIRD, BASIC), (SERVICE, THIRD, SENSITIVE), (STATE, DOSSIER, SENSITIVE)],
)
def test_a_child_of_seven_is_heard_where_private_life_is_disclosed(
    consumer: AgencyKind, purpose: PurposeKind, personal: PersonalKind
) -> None:
    """Row 6, second half: child and representative."""
    ruling = ruled(consumer, purpose, personal, Standing("child", assents=True))

    assert "child_assent" in ruling.rule.needs


def test_no_row_is_older_than_the_law_it_names() -> None:
    """Before 1 January 2026 the table is silent, and silence is a no."""
    with pytest.raises(Refusal) as refused:
        decide(
            rules(),
            consumer=STATE,
            purpose=DOSSIER,
            personal=BASIC,
            subject_is="adult",
            at=date(2025, 12, 31),
        )

    assert Code.NO_LEGAL_BASIS == refused.value.code


def test_a_derived_row_never_shows_as_verified() -> None:
    """The table is our reading of the law, and says so."""
    assert {Mark.DERIVED} == {rule.mark for rule in rules()}
    assert all(rule.instrument and rule.article for rule in rules())


@given(
    st.sampled_from(AgencyKind),
    st.sampled_from(PurposeKind),
    st.sampled_from(PersonalKind),
    st.sampled_from(["adult", "child", "incapable"]),
)
def test_the_table_speaks_of_everything_or_refuses(
    consumer: AgencyKind, purpose: PurposeKind, personal: PersonalKind, subject_is: str
) -> None:
    """No question leaves it undecided, and no third party is ever carried by the law."""
    try:
        ruling = ruled(consumer, purpose, personal, Standing(subject_is))
    except Refusal:
        return

    if consumer is not STATE:
        assert Answer.CONSENT == ruling.carrier.answer
    if subject_is != "adult" and personal is not NONE:
        assert Answer.REPRESENTATIVE == ruling.rule.answer


def a_seeded_case(agreement: str, scope: str, code: str | None, **changes: object) -> Case:
    """Return the question that one line of one seeded agreement stands for."""
    signed = [each for each in seed() if isinstance(each, Agreement)]
    found = next(each for each in signed if each.code == agreement)
    line = next(each for each in found.scopes if each.id == scope)
    members: dict[str, object] = {
        "consumer": found.consumer,
        "service": line.service,
        "purpose": next(iter(line.purposes)),
        "procedure": None if code is None else procedure(code),
        "dossier": "HS-1",
        "official": False,
        "scope_bases": line.bases,
        "allowed": frozenset(line.elements),
        "sensitive": frozenset[str](),
        "standing": Standing(),
        "principal_ref": CITIZEN,
        "at": AT,
    }
    return Case(**(members | changes))  # type: ignore[arg-type]


def grounded(case: Case, ruling: Ruling, **more: object) -> Ground:
    """Return the ground over the seeded instruments."""
    return ground(case, ruling, bases(), **more)  # type: ignore[arg-type]


def test_the_building_permit_rests_on_its_own_decree() -> None:
    """Row 1 with real articles: NĐ 217/2026 Art 7 k3, and nobody's consent."""
    case = a_seeded_case("TT-2026-0001", "tracuu", "1.013225")

    found = grounded(case, ruled(STATE, DOSSIER, BASIC))

    assert found.basis is not None
    assert ("nd217-2026-d7k3", None) == (found.basis.code, found.consent)
    assert frozenset(procedure("1.013225").elements[case.service]) >= found.allowed  # type: ignore[index]
    assert found.withheld


def test_a_ward_is_not_competent_for_the_police() -> None:
    """Registering residence is the police's; the ward's desk learns nothing for it."""
    case = a_seeded_case("TT-2026-0001", "tracuu", "1.004222")

    with pytest.raises(Refusal) as refused:
        grounded(case, ruled(STATE, DOSSIER, BASIC))

    assert Code.PROCEDURE_NOT_COVERED == refused.value.code


def test_a_proactive_pension_is_announced_and_may_be_refused() -> None:
    """Row 4 with real articles: NĐ 224/2026 Art 16."""
    case = a_seeded_case("TT-2026-0017", "tinhtrangsong", "1.014027")
    ruling = ruled(STATE, PROACTIVE, BASIC)
    no = a_grant(
        state="refused", recipient=case.consumer, purpose=case.purpose, service=case.service
    )

    found = grounded(case, ruling)

    assert found.basis is not None
    assert ("nd224-2026-d16", True) == (found.basis.code, found.notice)
    with pytest.raises(Refusal) as refused:
        grounded(case, ruling, grants=[no])
    assert Code.CONSENT_WITHDRAWN == refused.value.code


def test_a_bank_needs_the_person_and_a_childs_bank_needs_both() -> None:
    """Rows 5 and 6 together: consent, representative, and the child's word."""
    signed = [each for each in seed() if isinstance(each, Agreement)]
    bank = next(each for each in signed if "nganhang-demo" in each.systems)
    case = a_seeded_case(bank.code, bank.scopes[0].id, None)
    yes = a_grant(
        *case.allowed, recipient=case.consumer, purpose=case.purpose, service=case.service
    )
    young = Standing("child", assents=True)
    child = a_seeded_case(bank.code, bank.scopes[0].id, None, standing=young)
    of_child = ruled(FIRM, THIRD, BASIC, young)

    with pytest.raises(Refusal) as alone:
        grounded(case, ruled(FIRM, THIRD, BASIC))
    with pytest.raises(Refusal) as unheard:
        grounded(child, of_child, grants=[yes], representation=a_representation())
    found = grounded(
        child, of_child, grants=[yes], representation=a_representation(child_assent=True)
    )

    assert Code.CONSENT_REQUIRED == alone.value.code
    assert Code.REPRESENTATIVE_REQUIRED == unheard.value.code
    assert (None, 2) == (found.basis, len(found.rights))


def test_a_system_cannot_pretend_to_be_the_person() -> None:
    """Row 7 waits for people to sign on; until then nobody gets own data through a system."""
    case = a_seeded_case(
        "TT-2026-0001", "tracuu", None, scope_bases=(BasisCode("nd356-2025-d7k6"),)
    )

    with pytest.raises(Refusal) as refused:
        grounded(case, ruled(STATE, OWN, BASIC))

    assert Code.NO_LEGAL_BASIS == refused.value.code
    assert AgencyCode("H99.30.01") == case.consumer
