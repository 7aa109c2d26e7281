"""Days, archives and sizes; rows and SQL stay in here."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Protocol

import asyncpg
from msgspec import Struct

ROLE = "motlan_retention"

DAYS = """
SELECT to_date(right(c.relname, 8), 'YYYYMMDD') AS day
FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
WHERE i.inhparent = 'audit.entry'::regclass ORDER BY day
"""
# By writer: the map of indexes is far larger than a day, and knows writers best.
STRETCH = """
SELECT coalesce(sum(r.n), 0)::bigint AS records, max(r.first_index + r.n) AS above
FROM audit.writer AS w JOIN audit.run AS r ON r.writer = w.writer
WHERE w.day = $1
"""
COUNT = "SELECT count(*) FROM audit.entry WHERE day = $1"
LAST = "SELECT * FROM audit.archive ORDER BY day DESC LIMIT 1"
HELD = """
SELECT * FROM audit.archive WHERE dropped_at IS NULL AND day < $1 ORDER BY day LIMIT 1
"""
ALL = "SELECT * FROM audit.archive ORDER BY day DESC LIMIT $1"
ADD = """
INSERT INTO audit.archive (day, first_index, end_index, root, records, manifest, verified_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
DROP = "SELECT audit.drop_day($1)"
FORGET = """
DELETE FROM audit.change_due
WHERE id IN (SELECT id FROM audit.change_due WHERE done_at < $1 ORDER BY done_at LIMIT 2000)
RETURNING 1
"""
PRUNED = "SELECT coalesce(max(end_index), 0) FROM audit.archive WHERE dropped_at IS NOT NULL"


class Archived(Struct, frozen=True, kw_only=True):
    """One day that was archived and read back."""

    day: date
    first_index: int
    end_index: int
    root: bytes
    records: int
    manifest: bytes  # SHA-256 of its manifest
    verified_at: datetime
    dropped_at: datetime | None = None  # when it left the database


class Stretch(Struct, frozen=True):
    """Where one day stands in the tree."""

    records: int  # that are in the tree
    above: int | None  # the index after its last record; None without any


class Rows(Protocol):
    """What this asks of asyncpg; a pool and a connection both have it."""

    async def fetch(self, query: str, *args: object) -> Sequence[Any]:
        """Return all rows."""
        ...


class RetentionRepository:
    """What retention knows and does, as role ``motlan_retention``."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def days(self) -> list[date]:
        """Return the days that have room in the database, oldest first."""
        return [row["day"] for row in await self._rows.fetch(DAYS)]

    async def stretch(self, day: date) -> Stretch:
        """Return where the records of *day* stand in the tree."""
        (row,) = await self._rows.fetch(STRETCH, day)
        return Stretch(row["records"], row["above"])

    async def count(self, day: date) -> int:
        """Return how many records of *day* the database holds."""
        (row,) = await self._rows.fetch(COUNT, day)
        return int(row[0])

    async def last(self) -> Archived | None:
        """Return the newest day that was archived."""
        rows = await self._rows.fetch(LAST)
        return _archived(rows[0]) if rows else None

    async def archived(self, rows: int) -> list[Archived]:
        """Return the newest *rows* days that were archived, newest first."""
        return [_archived(row) for row in await self._rows.fetch(ALL, rows)]

    async def held(self, before: date) -> Archived | None:
        """Return the oldest day before *before* that is archived and still in the database."""
        rows = await self._rows.fetch(HELD, before)
        return _archived(rows[0]) if rows else None

    async def add(self, day: Archived) -> None:
        """Remember a day whose archive was verified; once."""
        await self._rows.fetch(
            ADD, day.day, day.first_index, day.end_index, day.root, day.records, day.manifest,
            day.verified_at,
        )  # fmt: skip

    async def drop(self, day: date) -> bool:
        """Drop *day* from the database; False when somebody works on the record just now.

        Raises:
            asyncpg.RaiseError, asyncpg.CheckViolationError: it is hot, or not archived.
        """
        try:
            await self._rows.fetch(DROP, day)
        except asyncpg.LockNotAvailableError:
            return False
        return True

    async def minimum_index(self) -> int:
        """Return the index below which records are in the archive alone; a multiple of 256."""
        (row,) = await self._rows.fetch(PRUNED)
        return int(row[0])

    async def forget_changes(self, before: datetime) -> int:
        """Remove at most 2,000 rows of changes whose leaves were durable by *before*."""
        return len(await self._rows.fetch(FORGET, before))


def _archived(row: Any) -> Archived:  # noqa: ANN401 - the driver's row
    return Archived(**{name: row[name] for name in Archived.__struct_fields__})
