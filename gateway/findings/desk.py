"""The one way to findings: each look and each judgement is on record before it counts."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import TypeAlias
from uuid import UUID

from auth.people import Person
from gateway.audit.acts import Acts, By
from gateway.audit.entry import Entry, Receipt
from gateway.audit.events import Changed, Event, Method
from gateway.audit.leaf import Change
from gateway.clock import Clock
from gateway.errors import Code, Refusal
from gateway.findings.finding import Finding, Judgement, State
from gateway.findings.finding_repository import FindingRepository, Wanted
from gateway.findings.reasons import reason_of
from gateway.search.lookups import Lookups

LIST_ROUTE = "/v1/findings"
ONE_ROUTE = "/v1/findings/{finding}"
CONFIRM_ROUTE = "/v1/findings/{finding}/confirm"
DISMISS_ROUTE = "/v1/findings/{finding}/dismiss"

Append: TypeAlias = Callable[[Entry], Awaitable[Receipt]]

_ACTS = {
    State.CONFIRMED: (Event.FINDING_CONFIRM, CONFIRM_ROUTE),
    State.DISMISSED: (Event.FINDING_DISMISS, DISMISS_ROUTE),
}


class FindingDesk:
    """Where auditors read and judge."""

    def __init__(
        self,
        repository: FindingRepository,
        lookups: Lookups,
        *,
        acts: Acts,
        append: Append,
        clock: Clock,
    ) -> None:
        self._repository = repository
        self._lookups = lookups
        self._acts = acts
        self._append = append
        self._clock = clock

    async def page(
        self,
        person: Person,
        wanted: Wanted,
        *,
        below: tuple[date, UUID] | None,
        limit: int,
        asked: bytes,
    ) -> list[Finding]:
        """Return findings once it is on record that *person* asked for them.

        Raises:
            Refusal: RATE_LIMITED, DATABASE_UNAVAILABLE.
            AuditUnavailable: the look could not be recorded.
        """
        await self._lookups.record(person, LIST_ROUTE, method=Method.GET, asked=asked)
        return await self._repository.page(wanted, below=below, limit=limit)

    async def one(self, person: Person, key: UUID) -> Finding:
        """Return one finding once the look is on record.

        Raises:
            Refusal: NOT_FOUND, or as `page`.
            AuditUnavailable: the look could not be recorded.
        """
        await self._lookups.record(person, ONE_ROUTE, method=Method.GET, asked=key.bytes)
        return await self._known(key)

    async def judge(
        self, person: Person, key: UUID, state: State, reason: str, raw: bytes
    ) -> Finding:
        """Confirm or dismiss an open finding, with the reason; return it as it is then.

        The leaf comes first, so that no judgement stands without one; when two people judge at the
        same instant, both acts are on record and the finding names the leaf of the one that counts.
        The reason stays in the finding's row: a leaf holds no text that a person wrote.

        Raises:
            ReasonRefused: the reason has not its form.
            Refusal: NOT_FOUND, MOVE_REFUSED when it was judged before, DATABASE_UNAVAILABLE.
            AuditUnavailable: it could not be recorded; the finding stays open.
        """
        plain = reason_of(reason)
        if (await self._known(key)).state is not State.OPEN:
            raise Refusal(Code.MOVE_REFUSED)
        event, route = _ACTS[state]
        leaf = self._acts.leaf(
            event,
            By(id=person.id, agency=person.agency, acr=person.acr),
            route=route,
            method=Method.POST,
            request=raw,
            change=Change(id=str(key), kind=Changed.FINDING),
        )
        await self._append(Entry(body=leaf))
        judgement = Judgement(by=person.id, at=self._clock(), reason=plain, entry=UUID(leaf.id))
        if not await self._repository.judge(key, state, judgement):
            raise Refusal(Code.MOVE_REFUSED)
        return await self._known(key)

    async def _known(self, key: UUID) -> Finding:
        found = await self._repository.one(key)
        if found is None:
            raise Refusal(Code.NOT_FOUND)
        return found
