"""Walks the tree and keeps the search tables up with it; a crash repeats nothing, loses nothing."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Protocol, TypeAlias

import msgspec
import structlog

from gateway.database import TROUBLES
from gateway.errors import Refusal
from gateway.search.filling import Filling
from gateway.search.projection import Indexed, indexed, people_of, unreadable
from gateway.sequencing.pacing import LEAST, breath, portion
from gateway.sequencing.rows import EntriesGone, Sequenced, TreeHead

PAUSE_S = 0.2  # with less than a portion to follow
LEAVE_S = 3600.0  # between two looks for days that have left the record
LOOK_S = 60.0  # between two looks at a part of the tables, 262,144 rows: a twentieth of a second
RETRY_S = 1.0  # after a failure; doubled up to a minute

_log = structlog.get_logger(__name__)

FAILURES: tuple[type[Exception], ...] = (*TROUBLES, Refusal, EntriesGone)


class Tree(Protocol):
    """What the follower asks of the tree."""

    async def head(self) -> TreeHead:
        """Return the newest committed tree."""
        ...

    async def entries(self, first: int, limit: int) -> Sequence[Sequenced]:
        """Return the records from index *first* on, in order, whole."""
        ...


Open: TypeAlias = Callable[[], Awaitable[Filling]]


class Follower:
    """Copies what the tree has and the search tables do not.

    Several may run: the row of the cursor lets one of them work at a time.

    Args:
        tree: read through connections of its own.
        connect: gives a connection to the search tables.
    """

    def __init__(self, tree: Tree, connect: Open) -> None:
        self._tree = tree
        self._connect = connect
        self.behind = 0  # leaves that are still to be followed
        self._looked_at: int | None = None  # the part that was last looked at

    async def follow(self) -> None:
        """Follow until cancelled; every failure is told once, then tried again."""
        pause_s = RETRY_S
        told = False
        while True:
            try:
                async with aclosing(self._steps()) as steps:
                    async for rest_s in steps:
                        pause_s, told = RETRY_S, False
                        await asyncio.sleep(rest_s)
            except FAILURES as failure:
                if not told:
                    _log.error("search.not_followed", error=type(failure).__name__)
                told = True
                await asyncio.sleep(pause_s)
                pause_s = min(60.0, pause_s * 2)

    async def _steps(self) -> AsyncGenerator[float]:
        """Work on one connection, and give the rest that is due, seconds, after each step.

        Now and then it looks after what has left, and whether one part misses something: all of
        them at once would hold up the search for minutes.
        """
        clock = asyncio.get_running_loop().time
        filling = await self._connect()
        leave_at = look_at = clock()
        try:
            while True:
                if clock() >= leave_at:
                    leave_at = clock() + LEAVE_S
                    await filling.let_go()
                if clock() >= look_at:
                    look_at = clock() + LOOK_S
                    await self.heal(filling)
                began = clock()
                await self.step(filling)
                more = self.behind >= LEAST
                yield breath(clock() - began, self.behind) if more else PAUSE_S
        finally:
            await filling.aclose()

    async def step(self, filling: Filling) -> int:
        """Copy one portion; return how many leaves it had, 0 when there was nothing to do.

        Raises:
            EntriesGone: records that the tree has are not in the database, or not in its map.
        """
        size = (await self._tree.head()).size
        async with filling.transaction():
            place = await filling.place()
            if place is None:
                return 0  # another one is at it
            self.behind = size - place.next_index
            if self.behind <= 0:
                return 0
            end = min(size, place.part_end(), place.next_index + portion(self.behind))
            found = await self._tree.entries(place.next_index, end - place.next_index)
            rows = [row_of(each) for each in found if each.index < end]
            if not rows:
                raise EntriesGone(place.next_index)
            await filling.add(rows, place)
        self.behind -= len(rows)
        return len(rows)

    async def catch_up(self, filling: Filling) -> int:
        """Follow to the present end of the tree; return how many leaves were copied."""
        copied = 0
        while step := await self.step(filling):
            copied += step
        return copied

    async def heal(self, filling: Filling) -> int | None:
        """Look at one part, the newest first and then each in turn.

        Returns:
            The part, when it was damaged: it and all behind it are forgotten, to be followed anew.
        """
        parts = await filling.parts()
        part = parts[-1] if self._looked_at is None else self._looked_at + 1
        if part not in parts:
            part = parts[0]
        self._looked_at = part
        if not await filling.damaged(part):
            return None
        _log.critical("search.damaged", part=part)
        await filling.rewind(part)
        return part


def row_of(one: Sequenced) -> Indexed:
    """Return the row of a record; one that cannot be read is found by its place and its people."""
    try:
        return indexed(one.index, one.day, one.writer, one.seq, one.entry)
    except (msgspec.DecodeError, ValueError):
        people = people_of(one.entry)
        return unreadable(one.index, one.day, one.writer, one.seq, people)
