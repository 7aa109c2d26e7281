"""The sequencer's database in memory: every statement is a point where it can be interrupted.

What it accepts and refuses is what the statements of `gateway.sequencing.store` say; that these do
what they say on PostgreSQL is tested there.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, cast

from gateway.sequencing.guard import Guard, Published
from gateway.sequencing.prefix import GENESIS, Cursor, Row
from gateway.sequencing.rows import StoredCheckpoint, TreeHead
from gateway.sequencing.store import (
    Diverged,
    Driver,
    Fenced,
    OpenWriter,
    Overtaken,
    Round,
    Store,
)
from gateway.tlog.merkle import EMPTY_ROOT, leaf_hash
from gateway.tlog.tiles import edge

EMPTY = Fenced(TreeHead(0, EMPTY_ROOT, datetime(1970, 1, 1, tzinfo=UTC)), 0)


class Fate(Enum):
    """What becomes of a COMMIT."""

    DONE = "done"
    LOST_AFTER = "committed, and the answer lost"
    LOST_BEFORE = "not committed, and the connection lost"


class Pause:
    """A point between two steps, at which another may go first or the process may die."""

    def __await__(self) -> Generator["Pause", None, None]:
        """Hand control to whoever drives the coroutine."""
        yield self


@dataclass
class WriterRow:
    """One row of ``audit.writer``."""

    day: date
    node: str
    order: int
    closed_seq: int | None = None


@dataclass
class Database:
    """Everything that is committed."""

    writers: dict[str, WriterRow] = field(default_factory=dict[str, WriterRow])
    entries: dict[str, list[Row]] = field(default_factory=dict[str, list[Row]])
    cursors: dict[str, Cursor] = field(default_factory=dict[str, Cursor])
    done: set[str] = field(default_factory=set[str])
    leaves: list[tuple[str, int, bytes]] = field(default_factory=list[tuple[str, int, bytes]])
    tiles: dict[tuple[int, int], bytes] = field(default_factory=dict[tuple[int, int], bytes])
    checkpoints: dict[int, StoredCheckpoint] = field(default_factory=dict[int, StoredCheckpoint])
    tree: Fenced = EMPTY
    spoiled: dict[str, int] = field(default_factory=dict[str, int])  # first number of a writer
    truth: dict[tuple[str, int], bytes] = field(default_factory=dict[tuple[str, int], bytes])

    def backup(self) -> "Database":
        """Return a copy that later commits do not touch."""
        return Database(
            {writer: copy(row) for writer, row in self.writers.items()},
            {writer: list(rows) for writer, rows in self.entries.items()},
            dict(self.cursors),
            set(self.done),
            list(self.leaves),
            dict(self.tiles),
            dict(self.checkpoints),
            self.tree,
            dict(self.spoiled),
            dict(self.truth),
        )

    def insert(self, writer: str, rows: list[Row]) -> None:
        """Commit a writer's batch; its key refuses a number that is there."""
        held = self.entries.setdefault(writer, [])
        assert not {seq for seq, _, _ in rows} & {seq for seq, _, _ in held}
        held.extend(rows)
        self.truth |= {(writer, seq): leaf for seq, _, leaf in rows}

    def spoil(self, writer: str, seq: int, *, delete: bool) -> None:
        """Delete a record behind the writer's back, or change one bit of it."""
        rows = self.entries[writer]
        at = next(n for n, row in enumerate(rows) if row[0] == seq)
        _, entry, leaf = rows[at]
        rows[at : at + 1] = [] if delete else [(seq, bytes([entry[0] ^ 1]) + entry[1:], leaf)]
        self.spoiled[writer] = min(seq, self.spoiled.get(writer, seq))

    def sound(self) -> set[tuple[str, int, bytes]]:
        """Return the records that may stand in the tree: those before the first spoiled one."""
        return {
            (writer, seq, leaf)
            for writer, rows in self.entries.items()
            for seq, _, leaf in rows
            if seq < self.spoiled.get(writer, seq + 1)
        }

    def fold(self, folded: Round) -> None:
        """Commit a round, as the guarded statements do.

        Raises:
            Overtaken, Diverged: nothing was committed.
        """
        if self.tree != folded.before:
            raise Overtaken
        signed = folded.checkpoint
        if signed.size in self.checkpoints or not all(map(self._fits, folded.tiles.items())):
            raise Diverged
        for run in folded.runs:
            before = self.cursors.get(run.after.writer, Cursor(run.after.writer, run.after.day))
            if before.next_seq != run.first_seq:
                raise Diverged
        for run in folded.runs:
            self._take(run.after, run.first_seq, run.n, done=run.done)
        self.tiles |= folded.tiles
        self.checkpoints[signed.size] = signed
        self.tree = Fenced(TreeHead(signed.size, signed.root, signed.at), self.tree.term)

    def _take(self, after: Cursor, first: int, n: int, *, done: bool) -> None:
        writer = after.writer  # its rows may be spoiled since they were read
        self.leaves += [(writer, seq, self.truth[writer, seq]) for seq in range(first, first + n)]
        self.cursors[writer] = after
        if done:
            self.done.add(after.writer)

    def _fits(self, tile: tuple[tuple[int, int], bytes]) -> bool:
        place, data = tile
        return data.startswith(self.tiles.get(place, b""))


class World:
    """The database and the disk, which outlive processes; and what readers have seen."""

    def __init__(self) -> None:
        """Begin with an empty log."""
        self.database = Database()
        self.guarded: Published | None = None
        self.on_published: Callable[[Published], None] = lambda _published: None


