"""Rows of acts that are owed a leaf; rows and SQL stay in here."""

from collections.abc import Sequence
from typing import Any, Protocol

from gateway.audit.changes import Due

ROLE = "motlan_follower"  # may read what is owed, and say that it was written

TAKE = "SELECT audit.take_changes($1, $2)"

CLAIM = """
UPDATE audit.change_due SET claimed_at = clock_timestamp(), claimed_writer = $1
WHERE id IN (SELECT id FROM audit.change_due WHERE done_at IS NULL AND claimed_at IS NULL
             AND NOT id = ANY($3::bigint[]) ORDER BY id LIMIT $2)
RETURNING id, leaf_id::text, salt, at, event, kind, code, rev, before, after, by, by_is,
  approved_by, via, service, elements, subjects
"""

DONE = "UPDATE audit.change_due SET done_at = clock_timestamp() WHERE id = ANY($1::bigint[])"

# Claimed and not done: the leaf stands in a sequence of the claiming node, or nowhere.  A record
# that is damaged says nothing, and must not keep the others from being read.
SETTLE = """
WITH doubtful AS MATERIALIZED (
  SELECT id, leaf_id::text AS leaf_id, claimed_writer FROM audit.change_due
  WHERE done_at IS NULL AND claimed_at IS NOT NULL
), places AS (
  SELECT DISTINCT later.day, later.writer
  FROM (SELECT DISTINCT claimed_writer FROM doubtful) AS d
  JOIN audit.writer AS w ON w.writer = d.claimed_writer
  JOIN audit.writer AS later ON later.node = w.node AND later.day >= w.day
), recorded AS MATERIALIZED (
  SELECT CASE WHEN sha256('\\x00'::bytea || e.entry) = e.leaf
    THEN convert_from(e.entry, 'UTF8')::jsonb ->> 'id' END AS leaf_id
  FROM places AS p JOIN audit.entry AS e ON e.day = p.day AND e.writer = p.writer
)
UPDATE audit.change_due AS due SET
  done_at = CASE WHEN d.leaf_id IN (SELECT leaf_id FROM recorded) THEN clock_timestamp() END,
  claimed_at = CASE WHEN d.leaf_id IN (SELECT leaf_id FROM recorded) THEN due.claimed_at END
FROM doubtful AS d WHERE d.id = due.id
RETURNING due.done_at IS NOT NULL AS recorded
"""

WAITING = """
SELECT count(*) AS waiting,
  coalesce(extract(epoch FROM clock_timestamp() - min(at)), 0)::float8 AS oldest_s
FROM audit.change_due WHERE done_at IS NULL
"""


class Rows(Protocol):
    """What this asks of asyncpg; a pool and a connection both have it."""

    async def fetch(self, query: str, *args: object) -> Sequence[Any]:
        """Return all rows."""
        ...

    async def fetchrow(self, query: str, *args: object) -> Any:  # noqa: ANN401 - the driver's
        """Return the first row."""
        ...

    async def fetchval(self, query: str, *args: object) -> Any:  # noqa: ANN401 - a column's value
        """Return the first column of the first row."""
        ...


class Outbox:
    """What is owed to the record, as role ``motlan_follower``; each call is one statement."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def take(self, holder: str, seconds: int) -> int | None:
        """Hold the outbox for *seconds* more; None while another process does.

        Returns:
            The term of the hold: the revision of the right ``changes:drain`` that every leaf must
            rest on.  It grows whenever the holder changes.
        """
        term: int | None = await self._rows.fetchval(TAKE, holder, seconds)
        return term

    async def claim(self, writer: str, rows: int, but: Sequence[int] = ()) -> list[Due]:
        """Return the oldest *rows* acts that nobody has claimed, now claimed for *writer*.

        Args:
            writer: the id of the sequence that their leaves will stand in, or one before it.
            rows: the most to return.
            but: ids to leave alone.
        """
        found = await self._rows.fetch(CLAIM, writer, rows, list(but))
        return sorted((_due(row) for row in found), key=lambda due: due.id)

    async def done(self, ids: Sequence[int]) -> None:
        """Remember that the leaves of *ids* are durable."""
        await self._rows.fetch(DONE, list(ids))

    async def settle(self) -> tuple[int, int]:
        """Look in the record for the leaves of claimed acts; the others become free again.

        Returns:
            How many were recorded, and how many were not.
        """
        found = [bool(row["recorded"]) for row in await self._rows.fetch(SETTLE)]
        return sum(found), len(found) - sum(found)

    async def waiting(self) -> tuple[int, float]:
        """Return how many acts are owed a leaf, and the age of the oldest in seconds."""
        row = await self._rows.fetchrow(WAITING)
        return int(row["waiting"]), float(row["oldest_s"])


def _due(row: Any) -> Due:  # noqa: ANN401 - the driver's row
    return Due(**{name: row[name] for name in Due.__struct_fields__})
