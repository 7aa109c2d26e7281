"""Decides an access again from what its record names: versions, rules, consents; pure.

It does not repeat the stages of an exchange: it asks on its own whether what was released could be
released, with the same decision table and the catalog of that instant.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from random import SystemRandom

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from catalog.entries import (
    Agency,
    AgencyKind,
    Agreement,
    AgreementState,
    BasisCode,
    Element,
    LegalBasis,
    PersonalKind,
    Procedure,
    Purpose,
    PurposeKind,
    Scope,
    ServiceState,
    ServiceVersion,
)
from catalog.kinds import Kind
from gateway.audit.events import Event
from gateway.audit.leaf import Ground as Basis
from gateway.audit.leaf import Numbered, Target, parse
from gateway.consents.ages import ADULT, CHILD, INCAPABLE, Standing
from gateway.consents.grants import Grant, Representation
from gateway.consents.ground import ground
from gateway.consents.rules import Case, Ground, highest, rule_on
from gateway.errors import Refusal
from gateway.exports.columns import utc_time
from gateway.quota.windows import open_at
from gateway.verification.history import History
from gateway.verification.rows import Row

STANDINGS = (Standing(ADULT), Standing(CHILD), Standing(CHILD, assents=True), Standing(INCAPABLE))
ANSWERING = frozenset({ServiceState.PUBLISHED, ServiceState.DEPRECATED})
_ACCESS = b'"type":"access"'


class Undecidable(Exception):
    """What the decision rested on is no longer there; says what."""


class Disagreement(Exception):
    """The rules of that instant say something else; says what, in codes alone."""


class Sampler:
    """Keeps some accesses of all that pass, each as likely as any other."""

    def __init__(self, most: int) -> None:
        self.sample: list[Row] = []
        self._most = most
        self._seen = 0
        self._chance = SystemRandom()

    def take(self, row: Row) -> None:
        """Keep *row*, or not."""
        if not self._most or _ACCESS not in row.entry:
            return
        self._seen += 1
        if len(self.sample) < self._most:
            self.sample.append(row)
        elif (place := self._chance.randrange(self._seen)) < self._most:
            self.sample[place] = row


class Access(Struct, frozen=True):
    """What the record of one access says, once it says enough to be decided again."""

    leaf: Numbered
    basis: Basis
    target: Target
    at: datetime

    @property
    def consent(self) -> tuple[str, int] | None:
        """Return id and number of the last event of the consent that carried it."""
        if self.basis.consent is None:
            return None
        record, _, seq = self.basis.consent.rpartition("@")
        return record, int(seq)


class World(Struct, frozen=True):
    """The catalog at one instant, as far as one access needs it."""

    history: History
    at: datetime


def access_of(entry: bytes) -> Access | None:
    """Return the access that *entry* records; None for everything else, and what is unreadable."""
    try:
        leaf = parse(entry)
    except msgspec.DecodeError:
        return None
    if leaf.type is not Event.ACCESS or leaf.basis is None or leaf.target is None:
        return None
    return Access(leaf, leaf.basis, leaf.target, utc_time(leaf.ts))


def redecide(access: Access, history: History, grants: Sequence[Grant]) -> None:
    """Decide *access* again.

    Args:
        access: what was recorded.
        history: the catalog of all times.
        grants: the consent that the record names, as it stood then; empty for none.

    Raises:
        Disagreement: at no instant near that of the record do the rules allow it as recorded.
        Undecidable: a version that it names is gone.
    """
    refused: Disagreement | None = None
    unknown: Undecidable | None = None
    for at in history.instants(access.at):
        try:
            _decide(access, World(history, at), grants)
        except Disagreement as other:
            refused = refused or other
        except Undecidable as gone:  # at that instant; another may know it
            unknown = unknown or gone
        else:
            return
    if refused is not None:
        raise refused
    if unknown is not None:
        raise unknown


def _decide(access: Access, world: World, grants: Sequence[Grant]) -> None:
    agreement, service = _agreement(access, world), _service(access, world)
    purpose, procedure = _purpose(access, world), _procedure(access, world)
    _fields(access, world, service)
    refused: Disagreement | None = None
    for scope in agreement.scopes:
        try:
            allowed = _scope(access, scope, service, purpose, procedure)
            _ground(access, world, agreement, scope, purpose, procedure, allowed, grants)
        except Disagreement as other:
            refused = refused or other
        else:
            return
    raise refused or Disagreement("no line of the agreement names the service")


def _agreement(access: Access, world: World) -> Agreement:
    named, actor = access.basis.agreement, access.leaf.actor
    if named is None or actor is None:
        raise Disagreement("the record names no agreement, or nobody who asked")
    reference, _, digest = named.partition("#")
    code, _, rev = reference.rpartition("@")
    version = world.history.version(Kind.AGREEMENT, code, int(rev))
    if version is None:
        raise Undecidable(f"agreement {reference}")
    if not digest or not version.digest.startswith(digest):
        raise Disagreement(f"agreement {reference} has another text")
    found = world.history.restored(version, world.at)
    if not isinstance(found, Agreement):
        raise Undecidable(f"agreement {reference}")
    if found.consumer != actor.org or actor.client not in found.systems:
        raise Disagreement(f"agreement {reference} is not with this agency and system")
    if found.state is not AgreementState.ACTIVE:
        raise Disagreement(f"agreement {reference} was {found.state.value}")
    if not found.valid_from <= access.at < found.valid_to:
        raise Disagreement(f"agreement {reference} was not in force")
    return found


def _service(access: Access, world: World) -> ServiceVersion:
    code = access.target.service or ""
    found = world.history.entry(Kind.SERVICE, code, world.at, ServiceVersion)
    if found is None:
        raise Undecidable(f"service {code}")
    if (found.version, found.dataset, found.source) != (
        access.target.ver,
        access.target.dataset,
        access.target.src,
    ):
        raise Disagreement(f"service {code} was another version")
    if found.state not in ANSWERING or (found.sunset and found.sunset <= world.at):
        raise Disagreement(f"service {code} was {found.state.value}")
    return found


def _purpose(access: Access, world: World) -> Purpose:
    found = world.history.entry(Kind.PURPOSE, access.basis.purpose or "", world.at, Purpose)
    if found is None:
        raise Disagreement("the purpose was not in the catalog")
    return found


def _procedure(access: Access, world: World) -> Procedure | None:
    if access.basis.proc is None:
        return None
    found = world.history.entry(Kind.PROCEDURE, access.basis.proc, world.at, Procedure)
    if found is None:
        raise Disagreement("the procedure was not in the catalog")
    return found


def _fields(access: Access, world: World, service: ServiceVersion) -> None:
    asked, released = access.target.asked, access.target.fields
    if asked and not set(released) <= set(asked):
        raise Disagreement("a field was released that was not asked for")
    elements = [world.history.entry(Kind.ELEMENT, f, world.at, Element) for f in released]
    grades = [each.grade for each in elements if each is not None]
    if len(grades) < len(released):
        raise Disagreement("a field was released that the dictionary does not know")
    if max(grades, default=None) != access.target.sens:
        raise Disagreement("the grade in the record is not that of the fields")
    if not set(released) <= service.elements:
        raise Disagreement("a field was released that the service does not have")


def _scope(
    access: Access,
    scope: Scope,
    service: ServiceVersion,
    purpose: Purpose,
    procedure: Procedure | None,
) -> frozenset[str]:
    """Return the fields that *scope* lets out."""
    if scope.service != service.code:
        raise Disagreement("no line of the agreement names the service")
    if purpose.code not in scope.purposes:
        raise Disagreement("the agreement does not cover the purpose")
    has_case = procedure is not None and access.basis.dossier is not None
    if purpose.kind is PurposeKind.PROCEDURE and not has_case:
        raise Disagreement("the purpose needs a procedure and a dossier")
    if service.dossier_required and access.basis.dossier is None:
        raise Disagreement("the service needs a dossier")
    allowed = (frozenset(access.target.asked) or service.elements) & scope.elements
    allowed &= service.elements
    if procedure is not None:
        if scope.procedures and procedure.code not in scope.procedures:
            raise Disagreement("the agreement does not cover the procedure")
        allowed &= procedure.elements.get(service.code, frozenset())
    if not set(access.target.fields) <= allowed:
        raise Disagreement("a field was released outside agreement, service and procedure")
    if not open_at(scope.window, access.at):
        raise Disagreement("the agreement was not open at that hour")
    return frozenset(allowed)


def _ground(  # noqa: PLR0917 - one access against one line, with all that the rules ask for
    access: Access,
    world: World,
    agreement: Agreement,
    scope: Scope,
    purpose: Purpose,
    procedure: Procedure | None,
    allowed: frozenset[str],
    grants: Sequence[Grant],
) -> None:
    """Demand that the decision table lets one kind of person's data go on this very ground."""
    kinds = _kinds(world, allowed)
    consumer = world.history.entry(Kind.AGENCY, agreement.consumer, world.at, Agency)
    if consumer is None:
        raise Disagreement("the agency was not in the catalog")
    cited = {*scope.bases, *(procedure.bases if procedure else ())}
    bases = _bases(world, cited)
    case = Case(
        consumer=agreement.consumer,
        service=scope.service,
        purpose=purpose.code,
        procedure=procedure,
        dossier=access.basis.dossier,
        official=access.leaf.actor is not None and access.leaf.actor.user is not None,
        scope_bases=scope.bases,
        allowed=allowed,
        sensitive=frozenset(n for n, kind in kinds.items() if kind is PersonalKind.SENSITIVE),
        standing=STANDINGS[0],
        principal_ref=grants[0].principal_ref if grants else "nobody",
        at=access.at,
    )
    for standing in STANDINGS:  # records do not say how far the person stands for themselves
        asks = Asks(consumer.kind, purpose.kind, highest(kinds.values()), standing)
        decided = _decided(replace(case, standing=standing), asks, world, bases, grants)
        if decided is not None and _same(access, decided):
            return
    raise Disagreement("the decision table does not carry it on the ground that is recorded")


