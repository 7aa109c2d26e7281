"""Counters of the follower: counted once, in one statement each; SQL stays in here."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Protocol

import msgspec

from gateway.findings.rules import REPEAT_DAYS
from gateway.findings.tallies import Tallies

KEPT_DAYS = 35  # of counters
KEPT_ACTIVE_DAYS = 400  # of `calls`, which tell whether an account slept
_MOST_DROPPED = 10_000  # rows of one statement

NEXT = "SELECT next_index FROM findings.cursor"
# One statement: the cursor moves and everything is counted, or nothing is.  The cursor's row is
# locked first, so that of two followers one counts, and the other sees that it did.  Who was met
# before is found by the key of each row: a join would look through the whole day while the planner
# does not know yet how much that is.  Columns come as lines of text, which cost both sides a tenth
# of what arrays or JSON do; no word that is counted holds a line break (`facts`).  This commit is
# not waited for: what a crash takes away, cursor and counters, is counted again, and a finding that
# stays rests on counters that stay, for the one is written to the disk after the other.
ADVANCE = """
WITH moved AS (
  UPDATE findings.cursor SET next_index = $2, at = $3 WHERE next_index = $1 RETURNING one),
owner AS MATERIALIZED (
  SELECT o.* FROM moved, unnest(string_to_array($4, E'\\n'), string_to_array($5, E'\\n'),
      string_to_array($6, E'\\n')::date[], string_to_array($7, E'\\n', ''))
    WITH ORDINALITY AS o (scope, actor, day, agency, place)),
met AS (
  INSERT INTO findings.seen (scope, actor, mark, day, subject, first_index)
  SELECT o.scope, o.actor, m.mark, o.day, m.subject, m.first_index
  FROM unnest(string_to_array($8, E'\\n')::bigint[], string_to_array($9, E'\\n'),
      string_to_array($10, E'\\n'), string_to_array($11, E'\\n')::bigint[])
    AS m (place, mark, subject, first_index) JOIN owner o USING (place)
  ON CONFLICT ON CONSTRAINT seen_pkey DO NOTHING
  RETURNING scope, actor, mark, day, first_index),
added AS (
  SELECT o.scope, o.actor, o.day, c.mark, c.n, c.sample::bigint[]
  FROM unnest(string_to_array($12, E'\\n')::bigint[], string_to_array($13, E'\\n'),
      string_to_array($14, E'\\n')::bigint[], string_to_array($15, E'\\n'))
    AS c (place, mark, n, sample) JOIN owner o USING (place)
  UNION ALL
  SELECT scope, actor, day, mark, count(*),
    (SELECT (array_agg(at ORDER BY at))[1:20] FROM unnest(array_agg(first_index)) AS at)
  FROM met GROUP BY scope, actor, day, mark),
tallied AS (
  INSERT INTO findings.tally AS t (scope, actor, day, mark, n, sample)
  SELECT * FROM added
  ON CONFLICT ON CONSTRAINT tally_pkey
  DO UPDATE SET n = t.n + EXCLUDED.n, sample = CASE WHEN cardinality(t.sample) < 20
    THEN (t.sample || EXCLUDED.sample)[1:20] ELSE t.sample END),
due AS (
  INSERT INTO findings.due AS d (scope, actor, day, agency, until)
  SELECT scope, actor, day, agency, $2 FROM owner
  ON CONFLICT ON CONSTRAINT due_pkey
  DO UPDATE SET until = EXCLUDED.until, agency = coalesce(EXCLUDED.agency, d.agency))
SELECT count(*) FROM moved, set_config('synchronous_commit', 'off', true)
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

    async def advance(self, first: int, end: int, tallies: Tallies, at: datetime) -> bool:
        """Count *tallies*, of the leaves from *first* to *end*, excluded, and move on.

        Returns:
            False when another follower had moved on: nothing was counted.
        """
        owners = [
            (key.scope, key.actor, key.day.isoformat(), own.agency or "")
            for key, own in tallies.items()
        ]
        placed = [(str(place), own) for place, own in enumerate(tallies.values(), 1)]
        met = [
            (place, mark, subject, str(index))
            for place, own in placed
            for (mark, subject), index in own.met.items()
        ]
        counts = [
            (place, mark, str(n), f"{{{','.join(map(str, own.samples[mark]))}}}")
            for place, own in placed
            for mark, n in own.counts.items()
        ]
        columns = (*_lines(owners), *_lines(met), *_lines(counts))
        return bool(await self._rows.fetchval(ADVANCE, first, end, at, *columns))

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


def _lines(rows: Sequence[tuple[str, str, str, str]]) -> list[str]:
    """Return each of four columns as lines of text."""
    return ["\n".join(column) for column in zip(*rows, strict=True)] or [""] * 4


def as_json(rows: list[dict[str, object]]) -> str:
    """Return *rows* as one parameter of a statement."""
    return msgspec.json.encode(rows).decode()
