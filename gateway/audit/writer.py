"""The only way in: this process's records, committed in groups, durable before anything leaves."""

import asyncio
from collections.abc import Callable
from itertools import chain
from typing import TypeAlias

import structlog

from gateway.audit.chain import Linked
from gateway.audit.entry import Entry, Receipt
from gateway.audit.events import Delivered
from gateway.audit.journal import Journal, LaneSettings, Lost, Refused
from gateway.audit.lane import Diverged, UnsafeDatabase
from gateway.audit.leaf import LONGEST_ENTRY_BYTES, LeafTooLong, outcome
from gateway.audit.prepared import Prepared, prepared
from gateway.audit.stamps import stamp_now
from gateway.audit.waiting import Pending, Waiting
from gateway.cancelling import cancelled
from gateway.clock import Clock
from gateway.errors import AuditUnavailable, RightsGone
from gateway.rights import Right

PROBE_S = 2.0  # an idle writer proves this often that a commit still works
STALE_S = 5.0  # no commit and no probe for so long: not ready
TROUBLE_S = 1.0  # shorter troubles heal without a change of readiness
HANG = 5  # times the limit: a connection silent for so long is cut
NUMBER_BYTES = 300  # room that `v` and `w` take in an entry, at most

Observed: TypeAlias = Callable[[int, float], None]  # records, seconds from append to durable

log = structlog.get_logger(__name__)


def _unobserved(_records: int, _seconds: float) -> None:
    """Measure nothing."""


