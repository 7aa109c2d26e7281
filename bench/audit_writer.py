"""What a durable record costs: one row per record against one row per batch, and the writer whole.

Run with ``python -m bench.audit_writer``.  CPU is counted in this process and in PostgreSQL's
processes apart, in microseconds per record; rates are acknowledged records over wall time.
"""

import argparse
import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import asyncpg

from gateway import migrating
from gateway.audit.chain import Linked, Position, link
from gateway.audit.entry import Entry
from gateway.audit.lane import Lane
from gateway.audit.leaf import body
from gateway.audit.writer import AuditWriter
from gateway.clock import utc_now
from gateway.embedded import EmbeddedPostgres
from gateway.rights import Right
from tests.audit_builders import an_access

RIGHTS = [Right("system:bench", 1), Right("service:bench", 1), Right("agreement:bench", 1)]
TICKS = os.sysconf("SC_CLK_TCK")
BUNDLES = """
CREATE SCHEMA IF NOT EXISTS bench;
CREATE TABLE IF NOT EXISTS bench.bundle (
  day date NOT NULL, writer text NOT NULL, first_seq bigint NOT NULL, n int NOT NULL,
  bundle bytea NOT NULL, leaf bytea NOT NULL,
  CONSTRAINT bundle_pkey PRIMARY KEY (day, writer, first_seq)
);
ALTER TABLE bench.bundle ALTER COLUMN bundle SET STORAGE EXTERNAL;
GRANT USAGE ON SCHEMA bench TO motlan_append;
GRANT INSERT ON bench.bundle TO motlan_append;
"""
STORE_BUNDLE = """
WITH dead AS MATERIALIZED (
  SELECT w.place FROM unnest($4::text[], $5::bigint[]) WITH ORDINALITY AS w (key, rev, place)
  LEFT JOIN gateway.live_right AS r ON r.key = w.key
  WHERE r.key IS NULL OR NOT r.live OR r.rev <> w.rev OR r.valid_to <= statement_timestamp()
), stored AS (
  INSERT INTO bench.bundle (day, writer, first_seq, n, bundle, leaf)
  SELECT $1, $2, $3, $6, $7, $8 WHERE NOT EXISTS (SELECT FROM dead) RETURNING 1
)
SELECT (SELECT count(*) FROM stored), (SELECT array_agg(place) FROM dead)
"""

CALLERS = 32

Store = Callable[[Linked], Awaitable[object]]


@dataclass(frozen=True)
class Figures:
    """One run."""

    name: str
    writers: int
    batch: float
    rate: float  # records a second
    client_us: float
    server_us: float

    def __str__(self) -> str:
        """Return a row of the table."""
        return (
            f"| {self.name} | {self.writers} | {self.batch:.0f} | {self.rate:,.0f} "
            f"| {self.client_us:.1f} | {self.server_us:.1f} |"
        )


def server_cpu_s(postmaster: int) -> float:
    """Return the CPU that PostgreSQL's processes have used, those that ended included, seconds."""
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    total = 0
    for pid in [str(postmaster), *children]:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            continue
        own, ended = fields[11:13], fields[13:15] if pid == str(postmaster) else ()
        total += sum(map(int, [*own, *ended]))
    return total / TICKS


async def rows_store(dsn: str) -> Store:
    """Return the layout in use: one row per record."""
    lane = await Lane.connect(dsn, node="bench", synchronous_commit="on", timeout_s=5)
    return lambda linked: lane.append(linked, RIGHTS)


async def bundles_store(dsn: str) -> Store:
    """Return the other layout: one row per batch, entries with two-byte lengths."""
    settings = {"role": "motlan_append", "enable_seqscan": "off", "jit": "off"}
    connection: Any = await asyncpg.connect(dsn, server_settings=settings)
    statement = await connection.prepare(STORE_BUNDLE)
    keys, revs = [one.key for one in RIGHTS], [one.rev for one in RIGHTS]

    async def store(linked: Linked) -> object:
        first = linked.first
        bundle = b"".join(len(one).to_bytes(2, "big") + one for one in linked.entries)
        count, leaf = len(linked.entries), linked.leaves[-1]
        return await statement.fetchrow(
            first.day, first.writer, first.seq, keys, revs, count, bundle, leaf
        )

    return store


LAYOUTS = (("row per record", rows_store), ("row per batch", bundles_store))


