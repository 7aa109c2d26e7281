"""The sequencer's statements: what it reads of writers, and the one transaction that folds."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date
from typing import Any, Protocol

import asyncpg  # pyright: ignore[reportMissingTypeStubs]
from msgspec import Struct

from gateway.database import TROUBLES
from gateway.sequencing.prefix import Cursor, Row
from gateway.sequencing.rows import StoredCheckpoint, TreeHead
from gateway.tlog.tiles import edge

FETCH_ROWS = 500  # held at once beside those already taken

_TREE = "SELECT size, root, at, term FROM audit.tree"
_EDGE = """
SELECT t.level, t.n, t.data
FROM unnest($1::smallint[], $2::bigint[]) AS w (level, n)
JOIN audit.tile AS t ON t.level = w.level AND t.n = w.n
"""
_OPEN = """
SELECT w.writer, w.day, w.node, w.closed_seq, coalesce(c.next_seq, 0),
  coalesce(c.last_leaf, decode(repeat('00', 32), 'hex'))
FROM audit.writer AS w
LEFT JOIN LATERAL (  -- LIMIT keeps this a look at one row, whatever the planner believes
  SELECT next_seq, last_leaf, done FROM audit.cursor WHERE writer = w.writer LIMIT 1
) AS c ON true
WHERE w.day >= $1 AND c.done IS NOT TRUE
ORDER BY w.day, w.started_at
"""
# One day for each statement: the planner then opens one partition instead of two years of them.
_LAST = """
SELECT w.writer, (
  SELECT seq FROM audit.entry WHERE day = $1 AND writer = w.writer ORDER BY seq DESC LIMIT 1)
FROM unnest($2::text[]) AS w (writer)
"""
_ROWS = """
SELECT seq, entry, leaf FROM audit.entry
WHERE day = $1 AND writer = $2 AND seq >= $3 ORDER BY seq LIMIT $4
"""
_SUCCESSOR = """
SELECT e.entry
FROM audit.writer AS w
JOIN audit.writer AS n ON n.node = w.node AND n.started_at > w.started_at
JOIN audit.cursor AS c ON c.writer = n.writer AND c.next_seq > 0
JOIN audit.entry AS e ON e.day = n.day AND e.writer = n.writer AND e.seq = 0
WHERE w.writer = $1
ORDER BY n.started_at LIMIT 8
"""
_SWAP = """
UPDATE audit.tree SET size = $1, root = $2, at = $3
WHERE size = $4 AND root = $5 AND term = $6
"""
_FOLD = """
WITH runs AS (
  INSERT INTO audit.run (first_index, day, writer, first_seq, n)
  SELECT * FROM unnest($1::bigint[], $2::date[], $3::text[], $4::bigint[], $5::bigint[])
  RETURNING 1
), cursors AS (
  INSERT INTO audit.cursor AS c (writer, day, next_seq, last_leaf, done)
  SELECT writer, day, first + n, leaf, done
  FROM unnest($3::text[], $2::date[], $4::bigint[], $5::bigint[], $6::bytea[], $7::boolean[])
    AS r (writer, day, first, n, leaf, done)
  ON CONFLICT (writer) DO UPDATE
    SET next_seq = excluded.next_seq, last_leaf = excluded.last_leaf, done = excluded.done
    WHERE c.next_seq = (SELECT f.first FROM unnest($3::text[], $4::bigint[]) AS f (writer, first)
      WHERE f.writer = excluded.writer)
  RETURNING 1
), tiles AS (
  INSERT INTO audit.tile AS t (level, n, data)
  SELECT * FROM unnest($8::smallint[], $9::bigint[], $10::bytea[])
  ON CONFLICT (level, n) DO UPDATE SET data = excluded.data
    WHERE t.data = substring(excluded.data FROM 1 FOR length(t.data))
  RETURNING 1
), signed AS (
  INSERT INTO audit.checkpoint (size, root, note, at) VALUES ($11, $12, $13, $14) RETURNING 1
)
SELECT (SELECT count(*) FROM runs), (SELECT count(*) FROM cursors), (SELECT count(*) FROM tiles),
  (SELECT count(*) FROM signed)
"""
_DONE = """
INSERT INTO audit.cursor AS c (writer, day, next_seq, last_leaf, done)
SELECT writer, day, next_seq, leaf, true
FROM unnest($1::text[], $2::date[], $3::bigint[], $4::bytea[]) AS w (writer, day, next_seq, leaf)
ON CONFLICT (writer) DO UPDATE SET done = true WHERE c.next_seq = excluded.next_seq
"""


class Diverged(Exception):
    """The database took another number of rows than the round has: nothing was committed."""


class Overtaken(Exception):
    """The tree is not where this sequencer left it: another one folds, or a backup is in place."""


class Fenced(Struct, frozen=True):
    """The tree's row, with the term that a sequencer must hold to change it."""

    head: TreeHead
    term: int


class OpenWriter(Struct, frozen=True):
    """A writer that may still have records to fold."""

    cursor: Cursor
    node: str
    closed_seq: int | None


class Run(Struct, frozen=True):
    """Records of one writer that stand side by side in the tree."""

    first_index: int
    first_seq: int
    n: int
    after: Cursor
    done: bool


class Round(Struct, frozen=True):
    """Everything one round changes; committed whole or not at all."""

    before: Fenced
    runs: list[Run]
    tiles: dict[tuple[int, int], bytes]
    checkpoint: StoredCheckpoint


