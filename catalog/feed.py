"""The worker's copy of the catalog: replaced whole, and kept when the new one is bad."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import NoReturn, Protocol

from msgspec import Struct

from catalog.assembly import EMPTY, overlay
from catalog.canonical import Pool, Stored, restore
from catalog.errors import CatalogInvalid
from catalog.kinds import Entry, key_of
from catalog.lint import faults, lint, touched
from catalog.snapshot import Snapshot

PERIOD_S = 0.5  # a change must be in every worker within one second
SOME = 200  # entries: more than these are taken in beside the event loop, not in it


class Fresh(Struct, frozen=True):
    """What changed after a revision, or a part of it, and the revision it leads to."""

    revision: int
    stored: tuple[Stored, ...]


class Source(Protocol):
    """Where changes come from."""

    async def revision(self) -> int:
        """Return the number of the last change."""
        ...

    def since(self, revision: int) -> AsyncGenerator[Fresh]:
        """Yield every entry that changed after *revision*, as of one instant, part by part.

        A catalog of full size is read in parts of `SOME`: its documents are a hundred megabytes,
        which nobody needs once they are decoded.
        """
        ...


class SnapshotKeeper:
    """Holds the snapshot that exchanges read; one in each worker."""

    def __init__(self, source: Source, *, on_failure: Callable[[Exception], None]) -> None:
        """Start without a catalog.

        Args:
            source: where changes come from.
            on_failure: told each time the newest catalog could not be had; the old one stays.
        """
        self._source = source
        self._on_failure = on_failure
        self._current = EMPTY
        self._refused: int | None = None  # a revision that did not pass; not tried again
        self._looking = asyncio.Lock()

    @property
    def current(self) -> Snapshot:
        """Return the snapshot of this instant; hold on to it for the length of one exchange."""
        return self._current

    async def open(self) -> None:
        """Take the first snapshot in.

        Raises:
            CatalogInvalid: what is stored does not hang together.
            Exception: as the source raises; a worker without a catalog must not start.
        """
        self._current = await _built(await self._read(EMPTY))

    async def refresh(self) -> bool:
        """Look once; return whether a new snapshot is in place.  Never raises on a bad one.

        Who finds a right gone may call it out of turn: it is one row when nothing changed.
        """
        async with self._looking:
            try:
                news = await self._news()
            except Exception as lost:  # noqa: BLE001 - whatever it is, the old one stays
                self._on_failure(lost)
                return False
            return news is not None and await self._take(news)

    async def keep(self, period_s: float = PERIOD_S) -> NoReturn:
        """Refresh for ever; the caller owns the task and cancels it."""
        while True:
            await asyncio.sleep(period_s)
            await self.refresh()

    async def _news(self) -> "Intake | None":
        revision = await self._source.revision()
        if revision in (self._current.revision, self._refused):
            return None
        # Lower: the database was restored from a backup, so nothing we hold counts.
        return await self._read(self._current if revision > self._current.revision else EMPTY)

    async def _read(self, base: Snapshot) -> "Intake":
        news = Intake(base)
        async with aclosing(self._source.since(base.revision)) as parts:
            async for part in parts:
                news.add(part)
        return news

    async def _take(self, news: "Intake") -> bool:
        try:
            self._current = await _built(news)
        except Exception as bad:  # noqa: BLE001 - whatever it is, the old one stays
            self._refused = news.revision
            self._on_failure(bad)
            return False
        self._refused = None
        return True


class Intake:
    """What is read of a catalog, part by part, on the way to a snapshot."""

    def __init__(self, base: Snapshot) -> None:
        self.revision = base.revision
        self._base = base
        self._pool = Pool()
        self._entries: list[Entry] = []
        self._undecoded: Exception | None = None

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, part: Fresh) -> None:
        """Take *part* in; what cannot be decoded is raised by `snapshot`, not by the reader."""
        self.revision = part.revision
        try:
            self._entries += [self._pool.lean(restore(each)) for each in part.stored]
        except Exception as bad:  # noqa: BLE001 - a row that somebody damaged by hand
            self._undecoded = self._undecoded or bad

    def snapshot(self) -> Snapshot:
        """Return the base with every part taken in, once the whole hangs together.

        Raises:
            CatalogInvalid: it does not.
            msgspec.DecodeError: a stored document does not have its shape.
        """
        if self._undecoded is not None:
            raise self._undecoded
        snapshot = overlay(self._base, self._entries, self.revision)
        changed = [key_of(entry) for entry in self._entries]
        wrong = faults(lint(snapshot, touched(snapshot, changed)))
        if wrong:
            raise CatalogInvalid(wrong)
        return snapshot


async def _built(news: Intake) -> Snapshot:
    """Return the snapshot, made in a thread when it takes long enough to hold up exchanges."""
    if len(news) <= SOME:
        return news.snapshot()
    return await asyncio.to_thread(news.snapshot)
