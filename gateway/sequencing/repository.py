"""Reads the tree: records by index, tiles, checkpoints, proofs; changes nothing."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Protocol, TypeVar

from gateway.sequencing.hashes import Place, with_hashes
from gateway.sequencing.rows import EntriesGone, Sequenced, StoredCheckpoint, TreeHead
from gateway.tlog import merkle
from gateway.tlog.merkle import HASH_BYTES, HashReader

MOST_ENTRIES = 10_000  # of one call

_HEAD = "SELECT size, root, at FROM audit.tree"
_RUNS = """
SELECT first_index, day, writer, first_seq, n FROM audit.run
WHERE first_index >= coalesce(
    (SELECT first_index FROM audit.run WHERE first_index <= $1 ORDER BY first_index DESC LIMIT 1),
    0)
  AND first_index < $2
ORDER BY first_index
"""
# One day for each statement: the planner then opens one partition instead of two years of them.
_ENTRIES = """
SELECT r.at + e.seq - r.first, r.writer, e.seq, e.entry
FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[]) AS r (writer, first, n, at)
CROSS JOIN LATERAL (
  SELECT seq, entry FROM audit.entry
  WHERE day = $1 AND writer = r.writer AND seq >= r.first AND seq < r.first + r.n
) AS e
"""
_INDEX = """
SELECT r.first_index + $2 - r.first_seq
FROM (SELECT first_index, day, first_seq, n FROM audit.run
      WHERE writer = $1 AND first_seq <= $2 ORDER BY first_seq DESC LIMIT 1) AS r
WHERE r.first_seq + r.n > $2 AND r.day = $3
"""
_TILE = "SELECT substring(data FROM 1 FOR $3) FROM audit.tile WHERE level = $1 AND n = $2"
_TILES = """
SELECT t.level, t.n, t.data
FROM unnest($1::smallint[], $2::bigint[]) AS w (level, n)
JOIN audit.tile AS t ON t.level = w.level AND t.n = w.n
"""
_CHECKPOINT = """
SELECT c.size, c.root, c.note, c.at,
  array(SELECT s.line FROM audit.cosignature AS s WHERE s.size = c.size ORDER BY s.at, s.witness)
FROM audit.checkpoint AS c
WHERE $1::bigint IS NULL OR c.size = $1
ORDER BY c.size DESC LIMIT 1
"""

Answer = TypeVar("Answer")


class Rows(Protocol):
    """What is asked of a pool of driver connections; roles that may read ``audit`` serve."""

    async def fetch(self, query: str, *args: object) -> Sequence[Any]:
        """Return all rows."""
        ...


class TreeRepository:
    """The committed tree, as any process of ours sees it."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def head(self) -> TreeHead:
        """Return the newest committed tree; its size is 0 before the first record."""
        ((size, root, at),) = await self._rows.fetch(_HEAD)
        return TreeHead(size, root, at)

    async def entries(self, first: int, limit: int) -> list[Sequenced]:
        """Return the records from index *first* on, in order, whole.

        Args:
            first: 0 or more; beyond the tree there is nothing.
            limit: 1 to 10,000; fewer come back at the end of the tree.

        Raises:
            EntriesGone: a record of that range is no longer in the database.
        """
        end = first + min(max(limit, 1), MOST_ENTRIES)
        wanted: dict[date, list[tuple[str, int, int, int]]] = defaultdict(list)
        expected = first
        for at, day, writer, seq, n in await self._rows.fetch(_RUNS, first, end):
            start, stop = max(at, first), min(at + n, end)
            if start < stop:
                wanted[day].append((writer, seq + start - at, stop - start, start))
                expected = stop
        found: list[Sequenced] = []
        for day, runs in wanted.items():
            writers, firsts, counts, starts = (list(each) for each in zip(*runs, strict=True))
            rows = await self._rows.fetch(_ENTRIES, day, writers, firsts, counts, starts)
            found.extend(Sequenced(at, day, writer, seq, entry) for at, writer, seq, entry in rows)
        found.sort(key=lambda one: one.index)
        return _whole(found, first, expected)

    async def index_of(self, day: date, writer: str, seq: int) -> int | None:
        """Return where a record stands in the tree; None while it is not yet in it."""
        rows = await self._rows.fetch(_INDEX, writer, seq, day)
        return rows[0][0] if rows else None

    async def tile(self, level: int, n: int, width: int) -> bytes | None:
        """Return the first *width* (1 to 256) hashes of a tile; None when it has not so many."""
        rows = await self._rows.fetch(_TILE, level, n, width * HASH_BYTES)
        return rows[0][0] if rows and len(rows[0][0]) == width * HASH_BYTES else None

    async def checkpoint(self, size: int | None = None) -> StoredCheckpoint | None:
        """Return the checkpoint of *size*, or the newest; None when it is not kept."""
        rows = await self._rows.fetch(_CHECKPOINT, size)
        if not rows:
            return None
        found, root, note, at, lines = rows[0]
        return StoredCheckpoint(found, root, "".join([note, *map(_line, lines)]), at)

    async def hashes(self, work: Callable[[HashReader], Answer]) -> Answer:
        """Return what the pure *work* returns, given a reader of the tree's hashes.

        Raises:
            TileGone: the tiles do not hold what the tree says.
        """
        return await with_hashes(work, self._tiles)

    async def root(self, size: int) -> bytes:
        """Return the root that the tree had at *size*; raise as `hashes`."""
        return await self.hashes(lambda read: merkle.root_at(size, read))

    async def inclusion(self, index: int, size: int) -> list[bytes]:
        """Return the path from leaf *index* to the root at *size*; raise as `hashes`.

        Raises:
            ValueError: the leaf is not in a tree of that size.
        """
        return await self.hashes(lambda read: merkle.inclusion_path(index, size, read))

    async def consistency(self, old: int, new: int) -> list[bytes]:
        """Return the proof that the tree at *new* begins with that at *old*; raise as `hashes`.

        Raises:
            ValueError: *new* is smaller than *old*.
        """
        return await self.hashes(lambda read: merkle.consistency_path(old, new, read))

    async def _tiles(self, places: list[Place]) -> dict[Place, bytes]:
        levels, numbers = [level for level, _ in places], [n for _, n in places]
        rows = await self._rows.fetch(_TILES, levels, numbers)
        return {(level, n): data for level, n, data in rows}


def _whole(found: list[Sequenced], first: int, end: int) -> list[Sequenced]:
    """Return *found* when it covers the indexes from *first* to *end*, excluded."""
    for index, one in enumerate(found, first):
        if one.index != index:
            raise EntriesGone(index)
    if len(found) != max(end - first, 0):
        raise EntriesGone(first + len(found))
    return found


def _line(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n"
