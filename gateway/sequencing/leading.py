"""Folds for as long as the process lives: takes the lease, reconnects, waits out what halts it."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

import structlog
from msgspec import Struct
from msgspec.structs import replace

from gateway.clock import Clock
from gateway.database import TROUBLES
from gateway.sequencing.inspection import Log
from gateway.sequencing.keyfiles import LogKeysUnusable
from gateway.sequencing.lease import RENEW_S, Lease, prune
from gateway.sequencing.sequencer import Sequencer
from gateway.sequencing.standing import ADVICE, Halt, Halted, Standing, Stopped
from gateway.sequencing.store import Diverged, Overtaken, Store
from gateway.sequencing.watch import Watch

FOLLOW_S = 1.0  # how often one that does not lead looks at the tree
RETRY_S = 1.0
PRUNE_EVERY_S = 60.0
KEPT_CHECKPOINTS = timedelta(minutes=10)

log = structlog.get_logger(__name__)


class TreeHalted(Exception):
    """Nothing is signed."""


class TreeLate(Exception):
    """Records wait longer for the tree than they may."""


class WriterStopped(Exception):
    """The records of a writer cannot be folded."""


class Pace(Struct, frozen=True, kw_only=True):
    """How fast rounds follow each other."""

    round_s: float = 0.15  # a checkpoint's signatures cost as much as folding a hundred records
    round_records: int = 5_000
    alarm_s: float = 60.0  # merge delay that is an alarm


class Leading:
    """One process's sequencer, leading or following."""

    def __init__(
        self, connect: Callable[[], Awaitable[Store]], of: Log, clock: Clock, pace: Pace, node: str
    ) -> None:
        """Prepare; nothing is opened.

        Args:
            connect: opens a connection as ``motlan_sequencer``.
            of: the log to sign.
            clock: time in checkpoints' rows and for the keys' states.
            pace: how often, and how much at once.
            node: a code for this host, part of the lease's holder.
        """
        self._connect = connect
        self._log = of
        self._clock = clock
        self._pace = pace
        self._holder = f"{node}.{secrets.token_hex(6)}"
        self._watch = Watch()
        self._standing = Standing()
        self._trouble: str | None = None
        self._late = False

    @property
    def standing(self) -> Standing:
        """Return how it stands; `folded_through` is None until it has led."""
        return self._standing

    def merge_delay_s(self) -> float:
        """Return how old the oldest record outside the tree may be, seconds; 0 for a follower.

        An upper bound: everything durable before the last round that took all it saw is inside.
        """
        through = self._standing.folded_through
        if not self._standing.leads or through is None:
            return 0.0
        return max(0.0, (self._clock() - through).total_seconds())

    def checkpoint_age_s(self) -> float:
        """Return how long ago the newest checkpoint was signed, seconds; 0 before the first."""
        at = self._standing.signed_at
        return 0.0 if at is None else max(0.0, (self._clock() - at).total_seconds())

    async def check(self) -> None:
        """Demand that checkpoints are signed, in time, over every writer.

        Raises:
            TreeHalted, TreeLate, WriterStopped: `motlan audit tree status` says what to do.
        """
        if self._standing.halt is not None:
            raise TreeHalted(self._standing.halt.value)
        if self.merge_delay_s() > self._pace.alarm_s:
            raise TreeLate
        if self._standing.stopped:
            raise WriterStopped

    async def run(self) -> None:
        """Fold until cancelled; whatever fails is tried again."""
        while True:
            try:
                await self._connected()
            except Halted as halted:
                self._halted(halted)
            except Overtaken:
                log.warning("tree.overtaken", node=self._holder)
                self._standing = replace(self._standing, leads=False)
            except Diverged:
                self._halted(Halted(Halt.DAMAGED, "stored rows contradict the tree's row"))
            except TROUBLES as trouble:
                self._say("tree.database_away", type(trouble).__name__)
            self._watch_delay()
            await asyncio.sleep(RETRY_S)

    async def _connected(self) -> None:
        store = await self._connect()
        lease = Lease(store.connection, self._holder)
        try:
            await self._lead_or_follow(store, lease)
        except asyncio.CancelledError:
            with suppress(*TROUBLES):
                await lease.release()
            raise
        finally:
            await store.close()

    async def _lead_or_follow(self, store: Store, lease: Lease) -> None:
        sequencer = Sequencer(
            store,
            self._log,
            self._clock,
            watch=self._watch,
            round_records=self._pace.round_records,
        )
        now = asyncio.get_running_loop().time
        renew_at = prune_at = now()
        term: int | None = None
        while True:
            began = now()
            if began >= renew_at:
                term, renew_at = await lease.take(), began + RENEW_S
            if term is None:
                await sequencer.open()
                self._stand(sequencer, leads=False)
                await asyncio.sleep(FOLLOW_S)
                continue
            if term != sequencer.term:
                await self._open(sequencer)
            await sequencer.round()
            self._stand(sequencer, leads=True)
            if began >= prune_at:
                await prune(store.connection, self._clock() - KEPT_CHECKPOINTS)
                prune_at = began + PRUNE_EVERY_S
            if not self._has_more(sequencer):
                await asyncio.sleep(max(0.0, self._pace.round_s - (now() - began)))

    async def _open(self, sequencer: Sequencer) -> None:
        """Open; a log that never signed gets its first keys, any other must have them."""
        head = await sequencer.open()
        if head.size == 0:
            try:
                await asyncio.to_thread(self._log.keys.ensure, self._clock())
            except (LogKeysUnusable, OSError) as unusable:
                raise Halted(Halt.KEYS, str(unusable)) from unusable

    def _has_more(self, sequencer: Sequencer) -> bool:
        """Tell whether more waits than damaged writers hold back: then no pause is made."""
        standing = sequencer.standing
        return standing.backlog >= self._pace.round_records and not standing.stopped

    def _stand(self, sequencer: Sequencer, *, leads: bool) -> None:
        if leads is not self._standing.leads:
            log.info("tree.leads" if leads else "tree.follows", node=self._holder)
        now = replace(sequencer.standing, leads=leads)
        _tell_of_writers(self._standing.stopped, now.stopped)
        self._standing = now
        if self._trouble is not None:
            log.info("tree.recovered", reason=self._trouble)
            self._trouble = None
        self._watch_delay()

    def _halted(self, halted: Halted) -> None:
        self._standing = replace(self._standing, halt=halted.halt)
        if self._trouble != halted.halt.value:
            self._trouble = halted.halt.value
            advice = ADVICE[halted.halt]
            log.critical(
                "tree.halted", reason=str(halted), advice_vi=advice.vi, advice_en=advice.en
            )

    def _say(self, event: str, trouble: str) -> None:
        """Log a trouble once, not at every try."""
        if self._trouble != trouble:
            self._trouble = trouble
            log.error(event, error=trouble)

    def _watch_delay(self) -> None:
        late = self.merge_delay_s() > self._pace.alarm_s
        if late and not self._late:
            log.critical("tree.delayed", age_s=round(self.merge_delay_s()))
        self._late = late


def _tell_of_writers(before: tuple[Stopped, ...], now: tuple[Stopped, ...]) -> None:
    for one in set(now) - set(before):
        log.critical("tree.writer_stopped", writer=one.writer, seq=one.seq, damage=one.damage.value)
    for writer in {one.writer for one in before} - {one.writer for one in now}:
        log.warning("tree.writer_resumed", writer=writer)
