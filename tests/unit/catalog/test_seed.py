"""The seeded province: whole, marked as the reference marks it, and good for every story."""

from datetime import UTC, date, datetime
from itertools import product
from pathlib import Path

import pytest

from catalog.assembly import assemble
from catalog.documents import Documents, read_folder
from catalog.entries import (
    AgencyKind,
    Agreement,
    AgreementState,
    Answer,
    Mark,
    Operation,
    PersonalKind,
    PurposeKind,
    Scope,
    ServiceState,
)
from catalog.kinds import Kind
from catalog.lint import is_enterprise_code, lapsed, lint
from catalog.snapshot import Snapshot
from gateway.consents.rules import decide

FOLDER = Path(__file__).parents[3] / "deploy" / "seed"
TODAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
STATE, PUBLIC, FIRM = AgencyKind.STATE, AgencyKind.PUBLIC_SERVICE, AgencyKind.ENTERPRISE
THIRD = (PUBLIC, FIRM)
BASIC, SENSITIVE, NONE = PersonalKind.BASIC, PersonalKind.SENSITIVE, PersonalKind.NONE
SYSTEMS = {
    "motcua-xa": "H99.30.01",
    "motcua-tinh": "H99.01",
    "congan-xa": "H99.20.01",
    "dangky-datdai": "H99.12.01",
    "bhxh-tinh": "H99.18",
    "thongke-tinh": "H99.19",
    "baotro-xahoi": "H99.15",
    "benhvien-tinh": "H99.15.40",
    "nganhang-demo": "9901234560",
    "congchung-so1": "9902244667",
}


@pytest.fixture(scope="module")
def documents() -> Documents:
    """Read the seed once."""
    return read_folder(FOLDER)


@pytest.fixture(scope="module")
def seed(documents: Documents) -> Snapshot:
    """Put the seed in memory."""
    return assemble((each.entry for each in documents.items), 1)


def test_the_seed_hangs_together(seed: Snapshot) -> None:
    """No fault and no doubt, on the day of the demonstration."""
    assert [] == [*lint(seed), *lapsed(seed, TODAY)]


def test_the_seed_has_what_was_asked_for(seed: Snapshot) -> None:
    """Sixteen services, thirty agencies, eight procedures, four registers."""
    assert (16, 30, 8, 4) == (
        len(seed.services),
        len(seed.agencies),
        len(seed.procedures),
        len(seed.datasets),
    )


def test_every_system_of_the_stories_has_agreements_with_its_own_agency(seed: Snapshot) -> None:
    """Systems are registered apart, under the same ids and agencies."""
    named = {
        (system, str(each.consumer)) for each in seed.agreements.values() for system in each.systems
    }

    assert set(SYSTEMS.items()) == named


def test_enterprises_have_codes_that_no_tax_office_gave(seed: Snapshot) -> None:
    """No province has the prefix 99, so no real firm is named."""
    firms = [each.code for each in seed.agencies.values() if each.kind is FIRM]

    assert 2 == len(firms)
    assert all(code.startswith("99") and is_enterprise_code(code) for code in firms)


def test_the_bulk_service_is_there_to_be_refused(seed: Snapshot) -> None:
    """It is named in the catalog and routed nowhere."""
    bulk = [each for each in seed.services.values() if each.operation is Operation.BULK]

    assert [("dancu.danhsach", ServiceState.DISABLED)] == [(e.code, e.state) for e in bulk]
    assert not any(pair[1] == "dancu.danhsach" for pair in seed.grants)


