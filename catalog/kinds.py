"""The nine kinds of document, and the value each becomes."""

from enum import StrEnum
from typing import TypeAlias

from catalog.entries import (
    Agency,
    Agreement,
    Dataset,
    Element,
    LegalBasis,
    Procedure,
    Purpose,
    Rule,
    ServiceVersion,
)

Entry: TypeAlias = (
    Agency
    | Dataset
    | Element
    | LegalBasis
    | Purpose
    | Procedure
    | ServiceVersion
    | Agreement
    | Rule
)


class Kind(StrEnum):
    """What a document says it is; in the order in which one builds on another."""

    AGENCY = "agency"
    DATASET = "dataset"
    ELEMENT = "element"
    BASIS = "basis"
    PURPOSE = "purpose"
    RULE = "rule"
    SERVICE = "service"
    PROCEDURE = "procedure"
    AGREEMENT = "agreement"


Key: TypeAlias = tuple[Kind, str]

TYPES: dict[Kind, type[Entry]] = {
    Kind.AGENCY: Agency,
    Kind.DATASET: Dataset,
    Kind.ELEMENT: Element,
    Kind.BASIS: LegalBasis,
    Kind.PURPOSE: Purpose,
    Kind.RULE: Rule,
    Kind.SERVICE: ServiceVersion,
    Kind.PROCEDURE: Procedure,
    Kind.AGREEMENT: Agreement,
}
KINDS: dict[type[Entry], Kind] = {shape: kind for kind, shape in TYPES.items()}

# Members that the catalog itself gives; a document may not, and its digest does not cover them.
# `state` may stand in a document, but its life has a history of its own.
GIVEN: dict[Kind, frozenset[str]] = {
    Kind.SERVICE: frozenset({"rev", "digest", "state"}),
    Kind.AGREEMENT: frozenset({"rev", "digest", "state"}),
}

# From the first state to the last: a document may move along the list, never back.
STATES: dict[Kind, tuple[str, ...]] = {
    Kind.SERVICE: ("published", "deprecated", "disabled", "retired"),
    Kind.AGREEMENT: ("active", "suspended", "terminated"),
}


def key_of(entry: Entry) -> Key:
    """Return the kind and code that name *entry* in the whole catalog."""
    return KINDS[type(entry)], str(entry.code)


def state_of(entry: Entry) -> str | None:
    """Return the state of a service or an agreement, None for what has none."""
    return str(entry.state) if isinstance(entry, ServiceVersion | Agreement) else None