class SimulatedStore(Store):
    """One process's connection."""

    def __init__(self, world: World) -> None:
        """Connect to the database of *world*."""
        super().__init__(cast("Driver", None))
        self._world = world
        self.fate = Fate.DONE  # of the next COMMIT
        self._spoiled: dict[str, int | None] = {}  # the first that was read so, by writer
        self._begun = False
        self._seen: tuple[Fenced, dict[tuple[int, int], bytes]] | None = None

    @property
    def _held(self) -> Database:
        return self._world.database

    @property
    def connection(self) -> Driver:
        """Return what others read tiles with."""
        return cast("Driver", self)

    @asynccontextmanager
    async def snapshot(self) -> AsyncGenerator[object]:
        """Let what is read meanwhile be of the instant of the first read."""
        self._begun, self._seen = True, None
        try:
            yield None
        finally:
            self._begun, self._seen = False, None

    async def fetch(self, query: str, *args: object) -> Sequence[Any]:
        """Return tiles, the only rows that are asked for in others' words."""
        assert "audit.tile" in query
        await Pause()
        _, tiles = self._tree_and_tiles()
        places = zip(*cast("tuple[list[int], list[int]]", args), strict=True)
        return [(*place, tiles[place]) for place in places if place in tiles]

    async def tree(self) -> Fenced:
        """Return the tree's row."""
        await Pause()
        return self._tree_and_tiles()[0]

    async def edge_tiles(self, size: int) -> dict[tuple[int, int], bytes]:
        """Return the tiles at the edge."""
        await Pause()
        _, tiles = self._tree_and_tiles()
        places = [(one.level or 0, one.n) for one in edge(size)]
        return {place: tiles[place] for place in places if place in tiles}

    def _tree_and_tiles(self) -> tuple[Fenced, dict[tuple[int, int], bytes]]:
        now = (self._held.tree, dict(self._held.tiles))
        if self._begun and self._seen is None:
            self._seen = now
        return self._seen or now

    async def open_writers(self, since: date) -> list[OpenWriter]:
        """Return writers that may have more."""
        await Pause()
        rows = sorted(self._held.writers.items(), key=lambda one: (one[1].day, one[1].order))
        return [
            OpenWriter(
                self._held.cursors.get(writer, Cursor(writer, row.day, 0, GENESIS)),
                row.node,
                row.closed_seq,
            )
            for writer, row in rows
            if row.day >= since and writer not in self._held.done
        ]

    async def last_numbers(self, day: date, writers: list[str]) -> dict[str, int]:
        """Return the highest stored numbers."""
        del day
        await Pause()
        held = self._held.entries
        return {one: max(seq for seq, _, _ in held[one]) for one in writers if held.get(one)}

    async def next_rows(self, cursor: Cursor, *, most: int, most_bytes: int) -> list[Row]:
        """Return the next records of a writer."""
        del most_bytes
        await Pause()
        rows = self._held.entries.get(cursor.writer, [])
        found = sorted(row for row in rows if row[0] >= cursor.next_seq)[:most]
        spoiled = [seq for seq, entry, leaf in found if leaf_hash(entry) != leaf]
        self._spoiled[cursor.writer] = min(spoiled, default=None)
        return found

    async def successors(self, writer: str) -> list[bytes]:
        """Return the first records of the node's later writers that are in the tree."""
        await Pause()
        row = self._held.writers[writer]
        later = [
            (other.order, name)
            for name, other in self._held.writers.items()
            if other.node == row.node and other.order > row.order
        ]
        folded = {name for name, cursor in self._held.cursors.items() if cursor.next_seq}
        return [self._held.entries[name][0][1] for _, name in sorted(later) if name in folded]

    async def commit(self, folded: Round) -> None:
        """Commit a round, unless its fate is another."""
        await Pause()
        for run in folded.runs:
            spoiled = self._spoiled[run.after.writer]
            assert spoiled is None or run.after.next_seq <= spoiled, "a damaged record was signed"
        fate, self.fate = self.fate, Fate.DONE
        if fate is not Fate.LOST_BEFORE:
            self._held.fold(folded)
        if fate is not Fate.DONE:
            raise ConnectionError
        await Pause()

    async def mark_done(self, cursors: list[Cursor]) -> None:
        """Note that nothing can follow."""
        await Pause()
        for one in cursors:
            held = self._held.cursors.setdefault(one.writer, one)
            if held.next_seq == one.next_seq:
                self._held.done.add(one.writer)


class SimulatedGuard(Guard):
    """The guard file of one node, on a disk that keeps what it was given."""

    def __init__(self, world: World) -> None:
        """Keep the file in *world*."""
        self._world = world

    def read(self) -> Published | None:
        """Return what was published last."""
        return self._world.guarded

    def write(self, published: Published) -> None:
        """Replace the file, and tell the world."""
        self._world.guarded = published
        self._world.on_published(published)


class SimulatedLoop:
    """What the sequencer asks of an event loop: the time, and a thread for the guard's file."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.seconds = 0.0

    def time(self) -> float:
        """Return the monotonic time."""
        return self.seconds

    def run_in_executor(self, pool: None, work: Callable[[], Any]) -> Awaitable[Any]:
        """Return the result of *work*, which another process may come before."""
        del pool

        async def done() -> Any:
            await Pause()
            return work()

        return done()
