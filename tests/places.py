"""Where tests keep the databases that live no longer than they do."""

import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM_BYTES = 4 << 30  # a run needs a few hundred MiB; who has little memory uses the disk


@contextmanager
def a_place(prefix: str, *, writers_may_linger: bool = False) -> Generator[Path]:
    """Give a folder with a short path that other accounts may pass through; remove it afterwards.

    It is in memory where there is room: a database is copied and dropped there in 50 ms, on a disk
    in a second.  PostgreSQL flushes to it as it would to a disk, and what disks do to a database is
    tested on disks of their own (`tests/machines.py`).

    A folder that cannot be removed is an error, unless *writers_may_linger*: somebody writes on
    who should have been stopped.
    """
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=_memory()))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=writers_may_linger)


def _memory() -> Path | None:
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM_BYTES
    return MEMORY if roomy else None
