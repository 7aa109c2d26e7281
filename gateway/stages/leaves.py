"""What each outcome leaves in the log: from proofs to leaves, names and pseudonyms only.

Words of the wire never reach a leaf before the catalog knows them; a refusal that came before that
point simply says less.
"""

from datetime import timedelta
from typing import TypeAlias, TypeVar

from adapters.protocol import Match, Subject
from auth.principals import Principal
from catalog.snapshot import Snapshot
from gateway.audit import words
from gateway.audit.events import Decision, Delivered, Event, Matched, Method, Op
from gateway.audit.leaf import (
    Actor,
    Ground,
    Leaf,
    Request,
    Result,
    Subjects,
    Target,
    salted_digest,
    subjects,
)
from gateway.audit.pseudonyms import Pseudonyms, Scheme, epoch_of
from gateway.audit.stamps import stamp
from gateway.clock import Clock
from gateway.errors import Code
from gateway.problems import PROBLEMS
from gateway.stages.evidence import (
    Answered,
    Asked,
    Authorised,
    Consented,
    Identified,
    Released,
    Resolved,
)

Known: TypeAlias = Identified | Resolved | Authorised | Consented | Answered | Released

MILLISECOND = timedelta(milliseconds=1)
MEMO_ENTRIES = 10_000
METHODS = {method.value: method for method in Method}

Key = TypeVar("Key")
Value = TypeVar("Value")


