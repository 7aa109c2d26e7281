"""One exchange, stage by stage: start reading here.

An agency's system asks; the gateway decides on a legal basis, asks the right register, lets only
the permitted fields out, and writes evidence before anything leaves.  Each stage takes the proof
of the stage before it, so a wrong order is a type error.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from catalog.entries import Signing
from gateway.errors import Code, Refusal
from gateway.quota.ledger import Balance
from gateway.stages.evidence import (
    Answered,
    Asked,
    Authorised,
    Consented,
    Cover,
    Identified,
    Recorded,
    Resolved,
)
from gateway.stages.minimise import minimise
from gateway.stages.record import Trail
from gateway.stages.settled import Settled

UNSIGNED = Signing.NONE


class Decides(Protocol):
    """The stage that also counts: a decision taken before still spends its quota."""

    async def __call__(self, resolved: Resolved) -> Authorised:
        """Return the agreement line that covers the question; raise Refusal."""
        ...

    async def spend(self, identified: Identified, cover: Cover) -> Balance | None:
        """Count one call, return what is left; raise Refusal."""
        ...


class Records(Protocol):
    """The log, as one exchange after the other uses it."""

    def __call__(self, asked: Asked) -> Trail:
        """Open the trail of one question."""
        ...

    async def undelivered(self, recorded: Recorded) -> None:
        """Follow an answer that could not be handed over with its outcome."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Runs the stages in the only order the types allow."""

    authenticate: Callable[[Asked], Awaitable[Identified]]
    resolve: Callable[[Identified], Resolved]
    authorise: Decides
    consent: Callable[[Authorised], Awaitable[Consented]]
    signed: Callable[[Consented], Awaitable[Consented]]
    settled: Settled
    route: Callable[[Consented], Awaitable[Answered]]
    record: Records

    async def __call__(self, asked: Asked) -> Recorded:
        """Answer one request for data; raise Refusal when nothing may leave."""
        trail = self.record(asked)
        try:
            trail.latest = identified = await self.authenticate(asked)
            trail.latest = consented = await self._decided(trail, identified)
            decision = consented.decision
            if decision.cover.agreement.signing is not UNSIGNED:
                trail.latest = consented = await self.signed(consented)
            if decision.service.strict:
                await trail.announce(consented)  # no record, no question
            trail.latest = answered = await self.route(consented)
            trail.latest = released = minimise(answered)
            return await trail.commit(released)  # no record, no data
        except Refusal as refused:
            await trail.refuse(refused)  # a refusal is an outcome, recorded like any other
            raise
        except Exception as fault:
            await trail.refuse(Refusal(Code.INTERNAL))
            raise Refusal(Code.INTERNAL) from fault

    async def _decided(self, trail: Trail, identified: Identified) -> Consented:
        """Decide, or remember what was decided this second for the same kind of question."""
        decision = self.settled.recall(identified)
        if decision is not None:
            if not decision.cover.is_counted:
                return Consented(identified, decision)
            trail.latest = Resolved(identified, decision.snapshot, decision.service)
            balance = await self.authorise.spend(identified, decision.cover)
            return Consented(identified, decision, balance)
        trail.latest = resolved = self.resolve(identified)
        trail.latest = authorised = await self.authorise(resolved)
        return self.settled.keep(await self.consent(authorised))

    async def turn_away(self, asked: Asked, refused: Refusal) -> None:
        """Record a refusal that came before the stages, by whoever the token proves.

        Raises:
            Refusal: AUDIT_UNAVAILABLE; even a no is not given without its record.
        """
        trail = self.record(asked)
        if refused.code is not Code.OVERLOADED:  # a full worker counts, it takes on nothing more
            with suppress(Refusal):  # nobody: counted, not recorded
                trail.latest = await self.authenticate(asked)
        await trail.refuse(refused)

    async def undelivered(self, recorded: Recorded) -> None:
        """Record that the caller was gone when its answer was ready."""
        await self.record.undelivered(recorded)
