"""What can be wrong with a catalog, by stable codes, with the line where it is wrong."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from catalog.kinds import Kind

Path: TypeAlias = tuple[str | int, ...]  # members and indexes, outermost first


class Fault(StrEnum):
    """The closed vocabulary of findings; `catalog.texts` says each in two languages."""

    # reading
    YAML_BROKEN = "yaml_broken"
    FILE_TOO_LARGE = "file_too_large"
    NESTED_TOO_DEEP = "nested_too_deep"
    ALIAS_REFUSED = "alias_refused"
    TAG_REFUSED = "tag_refused"
    MEMBER_TWICE = "member_twice"
    NOT_A_DOCUMENT = "not_a_document"
    KIND_UNKNOWN = "kind_unknown"
    MEMBER_UNKNOWN = "member_unknown"
    VALUE_WRONG = "value_wrong"
    ZONE_MISSING = "zone_missing"
    REASON_MISSING = "reason_missing"
    REASON_IDLE = "reason_idle"
    CODE_TWICE = "code_twice"
    TWO_AUTHORITIES = "two_authorities"
    # cross references
    UNKNOWN_AGENCY = "unknown_agency"
    UNKNOWN_DATASET = "unknown_dataset"
    UNKNOWN_ELEMENT = "unknown_element"
    UNKNOWN_SERVICE = "unknown_service"
    UNKNOWN_BASIS = "unknown_basis"
    UNKNOWN_PURPOSE = "unknown_purpose"
    UNKNOWN_PROCEDURE = "unknown_procedure"
    # each kind's own rules
    CODE_FORM = "code_form"
    TEXT_MISSING = "text_missing"
    PARENT_LOOP = "parent_loop"
    VALIDITY_REVERSED = "validity_reversed"
    GRADE_OUT_OF_RANGE = "grade_out_of_range"
    LETTER_MISSING = "letter_missing"
    BASIS_NOT_IN_FORCE = "basis_not_in_force"
    DATASET_VERSION_MISMATCH = "dataset_version_mismatch"
    SOURCE_MISMATCH = "source_mismatch"
    SERVICE_WITHOUT_ELEMENTS = "service_without_elements"
    BULK_NOT_DISABLED = "bulk_not_disabled"
    SUNSET_MISSING = "sunset_missing"
    LOWER_NOT_LOWER = "lower_not_lower"
    SUBJECT_UNKNOWN = "subject_unknown"
    DEADLINE_OUT_OF_RANGE = "deadline_out_of_range"
    PROCEDURE_EXCEEDS_SERVICE = "procedure_exceeds_service"
    FORM_FIELD_WRONG = "form_field_wrong"
    FORM_FIELD_UNKNOWN = "form_field_unknown"
    FORM_FIELD_NOT_LISTED = "form_field_not_listed"
    COMPONENT_UNKNOWN = "component_unknown"
    ITEMS_INCOMPLETE = "items_incomplete"
    PROVIDER_NOT_OWNER = "provider_not_owner"
    AGREEMENT_WITHOUT_SCOPE = "agreement_without_scope"
    SCOPE_TWICE = "scope_twice"
    SCOPE_EMPTY = "scope_empty"
    SCOPE_EXCEEDS_SERVICE = "scope_exceeds_service"
    SCOPE_PROCEDURE_IDLE = "scope_procedure_idle"
    QUOTA_OUT_OF_RANGE = "quota_out_of_range"
    WINDOW_WRONG = "window_wrong"
    RULE_ORDER_TAKEN = "rule_order_taken"
    RULE_WORD_UNKNOWN = "rule_word_unknown"
    RULE_UNREACHABLE = "rule_unreachable"
    DECISION_TABLE_GAP = "decision_table_gap"
    # publishing
    VERSION_NOT_RAISED = "version_not_raised"
    TERMINATED_STAYS = "terminated_stays"


class Place(Struct, frozen=True, order=True):
    """Where in the documents; lines count from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        """Return the form that editors and terminals make a link of."""
        return f"{self.file}:{self.line}"


class Finding(Struct, frozen=True, kw_only=True):
    """One thing that is wrong, or, when not *severe*, doubtful."""

    fault: Fault
    kind: Kind | None = None
    code: str = ""
    path: Path = ()
    facts: Mapping[str, str] = {}
    severe: bool = True
    place: Place | None = None


class CatalogInvalid(Exception):
    """Documents, or a stored catalog, that must not be published; every finding is inside."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        shown = ", ".join(f"{each.place or each.code}: {each.fault}" for each in self.findings[:5])
        super().__init__(f"{len(self.findings)} findings: {shown}")


class EntryUnknown(Exception):
    """Nothing by that code is in the catalog."""

    def __init__(self, kind: Kind, code: str) -> None:
        super().__init__(f"no {kind} {code}")
        self.kind = kind
        self.code = code


class TransitionRefused(Exception):
    """The entry cannot go from the state it is in to the one asked for."""

    def __init__(self, kind: Kind, code: str, before: str, after: str) -> None:
        super().__init__(f"{kind} {code} cannot go from {before} to {after}")
        self.kind = kind
        self.code = code
        self.before = before
        self.after = after


class SecondPersonMissing(Exception):
    """Publishing and granting take two people, by name (promise P8)."""

    def __init__(self) -> None:
        super().__init__("this takes two people: who does it, and another who approves it")
