"""The words everyone speaks in: agencies, elements, services, purposes, procedures, agreements.

All values are frozen, carry no behaviour that needs a database or a clock, and are safe to share
between tasks.  Codes are opaque text; domain codes that are Vietnamese stay Vietnamese.
"""

from datetime import date, datetime
from enum import IntEnum, StrEnum
from typing import NewType

from msgspec import Struct

AgencyCode = NewType("AgencyCode", str)  # "H31.12" style, QĐ 20/2020/QĐ-TTg, at most 35 characters
SystemId = NewType("SystemId", str)  # OAuth client_id of one agency system
ServiceCode = NewType("ServiceCode", str)  # "dancu.tracuu"
ElementCode = NewType("ElementCode", str)  # "ho_ten"
DatasetCode = NewType("DatasetCode", str)  # "csdl.dancu"
PurposeCode = NewType("PurposeCode", str)  # "giai-quyet-tthc"
ProcedureCode = NewType("ProcedureCode", str)  # "1.013225", national code "d.dddddd"
BasisCode = NewType("BasisCode", str)  # "nd217-2026-d7k3"
AgreementCode = NewType("AgreementCode", str)  # "TT-2026-0001"
RuleCode = NewType("RuleCode", str)


class AgencyKind(StrEnum):
    """Who a consumer is in the eyes of Luật 91/2025 (domain.md 1.2.3)."""

    STATE = "state"
    PUBLIC_SERVICE = "public_service"  # hospital, school, one-stop support centre
    ENTERPRISE = "enterprise"  # bank, notary office, utility


class PersonalKind(StrEnum):
    """Personal-data class of an element, NĐ 356/2025 Arts 3 and 4."""

    NONE = "none"
    BASIC = "basic"
    SENSITIVE = "sensitive"


class Operation(StrEnum):
    """How much is asked, from least to most intrusive."""

    VERIFY = "verify"
    STATUS = "status"
    SELECT = "select"
    BULK = "bulk"  # catalogued so that it can be refused by name; never routed here


class PurposeKind(StrEnum):
    """The rows of the decision table speak of these kinds, never of single purposes."""

    PROCEDURE = "procedure"
    STATISTICS = "statistics"
    PROACTIVE = "proactive"
    THIRD_PARTY = "third_party"
    OWN_DATA = "own_data"


class Mark(StrEnum):
    """How sure we are of a rule of law; a derived or second-hand rule never shows as verified."""

    VERIFIED = "V"
    VERIFIED_OCR = "V-ocr"
    SECONDARY = "S"
    KNOWLEDGE = "K"
    DERIVED = "D"


class ServiceState(StrEnum):
    """Life of a published service version."""

    PUBLISHED = "published"
    DEPRECATED = "deprecated"  # still answers, says until when
    DISABLED = "disabled"  # named in the catalog, refused by rule
    RETIRED = "retired"


class AgreementState(StrEnum):
    """Life of a signed agreement; every state but ACTIVE refuses."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    TERMINATED = "terminated"


class Assurance(IntEnum):
    """How strongly a person has signed on, as the settings of the provider read its `acr`."""

    ONE = 1
    TWO = 2


class Signing(StrEnum):
    """Which messages under an agreement are signed (RFC 9421).

    Source: TCVN 14423:2026 5.4.2.8, highly sensitive data (second-hand, domain.md 1.8).
    """

    NONE = "none"
    REQUESTS = "requests"
    BOTH = "both"  # requests and answers


class Answer(StrEnum):
    """What a row of the decision table says."""

    LAW = "law"  # a legal basis carries the call, no consent
    LAW_WITH_NOTICE = "law_with_notice"  # same, and the person is told and may refuse
    CONSENT = "consent"  # a live consent must cover it
    REPRESENTATIVE = "representative"  # the representative acts
    SUBJECT = "subject"  # the person asks for what is theirs
    REFUSE = "refuse"


class Agency(Struct, frozen=True, kw_only=True):
    """One organisation, never one person."""

    code: AgencyCode
    name_vi: str
    name_en: str
    kind: AgencyKind
    parent: AgencyCode | None = None
    contact: str | None = None


class Dataset(Struct, frozen=True, kw_only=True):
    """One register's published shape."""

    code: DatasetCode
    version: str
    title_vi: str
    title_en: str
    owner: AgencyCode
    source: str  # adapter name
    mandatory: bool = True  # on the list of NĐ 278/2025 (mark S)
    description_vi: str = ""


