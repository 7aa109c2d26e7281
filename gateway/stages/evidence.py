"""What each stage has proven: Asked, Identified, Resolved ... Recorded.

A stage takes the proof of the stage before it, so leaving out consent, asking a source before the
decision, or answering unminimised is a type error.
"""

from datetime import datetime
from typing import Any

from msgspec import Struct, field

from adapters.protocol import Match, Record, Subject
from auth.possession.shown import Shown
from auth.principals import Principal
from auth.signatures.requests import Proven
from catalog.entries import (
    Agreement,
    LegalBasis,
    Procedure,
    Purpose,
    Rule,
    Scope,
    ServiceVersion,
)
from catalog.snapshot import Snapshot
from gateway.audit.entry import Receipt
from gateway.quota.ledger import Balance
from gateway.rights import Right
from gateway.stages.presented import Presented


def _nothing_shown() -> Shown:
    return Shown(method="", url="")


class Withheld(Struct, frozen=True):
    """A field that was asked for and does not leave, and why; never silent (RFC 9457 wording)."""

    field: str
    code: str


class Asked(Struct, frozen=True, kw_only=True):
    """1. What came over the wire; nothing of it is believed yet."""

    exchange_id: str  # UUIDv7, ours
    request_id: str  # the caller's, or ours
    token: str
    service: str
    subject: Subject
    purpose: str
    procedure: str | None
    dossier: str | None
    fields: tuple[str, ...]  # empty: everything the agreement allows
    representative: str | None  # consents' representation record id
    at: datetime
    deadline: float  # event-loop time
    traceparent: str | None = None
    route: str = "/v1/data/{service}"
    method: str = "POST"
    raw: bytes = b""  # the body as it came, for the record's salted digest
    peer: str = ""  # network address of the caller, for anonymous refusals only
    shown: Shown = field(default_factory=_nothing_shown)  # with the token: a proof, a certificate
    signed: Presented | None = None  # with its signature, when it carries one


class Identified(Struct, frozen=True):
    """2. Who asks."""

    asked: Asked
    principal: Principal


class Resolved(Struct, frozen=True):
    """3. Which published service version, in which catalog."""

    identified: Identified
    snapshot: Snapshot
    service: ServiceVersion


class Cover(Struct, frozen=True):
    """One line of an agreement that covers a kind of question, and what it lets out."""

    agreement: Agreement
    scope: Scope
    purpose: Purpose
    procedure: Procedure | None
    allowed: frozenset[str]
    withheld: tuple[Withheld, ...]
    is_counted: bool  # each call spends a quota


class Authorised(Struct, frozen=True):
    """4. Which agreement line covers it."""

    resolved: Resolved
    cover: Cover
    balance: Balance | None = None  # of the tightest quota, for the RateLimit header


class Decided(Struct, frozen=True, eq=False):
    """What was decided on one kind of question; it names nobody who asks or is asked about.

    What later stages draw from it is the same for every question of the kind: they keep it in
    `drawn`, by keys of their own, for as long as the decision stands.
    """

    snapshot: Snapshot
    service: ServiceVersion
    cover: Cover
    rule: Rule
    basis: LegalBasis | None  # None only when a consent carries the call
    consent_id: str | None
    allowed: frozenset[str]
    withheld: tuple[Withheld, ...]
    rights: tuple[Right, ...]
    notice: bool = False  # the person is told and may refuse
    personal: bool = False  # it rests on what this person granted, refused, or who acts for them
    drawn: dict[object, Any] = field(default_factory=dict[object, Any])


class Consented(Struct, frozen=True):
    """5. The decision that carries the call."""

    identified: Identified
    decision: Decided
    balance: Balance | None = None
    signed: Proven | None = None  # where the agreement demands it


class Answered(Struct, frozen=True):
    """6. What the source said."""

    consented: Consented
    record: Record
    source_ms: float


class Released(Struct, frozen=True):
    """7. The permitted fields only, and the names of the others."""

    answered: Answered
    values: dict[str, Any]
    withheld: tuple[Withheld, ...]
    unavailable: tuple[Withheld, ...]


class Provenance(Struct, frozen=True):
    """Where one value comes from."""

    source: str  # owner agency's register, dataset code: "csdl.dancu"
    dataset_version: str
    as_of: datetime


class Basis(Struct, frozen=True, omit_defaults=True):
    """What carried the call: an instrument and article, or a consent."""

    kind: str  # catalog.entries.Answer
    code: str | None = None
    instrument: str | None = None
    article: str | None = None
    mark: str | None = None  # confidence of the rule, catalog.entries.Mark
    consent_id: str | None = None


class Reply(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What leaves: the body of a 200."""

    exchange_id: str
    service: str
    service_version: str
    match: Match
    record: dict[str, Any]
    provenance: dict[str, Provenance]
    basis: Basis
    withheld: tuple[Withheld, ...]
    unavailable: tuple[Withheld, ...]
    receipt: Receipt | None = None  # None only until the record is durable


class Recorded(Struct, frozen=True):
    """8. The same release, once its record is durable."""

    released: Released
    reply: Reply  # with its receipt
    body: bytes  # the same reply as JSON without the receipt: what the record's digest covers
    access: str = ""  # id of the leaf that an outcome would follow
