"""A grant as the decision sees it; a pure value."""

from datetime import datetime

from msgspec import Struct


class Grant(Struct, frozen=True, kw_only=True):
    """One consent record at its last event.

    Source of the shape: ISO/IEC TS 27560 as read through the DPV guide; catalog-consent.md 2.2.
    """

    id: str
    seq: int  # number of the last event; the right's revision
    principal_ref: str  # keyed pseudonym of the person
    recipient: str  # agency code
    purpose: str
    service: str
    elements: frozenset[str]
    state: str  # given | renewed | withdrawn | revoked | expired | invalidated | refused | ...
    valid_from: datetime
    valid_to: datetime  # not included
    notice_sha256: str
    told_sensitive: frozenset[str] = frozenset()  # named as sensitive in it, NĐ 356/2025 Art 6
    calls_per_day: int | None = None  # how often the recipient may ask; None is no limit


class Representation(Struct, frozen=True, kw_only=True):
    """Who may act for whom, until when."""

    id: str
    rev: int
    principal_ref: str
    representative_ref: str
    relation: str  # parent | guardian
    valid_to: datetime
    child_assent: bool