# The marks of domain.md 1.2.3, 1.4, 1.5; a rule that was told or derived never shows as read.
MARKS = {
    "l91-2025-d19k1c": "V",
    "l91-2025-d11k2": "V",
    "l91-2025-d15k2b": "V",
    "l91-2025-d17": "V",
    "l91-2025-d24": "V",
    "l91-2025-d26": "V",
    "nd356-2025-d7k6": "V",
    "lcc-2023-d10k8": "V-ocr",
    "nd87-2020-d24k7": "V",
    "lht-2014-d57": "V",
    "nd70-2024-d12": "V-ocr",
    "nd154-2024-d5": "S",
    "nd217-2026-d7k3": "V",
    "nd43-2021-d11k3": "V",
    "nd43-2021-d7": "V",
    "nd252-2026": "V-ocr",
    "nd216-2026": "V",
    "nd224-2026-d18k4": "V",
    "nd224-2026-d15k1d": "V",
    "nd224-2026-d16": "V",
    "ldl-2024-d11k2b": "V",
    "tt22-2019": "V",
    "nd278-2025": "S",
    "nd335-2026-d11": "S",
    "nd20-2021-d11": "V",
}


def test_every_basis_has_the_mark_of_the_reference(seed: Snapshot) -> None:
    """Who reads a receipt sees how sure we are of the rule."""
    assert MARKS == {str(code): each.mark.value for code, each in seed.bases.items()}
    assert {Mark.DERIVED} == {rule.mark for rule in seed.rules}
    assert {Mark.SECONDARY} == {each.mark for each in seed.procedures.values()}


@pytest.mark.parametrize(
    ("consumers", "purposes", "classes", "subjects", "answer"),
    [
        pytest.param([STATE], ["procedure"], [NONE, BASIC], ["adult"], "law", id="dossier of P"),
        pytest.param([STATE], ["procedure"], [SENSITIVE], ["adult"], "law", id="sensitive of P"),
        pytest.param(
            [STATE],
            ["statistics", "third_party"],
            [BASIC, SENSITIVE],
            ["adult", "child", "incapable"],
            "refuse",
            id="other purposes",
        ),
        pytest.param(
            [STATE], ["proactive"], [BASIC, SENSITIVE], ["adult"], "law_with_notice", id="proactive"
        ),
        pytest.param(
            THIRD, list(PurposeKind), [NONE, BASIC, SENSITIVE], ["adult"], "consent", id="others"
        ),
        pytest.param(
            THIRD,
            list(PurposeKind),
            [BASIC, SENSITIVE],
            ["child", "incapable"],
            "representative",
            id="child, others",
        ),
        pytest.param(
            [STATE],
            ["procedure", "proactive", "own_data"],
            [BASIC, SENSITIVE],
            ["child", "incapable"],
            "representative",
            id="child, state",
        ),
        pytest.param(
            [STATE], ["own_data"], [NONE, BASIC, SENSITIVE], ["adult"], "subject", id="own data"
        ),
    ],
)
def test_the_decision_table_row_by_row(  # noqa: PLR0917 - the columns of the table
    seed: Snapshot,
    consumers: list[AgencyKind],
    purposes: list[str],
    classes: list[PersonalKind],
    subjects: list[str],
    answer: str,
) -> None:
    """Source: domain.md 1.2.3."""
    for consumer, purpose, personal, subject in product(consumers, purposes, classes, subjects):
        found = decide(
            seed.rules,
            consumer=consumer,
            purpose=PurposeKind(purpose),
            personal=personal,
            subject_is=subject,
            at=TODAY,
        )
        assert Answer(answer) is found.answer


def test_a_dossier_is_compulsory_and_a_sensitive_field_needs_an_official(seed: Snapshot) -> None:
    """Reason, procedure code and dossier id are compulsory; the role is checked."""
    needs = {rule.code: rule.needs for rule in seed.rules}

    assert {"procedure", "dossier", "listed"} == needs["nha-nuoc-thu-tuc"]  # type: ignore[index]
    assert "official" in needs["nha-nuoc-thu-tuc-nhay-cam"]  # type: ignore[index]
    assert "child_assent" in needs["tre-em-tiet-lo"]  # type: ignore[index]


def lines(seed: Snapshot, system: str, service: str) -> tuple[tuple[Agreement, Scope], ...]:
    """Return the agreement lines of *system* for *service*."""
    return seed.covering(system, service)  # type: ignore[arg-type]


