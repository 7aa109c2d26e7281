"""A query made ready for the tables: columns, pseudonyms, a window of leaf indexes; pure."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeAlias

from msgspec import Struct

from gateway.audit.pseudonyms import Scheme
from gateway.search.language import is_pseudonym
from gateway.search.query import Qualifier, Query, Term

# Where each qualifier's words stand; `search.ix` has an index on nearly all of them.
COLUMNS: dict[Qualifier, str] = {
    Qualifier.AGENCY: "org",
    Qualifier.SYSTEM: "client",
    Qualifier.OFFICER: "official",
    Qualifier.SERVICE: "service",
    Qualifier.PROCEDURE: "proc",
    Qualifier.DOSSIER: "dossier",
    Qualifier.PURPOSE: "purpose",
    Qualifier.BASIS: "law",
    Qualifier.AGREEMENT: "agreement",
    Qualifier.CONSENT: "consent",
    Qualifier.DECISION: "decision",
    Qualifier.CODE: "codes",
    Qualifier.FIELD: "fields",
    Qualifier.EVENT: "type",
    Qualifier.MATCH: "match",
    Qualifier.DELIVERED: "delivered",
    Qualifier.CHANGED: "change_id",
    Qualifier.EXCHANGE: "exchange",
}
SCHEMES: dict[Qualifier, Scheme] = {
    Qualifier.OFFICER: Scheme.OFFICIAL,
    Qualifier.DOSSIER: Scheme.DOSSIER,
}
LISTS = frozenset({"codes", "fields"})
FEW = frozenset({"dossier", "exchange", "consent", "change_id"})  # one value, few records

# Identifier to pseudonyms, one for each key epoch that may hold it.
Keyed: TypeAlias = Callable[[Scheme, str], Iterable[str]]


class Condition(Struct, frozen=True):
    """One column has one of the values, or none of them."""

    column: str
    values: tuple[str, ...]
    negated: bool = False


class Sought(Struct, frozen=True, kw_only=True):
    """What the tables are asked: every condition holds, inside the window."""

    conditions: tuple[Condition, ...] = ()
    subjects: tuple[str, ...] = ()  # pseudonyms; empty: about anybody
    indexes: tuple[int, ...] | None = None  # these leaves only; None: all
    after: datetime | None = None
    before: datetime | None = None

    @property
    def few(self) -> bool:
        """Say whether an index leads straight to few records, wherever they lie."""
        return (
            bool(self.subjects)
            or self.indexes is not None
            or any(each.column in FEW and not each.negated for each in self.conditions)
        )


def sought(query: Query, keyed: Keyed, *, indexes: tuple[int, ...] | None = None) -> Sought:
    """Make *query* ready.

    Args:
        query: as the auditor wrote it.
        keyed: gives the pseudonyms of an identifier; a pseudonym that a record shows passes as
            it is.
        indexes: the leaves that a finding rests on, when the query names findings.
    """
    conditions = tuple(_condition(term, keyed) for term in query.terms if term.qualifier in COLUMNS)
    return Sought(conditions=conditions, indexes=indexes, after=query.after, before=query.before)


def _condition(term: Term, keyed: Keyed) -> Condition:
    scheme = SCHEMES.get(term.qualifier)
    values = term.values if scheme is None else _pseudonyms(scheme, term.values, keyed)
    return Condition(COLUMNS[term.qualifier], values, term.negated)


def _pseudonyms(scheme: Scheme, values: tuple[str, ...], keyed: Keyed) -> tuple[str, ...]:
    found = [
        name
        for value in values
        for name in ((value,) if is_pseudonym(value) else keyed(scheme, value))
    ]
    return tuple(dict.fromkeys(found))