class Element(Struct, frozen=True, kw_only=True):
    """One entry of the shared dictionary; exactly one authoritative dataset."""

    code: ElementCode
    name_vi: str
    name_en: str
    definition_vi: str
    logical_type: str  # text, date, partial_date, code, boolean, number, object, array
    personal_kind: PersonalKind
    legal_letter: str | None  # where NĐ 356/2025 lists it, e.g. "Đ4.1.a"
    grade: int  # 1 to 4
    dataset: DatasetCode


class LegalBasis(Struct, frozen=True, kw_only=True):
    """One article that can carry a call."""

    code: BasisCode
    instrument: str  # "Nghị định 217/2026/NĐ-CP"
    article: str  # "Điều 7 khoản 3"
    summary_vi: str
    summary_en: str
    mark: Mark
    kind: Answer  # LAW, LAW_WITH_NOTICE, CONSENT, SUBJECT
    valid_from: date
    valid_to: date | None = None
    source: str | None = None


class Purpose(Struct, frozen=True, kw_only=True):
    """Why data is asked for; a closed list."""

    code: PurposeCode
    label_vi: str
    label_en: str
    kind: PurposeKind
    dpv: str | None = None


class FormField(Struct, frozen=True, kw_only=True):
    """One field of a procedure's form and where the state already knows it."""

    code: str  # the form's own name, "chu_dau_tu.ho_ten"
    label_vi: str
    label_en: str
    service: ServiceCode | None = None  # None: only the applicant can say it
    element: ElementCode | None = None
    path: str | None = None  # member inside an object element, "chi_tiet"
    component: str | None = None  # dossier component it belongs to
    alternatives: tuple[tuple[ServiceCode, ElementCode], ...] = ()
    note_vi: str | None = None  # why it must be typed, when it must
    confirms: str | None = None  # subject member typed at the counter that a true `khop` confirms


class Feed(Struct, frozen=True, kw_only=True):
    """One member of a question's subject that another answer supplies (prefill's second wave)."""

    service: ServiceCode  # the question that waits: "datdai.xacminhchu"
    member: str  # of its subject: "so_phat_hanh"
    source: ServiceCode  # the answer that supplies it: "datdai.gcn"
    element: ElementCode
    path: str | None = None  # member inside the element, dotted


class Place(Struct, frozen=True, kw_only=True):
    """Where a value stands: an element of an answer, or what was typed at the counter."""

    element: str  # element code; without a service, a member of the subject
    service: ServiceCode | None = None
    path: str | None = None  # member inside the element, dotted; of every item of an array


class Check(Struct, frozen=True, kw_only=True):
    """Two places that must agree; when they do not, prefill says so and names the ticket."""

    code: str
    label_vi: str
    label_en: str
    left: Place
    right: Place
    compare: str = "equal"  # equal | name | place | among (left name is one of right's)
    fields: tuple[str, ...] = ()  # form fields that stop being locked when they differ
    ticket: ProcedureCode = ProcedureCode("1.012564")  # correct population data, domain.md 4.7


class Component(Struct, frozen=True, kw_only=True):
    """One paper of the dossier, and what replaces it."""

    code: str
    name_vi: str
    name_en: str
    replaced_by: tuple[ServiceCode, ...] = ()
    basis: BasisCode | None = None  # the article that forbids asking for it
    announced: date | None = None


