"""Folds: one round reads what is new, judges it, grows the tree, signs, commits, then publishes.

Safety rests on the compare-and-swap of the tree's row alone: whoever finds another size, root or
term there has lost, rolls back, and has published nothing.  The lease only saves work.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

import structlog

from gateway.clock import Clock
from gateway.sequencing.edge import Edge, grow
from gateway.sequencing.guard import GuardUnreadable, Published
from gateway.sequencing.inspection import Log, inspect, signers_at
from gateway.sequencing.intake import Intake, Portion
from gateway.sequencing.rows import StoredCheckpoint, TreeHead
from gateway.sequencing.standing import Halt, Halted, Standing
from gateway.sequencing.store import Fenced, Round, Run, Store
from gateway.sequencing.watch import Watch
from gateway.tlog.checkpoints import Checkpoint
from gateway.tlog.notes import sign_note

log = structlog.get_logger(__name__)


class Step(StrEnum):
    """Where a round stands; tests die at each of them."""

    READ = "read"
    GROWN = "grown"
    SIGNED = "signed"
    COMMITTED = "committed"
    PUBLISHED = "published"


def _unwatched(_step: Step) -> None:
    """Let a round pass."""


class Sequencer:
    """Folds over one connection; after any failure of it, `open` again on a new one."""

    def __init__(
        self,
        store: Store,
        of: Log,
        clock: Clock,
        *,
        watch: Watch,
        round_records: int = 5_000,
        passed: Callable[[Step], None] = _unwatched,
    ) -> None:
        """Prepare; nothing is read.

        Args:
            store: where the tree is.
            of: the log that is signed.
            clock: the instant that checkpoints carry in the database.
            watch: what is known of troubled writers; outlives a connection.
            round_records: the most records of one round.
            passed: called after each step of a round.
        """
        self._store = store
        self._log = of
        self._clock = clock
        self._watch = watch
        self._intake = Intake(store, watch, most=round_records)
        self._passed = passed
        self._fenced: Fenced | None = None
        self._edge = Edge()
        self._known: Published | None = None
        self._through: datetime | None = None
        self._backlog = 0

    @property
    def term(self) -> int:
        """Return the term under which the tree was read; -1 before `open`."""
        return -1 if self._fenced is None else self._fenced.term

    @property
    def standing(self) -> Standing:
        """Return how it stands."""
        head = None if self._fenced is None else self._fenced.head
        return Standing(
            size=0 if head is None else head.size,
            signed_at=head.at if head and head.size else None,
            folded_through=self._through,
            backlog=self._backlog,
            stopped=self._watch.stopped,
        )

    async def open(self) -> TreeHead:
        """Read the tree, hold it against its tiles and against what was published; publish it.

        Raises:
            Halted: it may not be grown; nothing was changed.
            gateway.database.TROUBLES: the database is away.
        """
        seen = await inspect(self._store, self._log)
        head = seen.fenced.head
        self._known = seen.published
        if head.size and (seen.published is None or seen.published.size < head.size):
            await self._publish(head)
        self._fenced, self._edge = seen.fenced, seen.edge
        return head

    async def round(self) -> int:
        """Fold once; return how many records joined the tree, durable and signed.

        Raises:
            Halted: nothing may be signed; nothing was changed.
            Overtaken, Diverged: the tree is not as it was; nothing was changed.  `open` again.
            gateway.database.TROUBLES: unknown; `open` on a new
                connection tells.
        """
        if self._fenced is None:
            await self.open()
            return await self.round()
        began = self._clock()
        portion = await self._intake.portion(began, asyncio.get_running_loop().time())
        self._passed(Step.READ)
        self._backlog = portion.backlog
        if portion.finished:
            await self._store.mark_done(portion.finished)
        if portion.records:
            await self._fold(self._fenced, portion)
        if not portion.backlog:
            self._through = began
        return portion.records

    async def _fold(self, before: Fenced, portion: Portion) -> None:
        growth = grow(self._edge, [leaf for one in portion.prefixes for leaf in one.leaves])
        self._passed(Step.GROWN)
        signed = self._signed(before.head, growth.edge)
        self._passed(Step.SIGNED)
        runs = _runs(before.head.size, portion)
        await self._store.commit(Round(before, runs, growth.changed, signed))
        self._passed(Step.COMMITTED)
        head = TreeHead(signed.size, signed.root, signed.at)
        self._fenced, self._edge = Fenced(head, before.term), growth.edge
        await self._publish(head)
        self._passed(Step.PUBLISHED)

    def _signed(self, before: TreeHead, edge: Edge) -> StoredCheckpoint:
        now = self._clock()
        signers = signers_at(now, self._log, before)
        note = sign_note(Checkpoint(self._log.origin, edge.size, edge.root).text(), signers)
        at = max(now, before.at) if before.size else now
        return StoredCheckpoint(edge.size, edge.root, note, at)

    async def _publish(self, head: TreeHead) -> None:
        """Remember on this node's disk that the world may have seen *head*."""
        ended = () if self._known is None else self._known.before
        published = Published(self._log.origin, head.size, head.root, head.at, ended)
        try:
            await asyncio.to_thread(self._log.guard.write, published)
        except (GuardUnreadable, OSError) as full:
            raise Halted(Halt.GUARD, type(full).__name__) from full
        self._known = published


def _runs(size: int, portion: Portion) -> list[Run]:
    """Give the portion's records their indexes, writer after writer."""
    runs: list[Run] = []
    for before, prefix in zip(portion.before, portion.prefixes, strict=True):
        n = len(prefix.leaves)
        done = prefix.after.writer in portion.closing
        runs.append(Run(size, before.next_seq, n, prefix.after, done))
        size += n
    return runs
