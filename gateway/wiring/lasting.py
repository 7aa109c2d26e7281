"""What lasts as long as its process: the collector passes it over, and huge pages hold it.

An exchange touches a little of everything that a worker has loaded: more pages of 4 KiB than a
processor keeps the places of.  With huge pages it takes four hundredths less time.
"""

import ctypes
import gc
from collections.abc import Iterator
from mmap import PAGESIZE
from pathlib import Path
from typing import BinaryIO

# Exchanges and portions of the log make many short-lived values, none of which forms a cycle;
# looking for cycles in them each 700 costs a tenth.
COLLECT_AFTER = 20_000

_PROCESS = Path("/proc/self")
_SIZE = Path("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size")  # bytes of a huge page
_ENTRY = 8  # bytes in pagemap for a page; the highest bit says whether it is in memory
_FULL = 0.9  # of a block: the rest of it would be memory that nobody asked for
_COLLAPSE = 25  # MADV_COLLAPSE of madvise(2), since Linux 6.1


def settle() -> None:
    """Leave what is loaded by now out of every later search for cycles: it lasts as long as we."""
    gc.collect()
    gc.set_threshold(COLLECT_AFTER, 20, 50)
    gc.freeze()


def into_huge_pages(size_file: Path = _SIZE) -> int:
    """Move what fills whole blocks of our memory into huge pages; return how many blocks.

    Takes some milliseconds for each, in which other threads may run.  A kernel that cannot or will
    not leaves everything as it is.

    Args:
        size_file: where the kernel says how many bytes a huge page has.
    """
    try:
        size = int(size_file.read_text())
        blocks = list(_full_blocks(size))
    except OSError:  # another system, or a container that shows nothing of this
        return 0
    system: ctypes.CDLL = ctypes.CDLL(None)
    return sum(
        system.madvise(ctypes.c_void_p(block), ctypes.c_size_t(size), _COLLAPSE) == 0
        for block in blocks
    )


def _full_blocks(size: int) -> Iterator[int]:
    """Return the addresses of whole blocks of private memory that is in use."""
    with (_PROCESS / "pagemap").open("rb", buffering=0) as pages:
        for begin, end in _private():
            first = -(-begin // size) * size
            yield from (at for at in range(first, end - size + 1, size) if _full(pages, at, size))


def _private() -> Iterator[tuple[int, int]]:
    """Return begin and end of what belongs to this process alone, and to no file."""
    for line in (_PROCESS / "maps").read_text().splitlines():
        place, rights, _, _, file, *name = line.split()
        if (rights, file) == ("rw-p", "0") and name in ([], ["[heap]"]):
            begin, end = (int(each, 16) for each in place.split("-"))
            yield begin, end


def _full(pages: BinaryIO, block: int, size: int) -> bool:
    """Tell whether nearly every page of a block is in memory."""
    pages.seek(block // PAGESIZE * _ENTRY)
    count = size // PAGESIZE
    entries = pages.read(count * _ENTRY)
    return sum(entry >> 7 for entry in entries[_ENTRY - 1 :: _ENTRY]) >= _FULL * count
