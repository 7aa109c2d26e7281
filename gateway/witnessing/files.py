"""Small files of a witness: whole or absent, flushed before anybody hears of them."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

LARGEST_FILE = 256 * 1024  # bytes
_OTHERS = 0o077


class StoreUnusable(Exception):
    """The directory of a witness cannot be used as it is; says why, and what to do."""


def read(path: Path, *, secret: bool = False) -> str | None:
    """Return the text of *path*, None when there is none.

    Raises:
        StoreUnusable: it cannot be read, or others may read a *secret* one.
    """
    try:
        with path.open("rb") as file:
            mode, content = os.fstat(file.fileno()).st_mode, file.read(LARGEST_FILE)
        if secret and mode & _OTHERS:
            raise StoreUnusable(f"{path} can be read by others: chmod 600")
        return content.decode("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as odd:
        raise StoreUnusable(f"{path} cannot be read ({type(odd).__name__})") from odd


def write(path: Path, text: str) -> None:
    """Put *text* in the place of *path* at once; return when a power cut would not undo it.

    Raises:
        OSError: the disk is full, or fails; then *path* is as it was, or whole.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode("utf-8"))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    flush_directory(path.parent)


def flush_directory(directory: Path) -> None:
    """Make the names in *directory* survive a power cut."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_directory(directory: Path) -> None:
    """Make *directory* when it is missing, for its owner alone, its name flushed."""
    if not directory.is_dir():
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        flush_directory(directory.parent)


@contextmanager
def alone(directory: Path) -> Generator[None]:
    """Hold *directory* as the one process that serves from it, until it ends in any way.

    Raises:
        StoreUnusable: another process does already.
    """
    descriptor = os.open(directory / ".serving", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreUnusable(f"a witness serves from {directory} already") from None
        yield
    finally:
        os.close(descriptor)


@contextmanager
def locked(directory: Path) -> Generator[None]:
    """Hold *directory* against every other process and thread."""
    descriptor = os.open(directory / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
