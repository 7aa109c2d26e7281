"""What the tree costs: catching up, the delay until a record is in it, what it takes from writers.

Run with ``python -m bench.sequencer``.  CPU is counted in this process and in PostgreSQL's
processes apart, in microseconds per record.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import asyncpg
import structlog

from bench.audit_writer import CALLERS, RIGHTS, a_server, server_cpu_s
from gateway.audit.chain import Position, link
from gateway.audit.entry import Entry
from gateway.audit.lane import Lane
from gateway.audit.leaf import body
from gateway.audit.writer import AuditWriter
from gateway.clock import utc_now
from gateway.sequencing.guard import Guard
from gateway.sequencing.inspection import Log
from gateway.sequencing.keys import LogKeys
from gateway.sequencing.leading import Leading, Pace
from gateway.sequencing.repository import TreeRepository
from gateway.sequencing.sequencer import Sequencer
from gateway.sequencing.store import Store
from gateway.sequencing.watch import Watch
from tests.audit_builders import an_access

RATE = 1_000  # records a second, for the delay
BACKLOG = 40_000  # records to catch up with
LEFT = "SELECT (SELECT count(*) FROM audit.entry) - (SELECT size FROM audit.tree)"
ORIGIN = "motlan.bench/audit/1"


@dataclass(frozen=True)
class CaughtUp:
    """How fast an outage is made up for."""

    rate: float  # records a second
    client_us: float
    server_us: float


@dataclass(frozen=True)
class Delay:
    """From the answer of `append` to a committed checkpoint over the record, milliseconds."""

    p50_ms: float
    p99_ms: float
    most_ms: float
    rounds_per_s: float


@dataclass(frozen=True)
class Load:
    """What writers do, with the tree growing beside them or without."""

    writers: int
    sequenced: bool
    rate: float  # records a second
    p50_ms: float
    p99_ms: float


def a_log(folder: Path) -> Log:
    """Return a log with new keys."""
    keys = LogKeys(folder / "keys", ORIGIN, overlap=timedelta(hours=1))
    keys.ensure(utc_now())
    return Log(ORIGIN, keys, Guard(folder / "guard.json"))


async def store_backlog(dsn: str, writers: int, records: int) -> None:
    """Store what several writers wrote while nobody folded."""
    lane = await Lane.connect(dsn, node="bench", synchronous_commit="on", timeout_s=5)
    bodies = [body(an_access()) for _ in range(512)]
    today, mark = utc_now(), time.monotonic_ns()
    for n in range(writers):
        position = Position(writer=f"backlog-{mark}-{n}", day=today.date())
        await lane.register(position, "bench", today)
        for _ in range(records // writers // len(bodies)):
            linked = link(position, bodies)
            await lane.append(linked, RIGHTS)
            position = linked.after
    await lane.close()


async def catch_up(dsn: str, pid: int, of: Log) -> CaughtUp:
    """Fold a backlog as fast as it goes."""
    await store_backlog(dsn, 4, BACKLOG)
    store = await Store.connect(dsn)
    sequencer = Sequencer(store, of, utc_now, watch=Watch())
    await sequencer.open()
    wall, cpu, server, records = time.perf_counter(), time.process_time(), server_cpu_s(pid), 0
    while joined := await sequencer.round():
        records += joined
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    server = server_cpu_s(pid) - server
    await store.close()
    return CaughtUp(records / wall, cpu / records * 1e6, server / records * 1e6)


class Callers:
    """Callers of several writers, who wait for each record; what they saw."""

    def __init__(self, writers: list[AuditWriter], rate: int | None, end: float) -> None:
        self._writers = writers
        self._count = len(writers) * CALLERS
        self._step = self._count / rate if rate else 0.0  # seconds between calls of one caller
        self._end = end
        self._entries = [Entry(body=an_access(), rights=tuple(RIGHTS)) for _ in range(64)]
        self.acknowledged: list[tuple[float, str, int]] = []
        self.waited_ms: list[float] = []

    async def run(self) -> None:
        """Call until the end."""
        await asyncio.gather(*(self._call(n) for n in range(self._count)))

    async def _call(self, place: int) -> None:
        writer = self._writers[place % len(self._writers)]
        due = time.perf_counter() + self._step * place / self._count
        while (now := time.perf_counter()) < self._end:
            if due > now:
                await asyncio.sleep(due - now)
            began = time.perf_counter()
            receipt = await writer.append(self._entries[place % 64])
            done = time.perf_counter()
            self.acknowledged.append((done, receipt.writer, receipt.seq))
            self.waited_ms.append((done - began) * 1e3)
            due += self._step


async def under_load(
    dsn: str, folder: Path, *, writers: int, seconds: float, rate: int | None, sequenced: bool
) -> tuple[Load, Delay | None]:
    """Let *writers* append for *seconds*: at *rate* records a second, or as fast as they can."""
    heads: list[tuple[float, int]] = []
    async with AsyncExitStack() as stack:
        if sequenced:
            await stack.enter_async_context(_keeper(dsn, folder))
            await _settled(dsn)
            _beside(stack, _look(dsn, heads))
        made = [AuditWriter(dsn, node=f"bench.{n}", clock=utc_now) for n in range(writers)]
        for one in made:
            await one.start()
            stack.push_async_callback(one.aclose)
        began = time.perf_counter()
        callers = Callers(made, rate, began + seconds)
        await callers.run()
        wall = time.perf_counter() - began
        if sequenced:
            await _settled(dsn)
        delays = await _delays(dsn, callers.acknowledged, heads) if sequenced and rate else None
    cuts = quantiles(callers.waited_ms, n=100)
    count = len(callers.waited_ms)
    return Load(writers, sequenced, count / wall, cuts[49], cuts[98]), delays


@asynccontextmanager
async def _keeper(dsn: str, folder: Path) -> AsyncGenerator[None]:
    """Let a process of its own fold, as the keeper does."""
    command = (sys.executable, "-m", "bench.sequencer", "--lead", dsn, str(folder))
    child = await asyncio.create_subprocess_exec(*command)
    try:
        yield
    finally:
        child.terminate()
        await child.wait()


async def _settled(dsn: str) -> None:
    """Return once everything is in the tree; give up after a minute."""
    connection: Any = await asyncpg.connect(dsn)
    for _ in range(1_200):
        if not await connection.fetchval(LEFT):
            break
        await asyncio.sleep(0.05)
    await connection.close()


async def lead(dsn: str, folder: Path) -> None:
    """Fold until somebody ends the process."""
    await Leading(lambda: Store.connect(dsn), a_log(folder), utc_now, Pace(), "bench").run()


def _beside(stack: AsyncExitStack, work: Coroutine[object, object, object]) -> None:
    task = asyncio.get_running_loop().create_task(work)

    async def stop() -> None:
        task.cancel()
        await asyncio.wait({task})

    stack.push_async_callback(stop)


async def _look(dsn: str, heads: list[tuple[float, int]]) -> None:
    """Note when the tree has which size."""
    connection: Any = await asyncpg.connect(dsn)
    tree = TreeRepository(connection)
    try:
        while True:
            size = (await tree.head()).size
            if not heads or heads[-1][1] != size:
                heads.append((time.perf_counter(), size))
            await asyncio.sleep(0.01)
    finally:
        connection.terminate()


async def _delays(
    dsn: str, acknowledged: list[tuple[float, str, int]], heads: list[tuple[float, int]]
) -> Delay:
    connection: Any = await asyncpg.connect(dsn)
    runs = await connection.fetch(
        "SELECT writer, first_seq, n, first_index FROM audit.run ORDER BY first_index"
    )
    await connection.close()
    index = {(writer, first + k): at + k for writer, first, n, at in runs for k in range(n)}
    at_index = sorted((index[writer, seq], when) for when, writer, seq in acknowledged)
    found: list[float] = []
    seen = iter(heads)
    when, size = next(seen)
    for place, done in at_index:
        while size <= place:
            when, size = next(seen)
        found.append(max(0.0, (when - done) * 1e3))
    cuts = quantiles(found, n=100)
    span = heads[-1][0] - heads[0][0]
    return Delay(cuts[49], cuts[98], max(found), (len(heads) - 1) / span)


async def measure(seconds: float, rounds: int) -> dict[str, Any]:
    """Return all figures, medians of *rounds* interleaved runs."""
    with tempfile.TemporaryDirectory(prefix="motlan-bench-") as name:
        folder = Path(name)
        async with a_server() as (dsn, pid):
            caught = [await catch_up(dsn, pid, a_log(folder)) for _ in range(rounds)]
            _, delay = await under_load(
                dsn, folder, writers=2, seconds=seconds, rate=RATE, sequenced=True
            )
            loads = [
                await under_load(
                    dsn,
                    folder,
                    writers=writers,
                    seconds=seconds / 2,
                    rate=None,
                    sequenced=sequenced,
                )
                for _ in range(rounds)
                for writers in (1, 2, 4)
                for sequenced in (False, True)
            ]
    return {
        "catch_up_per_s": median(one.rate for one in caught),
        "catch_up_client_us": median(one.client_us for one in caught),
        "catch_up_server_us": median(one.server_us for one in caught),
        "merge_delay_at_1000": asdict(delay) if delay else {},
        "writers": _middles([load for load, _ in loads]),
    }


def _middles(loads: list[Load]) -> list[dict[str, Any]]:
    kinds = sorted({(one.writers, one.sequenced) for one in loads})
    rows: list[dict[str, Any]] = []
    for writers, sequenced in kinds:
        same = [one for one in loads if (one.writers, one.sequenced) == (writers, sequenced)]
        rows.append(
            {
                "writers": writers,
                "with the tree": "yes" if sequenced else "no",
                "records/s": round(median(one.rate for one in same)),
                "p50 ms": round(median(one.p50_ms for one in same), 2),
                "p99 ms": round(median(one.p99_ms for one in same), 2),
            }
        )
    return rows


def text(found: dict[str, Any]) -> str:
    """Return the figures for people, as Markdown."""
    lines = ["| Tree | Value |", "|---|--:|"]
    lines += [
        f"| {name} | {value:,.1f} |" for name, value in found.items() if isinstance(value, float)
    ]
    lines += [
        f"| merge delay, {name} | {value:,.1f} |"
        for name, value in found["merge_delay_at_1000"].items()
    ]
    names = list(found["writers"][0])
    lines += ["", f"| {' | '.join(names)} |", "|" + "--:|" * len(names)]
    lines += [f"| {' | '.join(str(row[name]) for name in names)} |" for row in found["writers"]]
    return "\n".join(lines)


def main() -> None:
    """Print the figures; or fold for them, in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6, help="length of one measurement")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each, medians are shown")
    parser.add_argument("--lead", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.lead:
        dsn, folder = given.lead
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
        asyncio.run(lead(dsn, Path(folder)))
    else:
        print(text(asyncio.run(measure(given.seconds, given.rounds))))


if __name__ == "__main__":
    main()
