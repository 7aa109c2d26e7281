"""Indexes of days in, indexes and their pages out; rows and SQL stay in here."""

from collections.abc import Sequence
from datetime import date, datetime

from msgspec import Struct

from gateway.disclosure.completeness import DayRoot, Page
from gateway.disclosure.rows import Rows

DAY_OF = "SELECT day FROM audit.writer WHERE writer = $1"
# Another keeper may have finished the same index meanwhile: its pages stay.
DROP_PAGES = """
DELETE FROM disclosure.day_page p WHERE p.day = $1 AND p.rev = $2
  AND NOT EXISTS (SELECT FROM disclosure.day_index i WHERE i.day = $1 AND i.rev = $2)
"""
PUT_PAGE = """
INSERT INTO disclosure.day_page (day, rev, number, first_key, root, data)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT ON CONSTRAINT day_page_pkey DO NOTHING
"""
PUT_INDEX = """
INSERT INTO disclosure.day_index (day, rev, size, root, records, built_at)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT ON CONSTRAINT day_index_pkey DO NOTHING
"""
PUT_LEAF = """
INSERT INTO disclosure.day_leaf (day, rev, entry_id, writer_day, writer, seq)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT ON CONSTRAINT day_leaf_pkey DO NOTHING
"""
NEWEST = """
SELECT i.day, i.rev, i.size, i.root, i.records, l.entry_id, l.writer_day, l.writer, l.seq
FROM disclosure.day_index i
LEFT JOIN disclosure.day_leaf l ON l.day = i.day AND l.rev = i.rev
WHERE i.day = $1 ORDER BY i.rev DESC LIMIT 1
"""
PUBLISHED = NEWEST.replace("LEFT JOIN", "JOIN")
ROOTS = "SELECT root FROM disclosure.day_page WHERE day = $1 AND rev = $2 ORDER BY number"
PAGES = """
SELECT number, root, data FROM disclosure.day_page
WHERE day = $1 AND rev = $2 AND number = ANY($3)
"""
AT_KEY = """
SELECT number, root, data FROM disclosure.day_page
WHERE day = $1 AND rev = $2 AND first_key <= $3 ORDER BY first_key DESC LIMIT 1
"""
# Days of which the tree holds records, with how many, whether every writer has ended, and what
# was counted when the index was last built.  By writer, whose last stretch tells it all: the map
# has millions of stretches a day and is kept for ever.
DAYS = """
SELECT w.day, sum(l.first_seq + l.n)::bigint AS records, bool_and(coalesce(c.done, false)) AS ended,
  min(f.first_index) AS first, max(l.first_index + l.n) AS until
FROM audit.writer w LEFT JOIN audit.cursor c ON c.writer = w.writer
LEFT JOIN LATERAL (SELECT first_index, first_seq, n FROM audit.run r WHERE r.writer = w.writer
  ORDER BY r.first_seq DESC LIMIT 1) l ON true
LEFT JOIN LATERAL (SELECT first_index FROM audit.run r WHERE r.writer = w.writer
  ORDER BY r.first_seq LIMIT 1) f ON true
WHERE w.day >= $1 AND w.day < $2 GROUP BY w.day HAVING count(l.n) > 0 ORDER BY w.day
"""


class Counted(Struct, frozen=True):
    """What the tree holds of one day."""

    day: date
    records: int
    ended: bool  # every writer of the day has been folded to its last record
    first: int  # index of the day's first record
    until: int  # index after its last


class Leaf(Struct, frozen=True):
    """Where the record stands that states a day's root."""

    entry_id: str
    day: date
    writer: str
    seq: int


class DayIndex(Struct, frozen=True):
    """One index as it was built; *leaf* is None until the log has stated its root."""

    of: DayRoot
    rev: int
    records: int  # of the day, when it was built
    leaf: Leaf | None


class DayRepository:
    """What the keeper builds; every statement is whole, or did not happen."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def day_of(self, writer: str) -> date:
        """Return the day of a writer: it lives on one only."""
        ((day,),) = (tuple(row.values()) for row in await self._rows.fetch(DAY_OF, writer))
        return day

    async def put_page(self, day: date, rev: int, page: Page) -> None:
        """Store one page of an index that is being built."""
        await self._rows.execute(
            PUT_PAGE, day, rev, page.number, page.first_key, page.root, page.data
        )

    async def drop_pages(self, day: date, rev: int) -> None:
        """Forget what an interrupted build left; pages of a built index are never dropped."""
        await self._rows.execute(DROP_PAGES, day, rev)

    async def put_index(self, index: DayIndex, at: datetime) -> None:
        """Store the index once all its pages are there; the root is final from here on."""
        of = index.of
        await self._rows.execute(PUT_INDEX, of.day, index.rev, of.size, of.root, index.records, at)

    async def put_leaf(self, index: DayIndex, leaf: Leaf) -> None:
        """Remember where the log states the root."""
        await self._rows.execute(
            PUT_LEAF, index.of.day, index.rev, leaf.entry_id, leaf.day, leaf.writer, leaf.seq
        )

    async def newest(self, day: date) -> DayIndex | None:
        """Return the newest index of *day*, stated in the log or not yet."""
        return await _read(self._rows, NEWEST, day)

    async def days(self, first: date, end: date) -> list[Counted]:
        """Return what the tree holds of the days from *first* to *end*, excluded."""
        rows = await self._rows.fetch(DAYS, first, end)
        return [Counted(*(row[name] for name in Counted.__struct_fields__)) for row in rows]


class PublishedDays:
    """Indexes whose roots the log states, and their proofs: what routes read."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def index(self, day: date) -> DayIndex | None:
        """Return the newest index of *day* that the log states."""
        return await _read(self._rows, PUBLISHED, day)

    async def roots(self, day: date, rev: int) -> list[bytes]:
        """Return the root of each page in order."""
        return [row["root"] for row in await self._rows.fetch(ROOTS, day, rev)]

    async def page_at(self, day: date, rev: int, key: bytes) -> Page | None:
        """Return the page on which *key* stands or would stand; None before the first key."""
        row = await self._rows.fetchrow(AT_KEY, day, rev, key)
        return None if row is None else Page(row["number"], row["root"], row["data"])

    async def pages(self, day: date, rev: int, numbers: Sequence[int]) -> list[Page]:
        """Return the pages of these numbers, in no order."""
        rows = await self._rows.fetch(PAGES, day, rev, list(numbers))
        return [Page(row["number"], row["root"], row["data"]) for row in rows]


async def _read(rows: Rows, query: str, day: date) -> DayIndex | None:
    row = await rows.fetchrow(query, day)
    if row is None:
        return None
    stands = [row[name] for name in ("entry_id", "writer_day", "writer", "seq")]
    leaf = None if stands[0] is None else Leaf(*stands)
    return DayIndex(DayRoot(row["day"], row["size"], row["root"]), row["rev"], row["records"], leaf)
