"""Walks the log and gathers who is concerned by which record on which day; safe to interrupt."""

import asyncio
from datetime import date
from typing import Protocol

import structlog

from gateway.disclosure.completeness import item_of, key_of
from gateway.disclosure.gathering import Gathered, GatherRepository
from gateway.search.projection import people_of
from gateway.sequencing.pacing import LEAST, breath
from gateway.sequencing.rows import EntriesGone, Sequenced, TreeHead

_log = structlog.get_logger(__name__)


class Entries(Protocol):
    """What the walk asks of the tree."""

    async def head(self) -> TreeHead:
        """Return the newest committed tree."""
        ...

    async def entries(self, first: int, limit: int) -> list[Sequenced]:
        """Return the records from index *first* on, in order, whole."""
        ...


def gathered(place: Sequenced) -> list[Gathered]:
    """Return one row for each person that the record at *place* is about.

    A record about more than 32 people holds a root instead of pseudonyms and gives no row.
    """
    item = item_of(place.index, place.entry)
    return [
        Gathered(place.day, key_of(place.day, person), place.index, item)
        for person in people_of(place.entry)
    ]


class Walk:
    """Follows the tree from where the last walk ended, whoever walked."""

    def __init__(self, tree: Entries, found: GatherRepository) -> None:
        self._tree = tree
        self._found = found

    async def to_end(self) -> None:
        """Take in what there is by now; at the pace of one that is never late.

        A round begins far from the end, and what it gathers is not asked for before the next day.
        """
        clock = asyncio.get_running_loop().time
        end = (await self._tree.head()).size
        began = clock()
        while await self.step(end) < end:
            await asyncio.sleep(breath(clock() - began, 0))
            began = clock()

    async def step(self, end: int) -> int:
        """Take in one portion of the records before *end*; return how far the walk is now.

        Raises:
            EntriesGone: the map of the tree has a hole there; nobody may walk around it.
        """
        first = await self._found.next_index()
        if first >= end:
            return first
        try:
            places = await self._tree.entries(first, min(LEAST, end - first))
        except EntriesGone as gone:
            return await self._over(first, gone.index)
        if not places:
            raise EntriesGone(first)
        rows = [row for place in places for row in gathered(place)]
        await self._found.gather(rows, first=first, end=first + len(places))
        return first + len(places)

    async def again(self, day: date, first: int, end: int) -> None:
        """Take in once more what the records of *day* say; the walk stays where it is.

        Args:
            day: UTC, of the writers.
            first: index of its first record; others may stand between them.
            end: the index after its last.

        Raises:
            EntriesGone: a record between the two is not in the database.
        """
        clock = asyncio.get_running_loop().time
        while first < end:
            began = clock()
            places = await self._tree.entries(first, min(LEAST, end - first))
            if not places:
                raise EntriesGone(first)
            of_day = [place for place in places if place.day == day]
            await self._found.put([row for place in of_day for row in gathered(place)])
            first += len(places)
            await asyncio.sleep(breath(clock() - began, 0))

    async def _over(self, first: int, gone: int) -> int:
        """Step over records that left for the archive unwalked: no index has them."""
        end = await self._found.end_of_run(gone)
        _log.critical("disclosure.records_gone", first=first, end=end)
        await self._found.gather([], first=first, end=end)
        return end