def test_the_commune_sees_no_ethnicity_religion_or_blood_group(seed: Snapshot) -> None:
    """A building permit needs none of them."""
    ((_, scope),) = lines(seed, "motcua-xa", "dancu.tracuu")

    assert not {"dan_toc", "ton_giao", "nhom_mau"} & scope.elements


def test_every_line_has_a_basis_of_the_kind_its_purpose_needs(seed: Snapshot) -> None:
    """A line without one would be signed and never usable."""
    wanted = {
        PurposeKind.PROCEDURE: {Answer.LAW},
        PurposeKind.STATISTICS: {Answer.LAW},
        PurposeKind.PROACTIVE: {Answer.LAW_WITH_NOTICE},
        PurposeKind.THIRD_PARTY: {Answer.CONSENT},
        PurposeKind.OWN_DATA: {Answer.SUBJECT},
    }
    for agreement in seed.agreements.values():
        for scope in agreement.scopes:
            kinds = {seed.bases[code].kind for code in scope.bases}
            for purpose in scope.purposes:
                assert kinds & wanted[seed.purposes[purpose].kind], (agreement.code, scope.id)


def test_every_form_field_can_be_filled_by_some_desk(seed: Snapshot) -> None:
    """A field that no agreement covers would be typed for ever."""
    covered = {
        (scope.service, element)
        for agreement in seed.agreements.values()
        if agreement.state is AgreementState.ACTIVE and agreement.valid_to > NOW
        for scope in agreement.scopes
        for element in scope.elements
    }
    for procedure in seed.procedures.values():
        for field in procedure.form:
            if field.service is not None:
                assert (field.service, field.element) in covered, (procedure.code, field.code)


def test_the_building_permit_has_its_form(seed: Snapshot) -> None:
    """Eighteen fields and more; drawings and commitments come from the applicant alone."""
    form = seed.procedures["1.013225"].form  # type: ignore[index]

    assert 18 <= sum(field.service is not None for field in form)
    assert {"ban_ve", "cam_ket_an_toan"} <= {f.component for f in form if f.service is None}


@pytest.mark.parametrize(
    ("system", "service", "limits"),
    [
        ("motcua-xa", "dancu.xacminhnoio", (5, None, None)),
        ("nganhang-demo", "dancu.tracuu", (2000, 60, 500)),
    ],
)
def test_quotas_stand_where_the_stories_need_them(
    seed: Snapshot, system: str, service: str, limits: tuple[int | None, ...]
) -> None:
    """The sixth call of a day is refused; a bank asks for so many persons and no more."""
    ((_, scope),) = lines(seed, system, service)

    assert limits == (scope.calls_per_day, scope.calls_per_minute, scope.persons_per_day)


def test_one_line_keeps_office_hours(seed: Snapshot) -> None:
    """The province's desk reads contributions from Monday to Friday, 8 to 17."""
    windows = [s.window for _, s in lines(seed, "motcua-tinh", "baohiem.quatrinh") if s.window]

    assert [(frozenset(range(1, 6)), 8, 17)] == [
        (each.days, each.from_hour, each.to_hour) for each in windows
    ]


def test_one_agreement_is_suspended_and_one_has_ended(documents: Documents, seed: Snapshot) -> None:
    """Both refuse, and say so by their own code."""
    suspended = [each for each in seed.agreements.values() if each.state != "active"]
    ended = [each.code for each in seed.agreements.values() if each.valid_to <= NOW]

    assert ["TT-2026-0028"] == [each.code for each in suspended]
    assert documents.by_key()[Kind.AGREEMENT, "TT-2026-0028"].reason
    assert ["TT-2026-0029"] == ended


def test_vietnamese_text_carries_its_marks(documents: Documents) -> None:
    """A name without marks is another name."""
    for document in documents.items:
        text = next(
            (
                getattr(document.entry, name)
                for name in ("definition_vi", "name_vi", "title_vi", "label_vi", "summary_vi")
                if hasattr(document.entry, name)
            ),
            "đủ dấu",
        )
        assert not text.isascii(), document.key
