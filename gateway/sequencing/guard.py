"""What this node has published, in a small flushed file beside the database.

A database restored to an older state does not know what it once signed.  This file does, and so
does every witness: a second history under the same name is refused.
"""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import Struct


class Published(Struct, frozen=True, forbid_unknown_fields=True):
    """The newest published tree of one log."""

    origin: str
    size: int
    root: bytes  # base64 in the file
    at: datetime
    before: tuple["Published", ...] = ()  # logs that ended here, oldest first


class GuardUnreadable(Exception):
    """The guard file is damaged or cannot be read; it is never ignored."""


class Guard:
    """The file; written whole and flushed before the call returns."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Published | None:
        """Return what was published last; None when this node has never published.

        Raises:
            GuardUnreadable: there is a file and it says nothing.
        """
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as closed:
            raise GuardUnreadable(f"{self.path} cannot be read") from closed
        try:
            return msgspec.json.decode(content, type=Published)
        except msgspec.DecodeError as damaged:
            raise GuardUnreadable(f"{self.path} is damaged") from damaged

    def write(self, published: Published) -> None:
        """Replace the file, unless it knows more of the same log; blocks for a flush of the disk.

        Raises:
            GuardUnreadable: there is a file and it says nothing; it is left as it is.
            OSError: the disk refuses.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(self.path.with_name(f".{self.path.name}.lock")):
            known = self.read()
            if known and known.origin == published.origin and known.size > published.size:
                return  # another process of this node was faster
            self._replace(published)

    def _replace(self, published: Published) -> None:
        passing = self.path.with_name(f".{self.path.name}.new")
        descriptor = os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(published))
            file.flush()
            os.fsync(file.fileno())
        passing.replace(self.path)
        _flush_directory(self.path.parent)


@contextmanager
def _locked(path: Path) -> Generator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _flush_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)  # the name must survive a power cut as well as the bytes
    finally:
        os.close(descriptor)