class Asks(Struct, frozen=True):
    """What the decision table looks at."""

    consumer: AgencyKind
    purpose: PurposeKind
    personal: PersonalKind
    standing: Standing


def _decided(
    case: Case,
    asks: Asks,
    world: World,
    bases: Mapping[BasisCode, LegalBasis],
    grants: Sequence[Grant],
) -> Ground | None:
    """Return what the rules say of *case*; None when they refuse."""
    try:
        ruling = rule_on(
            world.history.rules(world.at),
            consumer=asks.consumer,
            purpose=asks.purpose,
            personal=asks.personal,
            standing=asks.standing,
            at=case.at,
        )
        acting = _acting(case) if ruling.asks_representation else None
        return ground(case, ruling, bases, grants, acting)
    except Refusal:
        return None


def _kinds(world: World, fields: frozenset[str]) -> dict[str, PersonalKind]:
    found: dict[str, PersonalKind] = {}
    for name in fields:
        element = world.history.entry(Kind.ELEMENT, name, world.at, Element)
        if element is None:
            raise Disagreement("a field was not in the dictionary")
        found[name] = element.personal_kind
    return found


def _bases(world: World, cited: Iterable[BasisCode]) -> dict[BasisCode, LegalBasis]:
    found = {code: world.history.entry(Kind.BASIS, code, world.at, LegalBasis) for code in cited}
    return {code: each for code, each in found.items() if each is not None}


def _same(access: Access, decided: Ground) -> bool:
    law = None if decided.basis is None else decided.basis.code
    consent = None if decided.consent is None else (decided.consent.id, decided.consent.seq)
    return (
        decided.carrier.code == access.basis.policy
        and law == access.basis.law
        and consent == access.consent
        and set(access.target.fields) <= decided.allowed
    )


def _acting(case: Case) -> Representation:
    """Stand in for the representative, whom records do not name; the table is judged as if."""
    return Representation(
        id="not-recorded",
        rev=1,
        principal_ref=case.principal_ref or "",
        representative_ref="not-recorded",
        relation="parent",
        valid_to=case.at + timedelta(days=1),
        child_assent=True,
    )
