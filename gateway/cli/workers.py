"""Our processes: started, watched, started again; they end when we do, however we end."""

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
FACTORY = "gateway.app:create"
BEGIN, WORKER, KEEPER = "gateway.cli.bare", "gateway.cli.worker", "gateway.cli.keeping"
LOOK_S = 0.2
SETTLED_S = 5.0  # a worker that served this long has not failed at its start
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0
HOPELESS = 3  # starts in a row that fail, before any worker has come up
KILL_AFTER_S = 5.0  # beyond the grace that open exchanges have

_log = structlog.get_logger()


@dataclass(slots=True)
class _Place:
    """One place for a process, and who holds it now."""

    name: str  # a worker's number, or "keeper"
    command: tuple[str, ...]
    inherited: tuple[int, ...]
    process: subprocess.Popen[bytes] | None = None
    since: float = 0.0
    again_at: float = 0.0
    failures: int = 0


@dataclass(slots=True)
class Workers:
    """Keeps a number of workers on the listening sockets, and a keeper beside them.

    Each worker inherits the sockets and the reading end of a pipe that nobody writes to: when this
    process dies, even by ``kill -9``, the pipe ends and the worker shuts down by itself.  Through
    a second pipe it tells that it serves.
    """

    listeners: tuple[socket.socket, ...]
    count: int
    grace_s: float
    environment: Mapping[str, str]
    factory: str = FACTORY
    keeper: bool = False
    _stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> bool:
        """Serve until SIGTERM or SIGINT; False when no worker could ever come up."""
        lifeline, held = os.pipe()
        heard, ready = os.pipe()
        os.set_blocking(heard, False)
        previous = {each: signal.signal(each, self._asked) for each in _ENDS}
        places = self._places(lifeline, ready)
        try:
            return self._watch(places, heard)
        finally:
            for each, handler in previous.items():
                signal.signal(each, handler)
            for descriptor in (held, lifeline, heard, ready):
                os.close(descriptor)
            self._end(places)

    def _places(self, lifeline: int, ready: int) -> list[_Place]:
        command = (WORKER, self.factory, str(self.grace_s))
        inherited = (lifeline, ready, *(each.fileno() for each in self.listeners))
        places = [_Place(str(number), command, inherited) for number in range(self.count)]
        if self.keeper:
            places.append(_Place("keeper", (KEEPER,), (lifeline,)))
        return places

    def _watch(self, places: list[_Place], heard: int) -> bool:
        came_up = False
        while not self._stop.is_set():
            now = time.monotonic()
            for place in places:
                self._look(place, now)
            came_up = came_up or _has_word(heard)
            if not came_up and any(place.failures >= HOPELESS for place in places[: self.count]):
                return False
            self._stop.wait(LOOK_S)
        return True

    def _look(self, place: _Place, now: float) -> None:
        """Start a process where there is none, after a pause that grows with its failures."""
        if place.process is not None:
            code = place.process.poll()
            if code is None:
                return
            self._ended(place, code, now)
        if now >= place.again_at:
            place.process = self._start(place)
            place.since = now
            _log.info("worker.started", worker=place.name, pid=place.process.pid)

    def _ended(self, place: _Place, code: int, now: float) -> None:
        _log.error("worker.ended", worker=place.name, exit_code=code)
        served = code != STARTUP_FAILED and now - place.since > SETTLED_S
        place.failures = 0 if served else place.failures + 1
        pause_s = FIRST_PAUSE_S * 2 ** (place.failures - 1) if place.failures else 0.0
        place.again_at = now + min(pause_s, LONGEST_PAUSE_S)
        place.process = None

    def _start(self, place: _Place) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - our own modules, numbers as arguments
            [sys.executable, "-m", BEGIN, *place.command, *map(str, place.inherited)],
            pass_fds=place.inherited,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            # A group of its own: Ctrl-C reaches us alone, and we decide.
            process_group=0,
        )

    def _asked(self, number: int, frame: FrameType | None) -> None:
        del frame
        _log.info("serve.stopping", signal=signal.Signals(number).name)
        self._stop.set()

    def _end(self, places: list[_Place]) -> None:
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


def _has_word(heard: int) -> bool:
    """Say whether a worker has told that it serves."""
    try:
        return bool(os.read(heard, 1))
    except BlockingIOError:
        return False


_ENDS = (signal.SIGTERM, signal.SIGINT)
