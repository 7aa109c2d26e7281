"""Worker processes: started, watched, started again; they end when we do, however we end."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import FrameType

import structlog

STARTUP_FAILED = 3  # what a worker ends with that never came up
LOOK_S = 0.2
SETTLED_S = 5.0  # a worker that lives this long has come up
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0
HOPELESS = 3  # starts in a row that fail, before any worker has come up
KILL_AFTER_S = 5.0  # beyond the grace that open exchanges have

_log = structlog.get_logger()


@dataclass(slots=True)
class _Worker:
    """One place for a worker, and who holds it now."""

    number: int
    process: subprocess.Popen[bytes] | None = None
    since: float = 0.0
    again_at: float = 0.0
    failures: int = 0


@dataclass(slots=True)
class Workers:
    """Keeps a number of workers on one listening socket.

    Each worker inherits the socket and the reading end of a pipe that nobody writes to: when this
    process dies, even by ``kill -9``, the pipe ends and the worker shuts down by itself.
    """

    listener: socket.socket
    count: int
    grace_s: float
    environment: Mapping[str, str]
    _stop: threading.Event = field(default_factory=threading.Event)
    _came_up: bool = False

    def run(self) -> bool:
        """Serve until SIGTERM or SIGINT; False when no worker could ever come up."""
        lifeline, held = os.pipe()
        previous = {each: signal.signal(each, self._asked) for each in _ENDS}
        places = [_Worker(number) for number in range(self.count)]
        try:
            return self._watch(places, lifeline)
        finally:
            for each, handler in previous.items():
                signal.signal(each, handler)
            os.close(held)
            os.close(lifeline)
            self._end(places)

    def _watch(self, places: list[_Worker], lifeline: int) -> bool:
        while not self._stop.is_set():
            now = time.monotonic()
            for place in places:
                self._look(place, now, lifeline)
            if not self._came_up and any(place.failures >= HOPELESS for place in places):
                return False
            self._stop.wait(LOOK_S)
        return True

    def _look(self, place: _Worker, now: float, lifeline: int) -> None:
        """Start a worker where there is none, after a pause that grows with its failures."""
        if place.process is not None:
            code = place.process.poll()
            if code is None:
                if now - place.since > SETTLED_S:
                    place.failures = 0
                    self._came_up = True
                return
            self._ended(place, code, now)
        if now >= place.again_at:
            place.process = self._start(lifeline)
            place.since = now
            _log.info("worker.started", worker=place.number, pid=place.process.pid)

    def _ended(self, place: _Worker, code: int, now: float) -> None:
        _log.error("worker.ended", worker=place.number, exit_code=code)
        if now - place.since > SETTLED_S:
            place.failures = 0
        place.failures += 1
        pause_s = min(FIRST_PAUSE_S * 2 ** (place.failures - 1), LONGEST_PAUSE_S)
        place.again_at = now + (pause_s if place.failures > 1 else 0.0)
        place.process = None

    def _start(self, lifeline: int) -> subprocess.Popen[bytes]:
        descriptors = (self.listener.fileno(), lifeline)
        command = [sys.executable, "-m", "gateway.cli.worker", *map(str, descriptors)]
        return subprocess.Popen(  # noqa: S603 - our own module, numbers as arguments
            [*command, str(self.grace_s)],
            pass_fds=descriptors,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            # A group of its own: Ctrl-C reaches us alone, and we decide.
            process_group=0,
        )

    def _asked(self, number: int, frame: FrameType | None) -> None:
        del frame
        _log.info("serve.stopping", signal=signal.Signals(number).name)
        self._stop.set()

    def _end(self, places: list[_Worker]) -> None:
        """Ask every worker to finish, and kill what does not in time."""
        running = [place.process for place in places if place.process is not None]
        for process in running:
            process.terminate()
        until = time.monotonic() + self.grace_s + KILL_AFTER_S
        for process in running:
            try:
                process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                _log.error("worker.killed", pid=process.pid)
                process.kill()
                process.wait()


_ENDS = (signal.SIGTERM, signal.SIGINT)
