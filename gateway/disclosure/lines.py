"""One record as the person concerned reads it; a sealed one as a closed line; pure."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from catalog.kinds import Key, Kind
from gateway.audit.events import Delivered, Event, Matched
from gateway.audit.leaf import Ground, Numbered, parse
from gateway.disclosure import seals, sentences
from gateway.disclosure.traces import Outcome
from gateway.disclosure.wording import BasisTold, Named, Versions
from gateway.problems import PROBLEMS
from gateway.sequencing.rows import Sequenced

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Reason(Struct, frozen=True):
    """Why an access was refused."""

    code: str
    vi: str
    en: str


class Line(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the list; a sealed one has no more than its day, and when it opens."""

    # access | outcome | refusal | sealed | own | audit | question | archived | unreadable | other
    kind: str
    sentence_vi: str
    sentence_en: str
    index: int | None = None  # place in the log
    at: datetime | None = None
    first_day: date | None = None  # of a sealed or unreadable line, UTC
    last_day: date | None = None
    opens_at: datetime | None = None
    agency: Named | None = None
    system: Named | None = None
    service: Named | None = None
    dataset: Named | None = None
    purpose: Named | None = None
    procedure: Named | None = None
    asked: tuple[Named, ...] = ()
    fields: tuple[Named, ...] = ()  # that left
    basis: BasisTold | None = None
    result: str | None = None  # delivered | partly | unknown | not_delivered | refused
    reason: Reason | None = None
    old_number: bool = False  # found under a number that yours has replaced
    by_official: bool = False
    exchange: str | None = None
    proof: str | None = None
    may_ask: bool = False


class Record(Struct, frozen=True):
    """A record of the log, read."""

    place: Sequenced
    leaf: Numbered
    outcome: Outcome | None = None  # what became of its answer, when that came later
    access: seals.Facts | None = None  # of an outcome: what decides about its access

    @property
    def fields(self) -> tuple[str, ...]:
        """Return what left: what the outcome names, else what the record itself does."""
        target = self.leaf.target
        if self.outcome is not None and self.outcome.delivered is not Delivered.UNKNOWN:
            return self.outcome.fields
        return target.fields if target else ()

    @property
    def match(self) -> Matched | None:
        """Return how the source recognised the person."""
        own = self.leaf.res.match if self.leaf.res else None
        return own or (self.outcome.match if self.outcome else None)

    @property
    def at(self) -> datetime:
        """Return the instant that the record claims."""
        return _EPOCH + timedelta(microseconds=self.leaf.ts)


def read(place: Sequenced) -> Record:
    """Return the record at *place*; raise msgspec.DecodeError when it is none."""
    return Record(place, parse(place.entry))


def facts(record: Record) -> seals.Facts:
    """Return what of *record* decides whether it is sealed; of an outcome, what its access says."""
    if record.access is not None:
        return record.access
    leaf, actor, basis = record.leaf, record.leaf.actor, record.leaf.basis
    return seals.Facts(
        event=leaf.type,
        at=record.at,
        agency=actor and actor.org,
        system=actor and actor.client,
        official=actor and actor.user,
        dossier=basis and basis.dossier,
        people=leaf.subj.p if leaf.subj else (),
    )


def keys(records: Iterable[Record]) -> tuple[set[Key], set[str]]:
    """Return what has to be looked up to tell *records*: catalog entries, and systems."""
    found: set[tuple[Kind, str | None]] = set()
    systems: set[str] = set()
    for record in records:
        actor, target, basis = record.leaf.actor, record.leaf.target, record.leaf.basis
        if actor is not None:
            found.add((Kind.AGENCY, actor.org))
            systems |= {actor.client} if actor.client else set()
        if target is not None:
            found |= {(Kind.SERVICE, target.service), (Kind.DATASET, target.dataset)}
            found |= {(Kind.ELEMENT, name) for name in (*target.asked, *record.fields)}
        if basis is not None:
            found |= {(Kind.PURPOSE, basis.purpose), (Kind.PROCEDURE, basis.proc)}
            found |= {(Kind.BASIS, basis.law), (Kind.RULE, basis.policy)}
    return {(kind, code) for kind, code in found if code is not None}, systems


def closed(record: Record, opens_at: datetime) -> Line:
    """Return the line of a sealed record: its UTC day, and when it opens at the latest.

    The day is not hidden further: the index of a day proves how many records a person has on it.
    """
    day = record.place.day
    vi, en = sentences.SEALED
    return Line(
        kind="sealed",
        sentence_vi=vi,
        sentence_en=en,
        first_day=day,
        last_day=day,
        opens_at=opens_at,
    )


def archived() -> Line:
    """Return the line of a record whose day has left for the archive."""
    vi, en = sentences.ARCHIVED
    return Line(kind="archived", sentence_vi=vi, sentence_en=en)


