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
from gateway.search.projection import Indexed, indexed, unreadable
from gateway.sequencing.rows import EntriesGone, Sequenced, TreeHead

BATCH = 500  # records of one transaction; the loop that folds stands still while it is made
PAUSE_S = 0.2  # with nothing to follow
LOOK_S = 3600.0  # between two looks at the tables themselves
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
        observed: told, after each look, how many leaves are still to be followed.
    """

    def __init__(
        self, tree: Tree, connect: Open, observed: Callable[[int], None] = lambda _: None
    ) -> None:
        self._tree = tree
        self._connect = connect
        self._observed = observed

    async def follow(self) -> None:
        """Follow until cancelled; every failure is told once, then tried again."""
        pause_s = RETRY_S
        told = False
        while True:
            try:
                async with aclosing(self._steps()) as steps:
                    async for copied in steps:
                        pause_s, told = RETRY_S, False
                        await asyncio.sleep(0 if copied else PAUSE_S)
            except FAILURES as failure:
                if not told:
                    _log.error("search.not_followed", error=type(failure).__name__)
                told = True
                await asyncio.sleep(pause_s)
                pause_s = min(60.0, pause_s * 2)

    async def _steps(self) -> AsyncGenerator[int]:
        """Work on one connection; look after what has left and what is missing once an hour."""
        filling = await self._connect()
        try:
            while True:
                await filling.let_go()
                await self.heal(filling)
                again = asyncio.get_running_loop().time() + LOOK_S
                while asyncio.get_running_loop().time() < again:
                    yield await self.step(filling)
        finally:
            await filling.aclose()

    async def step(self, filling: Filling) -> int:
        """Copy one batch; return how many leaves it had, 0 when there was nothing to do."""
        size = (await self._tree.head()).size
        async with filling.transaction():
            place = await filling.place()
            if place is None:
                return 0
            if place.next_index >= size:
                self._observed(0)
                return 0
            end = min(size, place.part_end(), place.next_index + BATCH)
            found = await self._tree.entries(place.next_index, end - place.next_index)
            rows = [row_of(each) for each in found if each.index < end]
            if rows:
                await filling.add(rows, place)
        self._observed(size - place.next_index - len(rows))
        return len(rows)

    async def catch_up(self, filling: Filling) -> int:
        """Follow to the present end of the tree; return how many leaves were copied."""
        copied = 0
        while step := await self.step(filling):
            copied += step
        return copied

    async def heal(self, filling: Filling) -> int | None:
        """Forget from the first damaged part on, so that it is followed anew; say which."""
        part = await filling.damaged()
        if part is not None:
            _log.critical("search.damaged", part=part)
            await filling.rewind(part)
        return part


def row_of(one: Sequenced) -> Indexed:
    """Return the row of a record; one that cannot be read is found by its place alone."""
    try:
        return indexed(one.index, one.day, one.writer, one.seq, one.entry)
    except (msgspec.DecodeError, ValueError):
        return unreadable(one.index, one.day, one.writer, one.seq)
