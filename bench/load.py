"""Load on the loopback: as much as goes, by wrk; or a fixed rate, by an open loop of our own."""

import asyncio
import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

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
    """Send *rate* calls a second whether or not the answers come, on kept connections."""
    return asyncio.run(_pace(peer, rate, seconds, connections))


async def _pace(peer: Peer, rate: int, seconds: int, connections: int) -> Paced:
    os.sched_setaffinity(0, {CLIENT_CORE})
    request = _request(peer)
    host, port = peer.url.split("/")[2].split(":")
    free: asyncio.LifoQueue[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
    free = asyncio.LifoQueue()
    for _ in range(connections):
        free.put_nowait(await asyncio.open_connection(host, int(port)))
    latencies: list[float] = []
    failed = 0

    async def call(due: float) -> None:
        nonlocal failed
        reader, writer = await free.get()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = _found(r"content-length: (\d+)", head.decode("latin-1"))
        await reader.readexactly(int(length[1]))
        latencies.append(time.perf_counter() - due)
        failed += not head.startswith(b"HTTP/1.1 200")
        free.put_nowait((reader, writer))

    begin = time.perf_counter() + 0.05
    async with asyncio.TaskGroup() as group:
        for number in range(rate * seconds):
            due = begin + number / rate
            wait = due - time.perf_counter()
            if wait > 0:
                await asyncio.sleep(wait)
            group.create_task(call(due))
    while not free.empty():
        free.get_nowait()[1].close()
    latencies.sort()
    p50, p99 = (latencies[int(len(latencies) * share)] * 1000 for share in (0.5, 0.99))
    return Paced(rate, p50, p99, failed)


def _request(peer: Peer) -> bytes:
    body = json.dumps(peer.body, ensure_ascii=False).encode()
    path = "/" + peer.url.split("/", 3)[3]
    headers = {"Host": "bench", "Content-Type": "application/json", **peer.headers}
    lines = [f"POST {path} HTTP/1.1", *(f"{n}: {v}" for n, v in headers.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body
