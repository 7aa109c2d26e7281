"""One writer's sequence and its connection: numbers, recovery, and a new writer each day."""

import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Protocol, TypeAlias, TypeVar

import asyncpg  # pyright: ignore[reportMissingTypeStubs]
import structlog
from msgspec import Struct

from gateway.audit.chain import Linked, Position, link
from gateway.audit.events import Event
from gateway.audit.lane import Diverged, Lane, Promise, UnsafeDatabase
from gateway.audit.leaf import Last, Leaf, Life, body
from gateway.audit.stamps import stamp_now
from gateway.clock import Clock
from gateway.database import TROUBLES
from gateway.rights import Right

RING_S = 60.0  # how long acknowledged records are kept to heal a failover that lost some
RING_BYTES = 16 * 1024 * 1024
DAYS_AHEAD = 2

_LETTERS = "abcdefghijkmnpqrstuvwxyz"  # no digits: a writer's id must not look like a number

Answer = TypeVar("Answer")

log = structlog.get_logger(__name__)


class Refused(Exception):
    """The database answered no: nothing was stored, and its numbers are still free."""


class Lost(Exception):
    """The connection broke: whether anything was stored is unknown until `settle` has looked."""


class LaneSettings(Struct, frozen=True, kw_only=True):
    """How a writer reaches the database."""

    dsn: str
    node: str  # names the process slot, so that a successor can name its predecessor
    synchronous_commit: str = "on"
    connect_timeout_s: float = 2.0
    allow_unsafe_database: bool = False  # tests only: the negative controls of the power cut


class Store(Protocol):
    """What a journal asks of its lane; each call is one statement, whole or not at all."""

    promise: Promise

    def terminate(self) -> None:
        """Cut the connection."""
        ...

    async def append(self, linked: Linked, rights: Sequence[Right]) -> list[int]:
        """Store unless a right is dead; return the places of the dead."""
        ...

    async def offer(self, linked: Linked) -> int:
        """Store what is absent; return how many were."""
        ...

    async def holds(self, after: Position) -> bool:
        """Tell whether the record before a position is there."""
        ...

    async def probe(self) -> None:
        """Exercise the flush."""
        ...

    async def ensure_days(self, days: list[date]) -> None:
        """Make room for days."""
        ...

    async def prior(self, node: str) -> Last | None:
        """Return where the node's newest writer stood."""
        ...

    async def register(self, position: Position, node: str, at: datetime) -> None:
        """Announce a writer."""
        ...

    async def mark_closed(self, writer: str, seq: int) -> None:
        """State a writer's last number."""
        ...

    async def close(self) -> None:
        """Say goodbye."""
        ...


Connects: TypeAlias = Callable[[LaneSettings], Awaitable[Store]]


async def connect(settings: LaneSettings) -> Store:
    """Open a lane to PostgreSQL."""
    return await Lane.connect(
        settings.dsn,
        node=settings.node,
        synchronous_commit=settings.synchronous_commit,
        timeout_s=settings.connect_timeout_s,
    )


