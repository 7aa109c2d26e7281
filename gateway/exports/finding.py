"""Goes through everything that a query finds, newest first, a page at a time."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from datetime import date
from typing import Any, Protocol

from gateway.exports.columns import Record, record
from gateway.search.projection import Indexed
from gateway.search.repository import Page, Standing
from gateway.search.sought import Sought

PAGE_ROWS = 200
FOLLOW_S = 30.0  # the search may be so far behind the tree
LOOK_S = 0.25

# One day for each statement: the planner then opens one partition instead of two years of them.
_ENTRIES = """
SELECT w.at, e.entry
FROM unnest($2::text[], $3::bigint[], $4::bigint[]) AS w (writer, seq, at)
JOIN audit.entry AS e ON e.day = $1 AND e.writer = w.writer AND e.seq = w.seq
"""


class Rows(Protocol):
    """What this asks of a pool of driver connections that may read the record."""

    async def fetch(self, query: str, *args: object) -> Sequence[Any]:
        """Return all rows."""
        ...


class Search(Protocol):
    """What this asks of the search."""

    async def standing(self) -> Standing:
        """Return how far it reaches."""
        ...

    async def page(self, sought: Sought, *, below: int | None = None, rows: int = 50) -> Page:
        """Return some rows, newest first."""
        ...


class RecordsGone(Exception):
    """A record that the search knows is no longer in the database."""

    def __init__(self, index: int) -> None:
        super().__init__(f"the record at index {index} is not in the database")
        self.index = index


class Finding:
    """Everything that fits, as it is stored."""

    def __init__(self, search: Search, rows: Rows) -> None:
        self._search = search
        self._rows = rows

    async def reached(self, size: int) -> int:
        """Wait for the search to reach a tree of *size*; return how far it is, at most *size*."""
        until = asyncio.get_running_loop().time() + FOLLOW_S
        while (standing := await self._search.standing()).next_index < size:
            if asyncio.get_running_loop().time() > until:
                return standing.next_index
            await asyncio.sleep(LOOK_S)
        return size

    async def pages(self, sought: Sought, below: int) -> AsyncGenerator[list[Record]]:
        """Give every record under leaf index *below* that fits, newest first.

        Raises:
            RecordsGone: the search knows a record that has left the database.
            Refusal: SEARCH_TOO_WIDE, DATABASE_UNAVAILABLE.
        """
        at: int | None = below
        while at is not None:
            page = await self._search.page(sought, below=at, rows=PAGE_ROWS)
            if page.rows:
                yield await self._records(page.rows)
            at = page.below

    async def _records(self, found: Sequence[Indexed]) -> list[Record]:
        days: dict[date, list[Indexed]] = defaultdict(list)
        for each in found:
            days[each.day].append(each)
        entries: dict[int, bytes] = {}
        for day, mine in days.items():
            writers, numbers = [each.writer for each in mine], [each.seq for each in mine]
            places = [each.leaf_index for each in mine]
            rows = await self._rows.fetch(_ENTRIES, day, writers, numbers, places)
            entries.update((row[0], row[1]) for row in rows)
        for each in found:
            if each.leaf_index not in entries:
                raise RecordsGone(each.leaf_index)
        return [record(each.leaf_index, entries[each.leaf_index]) for each in found]
