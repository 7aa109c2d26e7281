"""What a replay asks of the database; reads only, in stretches."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any, Protocol

from gateway.verification.rows import Row, Run, Signed, WriterState

MOST_RUNS = 500

_HEAD = "SELECT size, root FROM audit.tree"
_RUNS = """
SELECT first_index, day, writer, first_seq, n FROM audit.run
WHERE first_index > $1 ORDER BY first_index LIMIT $2
"""
# One day for each statement: the planner then opens one partition instead of two years of them.
_ROWS = """
SELECT r.at + e.seq - r.first, r.writer, e.seq, e.entry, e.leaf
FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[]) AS r (writer, first, n, at)
CROSS JOIN LATERAL (
  SELECT seq, entry, leaf FROM audit.entry
  WHERE day = $1 AND writer = r.writer AND seq >= r.first AND seq < r.first + r.n
) AS e
"""
_ARCHIVED = """
SELECT EXISTS (SELECT FROM audit.archive WHERE day = $1 AND dropped_at IS NOT NULL)
  AND NOT EXISTS (SELECT FROM audit.entry WHERE day = $1)
"""
_ARCHIVE_ROOTS = """
SELECT end_index, root FROM audit.archive
WHERE end_index >= $1 AND end_index <= $2 AND end_index > first_index ORDER BY end_index
"""
_TILES = """
SELECT t.level, t.n, t.data
FROM unnest($1::smallint[], $2::bigint[]) AS w (level, n)
JOIN audit.tile AS t ON t.level = w.level AND t.n = w.n
"""
_CHECKPOINTS = """
SELECT c.size, c.root, c.note || coalesce(
    (SELECT string_agg(rtrim(s.line, E'\\n') || E'\\n', '' ORDER BY s.at, s.witness)
     FROM audit.cosignature AS s WHERE s.size = c.size), ''), c.at
FROM audit.checkpoint AS c
WHERE c.size >= $1 AND c.size <= $2 ORDER BY c.size
"""
_WRITERS = """
SELECT w.writer, w.closed_seq, coalesce(c.next_seq, 0), coalesce(
    (SELECT first_seq + n FROM audit.run WHERE writer = w.writer ORDER BY first_seq DESC LIMIT 1),
    0), count(e.seq), max(e.seq)
FROM audit.writer AS w
LEFT JOIN audit.cursor AS c ON c.writer = w.writer
LEFT JOIN audit.entry AS e
  ON e.day = $1 AND e.writer = w.writer AND e.seq >= coalesce(c.next_seq, 0)
WHERE w.day = $1
GROUP BY w.writer, w.closed_seq, c.next_seq
ORDER BY w.writer
"""
_ENTRY = """
SELECT e.entry FROM audit.writer AS w
JOIN audit.entry AS e ON e.day = w.day AND e.writer = w.writer
WHERE w.writer = $1 AND e.seq = $2
"""
_DAYS = "SELECT DISTINCT day FROM audit.writer ORDER BY day"


class Rows(Protocol):
    """What this asks of a pool of driver connections; roles that may read ``audit`` serve."""

    async def fetch(self, query: str, *args: object) -> Sequence[Any]:
        """Return all rows."""
        ...


class ReplayRepository:
    """The record as it stands, without believing any of it."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def head(self) -> tuple[int, bytes]:
        """Return size and root that the database gives the tree."""
        ((size, root),) = await self._rows.fetch(_HEAD)
        return size, root

    async def runs(self, after: int) -> list[Run]:
        """Return the next stretches of the map whose first index is more than *after*."""
        return [Run(*row) for row in await self._rows.fetch(_RUNS, after, MOST_RUNS)]

    async def records(self, runs: Sequence[Run]) -> list[Row]:
        """Return what is there of *runs*, by index; fewer when some are missing."""
        days: dict[date, list[Run]] = defaultdict(list)
        for run in runs:
            days[run.day].append(run)
        found: list[Row] = []
        for day, mine in days.items():
            rows = await self._rows.fetch(
                _ROWS,
                day,
                [run.writer for run in mine],
                [run.first_seq for run in mine],
                [run.n for run in mine],
                [run.first_index for run in mine],
            )
            found += [
                Row(at, day, writer, seq, entry, leaf) for at, writer, seq, entry, leaf in rows
            ]
        found.sort(key=lambda row: row.index)
        return found

    async def entry(self, writer: str, seq: int) -> bytes | None:
        """Return one record, in the tree or not; None when it is not there."""
        rows = await self._rows.fetch(_ENTRY, writer, seq)
        return rows[0][0] if rows else None

    async def archived(self, day: date) -> bool:
        """Say whether *day* left the database as a whole, after its archive was verified."""
        return bool((await self._rows.fetch(_ARCHIVED, day))[0][0])

    async def archive_roots(self, first: int, last: int) -> dict[int, bytes]:
        """Return the roots that verified archives led to, by size, *first* to *last* included."""
        rows = await self._rows.fetch(_ARCHIVE_ROOTS, first, last)
        return {row[0]: row[1] for row in rows}

    async def tiles(self, places: Sequence[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
        """Return the stored tiles at *places*, level and number."""
        levels, numbers = [level for level, _ in places], [n for _, n in places]
        rows = await self._rows.fetch(_TILES, levels, numbers)
        return {(level, n): data for level, n, data in rows}

    async def checkpoints(self, first: int, last: int) -> list[Signed]:
        """Return the stored checkpoints of sizes *first* to *last*, both included, in order."""
        return [Signed(*row) for row in await self._rows.fetch(_CHECKPOINTS, first, last)]

    async def writers(self) -> list[WriterState]:
        """Return how every writer stands."""
        found: list[WriterState] = []
        for (day,) in await self._rows.fetch(_DAYS):
            found += [WriterState(*row) for row in await self._rows.fetch(_WRITERS, day)]
        return found
