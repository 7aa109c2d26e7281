"""What a walk over the log gathers of days that are not closed yet; rows and SQL stay in here."""

from collections.abc import Sequence
from datetime import date

from msgspec import Struct

from gateway.disclosure.rows import Rows

MOST_DROPPED = 10_000  # rows of one statement

NEXT = "SELECT next_index FROM disclosure.walk"
# Columns come as lines of text, which cost the driver a tenth of what arrays do.
_KEPT = """
INSERT INTO disclosure.day_item (day, key, leaf_index, item)
SELECT g.day, decode(g.key, 'hex'), g.leaf_index, decode(g.item, 'hex')
FROM {}unnest(string_to_array($1, E'\\n')::date[], string_to_array($2, E'\\n'),
    string_to_array($3, E'\\n')::bigint[], string_to_array($4, E'\\n'))
  AS g (day, key, leaf_index, item)
ON CONFLICT ON CONSTRAINT day_item_pkey DO NOTHING
"""
PUT = _KEPT.format("")
# This commit is not waited for: what a crash takes away is gathered again, and an index that stays
# is written to the disk after what it was built from.
_MOVE = """
WITH moved AS (
  UPDATE disclosure.walk SET next_index = $6 WHERE next_index = $5 RETURNING one)
"""
GATHER = _MOVE + _KEPT.format("moved, set_config('synchronous_commit', 'off', true), ")
END_OF_RUN = """
SELECT first_index + n AS until FROM audit.run
WHERE first_index <= $1 ORDER BY first_index DESC LIMIT 1
"""
ITEMS = """
SELECT key, leaf_index, item FROM disclosure.day_item
WHERE day = $1 AND (key, leaf_index) > ($2, $3) ORDER BY key, leaf_index LIMIT $4
"""
DROP = """
DELETE FROM disclosure.day_item WHERE ctid = ANY(ARRAY(
  SELECT ctid FROM disclosure.day_item WHERE day < $1 LIMIT $2))
"""


class Gathered(Struct, frozen=True):
    """One record of one person on one day."""

    day: date
    key: bytes
    leaf_index: int
    item: bytes


class GatherRepository:
    """How far the log was walked, and what was found; each step is one statement."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def next_index(self) -> int:
        """Return how far the log was walked."""
        rows = await self._rows.fetch(NEXT)
        return int(rows[0]["next_index"])

    async def gather(self, found: Sequence[Gathered], *, first: int, end: int) -> None:
        """Keep what the records from *first* to *end*, excluded, say, and walk on.

        When another keeper walked on meanwhile, nothing happens: it kept the same.
        """
        await self._rows.execute(GATHER, *_lines(found), first, end)

    async def put(self, found: Sequence[Gathered]) -> None:
        """Keep what was read again, wherever the walk is; what is there already stays."""
        await self._rows.execute(PUT, *_lines(found))

    async def end_of_run(self, index: int) -> int:
        """Return the index after the run of one writer that holds *index*."""
        row = await self._rows.fetchrow(END_OF_RUN, index)
        return index + 1 if row is None else max(int(row["until"]), index + 1)

    async def items(
        self, day: date, *, after: tuple[bytes, int], limit: int
    ) -> list[tuple[bytes, int, bytes]]:
        """Return (key, index, item) of *day* in order, those after the pair given."""
        rows = await self._rows.fetch(ITEMS, day, *after, limit)
        return [(row["key"], row["leaf_index"], row["item"]) for row in rows]

    async def drop_items(self, before: date) -> None:
        """Drop what was gathered of days before *before*, in bounded steps; the log holds it."""
        while True:
            done = await self._rows.execute(DROP, before, MOST_DROPPED)
            if int(done.rpartition(" ")[2]) < MOST_DROPPED:
                return


def _lines(found: Sequence[Gathered]) -> tuple[str, ...]:
    """Return each of four columns as lines of text."""
    columns = (
        (g.day.isoformat() for g in found),
        (g.key.hex() for g in found),
        (str(g.leaf_index) for g in found),
        (g.item.hex() for g in found),
    )
    return tuple("\n".join(column) for column in columns)
