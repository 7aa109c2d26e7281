"""One SQLite file for each register, built from the province once and then only read."""

import hashlib
import os
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import TypeAlias

from mocks.province import Province, build

Fill: TypeAlias = Callable[[sqlite3.Connection, Province], None]


def opened(
    directory: Path, register: str, fill: Fill, *, seed: int, people: int
) -> sqlite3.Connection:
    """Return the store of *register*, read-only, built first when this province has none yet.

    Two processes may build the same file at once: each moves its own into place, whole.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{register}-{seed}-{people}-{_edition()}.sqlite"
    if not path.exists():
        _build(path, fill, build(seed, people))
        _sweep(path)
    address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    return sqlite3.connect(address, uri=True, check_same_thread=False, cached_statements=64)


def _build(path: Path, fill: Fill, province: Province) -> None:
    handle, name = tempfile.mkstemp(prefix=path.stem, dir=path.parent)
    os.close(handle)
    with closing(sqlite3.connect(name)) as connection:
        # A half-built file is thrown away, never repaired: journals and flushes buy nothing.
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        with connection:
            fill(connection, province)
    Path(name).replace(path)


def _sweep(path: Path) -> None:
    """Remove the same store as older code built it; whoever still reads it keeps it open."""
    edition = path.stem.rpartition("-")[0]
    for other in path.parent.glob(f"{edition}-*.sqlite"):
        if other != path:
            other.unlink(missing_ok=True)


@cache
def _edition() -> str:
    """Return a short digest of this package's source: other code makes another province."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:12]
