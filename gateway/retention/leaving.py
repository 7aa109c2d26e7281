"""A day leaves: exported, read back, copied, said so in the record, and only then dropped.

Each step is small and may be cut by a crash: what was done is found again, and what was said in the
record but not done is done next.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TypeAlias

import structlog
from msgspec import Struct

from gateway.audit.acts import Acts
from gateway.audit.entry import Entry, Receipt
from gateway.audit.events import Changed, Event
from gateway.audit.leaf import Change
from gateway.clock import Clock
from gateway.retention import folders
from gateway.retention.exporting import Exporter, Part, digest_of_manifest
from gateway.retention.manifest import ArchiveBroken
from gateway.retention.repository import Archived, RetentionRepository
from gateway.retention.rules import Windows
from gateway.retention.verifying import Verified, verify
from gateway.sequencing.repository import TreeRepository
from gateway.sequencing.rows import StoredCheckpoint
from gateway.tlog.notes import NoteVerifier
from gateway.tlog.tiles import WIDTH

Append: TypeAlias = Callable[[Entry], Awaitable[Receipt]]

ARCHIVE_ROUTE = "retention:archive"
DROP_ROUTE = "retention:drop"

log = structlog.get_logger(__name__)


class DayNotWhole(Exception):
    """The tree and the database do not hold the same records of a day: a person must look."""

    def __init__(self, day: date, in_tree: int, stored: int) -> None:
        super().__init__(f"{day}: {in_tree} records in the tree, {stored} in the database")
        self.day = day


class NotYet(Exception):
    """A day cannot be archived yet: the tree is not a full bundle beyond its last record."""


class Tools(Struct, frozen=True, kw_only=True):
    """What leaving takes."""

    rows: RetentionRepository
    tree: TreeRepository
    exporter: Exporter
    acts: Acts
    append: Append
    clock: Clock
    windows: Callable[[date], Windows]
    verifiers: Callable[[], Sequence[NoteVerifier]]
    copies: tuple[Path, ...] = ()  # folders that hold the archives a second time


class Leaving:
    """Moves days out of the database, oldest first; one process at a time."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def step(self) -> Event | None:
        """Archive one day, or drop one; None when nothing is due; raise as the two."""
        return await self.archive() or await self.drop()

    async def archive(self) -> Event | None:
        """Archive the oldest day that is due; None when none is.

        Raises:
            DayNotWhole: records of a day are missing, in the tree or in the database.
            NotYet: the day that is due cannot be archived yet.
            ArchiveBroken: the archive does not lead to the root of the tree.
            AuditUnavailable: the record could not be told.
            EntriesGone, TileGone: the database does not hold what the tree says.
            OSError: a disk is full, or away.
        """
        today = self._tools.clock().date()
        due = await self._next_day(self._tools.windows(today).archive_before(today))
        if due is None:
            return None
        await self._archive(due)
        return Event.ARCHIVE_VERIFY

    async def drop(self) -> Event | None:
        """Drop the oldest archived day that need not be searchable; None when none can go now.

        Raises:
            ArchiveBroken: its archive is not what was verified; it was not dropped.
            AuditUnavailable: the record could not be told; it was not dropped.
            OSError: a disk is away.
        """
        today = self._tools.clock().date()
        old = await self._tools.rows.held(self._tools.windows(today).drop_before(today))
        return Event.ARCHIVE_DROP if old is not None and await self._drop(old) else None

    async def _next_day(self, before: date) -> date | None:
        last = await self._tools.rows.last()
        for day in await self._tools.rows.days():
            if day < before and (last is None or day > last.day):
                return day
        return None

    async def _archive(self, day: date) -> None:
        part, checkpoint = await self._planned(day)
        folder = await self._tools.exporter.export(part, checkpoint)
        verified = await self._verified(folder)
        self._compare(part, verified)
        if await self._tools.tree.root(part.end) != verified.root:
            raise ArchiveBroken(f"{day}: the archive leads to another root than the tree")
        for copy in self._tools.copies:
            await asyncio.to_thread(folders.copy, folder, copy / folder.name)
            self._compare(part, await self._verified(copy / folder.name))
        await self._tell(Event.ARCHIVE_VERIFY, ARCHIVE_ROUTE, day, verified.root, part.end)
        await self._tools.rows.add(
            Archived(
                day=day,
                first_index=part.first,
                end_index=part.end,
                root=verified.root,
                records=part.records,
                manifest=await asyncio.to_thread(digest_of_manifest, folder),
                verified_at=self._tools.clock(),
            )
        )
        log.info("retention.archived", records=part.records)

    async def _planned(self, day: date) -> tuple[Part, StoredCheckpoint]:
        """Return the stretch that *day* ends: up to the next full bundle after its last record."""
        last = await self._tools.rows.last()
        first = last.end_index if last else 0
        stretch, stored = (
            await self._tools.rows.stretch(day),
            await self._tools.rows.count(day),
        )
        if stretch.records != stored:
            raise DayNotWhole(day, stretch.records, stored)
        end = max(first, -(-(stretch.above or 0) // WIDTH) * WIDTH)
        checkpoint = await self._tools.tree.checkpoint()
        if checkpoint is None or checkpoint.size < end:
            raise NotYet
        return Part(day=day, first=first, end=end, records=stored), checkpoint

    async def _drop(self, old: Archived) -> bool:
        """Drop a day after its archive, and each copy, was read once more."""
        main = self._tools.exporter.place(old.day)
        if not main.is_dir():
            log.warning("retention.archive_elsewhere")  # another host's: that one drops it
            return False
        for folder in (main, *(copy / main.name for copy in self._tools.copies)):
            verified = await self._verified(folder)
            digest = await asyncio.to_thread(digest_of_manifest, folder)
            if (digest, verified.root) != (old.manifest, old.root):
                raise ArchiveBroken(f"{old.day}: the archive is not the one that was verified")
        await self._tell(Event.ARCHIVE_DROP, DROP_ROUTE, old.day, old.root, old.end_index)
        dropped = await self._tools.rows.drop(old.day)
        log.info("retention.dropped" if dropped else "retention.busy", records=old.records)
        return dropped

    async def _verified(self, folder: Path) -> Verified:
        keys = self._tools.verifiers()
        return await asyncio.to_thread(verify, folder, keys)

    @staticmethod
    def _compare(part: Part, verified: Verified) -> None:
        """Demand that the archive is the one that was asked for, not an older one of that name."""
        found = verified.manifest
        if (found.day, found.first, found.end, found.records) != (
            part.day, part.first, part.end, part.records,
        ):  # fmt: skip
            raise ArchiveBroken(f"{part.day}: another archive stands in its place")

    async def _tell(self, event: Event, route: str, day: date, root: bytes, end: int) -> None:
        """Say in the record what is about to be so; in doubt it says too much."""
        change = Change(kind=Changed.ARCHIVE, id=day.isoformat(), rev=end, hash=root.hex())
        await self._tools.append(
            Entry(body=self._tools.acts.leaf(event, None, route=route, change=change))
        )
