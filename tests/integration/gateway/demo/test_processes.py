"""Processes of the demo are started, watched and stopped by their own id."""

import os
import sys
from collections.abc import Generator
from pathlib import Path
from socket import AF_INET, SOCK_STREAM, socket

import pytest

from gateway.demo.processes import NotReady, Processes, answers, free_port

SERVE = (sys.executable, "-m", "http.server", "--bind", "127.0.0.1")


@pytest.fixture
def processes(tmp_path: Path) -> Generator[Processes, None, None]:
    """Give processes that are stopped whatever happens."""
    started = Processes(tmp_path / "logs")
    yield started
    started.stop()


def environment() -> dict[str, str]:
    """Return what a child needs."""
    return dict(os.environ)  # noqa: TID251 - a child needs PATH and HOME


def test_a_server_that_answers_is_ready_and_gone_after_stop(processes: Processes) -> None:
    """The next demo on this machine needs the port."""
    port = free_port(0)
    processes.start("web", (*SERVE, str(port)), environment())

    processes.await_answer("web", f"http://127.0.0.1:{port}/", within_s=20)
    processes.stop()

    assert not answers(f"http://127.0.0.1:{port}/")


def test_a_process_that_ends_at_once_is_reported_with_its_log(processes: Processes) -> None:
    """Who starts a demo must not wait for the dead."""
    processes.start("web", (sys.executable, "-c", "raise SystemExit('why')"), environment())

    with pytest.raises(NotReady, match=r"web\.log"):
        processes.await_answer("web", "http://127.0.0.1:9/", within_s=20)

    assert "why" in processes.log("web").read_text()


def test_a_taken_port_is_replaced(processes: Processes) -> None:
    """Another program of the visitor's must not stop the demo."""
    with socket(AF_INET, SOCK_STREAM) as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = int(other.getsockname()[1])

        assert free_port(taken) not in {0, taken}
    assert not processes.ended("web")
