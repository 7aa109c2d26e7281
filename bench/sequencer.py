"""What the tree costs: catching up, the delay until a record is in it, what it takes from writers.

Run with ``python -m bench.sequencer``.  CPU is counted in this process and in PostgreSQL's
processes apart, in microseconds per record.
"""

import argparse
import asyncio
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import asyncpg

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
    store.terminate()
    return CaughtUp(records / wall, cpu / records * 1e6, server / records * 1e6)


async def under_load(
    dsn: str, of: Log, *, writers: int, seconds: float, rate: int | None, sequenced: bool
) -> tuple[Load, Delay | None]:
    """Let *writers* append for *seconds*: at *rate* records a second, or as fast as they can."""
    async with AsyncExitStack() as stack:
        if sequenced:
            leading = Leading(lambda: Store.connect(dsn), of, utc_now, Pace(), "bench")
            task = asyncio.get_running_loop().create_task(leading.run())
            stack.callback(task.cancel)
        heads: list[tuple[float, int]] = []
        looking = asyncio.get_running_loop().create_task(_look(dsn, heads))
        stack.callback(looking.cancel)
        made = [AuditWriter(dsn, node=f"bench.{n}", clock=utc_now) for n in range(writers)]
        for one in made:
            await one.start()
            stack.push_async_callback(one.aclose)
        entries = [Entry(body=an_access(), rights=tuple(RIGHTS)) for _ in range(64)]
        acknowledged: list[tuple[float, str, int]] = []
        waited: list[float] = []
        end = time.perf_counter() + seconds

        async def call(writer: AuditWriter, place: int) -> None:
            step = writers * CALLERS / rate if rate else 0.0
            due = time.perf_counter() + step * place / (writers * CALLERS)
            while (now := time.perf_counter()) < end:
                if due > now:
                    await asyncio.sleep(due - now)
                began = time.perf_counter()
                receipt = await writer.append(entries[place % 64])
                done = time.perf_counter()
                acknowledged.append((done, receipt.writer, receipt.seq))
                waited.append((done - began) * 1e3)
                due += step

        began = time.perf_counter()
        await asyncio.gather(*(call(made[n % writers], n) for n in range(writers * CALLERS)))
        wall = time.perf_counter() - began
        if sequenced:
            await asyncio.sleep(1.5)
        delays = await _delays(dsn, acknowledged, heads) if sequenced else None
    cuts = quantiles(waited, n=100)
    return Load(writers, sequenced, len(waited) / wall, cuts[49], cuts[98]), delays


async def _look(dsn: str, heads: list[tuple[float, int]]) -> None:
    """Note when the tree has which size."""
    connection: Any = await asyncpg.connect(dsn)
    tree = TreeRepository(connection)
    while True:
        size = (await tree.head()).size
        if not heads or heads[-1][1] != size:
            heads.append((time.perf_counter(), size))
        await asyncio.sleep(0.01)


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
    with tempfile.TemporaryDirectory(prefix="motlan-bench-") as folder:
        async with a_server() as (dsn, pid):
            of = a_log(Path(folder))
            caught = [await catch_up(dsn, pid, of) for _ in range(rounds)]
            _, delay = await under_load(
                dsn, of, writers=2, seconds=seconds, rate=RATE, sequenced=True
            )
            loads = [
                (
                    await under_load(
                        dsn,
                        of,
                        writers=writers,
                        seconds=seconds / 2,
                        rate=None,
                        sequenced=sequenced,
                    )
                )[0]
                for _ in range(rounds)
                for writers in (1, 2, 4)
                for sequenced in (False, True)
            ]
    return {
        "catch_up_per_s": median(one.rate for one in caught),
        "catch_up_client_us": median(one.client_us for one in caught),
        "catch_up_server_us": median(one.server_us for one in caught),
        "merge_delay_at_1000": asdict(delay) if delay else {},
        "writers": _middles(loads),
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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=6, help="length of one measurement")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each, medians are shown")
    given = parser.parse_args()
    print(text(asyncio.run(measure(given.seconds, given.rounds))))