def unreadable(day: date) -> Line:
    """Return the line of a record that is none of ours, or that a later release wrote.

    It may be one that is sealed, so that its day alone is told.
    """
    vi, en = sentences.UNREADABLE
    return Line(kind="unreadable", sentence_vi=vi, sentence_en=en, first_day=day, last_day=day)


def line(record: Record, names: Versions, owner: str = sentences.YOU) -> Line:
    """Return the line of a record that nothing closes.

    Args:
        record: what the log holds.
        names: the catalog's words for its codes (`keys`).
        owner: ``you``, or ``represented`` when somebody reads for another.
    """
    kind = KINDS.get(record.leaf.type, "other")
    told = _told(record, names, kind)
    vi, en = sentences.of(_subject(record.leaf, told, owner))
    return replace(told, sentence_vi=vi, sentence_en=en)


KINDS: Mapping[Event, str] = {
    Event.ACCESS: "access",
    Event.ACCESS_OUTCOME: "outcome",
    Event.DENY: "refusal",
    Event.OWN_READ: "own",
    Event.QUESTION_ASK: "question",
    Event.QUESTION_ANSWER: "question",
    Event.AUDIT_SEARCH: "audit",
    Event.AUDIT_EXPORT: "audit",
    Event.AUDIT_UNBLIND: "audit",
}
_RESULTS: Mapping[Delivered, str] = {
    Delivered.YES: "delivered",
    Delivered.PARTIAL: "partly",
    Delivered.NO: "not_delivered",
    Delivered.UNKNOWN: "unknown",
}


def _told(record: Record, names: Versions, kind: str) -> Line:
    """Return the line without its sentences."""
    leaf, at = record.leaf, record.at
    actor, target, basis = leaf.actor, leaf.target, leaf.basis
    reasons = basis.reasons if basis else ()
    org, client = (actor.org, actor.client) if actor else (None, None)
    purpose, proc = (basis.purpose, basis.proc) if basis else (None, None)
    return Line(
        kind=kind,
        sentence_vi="",
        sentence_en="",
        index=record.place.index,
        at=at,
        agency=names.agency(org, at) if org else None,
        system=names.system(client, at) if client else None,
        service=names.service(target.service, at) if target and target.service else None,
        dataset=names.dataset(target.dataset, at) if target and target.dataset else None,
        purpose=names.purpose(purpose, at) if purpose else None,
        procedure=names.procedure(proc, at) if proc else None,
        asked=tuple(names.field(name, at) for name in target.asked) if target else (),
        fields=tuple(names.field(name, at) for name in record.fields),
        basis=_basis(basis, names, at) if kind == "access" and basis else None,
        result=_result(record),
        reason=_reason(reasons[0].value) if reasons else None,
        old_number=record.match is Matched.SUPERSEDED,
        by_official=bool(actor and actor.user) and kind != "own",
        exchange=leaf.req.id if leaf.req else None,
        proof=f"/v1/own/accesses/{record.place.index}/proof",
        may_ask=kind in ("access", "refusal") and org is not None,
    )


def _basis(basis: Ground, names: Versions, at: datetime) -> BasisTold:
    if basis.consent is not None:
        vi, en = sentences.CONSENT
        return BasisTold(kind="consent", vi=vi, en=en, code=basis.consent)
    if basis.law is not None:
        return names.law(basis.law, at)
    if basis.policy is not None:
        return names.rule(basis.policy, at)
    vi, en = sentences.NO_BASIS
    return BasisTold(kind="none", vi=vi, en=en)


def _result(record: Record) -> str | None:
    leaf = record.leaf
    if leaf.type is Event.DENY:
        return "refused"
    if leaf.type not in (Event.ACCESS, Event.ACCESS_OUTCOME) or leaf.res is None:
        return None
    said = leaf.res.delivered or Delivered.UNKNOWN
    return _RESULTS[record.outcome.delivered if record.outcome else said]


def _reason(code: str) -> Reason:
    for known, problem in PROBLEMS.items():
        if known.value == code:
            return Reason(code, problem.title_vi, problem.title_en)
    return Reason(code, code, code)


def _subject(leaf: Numbered, told: Line, owner: str) -> sentences.Told:
    return sentences.Told(
        event=leaf.type,
        owner=owner,
        agency=told.agency and (told.agency.vi, told.agency.en),
        service=told.service and (told.service.vi, told.service.en),
        purpose=told.purpose and (told.purpose.vi, told.purpose.en),
        procedure=told.procedure and (told.procedure.vi, told.procedure.en),
        fields=tuple((each.vi, each.en) for each in told.fields),
        basis=told.basis and (told.basis.vi, told.basis.en),
        reason=told.reason and (told.reason.vi, told.reason.en),
        result=told.result,
    )
