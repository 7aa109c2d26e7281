"""Valid things to test with; each argument is what the test is about."""

from datetime import UTC, date, datetime, timedelta

from adapters.protocol import Match, Record, Subject
from auth.principals import Official, Principal
from catalog.entries import (
    Agency,
    AgencyKind,
    Agreement,
    AgreementState,
    Answer,
    Dataset,
    Element,
    LegalBasis,
    Mark,
    Operation,
    PersonalKind,
    Procedure,
    Purpose,
    PurposeKind,
    Rule,
    Scope,
    ServiceState,
    ServiceVersion,
)
from catalog.snapshot import Snapshot, grants_of
from gateway.stages.evidence import (
    Answered,
    Asked,
    Consented,
    Cover,
    Decided,
    Identified,
    Resolved,
)

NOON = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)  # noon in Việt Nam, a Friday
CANARY = "007190999999"  # the number that must never appear where it does not belong


def a_subject(**members: object) -> Subject:
    """Return the hero of the personas unless told otherwise."""
    whole = {"so_dinh_danh": "003190000123", "ho_ten": "Nguyễn Thị Ánh", "ngay_sinh": "1990-02-01"}
    return Subject(**(whole | members))  # type: ignore[arg-type]


def an_element(code: str, kind: PersonalKind = PersonalKind.BASIC) -> Element:
    """Return a dictionary entry of the population register."""
    return Element(
        code=code,  # type: ignore[arg-type]
        name_vi=code,
        name_en=code,
        definition_vi=code,
        logical_type="text",
        personal_kind=kind,
        legal_letter=None,
        grade=2,
        dataset="csdl.dancu",  # type: ignore[arg-type]
    )


def a_service(**members: object) -> ServiceVersion:
    """Return the population look-up with four elements."""
    whole: dict[str, object] = {
        "code": "dancu.tracuu",
        "version": "1.0.0",
        "rev": 1,
        "title_vi": "Tra cứu",
        "title_en": "Look-up",
        "owner": "H99.20",
        "dataset": "csdl.dancu",
        "dataset_version": "1.0.0",
        "source": "population",
        "operation": Operation.SELECT,
        "state": ServiceState.PUBLISHED,
        "elements": frozenset({"ho_ten", "ngay_sinh", "thuong_tru", "dan_toc"}),
        "subject": ("so_dinh_danh", "ho_ten", "ngay_sinh"),
    }
    return ServiceVersion(**(whole | members))  # type: ignore[arg-type]


def a_scope(**members: object) -> Scope:
    """Return a line that lets three of the four elements out for procedures."""
    whole: dict[str, object] = {
        "id": "s1",
        "service": "dancu.tracuu",
        "elements": frozenset({"ho_ten", "ngay_sinh", "thuong_tru"}),
        "purposes": frozenset({"giai-quyet-tthc"}),
        "procedures": frozenset({"1.013225"}),
    }
    return Scope(**(whole | members))  # type: ignore[arg-type]


def an_agreement(*scopes: Scope, **members: object) -> Agreement:
    """Return a live agreement of the commune's one-stop system."""
    whole: dict[str, object] = {
        "code": "TT-2026-0001",
        "rev": 1,
        "provider": "H99.20",
        "consumer": "H99.30.01",
        "systems": frozenset({"motcua-xa"}),
        "valid_from": NOON - timedelta(days=30),
        "valid_to": NOON + timedelta(days=30),
        "state": AgreementState.ACTIVE,
        "items": {},
        "scopes": scopes or (a_scope(),),
    }
    return Agreement(**(whole | members))  # type: ignore[arg-type]


def a_basis(**members: object) -> LegalBasis:
    """Return the article that carries the building permit."""
    whole: dict[str, object] = {
        "code": "nd217-2026-d7k3",
        "instrument": "Nghị định 217/2026/NĐ-CP",
        "article": "Điều 7 khoản 3",
        "summary_vi": "Không yêu cầu giấy tờ đã có.",
        "summary_en": "No papers that are on record.",
        "mark": Mark.VERIFIED,
        "kind": Answer.LAW,
        "valid_from": date(2026, 7, 1),
    }
    return LegalBasis(**(whole | members))  # type: ignore[arg-type]


def a_procedure(**members: object) -> Procedure:
    """Return the building permit with three elements of the look-up listed."""
    whole: dict[str, object] = {
        "code": "1.013225",
        "title_vi": "Giấy phép xây dựng",
        "title_en": "Building permit",
        "competent": ("H99.30",),
        "bases": ("nd217-2026-d7k3",),
        "mark": Mark.SECONDARY,
        "valid_from": date(2026, 7, 1),
        "elements": {"dancu.tracuu": frozenset({"ho_ten", "ngay_sinh", "thuong_tru"})},
    }
    return Procedure(**(whole | members))  # type: ignore[arg-type]


