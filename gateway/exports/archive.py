"""One archive in the making: members are written one after another, hashed as they pass."""

import hashlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from gateway.exports.manifest import File

EPOCH = (1980, 1, 1, 0, 0, 0)  # the format's first day: what was packed has its own instants
CHUNK_BYTES = 1 << 20
_MODE = 0o100644 << 16


class Member:
    """A file of the archive while it is written."""

    def __init__(self, into: IO[bytes]) -> None:
        self._into = into
        self._hash = hashlib.sha256()
        self.size_bytes = 0

    def write(self, data: bytes) -> None:
        """Add *data*."""
        self._into.write(data)
        self._hash.update(data)
        self.size_bytes += len(data)

    @property
    def sha256(self) -> str:
        """Return the digest of what was written, hex."""
        return self._hash.hexdigest()


class Archive:
    """A zip file; large ones are allowed, and memory holds one chunk."""

    def __init__(self, path: Path) -> None:
        """Begin the file at *path*; what was there is replaced."""
        self._path = path
        self._zip = ZipFile(path, "w", ZIP_DEFLATED, allowZip64=True, compresslevel=6)
        self.files: list[File] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._zip.close()

    @contextmanager
    def member(self, name: str) -> Generator[Member]:
        """Write the member *name* piece by piece."""
        with self._zip.open(_about(name, ZIP_DEFLATED), "w", force_zip64=True) as into:
            member = Member(into)
            yield member
        self.files.append(File(name, member.size_bytes, member.sha256))

    def add(self, name: str, data: bytes | str) -> None:
        """Write the member *name* at once."""
        with self.member(name) as member:
            member.write(data.encode() if isinstance(data, str) else data)

    def add_file(self, name: str, path: Path) -> None:
        """Copy the file at *path*, which is packed already."""
        with self._zip.open(_about(name, ZIP_STORED), "w", force_zip64=True) as into:
            member = Member(into)
            with path.open("rb") as source:
                while chunk := source.read(CHUNK_BYTES):
                    member.write(chunk)
        self.files.append(File(name, member.size_bytes, member.sha256))


def sha256_of(path: Path) -> str:
    """Return the digest of the file at *path*, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _about(name: str, packing: int) -> ZipInfo:
    about = ZipInfo(name, EPOCH)
    about.compress_type = packing
    about.external_attr = _MODE
    return about