class Leaves:
    """Writes leaves about exchanges."""

    def __init__(self, pseudonyms: Pseudonyms, clock: Clock) -> None:
        self._pseudonyms = pseudonyms
        self._clock = clock
        # What repeats from call to call is checked once; bounded by systems times services.
        self._actors: dict[tuple[str, str, str | None], Actor] = {}
        self._targets: dict[tuple[str, int, tuple[str, ...], tuple[str, ...]], Target] = {}

    def access(self, released: Released, body: bytes) -> Leaf:
        """Return the leaf of a release whose answer will be *body* and the receipt."""
        answered = released.answered
        resolved = answered.consented.authorised.resolved
        asked = resolved.identified.asked
        mark, epoch = stamp(asked.at), epoch_of(asked.at)
        opening = self._pseudonyms.opening(mark.id, epoch)
        return Leaf(
            id=mark.id,
            ts=mark.ts,
            salt=mark.salt,
            type=Event.ACCESS,
            op=Op.READ,
            n=0 if answered.record.match is Match.NOT_A_PERSON else 1,
            ms=self._elapsed_ms(asked),
            actor=self._actor(resolved.identified.principal, epoch),
            subj=self._subjects(asked.subject, answered.record.current_so_dinh_danh, epoch),
            target=self._target(resolved, tuple(released.values)),
            basis=self._ground(answered.consented, epoch),
            req=_request(asked, salted_digest(opening, asked.raw)),
            res=Result(
                status=200,
                match=Matched(answered.record.match.value),
                bytes=len(body),
                rows=1,
                d=salted_digest(opening, body),
                delivered=Delivered.YES,
            ),
        )

    def deny(self, asked: Asked, known: Known, code: Code) -> Leaf:
        """Return the leaf of an exchange that ended without data, with all that was proven."""
        mark, epoch = stamp(asked.at), epoch_of(asked.at)
        opening = self._pseudonyms.opening(mark.id, epoch)
        resolved, authorised = resolved_of(known), authorised_of(known)
        return Leaf(
            id=mark.id,
            ts=mark.ts,
            salt=mark.salt,
            type=Event.DENY,
            op=Op.READ,
            ms=self._elapsed_ms(asked),
            actor=self._actor(principal_of(known), epoch),
            subj=self._subjects(asked.subject, None, epoch),
            target=None if resolved is None else self._target(resolved, ()),
            basis=Ground(
                decision=Decision.DENY,
                reasons=(code,),
                dossier=self._dossier(asked, epoch),
                purpose=None if authorised is None else authorised.purpose.code,
                proc=_procedure(authorised),
                agreement=None if authorised is None else _agreement(authorised),
            ),
            req=_request(asked, salted_digest(opening, asked.raw)),
            res=Result(status=PROBLEMS[code].status, delivered=Delivered.NO),
        )

    def _elapsed_ms(self, asked: Asked) -> int:
        return max(0, (self._clock() - asked.at) // MILLISECOND)

    def _actor(self, principal: Principal, epoch: str) -> Actor:
        official = principal.official
        if official is None:
            return self._system(principal.agency, principal.client_id, principal.key_thumbprint)
        return Actor(
            org=principal.agency,
            client=principal.client_id,
            cnf=principal.key_thumbprint,
            user=self._pseudonyms.of(Scheme.OFFICIAL, official.id, epoch),
            acr=official.acr,
            amr=official.amr,
        )

    def _system(self, agency: str, client_id: str, key: str | None) -> Actor:
        known = self._actors.get((agency, client_id, key))
        if known is None:
            known = Actor(org=agency, client=client_id, cnf=key)
            remember(self._actors, (agency, client_id, key), known)
        return known

    def _target(self, resolved: Resolved, fields: tuple[str, ...]) -> Target:
        service, asked = resolved.service, resolved.identified.asked.fields
        named = (service.code, resolved.snapshot.revision, asked, fields)
        known = self._targets.get(named)
        if known is None:
            known = _target(resolved, fields)
            remember(self._targets, named, known)
        return known

    def _subjects(self, subject: Subject, successor: str | None, epoch: str) -> Subjects | None:
        named = identifier_of(subject)
        if named is None:
            return None
        names = [self._pseudonyms.of(*named, epoch)]
        if successor is not None:
            names.append(self._pseudonyms.of(Scheme.CITIZEN, successor, epoch))
        return subjects(epoch, tuple(names))

    def _dossier(self, asked: Asked, epoch: str) -> str | None:
        if asked.dossier is None:
            return None
        return self._pseudonyms.of(Scheme.DOSSIER, asked.dossier, epoch)

    def _ground(self, consented: Consented, epoch: str) -> Ground:
        authorised, basis = consented.authorised, consented.basis
        consent = next((r for r in consented.rights if r.key.startswith("consent:")), None)
        return Ground(
            decision=Decision.ALLOW,
            agreement=_agreement(authorised),
            consent=None
            if consent is None
            else words.reference(consent.key.partition(":")[2], consent.rev),
            law=None if basis is None else basis.code,
            policy=consented.rule.code,
            purpose=authorised.purpose.code,
            proc=_procedure(authorised),
            dossier=self._dossier(authorised.resolved.identified.asked, epoch),
        )


def remember(memo: dict[Key, Value], key: Key, value: Value) -> None:
    """Keep *value*; start anew when the memo is full, for what repeats comes back soon."""
    if len(memo) >= MEMO_ENTRIES:
        memo.clear()
    memo[key] = value


def identifier_of(subject: Subject) -> tuple[Scheme, str] | None:
    """Return the strongest identifier that *subject* names, None when it names nothing."""
    if subject.so_dinh_danh is not None:
        return Scheme.CITIZEN, subject.so_dinh_danh
    if subject.so_cmnd is not None:
        return Scheme.OLD_CARD, subject.so_cmnd
    if subject.ma_so_bhxh is not None:
        return Scheme.INSURANCE, subject.ma_so_bhxh
    if subject.so_phat_hanh is not None:
        return Scheme.CERTIFICATE, subject.so_phat_hanh
    if subject.so_thua is not None:
        return Scheme.PARCEL, f"{subject.ma_xa}/{subject.so_to}/{subject.so_thua}"
    return None


def _target(resolved: Resolved, fields: tuple[str, ...]) -> Target:
    service, snapshot = resolved.service, resolved.snapshot
    return Target(
        dataset=service.dataset,
        service=service.code,
        ver=service.version,
        src=service.source,
        asked=resolved.identified.asked.fields,
        fields=fields,
        sens=_grade(snapshot, fields),
    )


def _grade(snapshot: Snapshot, fields: tuple[str, ...]) -> int | None:
    grades = [snapshot.elements[name].grade for name in fields]  # type: ignore[index]
    return max(grades, default=None)


def _request(asked: Asked, digest: str) -> Request:
    return Request(
        m=METHODS.get(asked.method),
        route=asked.route,
        id=asked.exchange_id,
        trace=words.trace_of(asked.traceparent),
        d=digest,
    )


def _agreement(authorised: Authorised) -> str:
    agreement = authorised.agreement
    return words.reference(agreement.code, agreement.rev, agreement.digest)


def _procedure(authorised: Authorised | None) -> str | None:
    if authorised is None or authorised.procedure is None:
        return None
    return authorised.procedure.code


def authorised_of(known: Known) -> Authorised | None:
    """Return how far authorisation came, None when it did not."""
    if isinstance(known, Released):
        known = known.answered
    if isinstance(known, Answered):
        known = known.consented
    if isinstance(known, Consented):
        known = known.authorised
    return known if isinstance(known, Authorised) else None


def resolved_of(known: Known) -> Resolved | None:
    """Return the resolved service, None when the refusal came before it."""
    authorised = authorised_of(known)
    if authorised is not None:
        return authorised.resolved
    return known if isinstance(known, Resolved) else None


def principal_of(known: Known) -> Principal:
    """Return who asked; every known proof holds it."""
    resolved = resolved_of(known)
    if resolved is not None:
        return resolved.identified.principal
    assert isinstance(known, Identified)  # noqa: S101 - the only proof left
    return known.principal


def agency_of(known: Known) -> str:
    """Return the asking agency's code, for counters."""
    return principal_of(known).agency


def service_of(known: Known) -> str:
    """Return the service's code, for counters; "unknown" before it is resolved."""
    resolved = resolved_of(known)
    return "unknown" if resolved is None else resolved.service.code
