"""What each outcome leaves in the log: from proofs to leaves, names and pseudonyms only.

Words of the wire never reach a leaf before the catalog knows them; a refusal that came before that
point simply says less.
"""

from datetime import timedelta
from typing import TypeVar

from msgspec.structs import replace

from adapters.protocol import Match, Subject
from auth.principals import Principal
from catalog.entries import ServiceVersion
from catalog.snapshot import Snapshot
from gateway.audit import words
from gateway.audit.details import sealed
from gateway.audit.events import Decision, Delivered, Event, Matched, Method, Op
from gateway.audit.leaf import (
    Actor,
    Ground,
    Leaf,
    Request,
    Result,
    Subjects,
    Target,
    outcome,
    salted_digest,
    subjects,
)
from gateway.audit.prepared import Beside, Fixed, Form, Found, Prepared, access, prepared
from gateway.audit.pseudonyms import Pseudonyms, Scheme, epoch_of
from gateway.audit.stamps import stamp
from gateway.clock import Clock
from gateway.errors import Code
from gateway.problems import PROBLEMS
from gateway.stages.evidence import Asked, Consented, Cover, Decided, Released, Resolved
from gateway.stages.kinship import akin
from gateway.stages.known import Known, cover_of, principal_of, resolved_of

MEMO_ENTRIES = 10_000
_MILLISECOND = timedelta(milliseconds=1)
METHODS = {method.value: method for method in Method}
# A name costs less than a look into an enumeration, and these are needed for each record.
_NOBODY, _DOSSIER = Match.NOT_A_PERSON, Scheme.DOSSIER
_CITIZEN, _OLD_CARD, _INSURANCE = Scheme.CITIZEN, Scheme.OLD_CARD, Scheme.INSURANCE
_CERTIFICATE, _PARCEL = Scheme.CERTIFICATE, Scheme.PARCEL
MATCHED = {match: Matched(match.value) for match in Match}

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
        self._forms: dict[tuple[object, ...], Form] = {}

    def access(self, released: Released, body: bytes) -> Prepared:
        """Return the record of a release whose answer will be *body* and the receipt.

        Raises:
            NotAllowedInLeaf: the question names nobody and nothing.
        """
        consented, record = released.answered.consented, released.answered.record
        asked, official = consented.identified.asked, consented.identified.principal.official
        mark, epoch = stamp(asked.at), epoch_of(asked.at)
        opening = self._pseudonyms.opening(mark.id, epoch)
        found = Found(
            dossier=self._dossier(asked, epoch),
            id=mark.id,
            ms=self._elapsed_ms(asked),
            n=0 if record.match is _NOBODY else 1,
            digest=salted_digest(opening, asked.raw),
            request=asked.exchange_id,
            trace=words.trace_of(asked.traceparent),
            size=len(body),
            answer_digest=salted_digest(opening, body),
            match=MATCHED[record.match],
            salt=mark.salt,
            person=self._person(asked.subject, epoch) or "",
            successor=self._citizen(record.current_so_dinh_danh, epoch),
            ts=mark.ts,
        )
        fields = tuple(released.values)
        is_named = official is not None and official.name is not None
        # Of one person, or of one signature: a form would never be used again.
        if is_named or consented.decision.personal or consented.signed is not None:
            beside = _beside(consented, opening, epoch)
            kin = akin(official, asked.subject, released.values)
            leaf = access(self._fixed(consented, fields, epoch, kin=kin), found)
            return prepared(replace(leaf, det=_commitment(opening, beside)), beside)
        form = consented.decision.drawn.get((asked.route, fields))
        return (form or self._form(consented, fields, epoch)).filled(found)

    def intent(self, consented: Consented) -> Prepared:
        """Return the record of a question that is about to be put: whether it is answered follows.

        It names every field that may leave, for nobody knows yet which the source has.
        """
        asked = consented.identified.asked
        mark, epoch = stamp(asked.at), epoch_of(asked.at)
        kin = akin(principal_of(consented).official, asked.subject, {})
        fixed = self._fixed(consented, tuple(sorted(consented.decision.allowed)), epoch, kin=kin)
        opening = self._pseudonyms.opening(mark.id, epoch)
        beside = _beside(consented, opening, epoch)
        leaf = Leaf(
            id=mark.id,
            ts=mark.ts,
            salt=mark.salt,
            type=Event.ACCESS,
            op=Op.READ,
            det=_commitment(opening, beside),
            ms=self._elapsed_ms(asked),
            actor=fixed.actor,
            subj=self._subjects(asked.subject, None, epoch),
            target=fixed.target,
            basis=replace(fixed.basis, dossier=self._dossier(asked, epoch)),
            req=_request(asked, salted_digest(opening, asked.raw)),
            res=Result(delivered=Delivered.UNKNOWN),
        )
        return prepared(leaf, beside)

    def fulfilled(self, intent: str, released: Released, body: bytes) -> Leaf:
        """Return the record that the answer to the question of leaf *intent* is *body*."""
        consented, record = released.answered.consented, released.answered.record
        asked = consented.identified.asked
        mark, epoch = stamp(self._clock()), epoch_of(asked.at)
        opening = self._pseudonyms.opening(mark.id, epoch)
        return Leaf(
            id=mark.id,
            ts=mark.ts,
            salt=mark.salt,
            type=Event.ACCESS_OUTCOME,
            of=intent,
            n=0 if record.match is _NOBODY else 1,
            ms=self._elapsed_ms(asked),
            subj=self._subjects(asked.subject, record.current_so_dinh_danh, epoch),
            target=self._target(consented.decision, asked, tuple(released.values)),
            req=Request(id=asked.exchange_id),
            res=Result(
                status=200,
                match=MATCHED[record.match],
                bytes=len(body),
                rows=1,
                d=salted_digest(opening, body),
                delivered=Delivered.YES,
            ),
        )

    def undelivered(self, of: str, exchange_id: str, code: Code | None = None) -> Leaf:
        """Return the record that nothing left of the access *of*, and why when it was refused."""
        leaf = outcome(stamp(self._clock()), of, exchange_id, Delivered.NO)
        if code is None:
            return leaf
        status = PROBLEMS[code].status
        return replace(leaf, res=Result(status=status, delivered=Delivered.NO))

    def _form(self, consented: Consented, fields: tuple[str, ...], epoch: str) -> Form:
        """Return the form of this kind of access; made once for each kind and catalog."""
        identified, decision = consented.identified, consented.decision
        asked = identified.asked
        kind = (
            identified.principal.token_id,
            decision.rights,
            decision.rule.code,
            None if decision.basis is None else decision.basis.code,
            decision.cover.purpose.code,
            asked.procedure,
            decision.snapshot.revision,
            asked.fields,
            fields,
            asked.route,
            epoch,
        )
        known = self._forms.get(kind)
        if known is None:
            known = Form(self._fixed(consented, fields, epoch))
            remember(self._forms, kind, known)
        decision.drawn[asked.route, fields] = known
        return known

    def _fixed(
        self, consented: Consented, fields: tuple[str, ...], epoch: str, *, kin: bool | None = None
    ) -> Fixed:
        asked, principal = consented.identified.asked, consented.identified.principal
        return Fixed(
            actor=self._actor(principal, epoch, kin=kin),
            basis=_ground(consented.decision),
            target=self._target(consented.decision, asked, fields),
            epoch=epoch,
            method=METHODS.get(asked.method),
            route=asked.route,
        )

    def deny(self, asked: Asked, known: Known, code: Code, service: str | None = None) -> Leaf:
        """Return the leaf of an exchange that ended without data, with all that was proven.

        Args:
            asked: the question.
            known: how far it came.
            code: why it went no further.
            service: the catalog's code of a service whose door the question did not pass.
        """
        mark, epoch = stamp(asked.at), epoch_of(asked.at)
        opening = self._pseudonyms.opening(mark.id, epoch)
        resolved, cover, who = resolved_of(known), cover_of(known), principal_of(known)
        return Leaf(
            id=mark.id,
            ts=mark.ts,
            salt=mark.salt,
            type=Event.DENY,
            op=Op.READ,
            ms=self._elapsed_ms(asked),
            actor=self._actor(who, epoch, kin=akin(who.official, asked.subject, {})),
            subj=self._subjects(asked.subject, None, epoch),
            target=_closed(service) if resolved is None else self._target(resolved, asked, ()),
            basis=Ground(
                decision=Decision.DENY,
                reasons=(code,),
                dossier=self._dossier(asked, epoch),
                purpose=None if cover is None else cover.purpose.code,
                proc=_procedure(cover),
                agreement=None if cover is None else _agreement(cover),
            ),
            req=_request(asked, salted_digest(opening, asked.raw)),
            res=Result(status=PROBLEMS[code].status, delivered=Delivered.NO),
        )

    def _elapsed_ms(self, asked: Asked) -> int:
        return max(0, (self._clock() - asked.at) // _MILLISECOND)

    def _actor(self, principal: Principal, epoch: str, *, kin: bool | None) -> Actor:
        official = principal.official
        if official is None:
            return self._system(principal.agency, principal.client_id, principal.binding)
        return Actor(
            org=principal.agency,
            client=principal.client_id,
            cnf=principal.binding,
            user=self._pseudonyms.of(Scheme.OFFICIAL, official.id, epoch),
            acr=official.acr,
            amr=official.amr,
            kin=kin,
        )

    def _system(self, agency: str, client_id: str, key: str | None) -> Actor:
        known = self._actors.get((agency, client_id, key))
        if known is None:
            known = Actor(org=agency, client=client_id, cnf=key)
            remember(self._actors, (agency, client_id, key), known)
        return known

    def _target(self, found: Resolved | Decided, asked: Asked, fields: tuple[str, ...]) -> Target:
        service, snapshot = found.service, found.snapshot
        named = (service.code, snapshot.revision, asked.fields, fields)
        known = self._targets.get(named)
        if known is None:
            known = _target(service, snapshot, asked.fields, fields)
            remember(self._targets, named, known)
        return known

    def _subjects(self, subject: Subject, successor: str | None, epoch: str) -> Subjects | None:
        person, follower = self._person(subject, epoch), self._citizen(successor, epoch)
        if person is None:
            return None
        return subjects(epoch, (person,) if follower is None else (person, follower))

    def _person(self, subject: Subject, epoch: str) -> str | None:
        """Return the pseudonym of whom or what *subject* names, None when it names nothing."""
        named = identifier_of(subject)
        return None if named is None else self._pseudonyms.of(*named, epoch)

    def _citizen(self, so_dinh_danh: str | None, epoch: str) -> str | None:
        if so_dinh_danh is None:
            return None
        return self._pseudonyms.of(_CITIZEN, so_dinh_danh, epoch)

    def _dossier(self, asked: Asked, epoch: str) -> str | None:
        if asked.dossier is None:
            return None
        return self._pseudonyms.of(_DOSSIER, asked.dossier, epoch)


def remember(memo: dict[Key, Value], key: Key, value: Value) -> None:
    """Keep *value*; start anew when the memo is full, for what repeats comes back soon."""
    if len(memo) >= MEMO_ENTRIES:
        memo.clear()
    memo[key] = value


def identifier_of(subject: Subject) -> tuple[Scheme, str] | None:
    """Return the strongest identifier that *subject* names, None when it names nothing."""
    if subject.so_dinh_danh is not None:
        return _CITIZEN, subject.so_dinh_danh
    if subject.so_cmnd is not None:
        return _OLD_CARD, subject.so_cmnd
    if subject.ma_so_bhxh is not None:
        return _INSURANCE, subject.ma_so_bhxh
    if subject.so_phat_hanh is not None:
        return _CERTIFICATE, subject.so_phat_hanh
    if subject.so_thua is not None:
        return _PARCEL, f"{subject.ma_xa}/{subject.so_to}/{subject.so_thua}"
    return None


def _target(
    service: ServiceVersion, snapshot: Snapshot, asked: tuple[str, ...], fields: tuple[str, ...]
) -> Target:
    return Target(
        dataset=service.dataset,
        service=service.code,
        ver=service.version,
        src=service.source,
        asked=asked,
        fields=fields,
        sens=_grade(snapshot, fields),
    )


def _closed(service: str | None) -> Target | None:
    return None if service is None else Target(service=service)


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


def _agreement(cover: Cover) -> str:
    agreement = cover.agreement
    return words.reference(agreement.code, agreement.rev, agreement.digest)


def _procedure(cover: Cover | None) -> str | None:
    return None if cover is None or cover.procedure is None else cover.procedure.code


def _beside(consented: Consented, opening: bytes, epoch: str) -> Beside | None:
    """Seal what shows that the caller signed this question: its token is part of what it signed."""
    if consented.signed is None:
        return None
    return Beside(sealed(opening, consented.signed.evidence.encoded()), epoch)


def _commitment(opening: bytes, beside: Beside | None) -> str | None:
    return None if beside is None else salted_digest(opening, beside.box)


def _ground(decision: Decided) -> Ground:
    """Return what carried the call; the dossier is another each time."""
    cover, basis = decision.cover, decision.basis
    consent = next((r for r in decision.rights if r.key.startswith("consent:")), None)
    named = None if consent is None else consent.key.partition(":")[2]
    return Ground(
        decision=Decision.ALLOW,
        agreement=_agreement(cover),
        consent=None if consent is None else words.reference(str(named), consent.rev),
        law=None if basis is None else basis.code,
        policy=decision.rule.code,
        purpose=cover.purpose.code,
        proc=_procedure(cover),
    )
