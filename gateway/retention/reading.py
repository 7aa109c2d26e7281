"""Reads archives; a day that left is never written back into the database."""

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from gateway.retention.manifest import NAME, ArchiveBroken, Manifest, decode
from gateway.retention.verifying import read_bundle
from gateway.tlog.tiles import WIDTH


class Found(Struct, frozen=True):
    """One record from an archive; `gateway.audit.leaf.parse` reads the entry."""

    index: int
    entry: bytes


class Archives:
    """All archives below one folder, as one stretch of the log."""

    def __init__(self, folder: Path) -> None:
        """Read the manifests.

        Raises:
            ArchiveBroken: one cannot be read.
            OSError: the folder cannot be read.
        """
        named = sorted(path.parent for path in folder.glob(f"[0-9]*/{NAME}"))
        self.parts: list[tuple[Path, Manifest]] = [
            (path, decode((path / NAME).read_bytes())) for path in named
        ]

    def entries(self, first: int, limit: int) -> Iterator[Found]:
        """Give the records from index *first* on, in order, at most *limit*.

        Each bundle is compared with nothing here: `gateway.retention.verifying.verify` does that.

        Raises:
            ArchiveBroken: a file is missing or cut.
        """
        end = first + limit
        for folder, manifest in self.parts:
            start, stop = max(first, manifest.first), min(end, manifest.end)
            for n in range(start // WIDTH, -(-stop // WIDTH) if start < stop else 0):
                for index, entry in enumerate(read_bundle(folder, n), n * WIDTH):
                    if start <= index < stop:
                        yield Found(index, entry)

    def entry(self, index: int) -> Found:
        """Return one record.

        Raises:
            ArchiveBroken: it is not in these archives, or its file is missing or cut.
        """
        for found in self.entries(index, 1):
            return found
        raise ArchiveBroken(f"no archive here holds index {index}")