class Procedure(Struct, frozen=True, kw_only=True):
    """One administrative procedure: what may be asked for it, and its form."""

    code: ProcedureCode
    title_vi: str
    title_en: str
    competent: tuple[AgencyCode, ...]
    bases: tuple[BasisCode, ...]
    mark: Mark
    valid_from: date
    valid_to: date | None = None
    elements: dict[ServiceCode, frozenset[ElementCode]]  # listed for P, service by service
    components: tuple[Component, ...] = ()
    form: tuple[FormField, ...] = ()
    applicant: tuple[str, ...] = ("so_dinh_danh", "ho_ten", "ngay_sinh")  # what the counter types
    feeds: tuple[Feed, ...] = ()
    checks: tuple[Check, ...] = ()


class ServiceVersion(Struct, frozen=True, kw_only=True, gc=False):
    """One published version of one data service: the only thing a route can come from."""

    code: ServiceCode
    version: str  # semantic, "1.0.0"
    rev: int  # running number of the published version, >= 1
    title_vi: str
    title_en: str
    owner: AgencyCode
    dataset: DatasetCode
    dataset_version: str
    source: str  # adapter name: population, land, insurance, civil
    operation: Operation
    state: ServiceState
    elements: frozenset[ElementCode]
    subject: tuple[str, ...]  # members of `subject` that must be given
    subject_optional: tuple[str, ...] = ()
    lower: ServiceCode | None = None  # least intrusive service that may serve instead
    strict: bool = False  # the question itself is on record before the source hears it
    official_required: bool = False  # a signed-in official stands behind each question
    official_level: Assurance = Assurance.ONE  # and has signed on at this level or above
    dossier_required: bool = False
    deadline_ms: int = 3000
    deprecated_at: datetime | None = None  # since when a successor should be used
    sunset: datetime | None = None
    digest: str = ""  # SHA-256 of the canonical document, hex


class Window(Struct, frozen=True, kw_only=True):
    """When a scope may be used, local time of Asia/Ho_Chi_Minh; ends not included."""

    days: frozenset[int] = frozenset(range(1, 8))  # ISO weekday 1 to 7
    from_hour: int = 0
    to_hour: int = 24


class Scope(Struct, frozen=True, kw_only=True, gc=False):
    """One line of an agreement: this service, these elements, for these purposes."""

    id: str  # unique inside the agreement
    service: ServiceCode
    elements: frozenset[ElementCode]
    purposes: frozenset[PurposeCode]
    procedures: frozenset[ProcedureCode] = frozenset()  # empty: purpose kind needs none
    bases: tuple[BasisCode, ...] = ()
    calls_per_day: int | None = None
    calls_per_minute: int | None = None
    persons_per_day: int | None = None
    window: Window | None = None


class Agreement(Struct, frozen=True, kw_only=True, gc=False):
    """A signed agreement of 12 legal items (NĐ 47/2020 Arts 36-38, repealed, as requirement)."""

    code: AgreementCode
    rev: int
    provider: AgencyCode
    consumer: AgencyCode
    systems: frozenset[SystemId]
    valid_from: datetime
    valid_to: datetime
    state: AgreementState
    items: dict[str, str]
    scopes: tuple[Scope, ...]
    signing: Signing = Signing.NONE
    digest: str = ""


class Rule(Struct, frozen=True, kw_only=True):
    """One row of the decision table of domain.md 1.2.3; first matching row in order wins."""

    code: RuleCode
    order: int
    consumers: frozenset[AgencyKind]
    purposes: frozenset[PurposeKind]
    personal: frozenset[PersonalKind]  # highest class among the elements asked
    subject: frozenset[str]  # "adult", "child", "incapable"
    answer: Answer
    needs: frozenset[str]  # "procedure", "dossier", "official", "listed", "child_assent"
    refusal: str | None  # problem code when answer is REFUSE or a need is missing
    instrument: str
    article: str
    mark: Mark
    valid_from: date
    valid_to: date | None = None