class Driver(Protocol):
    """What is used of a driver's connection, which carries no types of its own."""

    def transaction(
        self, *, isolation: str | None = None, readonly: bool = False
    ) -> AbstractAsyncContextManager[object]:
        """Begin a transaction as a context manager."""
        ...

    async def fetch(self, query: str, *args: object) -> Sequence[Any]:
        """Return all rows."""
        ...

    async def execute(self, query: str, *args: object) -> str:
        """Run a statement and return its status."""
        ...

    async def close(self, *, timeout: float) -> None:  # noqa: ASYNC109 - the driver's word
        """Say goodbye."""
        ...

    def terminate(self) -> None:
        """Cut."""
        ...


class Store:
    """One connection as role ``motlan_sequencer``."""

    def __init__(self, connection: Driver) -> None:
        self._connection = connection

    @property
    def connection(self) -> Driver:
        """Return the connection, for the lease and the pruning that share it."""
        return self._connection

    @classmethod
    async def connect(cls, dsn: str, *, timeout_s: float = 5.0) -> "Store":
        """Connect; every answer of the server is waited for *timeout_s* at most.

        Raises:
            gateway.database.TROUBLES: no connection.
        """
        settings = {
            "role": "motlan_sequencer",
            "application_name": "motlan sequencer",
            "timezone": "UTC",
            "synchronous_commit": "on",
            "enable_seqscan": "off",  # the plan must not depend on how small a table once was
            "jit": "off",
            "plan_cache_mode": "force_custom_plan",  # a plan for one day opens one partition
            "lock_timeout": "2000",
            "idle_in_transaction_session_timeout": "10000",
        }
        driver: Any = asyncpg
        return cls(
            await driver.connect(
                dsn, timeout=timeout_s, command_timeout=timeout_s, server_settings=settings
            )
        )

    async def close(self) -> None:
        """Say goodbye to the server, within one second; harmless when it is gone."""
        try:
            await self._connection.close(timeout=1.0)
        except TROUBLES:
            self._connection.terminate()

    def snapshot(self) -> AbstractAsyncContextManager[object]:
        """Let everything that is read meanwhile be of one instant: another may be folding."""
        return self._connection.transaction(isolation="repeatable_read", readonly=True)

    async def tree(self) -> Fenced:
        """Return the tree's row."""
        ((size, root, at, term),) = await self._connection.fetch(_TREE)
        return Fenced(TreeHead(size, root, at), term)

    async def edge_tiles(self, size: int) -> dict[tuple[int, int], bytes]:
        """Return the stored tiles at the right edge of a tree of *size*, those that are there."""
        places = edge(size)
        rows = await self._connection.fetch(
            _EDGE, [one.level for one in places], [one.n for one in places]
        )
        return {(level, n): data for level, n, data in rows}

    async def open_writers(self, since: date) -> list[OpenWriter]:
        """Return writers of *since* and later that are not known to be folded to their end."""
        rows = await self._connection.fetch(_OPEN, since)
        return [
            OpenWriter(Cursor(writer, day, next_seq, last_leaf), node, closed_seq)
            for writer, day, node, closed_seq, next_seq, last_leaf in rows
        ]

    async def last_numbers(self, day: date, writers: list[str]) -> dict[str, int]:
        """Return the highest number that each of *writers* has stored; none for the silent."""
        rows = await self._connection.fetch(_LAST, day, writers)
        return {writer: seq for writer, seq in rows if seq is not None}

    async def next_rows(self, cursor: Cursor, *, most: int, most_bytes: int) -> list[Row]:
        """Return a writer's next records in order: at most *most*, and about *most_bytes*."""
        found: list[Row] = []
        weight, seq = 0, cursor.next_seq
        while len(found) < most and weight < most_bytes:
            wanted = min(FETCH_ROWS, most - len(found))
            rows = await self._connection.fetch(_ROWS, cursor.day, cursor.writer, seq, wanted)
            found.extend((row[0], row[1], row[2]) for row in rows)
            weight += sum(len(row[1]) for row in rows)
            if len(rows) < wanted:
                break
            seq = found[-1][0] + 1
        return found

    async def successors(self, writer: str) -> list[bytes]:
        """Return the first records of writers that followed *writer* at its node, next first."""
        return [row[0] for row in await self._connection.fetch(_SUCCESSOR, writer)]

    async def commit(self, folded: Round) -> None:
        """Make a round durable.

        Raises:
            Overtaken: the tree is not as it was; nothing was committed.
            Diverged: the rows do not fit what is stored; nothing was committed.
            gateway.database.TROUBLES: look at the tree's row to know.
        """
        before, signed, runs = folded.before, folded.checkpoint, folded.runs
        async with self._connection.transaction():
            swapped = await self._connection.execute(
                _SWAP,
                *(signed.size, signed.root, signed.at),
                *(before.head.size, before.head.root, before.term),
            )
            if swapped != "UPDATE 1":
                raise Overtaken
            (stored,) = await self._connection.fetch(
                _FOLD,
                [run.first_index for run in runs],
                [run.after.day for run in runs],
                [run.after.writer for run in runs],
                [run.first_seq for run in runs],
                [run.n for run in runs],
                [run.after.last_leaf for run in runs],
                [run.done for run in runs],
                [level for level, _ in folded.tiles],
                [n for _, n in folded.tiles],
                [*folded.tiles.values()],
                *(signed.size, signed.root, signed.note, signed.at),
            )
            if [*stored] != [len(runs), len(runs), len(folded.tiles), 1]:
                raise Diverged

    async def mark_done(self, cursors: list[Cursor]) -> None:
        """Note that nothing can follow what was folded of these writers."""
        await self._connection.execute(
            _DONE,
            [one.writer for one in cursors],
            [one.day for one in cursors],
            [one.next_seq for one in cursors],
            [one.last_leaf for one in cursors],
        )
