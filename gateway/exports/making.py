"""Makes the file of one export: records, the checkpoint they rest on, a signed manifest."""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from gateway.clock import Clock
from gateway.exports import columns, guide, manifest, page, queries
from gateway.exports.archive import Archive, sha256_of
from gateway.exports.columns import Record
from gateway.exports.finding import Finding
from gateway.exports.grounds import Foundation, Grounds
from gateway.exports.jobs import Finished, Format, Job, file_name
from gateway.exports.lines import line
from gateway.exports.manifest import Manifest, Tree
from gateway.exports.sheet import Sheet
from gateway.tlog.notes import Signer
from gateway.tlog.proofs import SUFFIX

CHECKPOINT, OLD_CHECKPOINT, CONSISTENCY, POLICY = (
    "checkpoint",
    "checkpoint.old",
    "consistency",
    "policy",
)
LINES, SHEET = "records.jsonl", "records.xlsx"

# Told how many records are written, and of which tree; says whether the work is still wanted.
Live = Callable[[int, int], bool]


class Unwanted(Exception):
    """The export was taken back while it was made."""


class Bounds(Struct, frozen=True, kw_only=True):
    """How large an export may become."""

    records: int = 1_000_000
    bundle_records: int = 10_000

    def of(self, kind: Format) -> int:
        """Return the most records of one export."""
        return self.bundle_records if kind is Format.BUNDLE else self.records


class Making:
    """Makes files in one directory."""

    def __init__(
        self,
        finding: Finding,
        grounds: Grounds,
        *,
        origin: str,
        signers: Callable[[], Sequence[Signer]],
        directory: Path,
        clock: Clock,
        bounds: Bounds,
    ) -> None:
        """Make ready.

        Args:
            finding: gives the records.
            grounds: gives checkpoint and proofs.
            origin: the log's name.
            signers: the keys that sign exports now; never the log's.
            directory: where files are made; its owner's alone.
            clock: the present instant.
            bounds: how large an export may become.
        """
        self._finding = finding
        self._grounds = grounds
        self._origin = origin
        self._signers = signers
        self._directory = directory
        self._clock = clock
        self._bounds = bounds

    async def __call__(self, job: Job, live: Live) -> Finished:
        """Make the file of *job*, whole or not at all.

        Raises:
            Unwanted: it was taken back.
            Nothing, RecordsGone, Refusal, OSError: it cannot be made.
        """
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        foundation = await self._grounds.newest()
        below = await self._finding.reached(foundation.checkpoint.size)
        final = self._directory / file_name(job)
        passing = final.with_suffix(".part")
        work = _Work(self._draft(job, foundation, below), foundation, passing, live)
        try:
            records = self._records(job, below, work)
            with Archive(passing) as archive:
                await WRITERS[job.format](archive, records, work, self._grounds)
                self._close(archive, job, work)
            await asyncio.to_thread(_keep, passing, final)
        finally:
            passing.unlink(missing_ok=True)
        size = final.stat().st_size
        return Finished(work.count, size, await asyncio.to_thread(sha256_of, final))

    def _draft(self, job: Job, foundation: Foundation, below: int) -> Manifest:
        checkpoint = foundation.checkpoint
        return Manifest(
            id=str(job.id),
            format=job.format.value,
            query=job.query,
            made_at=self._clock().isoformat(timespec="seconds"),
            record=job.leaf,
            tree=Tree(self._origin, checkpoint.size, checkpoint.root.hex()),
            first_index=None,
            last_index=None,
            records=0,
            complete=True,
            searched_below=below,
            witnessed=foundation.witnessed,
            files=(),
        )

    async def _records(self, job: Job, below: int, work: "_Work") -> AsyncGenerator[list[Record]]:
        most = self._bounds.of(job.format)
        async for found in self._finding.pages(queries.restored(job.sought), below):
            taken = found[: most - work.count]
            work.took(taken, whole=len(taken) == len(found))
            if taken:
                yield taken
            if not work.live(work.count, work.foundation.checkpoint.size):
                raise Unwanted
            if len(taken) < len(found):
                return

    def _close(self, archive: Archive, job: Job, work: "_Work") -> None:
        is_bundle = job.format is Format.BUNDLE
        archive.add(CHECKPOINT, work.foundation.checkpoint.note)
        archive.add(POLICY, str(work.foundation.policy))
        for number, key in enumerate(work.foundation.policy.logs, 1):
            archive.add(f"keys/log-{number}.vkey", f"{key.key}\n")
        signers = self._signers()
        for number, signer in enumerate(signers, 1):
            archive.add(f"keys/exports-{number}.vkey", f"{public_of(signer)}\n")
        archive.add(guide.NAME, guide.guide(work.manifest, bundle=is_bundle))
        whole = replace(work.manifest, files=tuple(archive.files))
        archive.add(manifest.NAME, manifest.signed(whole, signers))