async def drive(store: Store, writer: str, bodies: Sequence[bytes], batch: int) -> None:
    """Store *bodies* batch by batch, one in flight."""
    position = Position(writer=writer, day=utc_now().date())
    for start in range(0, len(bodies), batch):
        linked = link(position, list(bodies[start : start + batch]))
        await store(linked)
        position = linked.after


async def layout(
    opened: tuple[str, Callable[[str], Awaitable[Store]]],
    server: tuple[str, int],
    writers: int,
    batch: int,
) -> Figures:
    """Measure one layout."""
    (name, open_store), (dsn, pid) = opened, server
    stores = [await open_store(dsn) for _ in range(writers)]
    bodies = [body(an_access()) for _ in range(512)] * 24
    mark = time.monotonic_ns()
    for place, store in enumerate(stores):  # plans are made, pages are there
        await drive(store, f"warm-{mark}-{place}", bodies[: batch * 8], batch)
    wall, cpu, used = time.perf_counter(), time.process_time(), server_cpu_s(pid)
    await asyncio.gather(
        *(drive(store, f"run-{mark}-{n}", bodies, batch) for n, store in enumerate(stores))
    )
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    used, records = server_cpu_s(pid) - used, len(bodies) * writers
    return Figures(name, writers, batch, records / wall, cpu / records * 1e6, used / records * 1e6)


async def whole(dsn: str, pid: int, writers: int, each: int) -> Figures:
    """Measure the writer as the gateway uses it: 32 callers a writer, who wait for each record."""
    sizes: list[int] = []
    made = [
        AuditWriter(dsn, node=f"bench.{n}", clock=utc_now, observed=lambda r, _: sizes.append(r))
        for n in range(writers)
    ]
    for one in made:
        await one.start()
    entries = [Entry(body=an_access(), rights=tuple(RIGHTS)) for _ in range(64)]

    async def call(writer: AuditWriter) -> None:
        for n in range(each):
            await writer.append(entries[n % 64])

    wall, cpu, server = time.perf_counter(), time.process_time(), server_cpu_s(pid)
    await asyncio.gather(*(call(writer) for writer in made for _ in range(CALLERS)))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    server, records = server_cpu_s(pid) - server, writers * CALLERS * each
    for one in made:
        await one.aclose()
    batch = records / len(sizes)
    return Figures(
        "whole writer", writers, batch, records / wall, cpu / records * 1e6, server / records * 1e6
    )


def a_directory() -> Path:
    """Return a new folder that PostgreSQL's own account may enter."""
    directory = Path(tempfile.mkdtemp(prefix="motlan-bench-"))
    directory.chmod(0o711)
    return directory


@asynccontextmanager
async def a_server() -> AsyncGenerator[tuple[str, int]]:
    """Give a PostgreSQL of this run: DSN and process id."""
    directory = a_directory()
    server = EmbeddedPostgres(directory / "postgres")
    await asyncio.to_thread(server.start)
    try:
        await migrating.upgrade(server.dsn())
        connection: Any = await asyncpg.connect(server.dsn())
        for right in RIGHTS:
            await connection.execute("SELECT gateway.set_right($1, 1, true, NULL)", right.key)
        await connection.execute(BUNDLES)
        await connection.close()
        pid = server.status().pid
        if pid is None:
            raise RuntimeError("PostgreSQL did not start")
        yield server.dsn(), pid
    finally:
        await asyncio.to_thread(server.stop)
        shutil.rmtree(directory)


def middle(runs: Sequence[Figures]) -> Figures:
    """Return the medians of several runs of the same thing."""
    first = runs[0]
    return Figures(
        first.name,
        first.writers,
        median(run.batch for run in runs),
        median(run.rate for run in runs),
        median(run.client_us for run in runs),
        median(run.server_us for run in runs),
    )


async def main(rounds: int) -> None:
    """Print the table: medians of interleaved runs."""
    async with a_server() as (dsn, pid):
        print("| layout | writers | batch | records/s | client CPU µs | server CPU µs |")
        print("|---|--:|--:|--:|--:|--:|")
        for writers in (1, 2, 4):
            for batch in (16, 64, 256):
                runs = [
                    [await layout(one, (dsn, pid), writers, batch) for one in LAYOUTS]
                    for _ in range(rounds)
                ]
                print(*map(middle, zip(*runs, strict=True)), sep="\n")
        for writers in (1, 2, 4):
            print(middle([await whole(dsn, pid, writers, 300) for _ in range(rounds)]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="runs of each, medians are shown")
    asyncio.run(main(parser.parse_args().rounds))