def a_purpose(kind: PurposeKind = PurposeKind.PROCEDURE, code: str = "giai-quyet-tthc") -> Purpose:
    """Return a purpose of the closed list."""
    return Purpose(code=code, label_vi=code, label_en=code, kind=kind)  # type: ignore[arg-type]


def a_rule(answer: Answer = Answer.LAW, **members: object) -> Rule:
    """Return a row that matches everything asked by anybody about an adult."""
    whole: dict[str, object] = {
        "code": f"row-{answer.value}",
        "order": 1,
        "consumers": frozenset(AgencyKind),
        "purposes": frozenset(PurposeKind),
        "personal": frozenset(PersonalKind),
        "subject": frozenset({"adult"}),
        "answer": answer,
        "needs": frozenset(),
        "refusal": None,
        "instrument": "Luật 91/2025/QH15",
        "article": "Điều 19",
        "mark": Mark.VERIFIED,
        "valid_from": date(2026, 1, 1),
    }
    return Rule(**(whole | members))  # type: ignore[arg-type]


def a_snapshot(*agreements: Agreement, **members: object) -> Snapshot:
    """Return a catalog with one service, one procedure, one purpose and one agreement."""
    signed = agreements or (an_agreement(),)
    agency = Agency(
        code="H99.30.01",  # type: ignore[arg-type]
        name_vi="UBND phường",
        name_en="Ward",
        kind=AgencyKind.STATE,
    )
    dataset = Dataset(
        code="csdl.dancu",  # type: ignore[arg-type]
        version="1.0.0",
        title_vi="Dân cư",
        title_en="Population",
        owner="H99.20",  # type: ignore[arg-type]
        source="population",
    )
    names = {"ho_ten", "ngay_sinh", "thuong_tru"}
    elements = {name: an_element(name) for name in names}
    elements["dan_toc"] = an_element("dan_toc", PersonalKind.SENSITIVE)
    whole: dict[str, object] = {
        "revision": 1,
        "agencies": {agency.code: agency},
        "datasets": {dataset.code: dataset},
        "elements": elements,
        "bases": {"nd217-2026-d7k3": a_basis()},
        "purposes": {"giai-quyet-tthc": a_purpose()},
        "procedures": {"1.013225": a_procedure()},
        "services": {"dancu.tracuu": a_service()},
        "rules": (a_rule(),),
        "grants": grants_of(signed),
    }
    return Snapshot(**(whole | members))  # type: ignore[arg-type]


def asked(**members: object) -> Asked:
    """Return a question for two fields of one person's record."""
    whole: dict[str, object] = {
        "exchange_id": "01930f2e-7c1d-7c3a-9d52-7d1f6a1c0001",
        "request_id": "01930f2e-7c1d-7c3a-9d52-7d1f6a1c0001",
        "token": "token",
        "service": "dancu.tracuu",
        "subject": a_subject(),
        "purpose": "giai-quyet-tthc",
        "procedure": "1.013225",
        "dossier": "H99.30.01-261120-0001",
        "fields": ("ho_ten", "thuong_tru"),
        "representative": None,
        "at": NOON,
        "deadline": 1e12,
    }
    return Asked(**(whole | members))  # type: ignore[arg-type]


def a_principal(official: Official | None = None, **members: object) -> Principal:
    """Return the commune's one-stop system with a token for its agreement."""
    whole: dict[str, object] = {
        "client_id": "motcua-xa",
        "agency": "H99.30.01",
        "system_rev": 1,
        "scopes": frozenset({"TT-2026-0001"}),
        "token_id": "jti",
        "expires_at": NOON.timestamp() + 300,
        "official": official,
    }
    return Principal(**(whole | members))  # type: ignore[arg-type]


def identified(question: Asked | None = None, principal: Principal | None = None) -> Identified:
    """Return the proof of the first stage."""
    return Identified(question or asked(), principal or a_principal())


def resolved(
    question: Asked | None = None,
    snapshot: Snapshot | None = None,
    principal: Principal | None = None,
) -> Resolved:
    """Return the proof of the second stage."""
    catalog = snapshot or a_snapshot()
    service = catalog.services["dancu.tracuu"]  # type: ignore[index]
    return Resolved(identified(question, principal), catalog, service)


def consented(of: Resolved, cover: Cover, allowed: frozenset[str]) -> Consented:
    """Return the proof of the fourth stage, carried by law."""
    decision = Decided(
        of.snapshot, of.service, cover, a_rule(), a_basis(), None, allowed, cover.withheld, ()
    )
    return Consented(of.identified, decision)


def answered(by: Consented, values: dict[str, object], **members: object) -> Answered:
    """Return the proof of the fifth stage."""
    record = Record(values=values, as_of=NOON, match=Match.EXACT, **members)  # type: ignore[arg-type]
    return Answered(by, record, 3.0)
