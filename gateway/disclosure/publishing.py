"""Builds the index of each day that is over, and states its root in the log; safe to interrupt."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta

import structlog

from gateway.audit.acts import Acts
from gateway.audit.entry import Entry, Receipt
from gateway.audit.events import Changed, Event, Method
from gateway.audit.leaf import Change
from gateway.clock import Clock
from gateway.disclosure.completeness import DayRoot, Member, Paging, list_of, root_of
from gateway.disclosure.day_repository import Counted, DayIndex, DayRepository, Leaf
from gateway.disclosure.gathering import GatherRepository
from gateway.disclosure.walk import Walk
from gateway.sequencing.rows import EntriesGone

ROUTE = "keeper:index"
WINDOW = timedelta(days=10)  # days that are looked at; what was gathered is kept as long
FAR = timedelta(days=90)  # days that are still in the database, whatever the settings
# A writer that was killed is ended by its successor; a day does not wait for one for ever.
PATIENCE = timedelta(hours=6)
_ITEMS = 5_000  # rows of one read

_log = structlog.get_logger(__name__)

Append = Callable[[Entry], Awaitable[Receipt]]


class Publishing:
    """One round looks at the last ten days; a day whose records grew gets a further revision.

    Once a day, and when it begins, it looks further back for days that were never stated.
    """

    def __init__(
        self,
        *,
        days: DayRepository,
        found: GatherRepository,
        walk: Walk,
        acts: Acts,
        append: Append,
        clock: Clock,
        patience: timedelta = PATIENCE,
    ) -> None:
        self._days = days
        self._found = found
        self._walk = walk
        self._acts = acts
        self._append = append
        self._clock = clock
        self._patience = patience
        self._looked_back_on: date | None = None

    async def round(self) -> list[DayIndex]:
        """Walk to the end of the log, then build and state what is due; return what was stated."""
        await self._walk.to_end()
        now = self._clock()
        today = now.astimezone(UTC).date()
        walked = await self._found.next_index()
        stated: list[DayIndex] = []
        for counted in await self._days.days(today - WINDOW, today):
            if walked >= counted.until and self._may(counted, now):
                stated += await self._settle(counted)
        if self._looked_back_on != today:
            stated += await self._look_back(today)
            self._looked_back_on = today
        await self._found.drop_items(today - WINDOW)
        return stated

    async def _look_back(self, today: date) -> list[DayIndex]:
        """State days that nobody stated in time, as after weeks without a keeper or a tree.

        What was gathered of them is gone, or will be: they are read again.
        """
        stated: list[DayIndex] = []
        for counted in await self._days.days(today - FAR, today - WINDOW):
            newest = await self._days.newest(counted.day)
            if newest is None:
                try:
                    await self._walk.again(counted.day, counted.first, counted.until)
                except EntriesGone as gone:
                    _log.error("disclosure.day_not_stated", day=str(counted.day), index=gone.index)
                    continue
                newest = await self.build(counted.day, 1, counted.records)
            if newest.leaf is None:
                stated.append(await self._state(newest))
        return stated

    def _may(self, counted: Counted, now: datetime) -> bool:
        """Tell a day of which no further record is to come; *counted* is of a day before today."""
        over = datetime.combine(counted.day + timedelta(days=1), time(), UTC)
        return counted.ended or now >= over + self._patience

    async def _settle(self, counted: Counted) -> list[DayIndex]:
        newest = await self._days.newest(counted.day)
        if newest is None or newest.records != counted.records:
            if newest is not None:
                _log.warning("disclosure.day_grew", day=str(counted.day), rev=newest.rev + 1)
            rev = 1 if newest is None else newest.rev + 1
            newest = await self.build(counted.day, rev, counted.records)
        if newest.leaf is not None:
            return []
        return [await self._state(newest)]

    async def build(self, day: date, rev: int, records: int) -> DayIndex:
        """Build the index of *day* from what was gathered, page by page."""
        await self._days.drop_pages(day, rev)
        paging = Paging()
        last = None
        async for member in self._members(day):
            if (page := paging.add(member)) is not None:
                await self._days.put_page(day, rev, last := page)
        if (page := paging.rest()) is not None:
            await self._days.put_page(day, rev, last := page)
        root = root_of(paging.roots, last, paging.size)
        index = DayIndex(DayRoot(day, paging.size, root), rev, records, None)
        await self._days.put_index(index, self._clock())
        return index

    async def _members(self, day: date) -> AsyncIterator[Member]:
        key, items = b"", list[bytes]()
        after = (b"", -1)
        while rows := await self._found.items(day, after=after, limit=_ITEMS):
            for group, found in itertools.groupby(rows, key=lambda row: row[0]):
                if group != key and items:
                    yield Member(key, list_of(key, items))
                    items = []
                key = group
                items += [item for _, _, item in found]
            after = rows[-1][:2]
        if items:
            yield Member(key, list_of(key, items))

    async def _state(self, index: DayIndex) -> DayIndex:
        """Write the root into the log; after a crash in between the same root is stated twice."""
        of = index.of
        change = Change(
            kind=Changed.INDEX, id=of.day.isoformat(), rev=index.rev, hash=of.root.hex()
        )
        leaf = self._acts.leaf(
            Event.INDEX_PUBLISH,
            None,
            route=ROUTE,
            method=Method.COMMAND,
            change=change,
            n=of.size,
        )
        receipt = await self._append(Entry(body=leaf))
        day = await self._days.day_of(receipt.writer)
        stands = Leaf(receipt.entry_id, day, receipt.writer, receipt.seq)
        await self._days.put_leaf(index, stands)
        return DayIndex(of, index.rev, index.records, stands)
