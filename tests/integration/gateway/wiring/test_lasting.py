"""Memory that lasts, on this machine's kernel."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.wiring.lasting import into_huge_pages

ENABLED = Path("/sys/kernel/mm/transparent_hugepage/enabled")
RELATE = """
import mmap, sys
from pathlib import Path
from gateway.wiring.lasting import into_huge_pages

def held():
    lines = (line.split() for line in Path("/proc/self/smaps_rollup").read_text().splitlines()[1:])
    told = {line[0]: int(line[1]) for line in lines}
    return told["Rss:"], told["AnonHugePages:"]

memory = mmap.mmap(-1, 32 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for page in range(0, 32 << 20, int(sys.argv[1])):
    memory[page] = page >> 12 & 255
before = held()
moved = into_huge_pages()
assert all(memory[page] == page >> 12 & 255 for page in range(0, 32 << 20, int(sys.argv[1])))
print(moved, *(after - held for after, held in zip(held(), before)))
"""


def _kernel_can() -> bool:
    release = tuple(int(each) for each in platform.release().split(".")[:2])
    return release >= (6, 1) and ENABLED.exists() and "[never]" not in ENABLED.read_text()


def after(step: int) -> tuple[int, int, int]:
    """Touch each *step*th byte of 32 MiB; return blocks moved, KiB grown and KiB in huge pages."""
    said = subprocess.run(
        [sys.executable, "-c", RELATE, str(step)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    moved, grown, huge = map(int, said.stdout.split())
    return moved, grown, huge


@pytest.mark.skipif(not _kernel_can(), reason="this kernel has no MADV_COLLAPSE")
def test_memory_in_use_is_moved_and_holds_what_it_held() -> None:
    """Whatever fills a block costs one place in the processor's table instead of 512."""
    moved, grown, huge = after(step=4_096)

    assert moved >= 15
    assert huge >= 30 * 1_024
    assert grown < 2 * 1_024


@pytest.mark.skipif(not _kernel_can(), reason="this kernel has no MADV_COLLAPSE")
def test_memory_that_is_hardly_used_is_left_alone() -> None:
    """Moving it would take what nobody asked for: a worker has a bound on its memory."""
    moved, grown, _ = after(step=8 * 4_096)

    assert moved < 15
    assert grown < 2 * 1_024


def test_a_kernel_without_huge_pages_leaves_all_as_it_is(tmp_path: Path) -> None:
    """A worker starts all the same."""
    assert 0 == into_huge_pages(tmp_path / "missing")
