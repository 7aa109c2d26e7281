"""Writes what is owed to the record, in order, each act once.

Three things together make it once.  Who drains holds a term, and every leaf rests on the right
``changes:drain`` at that term: a holder that was overtaken stores nothing more.  An act is claimed
before its leaf is offered.  After anything that leaves a claim in doubt, the record itself is asked
before the act is offered again.  Should a statement of a dead holder outlive even the pause at
takeover, the copy has the same id and the same bytes, and is recognised by them.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

import structlog

from gateway.audit.changes import ChangeLeaves, Due
from gateway.audit.entry import Entry, Receipt
from gateway.audit.leaf import Leaf, LeafTooLong
from gateway.audit.outbox import Outbox
from gateway.errors import AuditUnavailable
from gateway.rights import Right

BATCH = 64
LEASE_S = 10
PAUSE_S = 2.0  # at takeover: what the holder before has under way comes to its end
IDLE_S = 0.5
RIGHT = "changes:drain"

log = structlog.get_logger(__name__)


class Log(Protocol):
    """What this asks of the way into the record."""

    async def append(self, entry: Entry) -> Receipt:
        """Return once the record is durable."""
        ...

    def health(self) -> tuple[bool, dict[str, object]]:
        """Tell whether records become durable now."""
        ...


class Drain:
    """One process's hold on the outbox; several may try, one drains."""

    def __init__(
        self,
        outbox: Outbox,
        log: Log,
        leaves: ChangeLeaves,
        *,
        holder: str,
        pause_s: float = PAUSE_S,
        now: Callable[[], float] | None = None,
    ) -> None:
        """Prepare; nothing is taken yet.

        Args:
            outbox: what is owed.
            log: the way into the record.
            leaves: writes the leaf of an act.
            holder: names this process and nobody else, ever.
            pause_s: how long to wait after taking over from another holder.
            now: monotonic seconds; None for the loop's.
        """
        self._outbox = outbox
        self._log = log
        self._leaves = leaves
        self._holder = holder
        self._pause_s = pause_s
        self._now = now or asyncio.get_running_loop().time
        self._term: int | None = None
        self._doubt = True
        self._failed_at = float("-inf")
        self._stuck: set[int] = set()
        self.written = 0  # leaves since the start
        self.waiting = 0
        self.oldest_s = 0.0

    async def keep(self) -> None:
        """Drain until cancelled; a database that is away is tried again."""
        silent = False
        while True:
            try:
                written = await self.round()
                silent = False
            except Exception as away:  # noqa: BLE001 - whatever it is, what is owed stays owed
                if not silent:
                    log.warning("changes.not_written", error=type(away).__name__)
                written, silent = 0, True
            if not written:
                await asyncio.sleep(IDLE_S)

    async def round(self) -> int:
        """Write what is owed, at most one batch; return how many leaves became durable.

        Raises:
            Refusal: DATABASE_UNAVAILABLE.
            AuditUnavailable: a leaf could not be made durable; it is looked for before it is
                offered again.
            RightsGone: another process holds the outbox by now.
        """
        self.waiting, self.oldest_s = await self._outbox.waiting()
        if not await self._holds() or not await self._sure():
            return 0
        writer = str(self._log.health()[1]["writer"])
        self._doubt = True  # until every claim of this batch is marked
        batch = await self._outbox.claim(writer, BATCH, list(self._stuck))
        written: list[int] = []
        try:
            for due in batch:
                written += await self._write(due)
        finally:
            if written:
                await self._outbox.done(written)
        self._doubt = False
        return len(written)

    async def _holds(self) -> bool:
        term = await self._outbox.take(self._holder, LEASE_S)
        if term is not None and term != self._term:
            self._doubt = True
            await asyncio.sleep(self._pause_s)
        self._term = term
        return term is not None

    async def _sure(self) -> bool:
        """Ask the record about claims in doubt, once our own writer has proved where it stands."""
        if not self._doubt:
            return True
        is_well, facts = self._log.health()
        proved_at = self._now() - float(str(facts["last_commit_s"]))
        if not is_well or facts["trouble"] is not None or proved_at <= self._failed_at:
            return False
        recorded, free = await self._outbox.settle()
        if recorded or free:
            log.info("changes.settled", recorded=recorded, again=free)
        self._doubt = False
        return True

    async def _write(self, due: Due) -> list[int]:
        leaf = self._leaf(due)
        if leaf is None:
            return []
        rights = (Right(RIGHT, self._term or 0),)
        try:
            await self._log.append(Entry(body=leaf, rights=rights))
        except AuditUnavailable:
            self._failed_at = self._now()
            raise
        except LeafTooLong:
            self._set_aside(due)
            return []
        self.written += 1
        return [due.id]

    def _leaf(self, due: Due) -> Leaf | None:
        try:
            return self._leaves.leaf(due)
        except ValueError:
            self._set_aside(due)
            return None

    def _set_aside(self, due: Due) -> None:
        """Let the others go on; the act stays owed."""
        self._stuck.add(due.id)
        log.critical("changes.unspeakable", change=due.id)
