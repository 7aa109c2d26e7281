"""All the gateway asks of a source: one question, one record."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

from msgspec import Struct

from catalog.entries import Operation, ServiceCode

# A JSON value as sources give it; typed by the catalog's elements, not by Python.
Json: TypeAlias = Any


class Match(StrEnum):
    """How the source recognised the subject."""

    EXACT = "exact"
    SUPERSEDED = "superseded"  # found under an older number; `values` speaks of the current person
    NONE = "none"  # only a verify operation answers so; others raise SubjectUnknown
    NOT_A_PERSON = "not_a_person"  # the subject is a parcel or a certificate


class PartialDate(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A date of which only the year, or year and month, are on record."""

    nam: int
    thang: int | None = None
    ngay: int | None = None


class Subject(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """About whom or what; the service says which members it needs.  Text is NFC."""

    so_dinh_danh: str | None = None  # 12 digits, text
    so_cmnd: str | None = None  # 9 digits, the old card
    ma_so_bhxh: str | None = None  # 10 digits
    ho_ten: str | None = None
    ngay_sinh: str | PartialDate | None = None  # ISO "1990-02-01", or partial
    so_phat_hanh: str | None = None  # certificate serial, free text
    ma_xa: str | None = None  # commune code, read as of today unless `ngay_dia_gioi` says otherwise
    ngay_dia_gioi: str | None = None  # ISO date at which `ma_xa` is meant
    so_to: str | None = None  # cadastral map sheet
    so_thua: str | None = None  # parcel number


class Query(Struct, frozen=True, kw_only=True):
    """One question to one source."""

    service: ServiceCode
    operation: Operation
    subject: Subject
    fields: frozenset[str]
    deadline: float  # event-loop time (`loop.time()`) after which nobody waits
    exchange_id: str
    agency: str
    procedure: str | None = None
    official: str | None = None  # the acting official's stable id, when there is one
    traceparent: str | None = None


class Record(Struct, frozen=True, kw_only=True):
    """What the source said, in the catalog's words; may hold more than was asked."""

    values: dict[str, Json]
    as_of: datetime
    match: Match
    upstream_id: str | None = None  # the source's own request number
    unavailable: dict[str, str] = {}  # field -> reason code, when the source lacks it
    current_so_dinh_danh: str | None = None  # set when match is SUPERSEDED
    subject_is: str = "adult"  # adult | child | incapable | deceased, when the source says


class SourceAdapter(Protocol):
    """One authority.  Made without side effect, then opened, used, closed (twice is harmless)."""

    name: str

    async def open(self) -> None:
        """Make ready; raise AdapterMisconfigured when settings cannot work."""
        ...

    async def fetch(self, query: Query) -> Record:
        """Answer *query* before its deadline; raise a SourceError otherwise."""
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...
