"""4. Legal basis first: the law in force carries the call, or a live consent does, or nothing."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime

from msgspec import Struct
from msgspec.structs import replace

from adapters.protocol import Subject
from auth.principals import Principal
from catalog.entries import AgencyKind, PersonalKind, PurposeKind
from catalog.snapshot import Snapshot
from gateway.consents.ages import ADULT, Standing, local_day, standing
from gateway.consents.grants import Grant, Representation
from gateway.consents.ground import ground
from gateway.consents.rules import Case, Ground, Ruling, highest, rule_on
from gateway.rights import (
    Right,
    agreement_right,
    official_right,
    service_right,
    system_right,
    token_right,
)
from gateway.stages.evidence import (
    Answered,
    Authorised,
    Consented,
    Decided,
    Resolved,
    Withheld,
)

MEMO_ENTRIES = 10_000  # decisions and classes remembered for one catalog revision

FindsGrants = Callable[[str, str, str, str], Awaitable[Sequence[Grant]]]
FindsRepresentation = Callable[[str], Awaitable[Representation | None]]
Spends = Callable[[str, int, datetime], Awaitable[None]]  # consent id, calls a day, instant
Names = Callable[[Subject, datetime], str | None]


class Classes(Struct, frozen=True):
    """What the dictionary says about a set of elements."""

    personal: PersonalKind
    sensitive: frozenset[str]


class Asks(Struct, frozen=True):
    """What the decision table looks at."""

    consumer: AgencyKind
    purpose: PurposeKind
    personal: PersonalKind
    person: Standing


class Consent:
    """Finds the ground of a call; reads grants only where the decision table asks for them."""

    def __init__(
        self,
        *,
        grants: FindsGrants,
        representation: FindsRepresentation,
        principal_ref: Names,
        spend: Spends,
    ) -> None:
        self._grants = grants
        self._representation = representation
        self._principal_ref = principal_ref
        self._spend = spend
        self._memo_of: Snapshot | None = None
        self._classes: dict[frozenset[str], Classes] = {}
        self._rulings: dict[Asks, Ruling] = {}
        self._memo_day: date | None = None

    async def __call__(self, authorised: Authorised) -> Consented:
        """Return the ground that carries *authorised*.

        Raises:
            Refusal: NO_LEGAL_BASIS, PURPOSE_NOT_COVERED, CONSENT_REQUIRED, CONSENT_WITHDRAWN,
                REPRESENTATIVE_REQUIRED, a need of the decision table that is not met, or QUOTA
                when the person allowed fewer calls a day.
        """
        asked = authorised.resolved.identified.asked
        return await self._decide(authorised, standing(asked.subject, asked.at))

    async def confirm(self, answered: Answered) -> Answered:
        """Decide again when the source knows the person to be a child or without capacity."""
        said = answered.record.subject_is
        if said == ADULT:
            return answered
        identified, decision = answered.consented.identified, answered.consented.decision
        asked = identified.asked
        before, after = standing(asked.subject, asked.at), standing(asked.subject, asked.at, said)
        if before == after:
            return answered
        resolved = Resolved(identified, decision.snapshot, decision.service)
        authorised = Authorised(resolved, decision.cover, answered.consented.balance)
        signed = answered.consented.signed
        decided = await self._decide(authorised, after)
        return replace(answered, consented=replace(decided, signed=signed))

    async def _decide(self, authorised: Authorised, person: Standing) -> Consented:
        resolved, cover = authorised.resolved, authorised.cover
        asked, snapshot = resolved.identified.asked, resolved.snapshot
        classes = self._classes_of(snapshot, cover.allowed)
        consumer = snapshot.agencies[cover.agreement.consumer]
        ruling = self._ruling_on(
            Asks(consumer.kind, cover.purpose.kind, classes.personal, person),
            snapshot,
            asked.at,
        )
        case = self._case(authorised, classes, person, ruling)
        grants = await self._grants_of(case) if ruling.asks_grants else ()
        acting = await self._acting(authorised, ruling)
        found = ground(case, ruling, snapshot.bases, grants, acting)
        consent = found.consent
        if consent is not None and consent.calls_per_day is not None:
            await self._spend(consent.id, consent.calls_per_day, asked.at)
        personal = ruling.asks_grants or ruling.asks_representation
        return _consented(authorised, found, personal=personal)

    def _ruling_on(self, asks: Asks, snapshot: Snapshot, at: datetime) -> Ruling:
        """Return the row that speaks; remembered for a day and a catalog, refusals are not."""
        day = local_day(at)
        if day != self._memo_day:
            self._memo_day, self._rulings = day, {}
        found = self._rulings.get(asks)
        if found is None:
            found = self._rulings[asks] = rule_on(
                snapshot.rules,
                consumer=asks.consumer,
                purpose=asks.purpose,
                personal=asks.personal,
                standing=asks.person,
                at=at,
            )
        return found

    def _classes_of(self, snapshot: Snapshot, allowed: frozenset[str]) -> Classes:
        if self._memo_of is not snapshot or len(self._classes) > MEMO_ENTRIES:
            self._memo_of, self._classes, self._rulings = snapshot, {}, {}
        found = self._classes.get(allowed)
        if found is None:
            kinds = {name: snapshot.elements[name].personal_kind for name in allowed}  # type: ignore[index]
            sensitive = frozenset(n for n, kind in kinds.items() if kind is PersonalKind.SENSITIVE)
            found = self._classes[allowed] = Classes(highest(kinds.values()), sensitive)
        return found

    def _case(
        self, authorised: Authorised, classes: Classes, person: Standing, ruling: Ruling
    ) -> Case:
        identified, cover = authorised.resolved.identified, authorised.cover
        asked = identified.asked
        named = ruling.asks_grants or ruling.asks_representation
        return Case(
            consumer=cover.agreement.consumer,
            service=authorised.resolved.service.code,
            purpose=cover.purpose.code,
            procedure=cover.procedure,
            dossier=asked.dossier,
            official=identified.principal.official is not None,
            scope_bases=cover.scope.bases,
            allowed=cover.allowed,
            sensitive=classes.sensitive,
            standing=person,
            principal_ref=self._principal_ref(asked.subject, asked.at) if named else None,
            at=asked.at,
        )

    async def _grants_of(self, case: Case) -> Sequence[Grant]:
        if case.principal_ref is None:
            return ()
        return await self._grants(case.principal_ref, case.consumer, case.purpose, case.service)

    async def _acting(self, authorised: Authorised, ruling: Ruling) -> Representation | None:
        wanted = authorised.resolved.identified.asked.representative
        if wanted is None or not ruling.asks_representation:
            return None
        return await self._representation(wanted)


def rights_of(principal: Principal) -> tuple[Right, ...]:
    """Return the rights of those who ask: the system, its token, the official behind it."""
    system = system_right(principal.client_id, principal.system_rev)
    token, official = token_right(principal.token_id), principal.official
    return (system, token) if official is None else (system, token, official_right(official.id))


def _consented(authorised: Authorised, found: Ground, *, personal: bool) -> Consented:
    resolved, cover = authorised.resolved, authorised.cover
    rights = (
        *rights_of(resolved.identified.principal),
        service_right(resolved.service.code, resolved.service.rev),
        agreement_right(cover.agreement.code, cover.agreement.rev),
        *found.rights,
    )
    withheld = tuple(Withheld(field, code) for field, code in found.withheld)
    decision = Decided(
        snapshot=resolved.snapshot,
        service=resolved.service,
        cover=cover,
        rule=found.carrier,
        basis=found.basis,
        consent_id=None if found.consent is None else found.consent.id,
        allowed=found.allowed,
        withheld=(*cover.withheld, *withheld),
        rights=rights,
        notice=found.notice,
        personal=personal,
    )
    return Consented(resolved.identified, decision, authorised.balance)
