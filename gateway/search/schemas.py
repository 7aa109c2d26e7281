"""What auditors send and get, as it goes over the wire."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from gateway.audit.pseudonyms import Scheme

Rows = Annotated[int, Meta(ge=1, le=200)]
Below = Annotated[int, Meta(ge=0)]
Reason = Annotated[str, Meta(min_length=10, max_length=500)]
Case = Annotated[str, Meta(min_length=3, max_length=60)]
Identifier = Annotated[str, Meta(min_length=1, max_length=60)]
PersonScheme = Literal["so_dinh_danh", "so_cmnd", "ma_so_bhxh", "so_phat_hanh", "thua_dat"]


class Ask(Struct, frozen=True, forbid_unknown_fields=True):
    """A search in the language of qualifiers."""

    query: str = ""  # at most 1,000 characters; empty: everything
    below: Below | None = None  # where the page before this one ended
    rows: Rows = 50
    counts: bool = False  # also count what is found, by agency, service, event and code


class Named(Struct, frozen=True, forbid_unknown_fields=True):
    """One identifier of the person looked for; it is used and never stored."""

    value: Identifier
    scheme: PersonScheme = "so_dinh_danh"

    @property
    def pair(self) -> tuple[Scheme, str]:
        """Return it as pseudonyms are derived."""
        return Scheme(self.scheme), self.value


class Inquiry(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A search by person: who, for which case, and why."""

    identifiers: Annotated[tuple[Named, ...], Meta(min_length=1, max_length=4)]
    reason: Reason
    case: Case
    query: str = ""
    below: Below | None = None
    rows: Rows = 50


class TimelineAsk(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whose story is to be told: exactly one of dossier, agreement, official, person."""

    dossier: Case | None = None
    agreement: Identifier | None = None
    official: Identifier | None = None  # account id, or the pseudonym that a record shows
    identifiers: Annotated[tuple[Named, ...], Meta(max_length=4)] = ()
    reason: Reason | None = None  # a person's story needs one, and a case
    case: Case | None = None
    below: Below | None = None
    rows: Rows = 50


class Line(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One record as a list shows it: codes and pseudonyms, and a sentence."""

    index: int
    at: datetime  # as the record claims
    event: str
    kind: str
    said_vi: str
    said_en: str
    agency: str | None = None
    system: str | None = None
    officer: str | None = None  # pseudonym
    service: str | None = None
    purpose: str | None = None
    procedure: str | None = None
    dossier: str | None = None  # pseudonym
    basis: str | None = None
    agreement: str | None = None
    consent: str | None = None
    decision: str | None = None
    match: str | None = None
    delivered: str | None = None
    exchange: str | None = None
    changed: str | None = None
    codes: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()


class IndexNow(Struct, frozen=True):
    """How far the search reaches beside how far the log does."""

    searchable_from: int  # earlier records are in the archive
    searched_to: int  # first leaf index that is not searchable yet
    tree_size: int
    behind: int  # leaves
    at: datetime  # when the search last moved


class Count(Struct, frozen=True):
    """How often one word stands among what was counted."""

    value: str
    n: int


class Counts(Struct, frozen=True, kw_only=True):
    """Counts over the newest records that fit; *whole* says whether these are all."""

    rows: int
    whole: bool
    agency: tuple[Count, ...]
    service: tuple[Count, ...]
    event: tuple[Count, ...]
    code: tuple[Count, ...]


class Found(Struct, frozen=True, kw_only=True):
    """One page of records, newest first."""

    records: tuple[Line, ...]
    below: int | None  # ask with it for the next page; None when nothing is left
    understood: str  # the query in one spelling
    index: IndexNow
    counts: Counts | None = None


class Place(Struct, frozen=True):
    """Where a record stands: in the tree, and among its writer's."""

    index: int
    day: str
    writer: str
    seq: int
    leaf: str  # RFC 6962 leaf hash, hex
    tree_size: int


class Record(Struct, frozen=True, kw_only=True):
    """One record, whole."""

    line: Line
    leaf: msgspec.Raw  # the record exactly as it is stored
    place: Place
    proof: str  # where its inclusion proof is


class Keep(Struct, frozen=True, forbid_unknown_fields=True):
    """A search to keep."""

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    query: Annotated[str, Meta(min_length=1, max_length=1_000)]
