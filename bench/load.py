"""Load on the loopback: as much as goes, by wrk; or a fixed rate, by an open loop of our own."""

import asyncio
import json
import math
import os
import re
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import uvloop

CLIENT_CORE = 1  # what serves runs on core 0, everything else on core 1
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Peer:
    """Something that serves, and the question it is asked."""

    name: str
    url: str
    pids: tuple[int, ...]  # processes whose CPU time counts
    body: Mapping[str, object]
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Load:
    """How long, on how many kept connections."""

    seconds: int
    connections: int


@dataclass(frozen=True, slots=True)
class Saturated:
    """What came of as much load as goes."""

    calls_per_s: float
    cpu_us: float  # of the serving processes, for each call
    p50_ms: float
    p99_ms: float
    failed: int


@dataclass(frozen=True, slots=True)
class Paced:
    """Latencies at a fixed rate, counted from when a call was due, not from when it was sent."""

    rate: int
    p50_ms: float
    p99_ms: float
    failed: int


def cpu_s(pids: tuple[int, ...]) -> float:
    """Return the CPU seconds, user and system, that *pids* have used so far."""
    total = 0
    for pid in pids:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(stat[11]) + int(stat[12])
    return total / TICKS


def saturated(peer: Peer, load: Load) -> Saturated:
    """Load *peer* with wrk and count the CPU it needed."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_script(peer))
        script.flush()
        before = cpu_s(peer.pids)
        said = subprocess.run(
            ["taskset", "-c", str(CLIENT_CORE), "wrk", "-t1", f"-c{load.connections}",
             f"-d{load.seconds}s", "--latency", "-s", script.name, peer.url],
            capture_output=True, text=True, check=True, timeout=load.seconds + 30,
        ).stdout  # fmt: skip
        used = cpu_s(peer.pids) - before
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    calls = int(_found(r"(\d+) requests in", said)[1])
    return Saturated(
        calls_per_s=float(_found(r"Requests/sec:\s+([\d.]+)", said)[1]),
        cpu_us=used / calls * 1e6,
        p50_ms=_ms(_found(r"50%\s+([\d.]+)(us|ms|s)", said)),
        p99_ms=_ms(_found(r"99%\s+([\d.]+)(us|ms|s)", said)),
        failed=int(failed[1]) if failed else 0,
    )


def _found(pattern: str, text: str) -> re.Match[str]:
    """Return the first match; wrk's words are the contract."""
    match = re.search(pattern, text, re.IGNORECASE)
    if match is None:
        raise LookupError(pattern)
    return match


def _ms(found: re.Match[str]) -> float:
    return float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[2]]


def _script(peer: Peer) -> str:
    headers = {"Content-Type": "application/json", **peer.headers}
    lines = [f"wrk.headers[{json.dumps(n)}] = {json.dumps(v)}" for n, v in headers.items()]
    body = json.dumps(peer.body, ensure_ascii=False)
    return "\n".join(['wrk.method = "POST"', f"wrk.body = [==[{body}]==]", *lines])


def paced(peer: Peer, rate: int, seconds: int, connections: int) -> Paced:
    """Send *rate* calls a second whether or not the answers come, on kept connections.

    The sender shares the machine with what it measures, so it is a protocol without streams and
    tasks on the faster loop: it needs a third of the CPU.
    """
    return uvloop.run(_pace(peer, rate, seconds, connections))


class _Line(asyncio.Protocol):
    """One kept connection with one call under way."""

    def __init__(self, pace: "_Pace") -> None:
        self._pace = pace
        self._answer = b""
        self._due = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin (asyncio calls this)."""
        self._transport = cast("asyncio.Transport", transport)

    def call(self, due: float) -> None:
        """Send the call that was due at *due*."""
        self._due = due
        cast("asyncio.Transport", self._transport).write(self._pace.request)

    def data_received(self, data: bytes) -> None:
        """Take a part of the answer (asyncio calls this)."""
        self._answer += data
        head, end, body = self._answer.partition(b"\r\n\r\n")
        if end and len(body) >= int(_found(r"content-length: (\d+)", head.decode("latin-1"))[1]):
            self._answer = b""
            self._pace.answered(self, self._due, ok=head.startswith(b"HTTP/1.1 200"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Count what was never answered as failed (asyncio calls this)."""
        self._pace.lost(exc)

    def close(self) -> None:
        """Hang up."""
        cast("asyncio.Transport", self._transport).close()


class _Pace:
    """The calls of one measurement: which lines are free, which calls wait, how long each took."""

    def __init__(self, request: bytes, calls: int) -> None:
        self.request = request
        self.latencies: list[float] = []
        self.failed = 0
        self.over = asyncio.get_running_loop().create_future()
        self._calls = calls
        self._free: list[_Line] = []
        self._waiting: deque[float] = deque()

    def send(self, due: float) -> None:
        """Send a call, or have it wait for a line."""
        if self._free:
            self._free.pop().call(due)
        else:
            self._waiting.append(due)

    def take(self, line: _Line) -> None:
        """Use *line* for the next call."""
        if self._waiting:
            line.call(self._waiting.popleft())
        else:
            self._free.append(line)

    def answered(self, line: _Line, due: float, *, ok: bool) -> None:
        """Note how long a call took, counted from when it was due."""
        self.latencies.append(time.perf_counter() - due)
        self.failed += not ok
        self.take(line)
        if len(self.latencies) == self._calls and not self.over.done():
            self.over.set_result(None)

    def lost(self, why: Exception | None) -> None:
        """End the measurement when a line breaks in the middle of it."""
        if not self.over.done():
            self.over.set_exception(why or ConnectionError("closed in the middle of a measurement"))


async def _pace(peer: Peer, rate: int, seconds: int, connections: int) -> Paced:
    os.sched_setaffinity(0, {CLIENT_CORE})
    loop = asyncio.get_running_loop()
    pace = _Pace(_request(peer), rate * seconds)
    host, port = peer.url.split("/")[2].split(":")
    lines = [
        (await loop.create_connection(lambda: _Line(pace), host, int(port)))[1]
        for _ in range(connections)
    ]
    for line in lines:
        pace.take(line)
    begin = time.perf_counter() + 0.05
    for number in range(rate * seconds):
        due = begin + number / rate
        wait = due - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(math.ceil(wait * 1000) / 1000)  # the loop's timers know no less
        pace.send(due)
    await asyncio.wait_for(pace.over, 60)
    for line in lines:
        line.close()
    pace.latencies.sort()
    p50, p99 = (pace.latencies[int(len(pace.latencies) * share)] * 1000 for share in (0.5, 0.99))
    return Paced(rate, p50, p99, pace.failed)


def _request(peer: Peer) -> bytes:
    body = json.dumps(peer.body, ensure_ascii=False).encode()
    path = "/" + peer.url.split("/", 3)[3]
    headers = {"Host": "bench", "Content-Type": "application/json", **peer.headers}
    lines = [f"POST {path} HTTP/1.1", *(f"{n}: {v}" for n, v in headers.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body