class AuditWriter:
    """Appends records: bounded queue, one flusher, one batch in flight.

    While a batch commits the next one gathers, so the size of a batch follows the load without a
    timer.  A record is told durable only after COMMIT has returned.
    """

    def __init__(
        self,
        dsn: str,
        *,
        node: str,
        clock: Clock,
        queue_records: int = 2_000,
        timeout_s: float = 2.0,
        max_batch: int = 512,
        max_batch_bytes: int = 262_144,
        synchronous_commit: str = "on",
        allow_unsafe_database: bool = False,
        observed: Observed = _unobserved,
    ) -> None:
        """Prepare; nothing is opened.

        Args:
            dsn: the database; the connection acts as role ``motlan_append``.
            node: a code for this process slot, such as ``gw1.0``; successors name it.
            clock: the instant that leaves claim, and the day a writer belongs to.
            queue_records: the most records that may wait.
            timeout_s: the longest that `append` takes, seconds.
            max_batch: the most records of one commit.
            max_batch_bytes: the most bytes of one commit, unless one record alone is larger.
            synchronous_commit: the weakest durability to accept; ``on`` or ``remote_apply``.
            allow_unsafe_database: tests only, to show that the checks matter.
            observed: called after each commit.
        """
        self._clock = clock
        self._timeout_s = timeout_s
        self._max_batch = max_batch
        self._max_batch_bytes = max_batch_bytes
        self._observed = observed
        self._waiting = Waiting(queue_records)
        self._settings = LaneSettings(
            dsn=dsn,
            node=node,
            synchronous_commit=synchronous_commit,
            connect_timeout_s=timeout_s,
            allow_unsafe_database=allow_unsafe_database,
        )
        self._idle: asyncio.Future[None] | None = None  # what a flusher without work waits for
        self._flight: list[Pending] = []
        self._task: asyncio.Task[None] | None = None
        self._tick_handle: asyncio.TimerHandle | None = None
        self._tick_due = 0.0
        self._accepting = False
        self._busy_at: float | None = None
        self._proved_at = 0.0
        self._trouble: str | None = None
        self._trouble_at = 0.0

    @property
    def backlog(self) -> int:
        """Return how many records wait or are on their way."""
        return len(self._waiting) + len(self._flight)

    @property
    def commit_age_s(self) -> float:
        """Return how long ago a commit, or an idle log's probe of one, worked; once started.

        For any thread: it reads the loop's clock and needs no running loop.
        """
        return self._loop.time() - self._proved_at

    async def start(self) -> None:
        """Connect, judge the database, open today's sequence, then take records.

        Raises:
            UnsafeDatabase: fsync or full_page_writes is off, or synchronous_commit too weak.
            AuditUnavailable: the database cannot be reached or refuses us.
        """
        self._loop = asyncio.get_running_loop()
        self._journal = Journal(self._settings, self._clock, self._loop.time)
        try:
            await asyncio.wait_for(self._journal.settle(), HANG * self._timeout_s)
        except (Lost, Refused, TimeoutError) as down:
            self._journal.cut()
            raise AuditUnavailable from down
        self._proved()
        self._accepting = True
        self._task = self._loop.create_task(self._flush_until_closed(), name="audit flusher")
        self._tick_due = self._loop.time()
        self._tick()

    async def append(self, entry: Entry) -> Receipt:
        """Return once the record is durable and every right of *entry* was live at that instant.

        Raises:
            RightsGone: some right is not live at the named revision; nothing was recorded.
            AuditUnavailable: the queue is full, or the commit took longer than the limit.
            LeafTooLong: the record cannot be stored.
        """
        if not self._accepting:
            raise AuditUnavailable
        given = entry.body
        ready = given if isinstance(given, Prepared) else prepared(given)
        if len(ready.content) > LONGEST_ENTRY_BYTES - NUMBER_BYTES:
            raise LeafTooLong(len(ready.content))
        future: asyncio.Future[Receipt] = self._loop.create_future()
        pending = Pending(ready, entry.rights, future, self._loop.time())
        if not self._waiting.offer(pending):
            raise AuditUnavailable
        self._rouse()
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():  # durable, but nobody heard of it
                self._owe([pending])
            raise

    def health(self) -> tuple[bool, dict[str, object]]:
        """Tell whether records become durable now, and what is known about it."""
        now = asyncio.get_running_loop().time()
        age = now - self._proved_at
        troubled = self._trouble is not None and now - self._trouble_at > TROUBLE_S
        ok = self._accepting and age <= STALE_S and not troubled
        position = self._journal.position if self._task else None
        return ok, {
            "backlog": self.backlog,
            "connected": self._task is not None and self._journal.connected,
            "healed": self._journal.healed if self._task else 0,
            "last_commit_s": round(age, 3),
            "synchronous_commit": self._journal.promise if self._task else None,
            "trouble": self._trouble,
            "writer": position.writer if position else None,
        }

    async def aclose(self) -> None:
        """Take no more, commit what waits within the limit, close the sequence."""
        self._accepting = False
        task, self._task = self._task, None
        if task is None:
            return
        self._rouse()
        done, _ = await asyncio.wait({task}, timeout=self._timeout_s)
        if not done:
            await cancelled(task)
        if self._tick_handle is not None:
            self._tick_handle.cancel()
        self._waiting.expire(float("inf"))
        self._fail_flight()
        self._journal.cut()

    async def _flush_until_closed(self) -> None:
        pause_s = 0.0
        while self._accepting or len(self._waiting):
            try:
                await self._turn()
                pause_s = 0.0
            except Diverged as diverged:
                self._accepting = False  # fail closed: a person must look
                self._stumble("diverged")
                log.critical("audit.diverged", reason=str(diverged))
                return
            except (Lost, Refused, UnsafeDatabase) as trouble:
                self._stumble(type(trouble).__name__.lower())
                log.warning(
                    "audit.commit_failed", error=type(trouble.__cause__ or trouble).__name__
                )
                pause_s = min(1.0, max(0.05, pause_s * 2))
            except Exception:  # a fault of ours must not end the log unheard
                self._fail_flight()
                self._stumble("fault")
                log.exception("audit.flusher_fault")
                pause_s = min(1.0, max(0.05, pause_s * 2))
            finally:
                self._busy_at = None
            if pause_s:
                await asyncio.sleep(pause_s)
        await self._finish()

    async def _turn(self) -> None:
        """Commit one batch, or prove with an idle database that one could be committed."""
        if not len(self._waiting) and not self._trouble:
            self._idle = self._loop.create_future()
            await self._idle
        self._busy_at = self._loop.time()
        await self._journal.settle()
        batch = self._waiting.gather(self._max_batch, self._max_batch_bytes)
        if batch:
            await self._commit(batch)
        elif self._loop.time() - self._proved_at >= PROBE_S or self._trouble:
            await self._journal.probe()
        else:
            return
        self._proved()

    async def _commit(self, batch: list[Pending]) -> None:
        """Store *batch* less those whose rights are gone; tell everybody how it went."""
        while batch:
            self._flight = batch
            rights = all_rights(batch)
            try:
                stored = await self._journal.append([one.of.content for one in batch], rights)
            except Refused:
                self._fail_flight()
                self._waiting.put_first(one for one in batch if one.future is None)
                raise
            except Lost:
                self._fail_flight()
                self._owe(batch)
                raise
            if isinstance(stored, Linked):
                self._flight = []
                self._acknowledge(batch, stored)
                return
            batch = turn_away(batch, {rights[place] for place in stored})
        self._flight = []

    def _acknowledge(self, batch: list[Pending], stored: Linked) -> None:
        writer, first = stored.first.writer, stored.first.seq
        unheard: list[Pending] = []
        for seq, (one, leaf) in enumerate(zip(batch, stored.leaves, strict=True), first):
            if one.future is None:
                continue
            if one.future.done():
                unheard.append(one)
            else:
                one.future.set_result(
                    Receipt(entry_id=one.of.id, writer=writer, seq=seq, leaf=leaf.hex())
                )
        if unheard:
            self._owe(unheard)
        self._observed(len(batch), self._loop.time() - batch[0].at)

    def _owe(self, unheard: list[Pending]) -> None:
        """Follow accesses that will be on record and were not delivered with their outcome."""
        leaves = [
            outcome(stamp_now(self._clock), one.of.follows, one.of.request, Delivered.NO)
            for one in unheard
            if one.future is not None and one.of.follows is not None
        ]
        now = self._loop.time()
        self._waiting.put_first(Pending(prepared(leaf), at=now) for leaf in leaves)
        self._rouse()

    def _fail_flight(self) -> None:
        for one in self._flight:
            one.fail(AuditUnavailable())
        self._flight = []

    async def _finish(self) -> None:
        try:
            await self._journal.finish()
        except (Lost, Refused, Diverged, UnsafeDatabase) as trouble:
            log.warning("audit.close_failed", error=type(trouble).__name__)

    def _rouse(self) -> None:
        """Have the flusher look for work; it looks by itself after each batch."""
        if self._idle is not None and not self._idle.done():
            self._idle.set_result(None)

    def _proved(self) -> None:
        self._proved_at = self._loop.time()
        self._trouble = None

    def _stumble(self, trouble: str) -> None:
        if self._trouble is None:
            self._trouble_at = self._loop.time()
        self._trouble = trouble

    def _tick(self) -> None:
        """Keep the limit with one timer for all records, 20 times within it."""
        step_s = self._timeout_s / 20
        now, due = self._loop.time(), self._tick_due
        self._tick_due = now + step_s
        self._tick_handle = self._loop.call_at(self._tick_due, self._tick)
        if now - due > 2 * step_s:
            return  # the process stood still: answers that came meanwhile are heard first
        latest = now - self._timeout_s + step_s  # the next look would be too late for these
        self._waiting.expire(latest)
        if self._flight and self._flight[0].at <= latest:
            for one in self._flight:
                if one.at <= latest:
                    one.fail(AuditUnavailable())
        if self._busy_at is not None and now - self._busy_at > HANG * self._timeout_s:
            self._busy_at = now
            self._journal.cut()
        if now - self._proved_at >= PROBE_S or self._journal.day_passed():
            self._rouse()


def all_rights(batch: list[Pending]) -> tuple[Right, ...]:
    """Return every right that *batch* rests on, once; records of one kind share theirs."""
    kinds = list({id(one.rights): one.rights for one in batch}.values())
    return kinds[0] if len(kinds) == 1 else tuple(dict.fromkeys(chain.from_iterable(kinds)))


def turn_away(batch: list[Pending], dead: set[Right]) -> list[Pending]:
    """Refuse the records that rest on *dead* rights; return the others."""
    alive: list[Pending] = []
    for one in batch:
        gone = tuple(right.key for right in one.rights if right in dead)
        if gone:
            one.fail(RightsGone(gone))
        else:
            alive.append(one)
    return alive
