"""What an auditor looks for, once it is understood: qualifiers, values, a window of time."""

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from gateway.audit.events import Decision, Delivered, Event, Matched
from gateway.errors import Code


class Qualifier(StrEnum):
    """The words before a colon."""

    AGENCY = "agency"
    SYSTEM = "system"
    OFFICER = "officer"  # account id, or a pseudonym that a record shows
    SERVICE = "service"
    PROCEDURE = "procedure"
    DOSSIER = "dossier"  # number of the case, or a pseudonym that a record shows
    PURPOSE = "purpose"
    BASIS = "basis"  # code of the legal basis
    AGREEMENT = "agreement"
    CONSENT = "consent"
    DECISION = "decision"
    CODE = "code"  # of a refusal
    FIELD = "field"  # that was released
    EVENT = "event"  # or a family of them: consent.*
    MATCH = "match"
    DELIVERED = "delivered"
    CHANGED = "changed"  # id of what an administrator's act changed
    EXCHANGE = "exchange"
    FINDING = "finding"
    AFTER = "after"
    BEFORE = "before"


# Qualifiers whose words are a closed list.
CLOSED: dict[Qualifier, frozenset[str]] = {
    Qualifier.DECISION: frozenset(each.value for each in Decision),
    Qualifier.CODE: frozenset(each.value for each in Code),
    Qualifier.EVENT: frozenset(each.value for each in Event),
    Qualifier.MATCH: frozenset(each.value for each in Matched),
    Qualifier.DELIVERED: frozenset(each.value for each in Delivered),
}
INSTANTS = frozenset({Qualifier.AFTER, Qualifier.BEFORE})
KEYED = frozenset({Qualifier.OFFICER, Qualifier.DOSSIER})  # records hold their pseudonyms


class Term(Struct, frozen=True, kw_only=True):
    """One qualifier: a record fits when it has one of the values, or none of them if negated."""

    qualifier: Qualifier
    values: tuple[str, ...]
    negated: bool = False


class Query(Struct, frozen=True, kw_only=True):
    """Everything asked for; a record fits when it fits every term and the window."""

    terms: tuple[Term, ...] = ()
    after: datetime | None = None  # included
    before: datetime | None = None  # not included

    def of(self, qualifier: Qualifier) -> tuple[Term, ...]:
        """Return the terms of one qualifier."""
        return tuple(term for term in self.terms if term.qualifier is qualifier)


def written(query: Query) -> str:
    """Return *query* in one spelling for all: qualifiers in order, instants in UTC."""
    parts = sorted(
        f"{'-' if term.negated else ''}{term.qualifier}:" + ",".join(map(_quoted, term.values))
        for term in query.terms
    )
    for name, at in (("after", query.after), ("before", query.before)):
        if at is not None:
            parts.append(f"{name}:{at.isoformat()}")
    return " ".join(parts)


def _quoted(value: str) -> str:
    if value and not set(value) & set(' ,"\\'):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
