"""A small catalog that hangs together, to break one thing at a time."""

from datetime import UTC, date, datetime

from catalog.assembly import assemble
from catalog.documents import Document, Documents
from catalog.entries import (
    Agency,
    AgencyKind,
    Agreement,
    AgreementState,
    Answer,
    Component,
    Dataset,
    Element,
    FormField,
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
from catalog.kinds import Entry
from catalog.lint_agreements import ITEMS
from catalog.snapshot import Snapshot

TODAY = date(2026, 11, 21)


def agency(**members: object) -> Agency:
    """Return the police, who own the population register."""
    whole = {"code": "H99.20", "name_vi": "Công an tỉnh", "name_en": "Police"}
    return Agency(**({"kind": AgencyKind.STATE} | whole | members))  # type: ignore[arg-type]


def dataset(**members: object) -> Dataset:
    """Return the population register."""
    whole = {"code": "csdl.dancu", "version": "1.0.0", "title_vi": "Dân cư", "title_en": "People"}
    rest = {"owner": "H99.20", "source": "population"}
    return Dataset(**(whole | rest | members))  # type: ignore[arg-type]


def element(code: str = "ho_ten", **members: object) -> Element:
    """Return one basic element of the population register."""
    whole: dict[str, object] = {
        "code": code,
        "name_vi": "Họ và tên",
        "name_en": "Full name",
        "definition_vi": "Họ, chữ đệm và tên",
        "logical_type": "text",
        "personal_kind": PersonalKind.BASIC,
        "legal_letter": None,
        "grade": 2,
        "dataset": "csdl.dancu",
    }
    return Element(**(whole | members))  # type: ignore[arg-type]


def basis(**members: object) -> LegalBasis:
    """Return the article that the procedure rests on."""
    whole: dict[str, object] = {
        "code": "nd217-2026-d7k3",
        "instrument": "Nghị định 217/2026/NĐ-CP",
        "article": "Điều 7 khoản 3",
        "summary_vi": "Không yêu cầu giấy tờ đã có",
        "summary_en": "No papers that are there",
        "mark": Mark.VERIFIED,
        "kind": Answer.LAW,
        "valid_from": date(2026, 7, 1),
    }
    return LegalBasis(**(whole | members))  # type: ignore[arg-type]


def purpose(**members: object) -> Purpose:
    """Return the handling of procedures."""
    whole = {"code": "giai-quyet-tthc", "label_vi": "Giải quyết", "label_en": "Handling"}
    return Purpose(**({"kind": PurposeKind.PROCEDURE} | whole | members))  # type: ignore[arg-type]


def rule(**members: object) -> Rule:
    """Return one row that covers every case."""
    whole: dict[str, object] = {
        "code": "tat-ca",
        "order": 10,
        "consumers": frozenset(AgencyKind),
        "purposes": frozenset(PurposeKind),
        "personal": frozenset(PersonalKind),
        "subject": frozenset({"adult", "child", "incapable"}),
        "answer": Answer.LAW,
        "needs": frozenset({"listed"}),
        "refusal": None,
        "instrument": "Luật 91/2025/QH15",
        "article": "Điều 19",
        "mark": Mark.DERIVED,
        "valid_from": date(2026, 1, 1),
    }
    return Rule(**(whole | members))  # type: ignore[arg-type]


def service(**members: object) -> ServiceVersion:
    """Return a look-up with two elements."""
    whole: dict[str, object] = {
        "code": "dancu.tracuu",
        "version": "1.0.0",
        "rev": 0,
        "title_vi": "Tra cứu",
        "title_en": "Look up",
        "owner": "H99.20",
        "dataset": "csdl.dancu",
        "dataset_version": "1.0.0",
        "source": "population",
        "operation": Operation.SELECT,
        "state": ServiceState.PUBLISHED,
        "elements": frozenset({"ho_ten", "thuong_tru"}),
        "subject": ("so_dinh_danh", "ho_ten", "ngay_sinh"),
    }
    return ServiceVersion(**(whole | members))  # type: ignore[arg-type]


def procedure(**members: object) -> Procedure:
    """Return the building permit with one component and one field."""
    whole: dict[str, object] = {
        "code": "1.013225",
        "title_vi": "Giấy phép xây dựng",
        "title_en": "Building permit",
        "competent": ("H99.20",),
        "bases": ("nd217-2026-d7k3",),
        "mark": Mark.SECONDARY,
        "valid_from": date(2026, 7, 1),
        "elements": {"dancu.tracuu": frozenset({"ho_ten", "thuong_tru"})},
        "components": (Component(code="don", name_vi="Đơn", name_en="Form"),),
        "form": (
            FormField(
                code="chu.ho_ten",
                label_vi="Họ và tên",
                label_en="Name",
                service="dancu.tracuu",  # type: ignore[arg-type]
                element="ho_ten",  # type: ignore[arg-type]
                component="don",
            ),
        ),
    }
    return Procedure(**(whole | members))  # type: ignore[arg-type]


def scope(**members: object) -> Scope:
    """Return one line that lets the name out."""
    whole: dict[str, object] = {
        "id": "tracuu",
        "service": "dancu.tracuu",
        "elements": frozenset({"ho_ten"}),
        "purposes": frozenset({"giai-quyet-tthc"}),
        "procedures": frozenset({"1.013225"}),
        "bases": ("nd217-2026-d7k3",),
    }
    return Scope(**(whole | members))  # type: ignore[arg-type]


def agreement(*scopes: Scope, **members: object) -> Agreement:
    """Return an agreement of one line, live through 2027."""
    whole: dict[str, object] = {
        "code": "TT-2026-0001",
        "rev": 0,
        "provider": "H99.20",
        "consumer": "H99.30.01",
        "systems": frozenset({"motcua-xa"}),
        "valid_from": datetime(2026, 1, 1, tzinfo=UTC),
        "valid_to": datetime(2028, 1, 1, tzinfo=UTC),
        "state": AgreementState.ACTIVE,
        "items": dict.fromkeys(ITEMS, "Theo quy định."),
        "scopes": scopes or (scope(),),
    }
    return Agreement(**(whole | members))  # type: ignore[arg-type]


def entries(*others: Entry) -> tuple[Entry, ...]:
    """Return the small catalog, with *others* added or in the place of their namesakes."""
    commune = agency(code="H99.30.01", name_vi="UBND phường", name_en="Ward")
    base = (agency(), commune, dataset(), element(), element("thuong_tru"), basis(), purpose(),
            rule(), service(), procedure(), agreement())  # fmt: skip
    named = {(type(each), each.code): each for each in (*base, *others)}
    return tuple(named.values())


def documents(*others: Entry) -> Documents:
    """Return the small catalog as documents that came from nowhere."""
    return Documents(tuple(Document(entry=each) for each in entries(*others)))


def snapshot(*others: Entry) -> Snapshot:
    """Return the small catalog in memory."""
    return assemble(entries(*others), 1)
