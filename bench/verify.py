"""What it costs to believe nothing: replaying a log against its tree, and taking it out.

Run with ``python -m bench.verify``.  CPU is counted in this process and in PostgreSQL's processes
apart, in microseconds per record; memory is what the replay adds to the process at its largest.
"""

import argparse
import asyncio
import resource
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from bench.audit_writer import a_server, server_cpu_s
from bench.sequencer import ORIGIN, a_log, store_backlog
from gateway import database
from gateway.clock import utc_now
from gateway.exports.columns import record
from gateway.exports.lines import line
from gateway.exports.sheet import Sheet
from gateway.exports.syslog import Sender, framed, message
from gateway.sequencing.inspection import Log
from gateway.sequencing.repository import TreeRepository
from gateway.sequencing.sequencer import Sequencer
from gateway.sequencing.store import Store
from gateway.sequencing.watch import Watch
from gateway.tlog.vkeys import parse_vkey
from gateway.verification.replay import Replay
from gateway.verification.report import Report
from gateway.verification.repository import ReplayRepository
from gateway.verification.signatures import Signatures

RECORDS = 200_000
FORMATTED = 20_000  # records written out in each form


async def fold(dsn: str, of: Log) -> None:
    """Let the backlog join the tree."""
    store = await Store.connect(dsn)
    sequencer = Sequencer(store, of, utc_now, watch=Watch())
    await sequencer.open()
    while await sequencer.round():
        pass
    await store.close()


async def replay(dsn: str, of: Log) -> Report:
    """Replay everything."""
    keys = [parse_vkey(text) for line in of.keys.lines(utc_now()) for text in line.vkeys]
    pool = await database.raw_pool(dsn, "motlan_auditor", 2, patience_s=60)
    async with pool:
        signatures = Signatures(of.origin, keys, None)
        return await Replay(ReplayRepository(pool), signatures, published=of.guard.read()).run()


async def formats(dsn: str, folder: Path) -> dict[str, float]:
    """Return records a second of each form that records are taken out in."""
    pool = await database.raw_pool(dsn, "motlan_auditor", 1, patience_s=60)
    async with pool:
        tree = TreeRepository(pool)
        rows = [
            row for first in range(0, FORMATTED, 5_000) for row in await tree.entries(first, 5_000)
        ]
    sender = Sender(origin=ORIGIN, host="bench")
    began = time.perf_counter()
    sum(len(line(row.index, row.entry)) for row in rows)
    lines = time.perf_counter()
    sum(len(framed(message(record(row.index, row.entry), sender))) for row in rows)
    syslog = time.perf_counter()
    with Sheet(folder / "bench.xlsx", ()) as sheet:
        for row in rows:
            sheet.add(record(row.index, row.entry))
    sheets = time.perf_counter()
    return {
        "lines_per_s": len(rows) / (lines - began),
        "syslog_per_s": len(rows) / (syslog - lines),
        "sheet_rows_per_s": len(rows) / (sheets - syslog),
    }


async def measure(records: int, rounds: int) -> dict[str, Any]:
    """Return all figures, medians of *rounds* runs over one log of *records*."""
    with tempfile.TemporaryDirectory(prefix="motlan-bench-") as folder:
        async with a_server() as (dsn, pid):
            of = a_log(Path(folder))
            await store_backlog(dsn, 4, records)
            await fold(dsn, of)
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            runs: list[tuple[float, float, float]] = []
            count = 0
            for _ in range(rounds):
                cpu, server = time.process_time(), server_cpu_s(pid)
                report = await replay(dsn, of)
                if not report.whole:
                    raise SystemExit(str(report.damages.first))
                count = report.counts.records
                runs.append((
                    count / report.seconds,
                    (time.process_time() - cpu) / count * 1e6,
                    (server_cpu_s(pid) - server) / count * 1e6,
                ))  # fmt: skip
            added = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
            written = await formats(dsn, Path(folder))
    return {
        "records": float(count),
        "replay_per_s": median(run[0] for run in runs),
        "replay_client_us": median(run[1] for run in runs),
        "replay_server_us": median(run[2] for run in runs),
        "replay_added_mib": added / 1024,
        **written,
    }


def text(found: dict[str, Any]) -> str:
    """Return the figures for people, as Markdown."""
    lines = ["| Verification | Value |", "|---|--:|"]
    return "\n".join([*lines, *(f"| {name} | {value:,.1f} |" for name, value in found.items())])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=RECORDS, help="records of the log")
    parser.add_argument("--rounds", type=int, default=3, help="runs, medians are shown")
    given = parser.parse_args()
    print(text(asyncio.run(measure(given.records, given.rounds))))