class Journal:
    """Stores records under this process's numbers; used by one task, one call at a time."""

    def __init__(
        self,
        settings: LaneSettings,
        clock: Clock,
        now: Callable[[], float],
        connects: Connects = connect,
    ) -> None:
        self._settings = settings
        self._connects = connects
        self._clock = clock
        self._now = now  # monotonic seconds
        self._lane: Store | None = None
        self._position: Position | None = None
        self._unresolved: Linked | None = None
        self._ring: deque[tuple[float, Linked]] = deque()
        self._ring_bytes = 0
        self._prior: Last | None = None
        self._unmarked: Last | None = None  # closed, and its row does not say so yet
        self._days_due = False
        self._opened_at = clock()
        self.healed = 0  # acknowledged records that had to be stored again

    @property
    def position(self) -> Position | None:
        """Where the sequence stands; None before the first `settle`."""
        return self._position

    @property
    def connected(self) -> bool:
        """Whether there is a connection, as far as we know."""
        return self._lane is not None

    @property
    def promise(self) -> str | None:
        """Return the database's synchronous_commit in force, None without a connection."""
        return self._lane.promise.synchronous_commit if self._lane else None

    def day_passed(self) -> bool:
        """Tell whether today's sequence still has to be opened."""
        return self._position is None or self._clock().date() > self._position.day

    def cut(self) -> None:
        """Cut the connection; whatever runs on it ends as Lost."""
        if self._lane is not None:
            self._lane.terminate()  # the task that waits on it forgets it

    async def settle(self) -> None:
        """Connect when there is no connection, resolve what is unknown, open today's sequence.

        Raises:
            Lost, Refused: not now; call again.
            UnsafeDatabase: the server's durability is weaker than configured.
            Diverged: a number of ours holds other bytes.
        """
        lane = self._lane or await self._connect()
        if self._unresolved is not None:
            await self._resolve(lane)
        if self._days_due:
            await self._ask(lane.ensure_days(days_from(self._clock().date())))
            self._days_due = False
        if self._position is not None and self.day_passed():
            await self._close_sequence()
        if self._unmarked is not None:
            await self._mark_closed()
        if self._position is None:
            await self._open_sequence(lane)

    async def append(self, bodies: list[bytes], rights: Sequence[Right]) -> Linked | list[int]:
        """Number and store *bodies* unless one of *rights* is dead.

        Returns:
            The stored records, or the places of the dead rights: then nothing was stored and no
            number was used.

        Raises:
            Refused: nothing was stored, no number was used.
            Lost: unknown; the numbers are used up, and `settle` stores the same bytes if absent.
        """
        if self._lane is None or self._position is None:
            raise Lost
        linked = link(self._position, bodies)
        self._unresolved = linked
        self._position = linked.after
        try:
            dead = await self._ask(self._lane.append(linked, rights))
        except Refused:
            self._position, self._unresolved = linked.first, None
            raise
        self._unresolved = None
        if dead:
            self._position = linked.first
            return dead
        self._remember(linked)
        return linked

    async def probe(self) -> None:
        """Prove that a commit still reaches the disk, without a record."""
        if self._lane is None:
            raise Lost
        await self._ask(self._lane.probe())

    async def finish(self) -> None:
        """Close the sequence and the connection; the last words of a process that ends well."""
        await self.settle()
        await self._close_sequence()
        await self._mark_closed()
        if self._lane is not None:
            await self._ask(self._lane.close())
            self._lane = None

    async def _connect(self) -> Store:
        settings = self._settings
        try:
            lane = await self._connects(settings)
        except TROUBLES as absent:
            raise Lost from absent
        self._lane = lane
        try:
            if not settings.allow_unsafe_database:
                lane.promise.check(settings.synchronous_commit)
            await self._heal(lane)
        except BaseException:
            self._drop()
            raise
        return lane

    async def _heal(self, lane: Store) -> None:
        """Store again what was acknowledged and is gone, as after a failover to a late standby."""
        if not self._ring or await self._ask(lane.holds(self._ring[-1][1].after)):
            return
        missing = 0
        for _, linked in list(self._ring):
            missing += await self._ask(lane.offer(linked))
        self.healed += missing
        if self._position is not None:  # its announcement may be gone as well
            await self._ask(lane.register(self._position, self._settings.node, self._opened_at))
        log.error("audit.acknowledged_missing", records=missing)
        oldest = self._ring[0][1].first
        if oldest.seq and not await self._ask(lane.holds(oldest)):
            log.critical("audit.acknowledged_lost", writer=oldest.writer, seq=oldest.seq)
            self._retire()

    async def _resolve(self, lane: Store) -> None:
        """Store the batch whose fate is unknown, if absent: same bytes, same numbers."""
        linked = self._unresolved
        if linked is not None:
            await self._ask(lane.offer(linked))
            self._unresolved = None
            self._remember(linked)

    async def _open_sequence(self, lane: Store) -> None:
        at, node = self._clock(), self._settings.node
        await self._ask(lane.ensure_days(days_from(at.date())))
        prior = self._prior or await self._ask(lane.prior(node))
        position = Position(writer=new_writer(node, at), day=at.date())
        await self._ask(lane.register(position, node, at))
        promise = lane.promise
        life = Life(
            node=node,
            prior=prior,
            fsync=promise.fsync,
            full_page_writes=promise.full_page_writes,
            synchronous_commit=promise.synchronous_commit,
        )
        self._position, self._opened_at = position, at
        try:
            await self._own(Event.WRITER_OPEN, life)
        except Refused:
            self._position = None
            raise

    async def _close_sequence(self) -> None:
        """Write the last record of the present writer: nothing of it can follow."""
        if self._position is None:
            return
        try:
            await self._own(Event.WRITER_CLOSE, Life(node=self._settings.node))
        except Lost:  # `settle` stores the same bytes if they are absent
            self._unmarked = self._retire()
            raise
        self._unmarked = self._retire()

    async def _mark_closed(self) -> None:
        if self._unmarked is not None and self._lane is not None:
            await self._ask(self._lane.mark_closed(self._unmarked.id, self._unmarked.seq))
            self._unmarked = None

    def _retire(self) -> Last | None:
        """Let the present writer go; the next one names it."""
        position, self._position = self._position, None
        if position is not None:
            self._prior = Last(id=position.writer, seq=position.seq - 1, leaf=position.prev)
        return self._prior

    async def _own(self, event: Event, life: Life) -> None:
        mark = stamp_now(self._clock)
        leaf = Leaf(id=mark.id, ts=mark.ts, salt=mark.salt, type=event, life=life)
        await self.append([body(leaf)], [])

    def _remember(self, linked: Linked) -> None:
        """Keep what was stored for a minute, at most 16 MiB, always the newest."""
        now = self._now()
        self._ring.append((now, linked))
        self._ring_bytes += linked.size_bytes
        while len(self._ring) > 1 and (
            self._ring[0][0] < now - RING_S or self._ring_bytes > RING_BYTES
        ):
            self._ring_bytes -= self._ring.popleft()[1].size_bytes

    async def _ask(self, question: Awaitable[Answer]) -> Answer:
        """Await the database; an error it spoke is a no, everything else leaves us not knowing."""
        try:
            return await question
        except asyncpg.PostgresError as said:
            if getattr(said, "severity_en", None) == "ERROR":  # the server's word, not the driver's
                self._days_due = True  # the reason may be a missing partition
                raise Refused from said
            self._drop()
            raise Lost from said
        except (Diverged, UnsafeDatabase):
            raise
        except Exception as broken:
            self._drop()
            raise Lost from broken

    def _drop(self) -> None:
        if self._lane is not None:
            self._lane.terminate()
            self._lane = None


def days_from(day: date) -> list[date]:
    """Return *day* and the days whose partitions must exist beforehand."""
    return [day + timedelta(days=ahead) for ahead in range(DAYS_AHEAD + 1)]


def new_writer(node: str, at: datetime) -> str:
    """Return an id that no other writer ever had: node, day, 12 random letters (54 bits)."""
    return f"{node}.{at:%y%m%d}.{''.join(secrets.choice(_LETTERS) for _ in range(12))}"
