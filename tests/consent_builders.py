"""Valid consents, rules and cases; each argument is what the test is about."""

from datetime import UTC, date, datetime, timedelta

from catalog.entries import (
    AgencyCode,
    AgencyKind,
    Answer,
    BasisCode,
    ElementCode,
    LegalBasis,
    Mark,
    PersonalKind,
    Procedure,
    ProcedureCode,
    PurposeKind,
    Rule,
    RuleCode,
    ServiceCode,
)
from gateway.consents.ages import Standing
from gateway.consents.grants import Grant, Representation
from gateway.consents.records import Act, Terms, notice_hash
from gateway.consents.rules import Case, Ruling

NOON = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)  # noon in Việt Nam
MOMENT = timedelta(microseconds=1)
CITIZEN = "a" * 32  # a keyed pseudonym has this form
MOTHER = "b" * 32
BANK = AgencyCode("0100112437")
COMMUNE = AgencyCode("H99.30.01")
LOOKUP = ServiceCode("dancu.tracuu")
NOTICE = "Ngân hàng xin xem họ tên và nơi thường trú của bạn để mở tài khoản, trong 30 ngày."


def a_rule(answer: Answer = Answer.LAW, **changes: object) -> Rule:
    """Return a row that matches everything."""
    members: dict[str, object] = {
        "code": RuleCode("row"),
        "order": 10,
        "consumers": frozenset(AgencyKind),
        "purposes": frozenset(PurposeKind),
        "personal": frozenset(PersonalKind),
        "subject": frozenset({"adult", "child", "incapable"}),
        "answer": answer,
        "needs": frozenset[str](),
        "refusal": None,
        "instrument": "Luật 91/2025/QH15",
        "article": "Điều 19",
        "mark": Mark.VERIFIED,
        "valid_from": date(2026, 1, 1),
    }
    return Rule(**{**members, **changes})  # type: ignore[arg-type]


def a_ruling(answer: Answer = Answer.LAW, **changes: object) -> Ruling:
    """Return a ruling whose row carries the call itself."""
    rule = a_rule(answer, **changes)
    return Ruling(rule, rule)


def a_basis(code: str = "law", kind: Answer = Answer.LAW, **changes: object) -> LegalBasis:
    """Return an article in force since 1 July 2026."""
    members: dict[str, object] = {
        "code": BasisCode(code),
        "instrument": "Nghị định 217/2026/NĐ-CP",
        "article": "Điều 7 khoản 3",
        "summary_vi": "Không yêu cầu giấy tờ đã có trong cơ sở dữ liệu.",
        "summary_en": "No papers that the databases hold.",
        "mark": Mark.VERIFIED,
        "kind": kind,
        "valid_from": date(2026, 7, 1),
    }
    return LegalBasis(**{**members, **changes})  # type: ignore[arg-type]


def a_procedure(*elements: str, **changes: object) -> Procedure:
    """Return a procedure that lists *elements* of the population look-up."""
    members: dict[str, object] = {
        "code": ProcedureCode("1.013225"),
        "title_vi": "Cấp giấy phép xây dựng",
        "title_en": "Building permit",
        "competent": (AgencyCode("H99.30"),),
        "bases": (BasisCode("law"),),
        "mark": Mark.SECONDARY,
        "valid_from": date(2026, 7, 1),
        "elements": {LOOKUP: frozenset(ElementCode(each) for each in elements)},
    }
    return Procedure(**{**members, **changes})  # type: ignore[arg-type]


def a_case(**changes: object) -> Case:
    """Return the commune's question for a name and an address, about an adult."""
    members: dict[str, object] = {
        "consumer": COMMUNE,
        "service": LOOKUP,
        "purpose": "giai-quyet-tthc",
        "procedure": a_procedure("ho_ten", "thuong_tru"),
        "dossier": "000.01.02.H99-261120-0001",
        "official": False,
        "scope_bases": (),
        "allowed": frozenset({"ho_ten", "thuong_tru"}),
        "sensitive": frozenset[str](),
        "standing": Standing(),
        "principal_ref": CITIZEN,
        "at": NOON,
    }
    return Case(**{**members, **changes})  # type: ignore[arg-type]


def a_bank_case(**changes: object) -> Case:
    """Return the bank's question, which only a consent carries."""
    members: dict[str, object] = {
        "consumer": BANK,
        "purpose": "khach-hang",
        "procedure": None,
        "dossier": None,
    }
    return a_case(**{**members, **changes})


def a_grant(*elements: str, given_at: datetime = NOON, days: int = 30, **changes: object) -> Grant:
    """Return a live consent to the bank's question."""
    members: dict[str, object] = {
        "id": "consent-1",
        "seq": 1,
        "principal_ref": CITIZEN,
        "recipient": BANK,
        "purpose": "khach-hang",
        "service": LOOKUP,
        "elements": frozenset(elements or ("ho_ten", "thuong_tru")),
        "state": "given",
        "valid_from": given_at,
        "valid_to": given_at + timedelta(days=days),
        "notice_sha256": notice_hash(NOTICE),
    }
    return Grant(**{**members, **changes})  # type: ignore[arg-type]


def a_representation(**changes: object) -> Representation:
    """Return a mother who acts for the citizen for another year."""
    members: dict[str, object] = {
        "id": "representation-1",
        "rev": 3,
        "principal_ref": CITIZEN,
        "representative_ref": MOTHER,
        "relation": "parent",
        "valid_to": NOON + timedelta(days=365),
        "child_assent": False,
    }
    return Representation(**{**members, **changes})  # type: ignore[arg-type]


def some_terms(**changes: object) -> Terms:
    """Return the terms of the bank's consent."""
    members: dict[str, object] = {
        "id": "0199e000-0000-7000-8000-000000000001",
        "principal_ref": CITIZEN,
        "recipient": BANK,
        "purpose": "khach-hang",
        "service": LOOKUP,
        "elements": ("ho_ten", "thuong_tru"),
        "valid_from": NOON,
        "data_life_days": 90,
        "notice_sha256": notice_hash(NOTICE),
    }
    return Terms(**{**members, **changes})  # type: ignore[arg-type]


def an_act(**changes: object) -> Act:
    """Return something that the citizen did at noon."""
    members: dict[str, object] = {
        "at": NOON,
        "entity_ref": CITIZEN,
        "entity_role": "subject",
        "method": "vneid",
        "acr": "vneid-2",
    }
    return Act(**{**members, **changes})  # type: ignore[arg-type]
