"""7. One record around all of it; durable before the reply.

A refusal of somebody known is a record too, durable before the 403.  What nobody has proven to
have asked is counted, so that a flood of noise cannot fill the log.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from typing import Protocol

from msgspec.structs import replace

from gateway.audit.entry import Entry, Receipt
from gateway.audit.prepared import Beside, Prepared
from gateway.errors import AuditUnavailable, Code, Refusal, RightsGone
from gateway.stages.evidence import Asked, Consented, Recorded, Released
from gateway.stages.known import Known, agency_of, service_of
from gateway.stages.leaves import Leaves
from gateway.stages.respond import compose, encode

Counts = Callable[[str, str, str], None]  # agency, service, code or "allow"
Keep = Callable[[Receipt, bytes, str], Awaitable[None]]  # what stands sealed beside a leaf

# What the loss of a right means to the caller, by the kind its key begins with.
LOST: dict[str, Code] = {
    "token": Code.TOKEN_REVOKED,
    "account": Code.OFFICIAL_REQUIRED,
    "consent": Code.CONSENT_WITHDRAWN,
    "representation": Code.REPRESENTATIVE_REQUIRED,
    "agreement": Code.AGREEMENT_SUSPENDED,
    "system": Code.APPLICATION_SUSPENDED,
    "service": Code.VERSION_RETIRED,
}


class Appends(Protocol):
    """The one way into the audit log."""

    async def append(self, entry: Entry) -> Receipt:
        """Return once the record is durable; raise RightsGone or AuditUnavailable."""
        ...


class Record:
    """Opens a trail for each question."""

    def __init__(
        self,
        *,
        log: Appends,
        leaves: Leaves,
        noise: Callable[[str, str], None],
        counts: Counts,
        live: Callable[[Collection[str]], Awaitable[frozenset[str]]],
        witnessed: Callable[[], bool],
        keep: Keep,
    ) -> None:
        self._log = log
        self._leaves = leaves
        self._noise = noise
        self._counts = counts
        self._live = live
        self._witnessed = witnessed
        self._keep = keep

    def __call__(self, asked: Asked) -> "Trail":
        """Return the trail of *asked*; nothing is written yet."""
        return Trail(self, asked)

    async def intent(self, consented: Consented) -> str:
        """Make a question durable before it is put; return the id of its leaf.

        Raises:
            Refusal: WITNESS_OVERDUE when nobody outside has seen the log for too long,
                AUDIT_UNAVAILABLE, or the code of the right that is gone.
        """
        if not self._witnessed():
            raise Refusal(Code.WITNESS_OVERDUE)
        leaf = self._leaves.intent(consented)
        receipt = await self._append(Entry(body=leaf, rights=consented.decision.rights))
        if leaf.beside is not None:
            asked = consented.identified.asked
            await self._kept(receipt, leaf.beside, asked.exchange_id)
        return leaf.id

    async def access(self, released: Released, intent: str | None = None) -> Recorded:
        """Make the release durable, judging once more every right it rests on.

        Args:
            released: what is about to leave.
            intent: the leaf that announced the question, for a strict service.

        Raises:
            Refusal: AUDIT_UNAVAILABLE, or the code of the right that is gone (promise P3).
        """
        reply = compose(released)
        body = encode(reply)
        leaf = (
            self._leaves.access(released, body)
            if intent is None
            else self._leaves.fulfilled(intent, released, body)
        )
        consented = released.answered.consented
        receipt = await self._append(Entry(body=leaf, rights=consented.decision.rights))
        if isinstance(leaf, Prepared) and leaf.beside is not None:
            await self._kept(receipt, leaf.beside, reply.exchange_id)
        self._counts(
            consented.identified.principal.agency, consented.decision.service.code, "allow"
        )
        return Recorded(released, replace(reply, receipt=receipt), body, intent or receipt.entry_id)

    async def undelivered(self, recorded: Recorded) -> None:
        """Follow an answer that could not be handed over with its outcome.

        The caller is gone: with the log away, the record says too much and never too little.
        """
        leaf = self._leaves.undelivered(recorded.access, recorded.reply.exchange_id)
        with suppress(AuditUnavailable):
            await self._log.append(Entry(body=leaf))

    async def _kept(self, receipt: Receipt, beside: Beside, exchange_id: str) -> None:
        """Store what the leaf commits to; without it nothing leaves, and nothing is asked."""
        try:
            await self._keep(receipt, beside.box, beside.epoch)
        except Refusal as refused:
            gone = self._leaves.undelivered(receipt.entry_id, exchange_id, refused.code)
            with suppress(AuditUnavailable):
                await self._log.append(Entry(body=gone))
            raise

    async def _append(self, entry: Entry) -> Receipt:
        try:
            return await self._log.append(entry)
        except RightsGone as gone:
            raise await self._loss(gone) from gone
        except AuditUnavailable as down:
            raise Refusal(Code.AUDIT_UNAVAILABLE) from down

    async def _loss(self, gone: RightsGone) -> Refusal:
        """Tell a right that ended from one that was merely renewed while the call was under way."""
        ended = set(gone.keys) - await self._live(gone.keys)
        for kind, code in LOST.items():
            if any(key.partition(":")[0] == kind for key in ended):
                return Refusal(code)
        return Refusal(Code.VERSION_CONFLICT)

    async def refusal(
        self, asked: Asked, known: Known | None, refused: Refusal, intent: str | None = None
    ) -> None:
        """Make the refusal durable, or count it when nobody has proven to have asked.

        A question that was announced is told to have ended without an answer, too.

        Raises:
            Refusal: AUDIT_UNAVAILABLE; even a no is not given without its record.
        """
        if known is None:
            self._noise(refused.code.value, asked.peer)
            return
        self._counts(agency_of(known), service_of(known), refused.code.value)
        if refused.code is Code.AUDIT_UNAVAILABLE:
            return  # the log could not take the release; it will not take the refusal
        named = refused.facts.get("service")
        service = named if isinstance(named, str) else None
        leaves = [self._leaves.deny(asked, known, refused.code, service)]
        if intent is not None:
            leaves.append(self._leaves.undelivered(intent, asked.exchange_id, refused.code))
        try:
            await asyncio.gather(*(self._log.append(Entry(body=leaf)) for leaf in leaves))
        except AuditUnavailable as down:
            raise Refusal(Code.AUDIT_UNAVAILABLE) from down


class Trail:
    """One exchange's hold on the log: how far it came (`latest`), and how it ended."""

    __slots__ = ("_asked", "_intent", "_record", "latest")

    def __init__(self, record: Record, asked: Asked) -> None:
        self._record = record
        self._asked = asked
        self._intent: str | None = None
        self.latest: Known | None = None

    async def announce(self, consented: Consented) -> Consented:
        """Have the question of a strict service on record before the source hears it.

        Raises:
            Refusal: WITNESS_OVERDUE, AUDIT_UNAVAILABLE, or the code of a right that is gone.
        """
        self._intent = await self._record.intent(consented)
        return consented

    def commit(self, released: Released) -> Awaitable[Recorded]:
        """Return the release once its record is durable."""
        return self._record.access(released, self._intent)

    async def refuse(self, refused: Refusal) -> None:
        """Record that the exchange ended without data, and why."""
        await self._record.refusal(self._asked, self.latest, refused, self._intent)
