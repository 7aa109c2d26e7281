"""`make demo`: the whole province on this machine, as a newcomer meets it (promise P10)."""

import asyncio
import os
import re
import sys
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import pytest_asyncio

from tests.embedded_places import a_directory

ROOT = Path(__file__).parents[2]
LONGEST_S = 100.0
NUMBER = re.compile(r"(?<!\d)00[357]\d{9}(?!\d)")
SCENES = 14


@dataclass(frozen=True, slots=True)
class Told:
    """What one run of the demo left behind."""

    code: int
    said: str
    directory: Path


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def told() -> AsyncGenerator[Told, None]:
    """Run the story once, in a province as small as it can be."""
    with a_directory() as directory:
        yield await telling(directory)


async def telling(directory: Path) -> Told:
    """Tell the story once in *directory*."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway", "demo", "--once", "--people", "24"),
        *("--directory", str(directory)),
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200"},  # noqa: TID251 - a child needs PATH and HOME
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(), LONGEST_S)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    return Told(process.returncode or 0, said.decode(), directory)


def test_the_story_goes_as_it_is_told(told: Told) -> None:
    """Every scene says what it expects; one surprise and the code is not 0."""
    assert (0, "") == (told.code, "" if told.code == 0 else told.said)


def test_every_scene_is_told(told: Told) -> None:
    """A story that stops early without a word would still end well."""
    assert [str(n) for n in range(1, SCENES + 1)] == re.findall(
        r"^(\d+)\. ", told.said, re.MULTILINE
    )


def test_no_persons_number_is_in_what_the_processes_wrote(told: Told) -> None:
    """Logs are read by people who may not know whom an official asked about (promise P6)."""
    logs = sorted(told.directory.rglob("*.log"))
    leaks = [path.name for path in logs if NUMBER.search(path.read_text("utf-8", "replace"))]

    assert logs
    assert [] == leaks


def test_nothing_is_left_running(told: Told) -> None:
    """Ctrl-C stops all of it, so the end of the story must, too."""
    until = time.monotonic() + 5
    while (left := running(told.directory)) and time.monotonic() < until:
        time.sleep(0.1)

    assert [] == left


async def test_the_story_can_be_told_again(told: Told) -> None:
    """A second start finds the database of the first, and what people did in it."""
    again = await telling(told.directory)

    assert (0, "") == (again.code, "" if again.code == 0 else again.said)


def running(directory: Path) -> list[str]:
    """Return the command lines of processes that speak of *directory*."""
    lines: list[str] = []
    for proc in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = proc.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it ended while we looked
        if str(directory) in line:
            lines.append(line)
    return lines
