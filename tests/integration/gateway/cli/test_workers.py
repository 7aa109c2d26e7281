"""Tests of the worker processes: replaced when they die, gone when their parent is."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
SCRIPT = """
import os, socket, sys
from gateway.cli.workers import Workers
with socket.socket() as listener:
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    print(listener.getsockname()[1], flush=True)
    served = Workers((listener,), 2, 1.0, dict(os.environ), "tests.small_app:{factory}").run()
    print(served, flush=True)
"""


@pytest.fixture
def parent() -> Iterator[subprocess.Popen[str]]:
    """Give a process that keeps two workers."""
    process = _started("create")
    yield process
    process.kill()
    process.communicate(timeout=20)


def _started(factory: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT.format(factory=factory)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _port(parent: subprocess.Popen[str]) -> int:
    assert parent.stdout
    return int(parent.stdout.readline())


def _asked(port: int) -> int:
    """Return the number of the worker that answers; 0 when none does."""
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    with contextlib.closing(connection):
        try:
            connection.request("GET", "/")
            return int(connection.getresponse().read())
        except (OSError, HTTPException):
            return 0


def _children(of: int) -> set[int]:
    listed = Path(f"/proc/{of}/task/{of}/children").read_text()
    return {int(pid) for pid in listed.split()}


def _until(holds: Callable[[], object], within_s: float = 30) -> None:
    until = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < until, "not in time"
        time.sleep(0.05)


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_a_worker_that_is_killed_is_replaced(parent: subprocess.Popen[str]) -> None:
    """One crash costs the exchanges of one worker, and only for a moment."""
    port = _port(parent)
    _until(lambda: _asked(port))
    victim = _asked(port)

    os.kill(victim, signal.SIGKILL)

    _until(lambda: len(_children(parent.pid) - {victim}) == 2)
    _until(lambda: _asked(port))
    assert victim != _asked(port)


def test_workers_end_when_their_parent_is_killed(parent: subprocess.Popen[str]) -> None:
    """A worker that nobody keeps would hold the port and write to the record for ever."""
    port = _port(parent)
    _until(lambda: _asked(port))
    workers = _children(parent.pid)

    parent.kill()

    _until(lambda: not any(_is_running(pid) for pid in workers))
    assert 2 == len(workers)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_of_it(parent: subprocess.Popen[str], number: signal.Signals) -> None:
    """A service manager sends one of them, a terminal the other."""
    port = _port(parent)
    _until(lambda: _asked(port))
    workers = _children(parent.pid)

    parent.send_signal(number)
    said, _ = parent.communicate(timeout=30)

    assert "True" == said.split()[-1]
    assert not any(_is_running(pid) for pid in workers)


def test_an_application_that_never_starts_is_given_up() -> None:
    """A container that cannot start must say so, not try for ever."""
    parent = _started("broken")
    try:
        said, _ = parent.communicate(timeout=100)
    finally:
        parent.kill()

    assert "False" == said.split()[-1]
