"""The worker's copy of the catalog: replaced whole, and kept when the new one is bad."""

import asyncio
from collections.abc import Callable
from typing import NoReturn, Protocol

from msgspec import Struct

from catalog.assembly import EMPTY, overlay
from catalog.canonical import Pool, Stored, restore
from catalog.entries import Agreement
from catalog.errors import CatalogInvalid
from catalog.kinds import key_of
from catalog.lint import faults, lint, touched
from catalog.snapshot import Snapshot

PERIOD_S = 0.5  # a change must be in every worker within one second
_SOME = 200  # entries: more than these are taken in beside the event loop, not in it


class Fresh(Struct, frozen=True):
    """What changed after a revision, and the revision it leads to."""

    revision: int
    stored: tuple[Stored, ...]


class Source(Protocol):
    """Where changes come from."""

    async def revision(self) -> int:
        """Return the number of the last change."""
        ...

    async def since(self, revision: int) -> Fresh:
        """Return every entry that changed after *revision*, as of one instant."""
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
        self._current = await _beside(EMPTY, await self._source.since(0))

    async def refresh(self) -> bool:
        """Look once; return whether a new snapshot is in place.  Never raises on a bad one.

        Who finds a right gone may call it out of turn: it is one row when nothing changed.
        """
        async with self._looking:
            try:
                fresh = await self._news()
            except Exception as lost:  # noqa: BLE001 - whatever it is, the old one stays
                self._on_failure(lost)
                return False
            return fresh is not None and await self._take(fresh)

    async def keep(self, period_s: float = PERIOD_S) -> NoReturn:
        """Refresh for ever; the caller owns the task and cancels it."""
        while True:
            await asyncio.sleep(period_s)
            await self.refresh()

    async def _news(self) -> Fresh | None:
        revision = await self._source.revision()
        if revision in (self._current.revision, self._refused):
            return None
        # Lower: the database was restored from a backup, so nothing we hold counts.
        known = self._current.revision if revision > self._current.revision else 0
        return await self._source.since(known)

    async def _take(self, fresh: Fresh) -> bool:
        anew = fresh.revision < self._current.revision
        try:
            self._current = await _beside(EMPTY if anew else self._current, fresh)
        except Exception as bad:  # noqa: BLE001 - whatever it is, the old one stays
            self._refused = fresh.revision
            self._on_failure(bad)
            return False
        self._refused = None
        return True


async def _beside(base: Snapshot, fresh: Fresh) -> Snapshot:
    """Return `grown`, in a thread when it takes long enough to hold up exchanges."""
    if len(fresh.stored) <= _SOME:
        return grown(base, fresh)
    return await asyncio.to_thread(grown, base, fresh)


def grown(base: Snapshot, fresh: Fresh) -> Snapshot:
    """Return *base* with *fresh* taken in, once the whole hangs together.

    Raises:
        CatalogInvalid: it does not.
        msgspec.DecodeError: a stored document does not have its shape.
    """
    pool = Pool()
    restored = (restore(each) for each in fresh.stored)
    entries = [pool.lean(each) if isinstance(each, Agreement) else each for each in restored]
    snapshot = overlay(base, entries, fresh.revision)
    changed = [key_of(entry) for entry in entries]
    wrong = faults(lint(snapshot, touched(snapshot, changed)))
    if wrong:
        raise CatalogInvalid(wrong)
    return snapshot
