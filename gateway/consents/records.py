"""A consent as it is stored: terms that never change, events that are chained; pure.

The database seals and chains with the same text (migration 0004); a person with an export checks
it with `verify` and needs nothing of ours but this page.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

from msgspec import Struct

from gateway.consents.states import ConsentState, may_move

SCHEMA_VERSION = "motlan-consent-1"  # shape after ISO/IEC TS 27560


class Terms(Struct, frozen=True, kw_only=True):
    """What was agreed: to whom, for what, which fields, how long, how often, kept how long."""

    id: str  # UUIDv7
    principal_ref: str  # keyed pseudonym of the person, 32 characters
    recipient: str  # agency code
    purpose: str  # one purpose, never a bundle (Luật 91/2025 Art 9)
    service: str
    elements: tuple[str, ...]
    told_sensitive: tuple[str, ...] = ()  # shown to be sensitive, NĐ 356/2025 Art 6
    valid_from: datetime
    calls_per_day: int | None = None  # how often the recipient may ask
    data_life_days: int  # how long the recipient may keep what it got, 0 to 36,500
    notice_sha256: str  # of the text that was shown
    schema_version: str = SCHEMA_VERSION


class Act(Struct, frozen=True, kw_only=True):
    """Who did it, how, and how sure we are of them."""

    at: datetime
    entity_ref: str  # keyed pseudonym; an agency or system code for authority and system
    entity_role: str  # subject | parent | guardian | authority | system
    method: str  # "vneid", "counter", "web": the form of NĐ 356/2025 Art 6
    representation_id: str | None = None
    acr: str | None = None  # assurance level of the sign-on
    evidence_sha256: str | None = None  # of the signed statement or the scan, kept elsewhere
    reason: str | None = None  # a code or short text without personal data


class Event(Struct, frozen=True, kw_only=True):
    """One thing that happened to one record."""

    record_id: str
    seq: int  # 1, 2, 3 ... without gaps
    state: ConsentState
    valid_to: datetime  # not included
    act: Act
    prev_hash: bytes  # of the event before; of the terms for the first
    hash: bytes


def digest(terms: Terms) -> bytes:
    """Return the SHA-256 of *terms*, 32 bytes: the root of the record's chain."""
    return hashlib.sha256(
        _canonical(
            terms.id,
            terms.principal_ref,
            terms.recipient,
            terms.purpose,
            terms.service,
            ",".join(terms.elements),
            ",".join(terms.told_sensitive),
            _instant(terms.valid_from),
            None if terms.calls_per_day is None else str(terms.calls_per_day),
            str(terms.data_life_days),
            terms.notice_sha256,
            terms.schema_version,
        )
    ).digest()


def link(event: Event) -> bytes:
    """Return the hash that *event* must have, 32 bytes, from its own members."""
    act = event.act
    text = _canonical(
        event.record_id,
        str(event.seq),
        event.state.value,
        _instant(act.at),
        _instant(event.valid_to),
        act.entity_ref,
        act.entity_role,
        act.representation_id,
        act.method,
        act.acr,
        act.evidence_sha256,
        act.reason,
    )
    return hashlib.sha256(event.prev_hash + text).digest()


def verify(terms: Terms, events: Sequence[Event]) -> str | None:
    """Return what is wrong with the history of one record, None when nothing is."""
    before, state = digest(terms), None
    for place, event in enumerate(events, 1):
        if event.record_id != terms.id or event.seq != place:
            return f"event {place}: not the next of this record"
        if event.prev_hash != before or event.hash != link(event):
            return f"event {place}: the chain is broken"
        if not may_move(state, event.state):
            return f"event {place}: {event.state} may not follow {state}"
        before, state = event.hash, event.state
    return None


def notice_hash(text: str) -> str:
    """Return the SHA-256 of a notice's text in UTF-8, hex: what a grant is bound to."""
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(*parts: str | None) -> bytes:
    """Return *parts* as netstrings: byte length, colon, text; "-" for none.  No two lists agree."""
    return b",".join(_netstring(part) for part in parts)


def _netstring(part: str | None) -> bytes:
    if part is None:
        return b"-"
    text = part.encode()
    return b"%d:%s" % (len(text), text)


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
