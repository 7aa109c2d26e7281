"""Records at scattered places of the log, in few statements however many they are."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from gateway.disclosure.rows import Rows
from gateway.sequencing.rows import Sequenced

# Each index has one run, found by the key of runs: the projection is not asked where a record is.
PLACES = """
SELECT w.at, r.day, r.writer, r.first_seq + w.at - r.first_index AS seq
FROM unnest($1::bigint[]) AS w (at)
CROSS JOIN LATERAL (
  SELECT * FROM audit.run WHERE first_index <= w.at ORDER BY first_index DESC LIMIT 1) AS r
WHERE w.at < r.first_index + r.n
"""
# One day for each statement: the planner then opens one partition instead of two years of them.
ENTRIES = """
SELECT w.at, e.day, e.writer, e.seq, e.entry
FROM unnest($2::bigint[], $3::text[], $4::bigint[]) AS w (at, writer, seq)
CROSS JOIN LATERAL (
  SELECT * FROM audit.entry WHERE day = $1 AND writer = w.writer AND seq = w.seq) AS e
"""


class PlaceRepository:
    """Whole records by their indexes."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def at(self, indexes: Sequence[int]) -> list[Sequenced]:
        """Return the records at *indexes*, in their order; those of archived days are missing."""
        by_day: dict[date, list[tuple[int, str, int]]] = defaultdict(list)
        for row in await self._rows.fetch(PLACES, list(indexes)):
            by_day[row["day"]].append((row["at"], row["writer"], row["seq"]))
        found: dict[int, Sequenced] = {}
        for day, places in by_day.items():
            columns = [list(column) for column in zip(*places, strict=True)]
            for row in await self._rows.fetch(ENTRIES, day, *columns):
                at = row["at"]
                found[at] = Sequenced(at, row["day"], row["writer"], row["seq"], row["entry"])
        return [found[index] for index in indexes if index in found]
