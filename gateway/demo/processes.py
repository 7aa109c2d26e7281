"""Processes of the demo: started, watched, stopped by their own id."""

import random
import subprocess
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from socket import AF_INET, SOCK_STREAM, socket
from urllib.parse import urlsplit

STOP_S = 8.0  # a process that does not end by then is killed
POLL_S = 0.05
NOT_LENT = (20_000, 32_000)  # Linux lends 32,768 to 60,999


class NotReady(Exception):
    """A process of the demo ended, or did not answer in time; says where its log is."""


class Processes:
    """What the demo has started; stops all of it, in reverse order."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def start(self, name: str, argv: Sequence[str], env: Mapping[str, str]) -> int:
        """Start *argv* with its output in a log file of its own; return its process id."""
        self._logs.mkdir(parents=True, exist_ok=True)
        with self.log(name).open("ab") as output:
            process = subprocess.Popen(  # noqa: S603 - our own programs, no shell
                argv, env=dict(env), stdout=output, stderr=output, stdin=subprocess.DEVNULL
            )
        self._running.append((name, process))
        return process.pid

    def log(self, name: str) -> Path:
        """Return where *name* writes."""
        return self._logs / f"{name}.log"

    def await_answer(self, name: str, url: str, *, within_s: float) -> None:
        """Wait until *url* answers 200.

        Raises:
            NotReady: the process ended, or *within_s* seconds passed.
        """
        until = time.monotonic() + within_s
        while not answers(url):
            if self.ended(name) or time.monotonic() > until:
                raise NotReady(f"{name}: {self.log(name)}")
            time.sleep(POLL_S)

    def pid(self, name: str) -> int:
        """Return the process id of *name*; KeyError when it was not started."""
        return dict(self._running)[name].pid

    def ended(self, name: str) -> bool:
        """Say whether *name* has ended by itself."""
        return any(n == name and process.poll() is not None for n, process in self._running)

    def stop(self) -> None:
        """Ask each to end, the last started first; kill what does not."""
        for _, process in reversed(self._running):
            process.terminate()
        until = time.monotonic() + STOP_S
        for _, process in reversed(self._running):
            try:
                process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()


def answers(url: str) -> bool:
    """Say whether *url* answers 200 within a second."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=1.0)
    try:
        connection.request("GET", parts.path or "/")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def free_port(wanted: int) -> int:
    """Return *wanted* when nobody listens there on the loopback, else some free port.

    Some port is one below those that the kernel lends to outgoing connections, so that none of
    them takes it, or the ones after it, before it is used.
    """
    others = random.sample(range(*NOT_LENT), 50)
    for port in ([wanted] if wanted else []) + others:
        with socket(AF_INET, SOCK_STREAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise NotReady(f"port {wanted}")
