"""What each outcome leaves in the log: from proofs to leaves, names and pseudonyms only.

Words of the wire never reach a leaf before the catalog knows them; a refusal that came before that
point simply says less.
"""

from typing import TypeVar

from msgspec.structs import replace

from adapters.protocol import Match, Subject
from auth.principals import Principal
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
from gateway.stages.evidence import Asked, Authorised, Consented, Released, Resolved
from gateway.stages.kinship import akin
from gateway.stages.known import Known, authorised_of, principal_of, resolved_of

MEMO_ENTRIES = 10_000
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
        answered = released.answered
        consented = answered.consented
        asked = consented.authorised.resolved.identified.asked
        mark, epoch = stamp(asked.at), epoch_of(asked.at)
        opening = self._pseudonyms.opening(mark.id, epoch)
        record = answered.record
        beside = _beside(consented, opening, epoch)
        found = Found(
            id=mark.id,
            ts=mark.ts,
            salt=mark.salt,
            ms=self._elapsed_ms(asked),
            n=0 if record.match is _NOBODY else 1,
            pseudonyms=self._names(asked.subject, record.current_so_dinh_danh, epoch),
            dossier=self._dossier(asked, epoch),
            digest=salted_digest(opening, asked.raw),
            request=asked.exchange_id,
            trace=words.trace_of(asked.traceparent),
            match=MATCHED[record.match],
            size=len(body),
            answer_digest=salted_digest(opening, body),
            detail=None if beside is None else salted_digest(opening, beside.box),
        )
        fields = tuple(released.values)
        official = consented.authorised.resolved.identified.principal.official
        is_named = official is not None and official.name is not None
        # Of one person, or of one signature: a form would never be used again.
        if is_named or consented.personal or beside is not None:
            kin = akin(official, asked.subject, released.values)
            return prepared(access(self._fixed(consented, fields, epoch, kin=kin), found), beside)
        return self._form(consented, fields, epoch).filled(found)

    def intent(self, consented: Consented) -> Prepared:
        """Return the record of a question that is about to be put: whether it is answered follows.

        It names every field that may leave, for nobody knows yet which the source has.
        """
        asked = consented.authorised.resolved.identified.asked
        mark, epoch = stamp(asked.at), epoch_of(asked.at)
        kin = akin(principal_of(consented).official, asked.subject, {})
        fixed = self._fixed(consented, tuple(sorted(consented.allowed)), epoch, kin=kin)
        opening = self._pseudonyms.opening(mark.id, epoch)
        beside = _beside(consented, opening, epoch)
        leaf = Leaf(
            id=mark.id,
            ts=mark.ts,
            salt=mark.salt,
            type=Event.ACCESS,
            op=Op.READ,
            det=None if beside is None else salted_digest(opening, beside.box),
            ms=self._elapsed_ms(asked),
            actor=fixed.actor,
            subj=self._subjects(asked.subject, epoch),
            target=fixed.target,
            basis=replace(fixed.basis, dossier=self._dossier(asked, epoch)),
            req=_request(asked, salted_digest(opening, asked.raw)),
            res=Result(delivered=Delivered.UNKNOWN),
        )
        return prepared(leaf, beside)

    def fulfilled(self, intent: str, released: Released, body: bytes) -> Leaf:
        """Return the record that the answer to the question of leaf *intent* is *body*."""
        answered = released.answered
        resolved = answered.consented.authorised.resolved
        asked, record = resolved.identified.asked, answered.record
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
            subj=subjects(epoch, self._names(asked.subject, record.current_so_dinh_danh, epoch)),
            target=self._target(resolved, tuple(released.values)),
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
        authorised, asked = consented.authorised, consented.authorised.resolved.identified.asked
        kind = (
            authorised.resolved.identified.principal.token_id,
            consented.rights,
            consented.rule.code,
            None if consented.basis is None else consented.basis.code,
            authorised.purpose.code,
            asked.procedure,
            authorised.resolved.snapshot.revision,
            asked.fields,
            fields,
            asked.route,
            epoch,
        )
        known = self._forms.get(kind)
        if known is None:
            known = Form(self._fixed(consented, fields, epoch))
            remember(self._forms, kind, known)
        return known

    def _fixed(
        self, consented: Consented, fields: tuple[str, ...], epoch: str, *, kin: bool | None = None
    ) -> Fixed:
        resolved = consented.authorised.resolved
        asked = resolved.identified.asked
        return Fixed(
            actor=self._actor(resolved.identified.principal, epoch, kin=kin),
            basis=_ground(consented),
            target=self._target(resolved, fields),
            epoch=epoch,
            method=METHODS.get(asked.method),
            route=asked.route,
        )

    def deny(self, asked: Asked, known: Known, code: Code) -> Leaf:
        """Return the leaf of an exchange that ended without data, with all that was proven."""
        mark, epoch = stamp(asked.at), epoch_of(asked.at)
        opening = self._pseudonyms.opening(mark.id, epoch)
        resolved, authorised, who = resolved_of(known), authorised_of(known), principal_of(known)
        return Leaf(
            id=mark.id,
            ts=mark.ts,
            salt=mark.salt,
            type=Event.DENY,
            op=Op.READ,
            ms=self._elapsed_ms(asked),
            actor=self._actor(who, epoch, kin=akin(who.official, asked.subject, {})),
            subj=self._subjects(asked.subject, epoch),
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
        passed = self._clock() - asked.at
        return max(0, (passed.days * 86_400 + passed.seconds) * 1000 + passed.microseconds // 1000)

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

    def _target(self, resolved: Resolved, fields: tuple[str, ...]) -> Target:
        service, asked = resolved.service, resolved.identified.asked.fields
        named = (service.code, resolved.snapshot.revision, asked, fields)
        known = self._targets.get(named)
        if known is None:
            known = _target(resolved, fields)
            remember(self._targets, named, known)
        return known

    def _subjects(self, subject: Subject, epoch: str) -> Subjects | None:
        names = self._names(subject, None, epoch)
        return subjects(epoch, names) if names else None

    def _names(self, subject: Subject, successor: str | None, epoch: str) -> tuple[str, ...]:
        named = identifier_of(subject)
        if named is None:
            return ()
        name = self._pseudonyms.of(*named, epoch)
        if successor is None:
            return (name,)
        return name, self._pseudonyms.of(_CITIZEN, successor, epoch)

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


def _beside(consented: Consented, opening: bytes, epoch: str) -> Beside | None:
    """Seal what shows that the caller signed this question: its token is part of what it signed."""
    if consented.signed is None:
        return None
    return Beside(sealed(opening, consented.signed.evidence.encoded()), epoch)


def _ground(consented: Consented) -> Ground:
    """Return what carried the call; the dossier is another each time."""
    authorised, basis = consented.authorised, consented.basis
    consent = next((r for r in consented.rights if r.key.startswith("consent:")), None)
    named = None if consent is None else consent.key.partition(":")[2]
    return Ground(
        decision=Decision.ALLOW,
        agreement=_agreement(authorised),
        consent=None if consent is None else words.reference(str(named), consent.rev),
        law=None if basis is None else basis.code,
        policy=consented.rule.code,
        purpose=authorised.purpose.code,
        proc=_procedure(authorised),
    )