class _Work:
    """One export while it is made."""

    def __init__(self, draft: Manifest, foundation: Foundation, passing: Path, live: Live) -> None:
        self.manifest = draft
        self.foundation = foundation
        self.passing = passing
        self.live = live

    @property
    def count(self) -> int:
        """Return how many records were taken."""
        return self.manifest.records

    def took(self, records: Sequence[Record], *, whole: bool) -> None:
        """Take note of *records*, the next older ones."""
        known = self.manifest
        last = known.last_index if known.last_index is not None else _index(records, 0)
        first = _index(records, -1)
        self.manifest = replace(
            known,
            records=known.records + len(records),
            first_index=known.first_index if first is None else first,
            last_index=last,
            complete=whole,
        )


Records = AsyncGenerator[list[Record]]


async def _lines(archive: Archive, records: Records, _work: _Work, _grounds: Grounds) -> None:
    with archive.member(LINES) as member:
        async for found in records:
            text = b"".join(line(each.index, each.entry) for each in found)
            await asyncio.to_thread(member.write, text)


async def _sheet(archive: Archive, records: Records, work: _Work, _grounds: Grounds) -> None:
    path = work.passing.with_suffix(".xlsx")
    made_at = columns.written(columns.local_instant(work.manifest.made_at))
    about = (
        ("Nhật ký / Log", work.manifest.tree.origin),
        ("Số lá của cây / Tree size", str(work.manifest.tree.size)),
        ("Gốc của cây / Tree root", work.manifest.tree.root),
        ("Câu tìm / Query", work.manifest.query),
        ("Xuất lúc (giờ Việt Nam, UTC+7) / Made at", made_at),
    )
    try:
        sheet = Sheet(path, about)
        try:
            async for found in records:
                await asyncio.to_thread(_fill, sheet, found)
        finally:
            await asyncio.to_thread(sheet.close)
        await asyncio.to_thread(archive.add_file, SHEET, path)
    finally:
        path.unlink(missing_ok=True)


async def _bundle(archive: Archive, records: Records, work: _Work, grounds: Grounds) -> None:
    path = work.passing.with_suffix(".html")
    checkpoint = work.foundation.checkpoint
    try:
        with path.open("w", encoding="utf-8") as shown:
            shown.write(page.head(work.manifest))
            async for found in records:
                proofs = await grounds.proofs([(e.index, e.entry) for e in found], checkpoint)
                for each, proof in zip(found, proofs, strict=True):
                    archive.add(f"records/{each.index}.json", each.entry)
                    archive.add(f"proofs/{each.index}{SUFFIX}", str(proof))
                shown.writelines(page.section(each) for each in found)
            shown.write(page.foot(work.manifest))
        archive.add_file(page.NAME, path)
    finally:
        path.unlink(missing_ok=True)
    old = await grounds.before(work.manifest.first_index or 0, checkpoint)
    archive.add(OLD_CHECKPOINT, old.note)
    archive.add(CONSISTENCY, await grounds.consistency(old, checkpoint))


WRITERS = {Format.JSONL: _lines, Format.XLSX: _sheet, Format.BUNDLE: _bundle}


def public_of(signer: Signer) -> str:
    """Return the public key of *signer* as a line."""
    return str(getattr(signer, "vkey", ""))


def _fill(sheet: Sheet, records: Sequence[Record]) -> None:
    for each in records:
        sheet.add(each)


def _index(records: Sequence[Record], place: int) -> int | None:
    return records[place].index if records else None


def _keep(passing: Path, final: Path) -> None:
    """Let the finished file appear; it is flushed before anybody is told of it."""
    with passing.open("rb") as file:
        os.fchmod(file.fileno(), 0o600)  # its owner's alone, wherever it is moved to
        os.fsync(file.fileno())
    passing.replace(final)
