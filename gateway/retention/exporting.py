"""Writes one day's archive, a few bundles at a time; what is there already is not written again."""

import asyncio
import hashlib
from datetime import date
from pathlib import Path

from msgspec import Struct

from gateway.retention import folders
from gateway.retention.manifest import CHECKPOINT, NAME, PACKED, Manifest, encode, paths, tiles
from gateway.sequencing.repository import TreeRepository
from gateway.sequencing.rows import StoredCheckpoint, TileGone
from gateway.tlog.merkle import frontier_at
from gateway.tlog.tiles import WIDTH, bundle, entries_path, tile_path

BUNDLES_AT_ONCE = 16  # 4,096 records in memory


class Part(Struct, frozen=True, kw_only=True):
    """What one day's archive is to hold."""

    day: date
    first: int
    end: int
    records: int


class Exporter:
    """Writes archives below one folder, each in a folder named like its day."""

    def __init__(self, tree: TreeRepository, origin: str, folder: Path) -> None:
        self._tree = tree
        self._origin = origin
        self._folder = folder

    def place(self, day: date) -> Path:
        """Return where the archive of *day* stands once it is whole."""
        return self._folder / day.isoformat()

    async def export(self, part: Part, checkpoint: StoredCheckpoint) -> Path:
        """Write the archive of *part*; after a crash, go on where it stopped.

        Args:
            part: the stretch; its end is not beyond *checkpoint*.
            checkpoint: what its manifest leads to.

        Returns:
            The folder, whose name appears when everything in it is on the disk.

        Raises:
            EntriesGone, TileGone: the database does not hold what the tree says.
            OSError: the disk is full.
        """
        final = self.place(part.day)
        if final.is_dir():
            return final
        draft = final.with_name(f".{final.name}.part")
        await self._write_bundles(part, draft)
        for level, n in tiles(part.first, part.end):
            await self._write_tile(draft, level, n)
        note = checkpoint.note.encode()
        await asyncio.to_thread(folders.write, draft / CHECKPOINT, note)
        manifest = await self._manifest(part, checkpoint, draft)
        await asyncio.to_thread(folders.write, draft / NAME, encode(manifest))
        await asyncio.to_thread(folders.publish, draft, final)
        return final

    async def _write_bundles(self, part: Part, draft: Path) -> None:
        numbers = range(part.first // WIDTH, part.end // WIDTH)
        absent = [n for n in numbers if not _bundle(draft, n).is_file()]
        for start in range(0, len(absent), BUNDLES_AT_ONCE):
            for n in absent[start : start + BUNDLES_AT_ONCE]:
                found = await self._tree.entries(n * WIDTH, WIDTH)
                content = bundle(one.entry for one in found)
                await asyncio.to_thread(_write_packed, _bundle(draft, n), content)

    async def _write_tile(self, draft: Path, level: int, n: int) -> None:
        path = draft / tile_path(level, n)
        if path.is_file():
            return
        data = await self._tree.tile(level, n, WIDTH)
        if data is None:
            raise TileGone(level, n)
        await asyncio.to_thread(folders.write, path, data)

    async def _manifest(self, part: Part, checkpoint: StoredCheckpoint, draft: Path) -> Manifest:
        edge = await self._tree.hashes(lambda read: frontier_at(part.first, read))
        root = await self._tree.root(part.end)
        proof = await self._tree.consistency(part.end, checkpoint.size)
        return Manifest(
            origin=self._origin,
            day=part.day,
            first=part.first,
            end=part.end,
            records=part.records,
            edge=tuple(each.hex() for each in edge.hashes),
            root=root.hex(),
            tree_size=checkpoint.size,
            consistency=tuple(each.hex() for each in proof),
            files=await asyncio.to_thread(_digests, draft, part),
        )


def digest_of_manifest(folder: Path) -> bytes:
    """Return the SHA-256 of an archive's manifest, which names the digest of every file."""
    return hashlib.sha256((folder / NAME).read_bytes()).digest()


def _bundle(draft: Path, n: int) -> Path:
    return draft / f"{entries_path(n)}{PACKED}"


def _write_packed(path: Path, content: bytes) -> None:
    folders.write(path, folders.pack(content))


def _digests(draft: Path, part: Part) -> dict[str, str]:
    named = [*paths(part.first, part.end), CHECKPOINT]
    return {path: folders.sha256_of(draft / path) for path in named}
