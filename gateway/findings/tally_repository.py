"""Counters of the follower: counted once, in one statement each; SQL stays in here."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Protocol

import msgspec

from gateway.findings.rules import REPEAT_DAYS
from gateway.findings.tallies import Batch, Key

KEPT_DAYS = 35  # of counters
KEPT_ACTIVE_DAYS = 400  # of `calls`, which tell whether an account slept
_MOST_DROPPED = 10_000  # rows of one statement

NEXT = "SELECT next_index FROM findings.cursor"
# One statement: the cursor moves and everything is counted, or nothing is.  The cursor's row is
# locked first, so that of two followers one counts, and the other sees that it did.  Who was met
# before is found by the key of each row: a join would look through the whole day while the planner
# does not know yet how much that is.
ADVANCE = """
WITH moved AS (
  UPDATE findings.cursor SET next_index = $2, at = $3 WHERE next_index = $1 RETURNING one),
met AS (
  INSERT INTO findings.seen (scope, actor, mark, day, subject, first_index)
  SELECT m.scope, m.actor, m.mark, m.day, m.subject, m.first_index
  FROM moved, jsonb_to_recordset($5::jsonb)
    AS m (scope text, actor text, mark text, day date, subject text, first_index bigint)
  ON CONFLICT ON CONSTRAINT seen_pkey DO NOTHING
  RETURNING scope, actor, mark, day, first_index),
added AS (
  SELECT c.* FROM moved, jsonb_to_recordset($4::jsonb)
    AS c (scope text, actor text, day date, mark text, n bigint, sample bigint[])
  UNION ALL
  SELECT scope, actor, day, mark, count(*),
    (array_agg(first_index ORDER BY first_index))[1:20]
  FROM met GROUP BY scope, actor, day, mark),
tallied AS (
  INSERT INTO findings.tally AS t (scope, actor, day, mark, n, sample)
  SELECT scope, actor, day, mark, n, sample FROM added
  ON CONFLICT ON CONSTRAINT tally_pkey
  DO UPDATE SET n = t.n + EXCLUDED.n, sample = (t.sample || EXCLUDED.sample)[1:20]),
due AS (
  INSERT INTO findings.due AS d (scope, actor, day, agency, until)
  SELECT k.scope, k.actor, k.day, k.agency, $2 FROM moved, jsonb_to_recordset($6::jsonb)
    AS k (scope text, actor text, day date, agency text)
  ON CONFLICT ON CONSTRAINT due_pkey
  DO UPDATE SET until = EXCLUDED.until, agency = coalesce(EXCLUDED.agency, d.agency))
SELECT count(*) FROM moved
"""
# Past what has left the record: whole days leave, so the next run with rows is where to go on.
RESUME = """
SELECT min(first_index) FROM audit.run
WHERE first_index > $1 AND to_regclass('audit.entry_' || to_char(day, 'YYYYMMDD')) IS NOT NULL
"""
FORGET_TALLY = """
DELETE FROM findings.tally WHERE ctid = ANY(ARRAY(SELECT ctid FROM findings.tally
  WHERE day < $1 AND (mark <> 'calls' OR day < $2) LIMIT $3))
"""
FORGET_SEEN = """
DELETE FROM findings.seen WHERE ctid = ANY(ARRAY(SELECT ctid FROM findings.seen
  WHERE day < $1 AND (mark <> 'bare_persons' OR day < $2) LIMIT $3))
"""


class Rows(Protocol):
    """What is asked of a pool or connection of the follower's role."""

    async def fetch(self, query: str, *args: object) -> Sequence[Mapping[str, Any]]:
        """Return all rows."""
        ...

    async def fetchval(self, query: str, *args: object) -> Any:  # noqa: ANN401 - a column's value
        """Return the first column of the first row."""
        ...

    async def execute(self, query: str, *args: object) -> str:
        """Run one statement and return its status."""
        ...


class TallyRepository:
    """What the follower counts; each change is one statement, whole or not at all."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def next_index(self) -> int:
        """Return how far the log was counted."""
        return int(await self._rows.fetchval(NEXT))

    async def advance(self, first: int, end: int, batch: Batch, at: datetime) -> bool:
        """Count *batch*, which holds the leaves from *first* to *end*, excluded, and move on.

        Returns:
            False when another follower had moved on: nothing was counted.
        """
        counts: list[dict[str, object]] = [
            {**_key(key), "mark": mark, "n": count.n, "sample": count.sample}
            for (key, mark), count in batch.counts.items()
        ]
        met: list[dict[str, object]] = [
            {**msgspec.structs.asdict(one), "first_index": index}
            for one, index in batch.met.items()
        ]
        touched: list[dict[str, object]] = [
            {**_key(key), "agency": agency} for key, agency in batch.agencies.items()
        ]
        moved = await self._rows.fetchval(
            ADVANCE, first, end, at, as_json(counts), as_json(met), as_json(touched)
        )
        return bool(moved)

    async def resume(self, first: int) -> int | None:
        """Return the first index after *first* whose records are still here."""
        found = await self._rows.fetchval(RESUME, first)
        return None if found is None else int(found)

    async def forget(self, newest: date) -> None:
        """Drop counters that no rule looks at any more on *newest* or later, in bounded steps."""
        older = newest - timedelta(days=KEPT_DAYS)
        active = newest - timedelta(days=KEPT_ACTIVE_DAYS)
        met, again = newest - timedelta(days=3), newest - timedelta(days=REPEAT_DAYS + 3)
        for statement, *days in ((FORGET_TALLY, older, active), (FORGET_SEEN, met, again)):
            dropped = _MOST_DROPPED
            while dropped == _MOST_DROPPED:
                status = await self._rows.execute(statement, *days, _MOST_DROPPED)
                dropped = int(status.rpartition(" ")[2])


def _key(key: Key) -> dict[str, object]:
    return {"scope": key.scope, "actor": key.actor, "day": key.day}


def as_json(rows: list[dict[str, object]]) -> str:
    """Return *rows* as one parameter of a statement."""
    return msgspec.json.encode(rows).decode()
