"""`make bench`: what one exchange costs, beside peers measured in the same run."""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from pathlib import Path

from bench import audit_writer, proofs, search, sequencer, tokens
from bench.figures import Figures, write
from bench.growth import measure_growth
from bench.load import Load, paced, saturated
from bench.servers import Bench
from bench.waking import wake_us

SECONDS, ROUNDS, RATE, CONNECTIONS = 6, 3, 1_500, 32
SEARCHED = 100_000  # records in the search; a million with --large


def main() -> int:
    """Measure, print, and keep the figures; 1 when a call was not answered with 200."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--seconds", type=int, default=SECONDS, help="length of one measurement")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="interleaved repetitions")
    parser.add_argument("--large", action="store_true", help="a search of a million records")
    parser.add_argument("--keep", action="store_true", help="write bench/results.{md,json}")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # stops its servers
    with tempfile.TemporaryDirectory(prefix="motlan-bench-") as folder:
        Path(folder).chmod(0o711)  # the database's own account must get through
        with Bench(Path(folder), dict(os.environ)) as bench:
            figures = measure(bench, seconds=given.seconds, rounds=given.rounds)
            figures.proofs = proofs.measure(bench, given.rounds)
            figures.tokens = tokens.measure(bench, given.rounds)
            figures.audit_records_per_s = asyncio.run(records_per_s())
            figures.tree = asyncio.run(sequencer.measure(given.seconds, given.rounds))
            records = search.ROWS if given.large else SEARCHED
            figures.search = asyncio.run(search.measure(records, search.ROUNDS))
            figures.growth = measure_growth(bench, given.seconds)
    print(figures.text())
    if given.keep:
        write(figures)
    return 1 if figures.failed() else 0


def measure(bench: Bench, *, seconds: int, rounds: int) -> Figures:
    """Measure the gateway and its peers in turn, *rounds* times, so that drift hits all alike."""
    figures = Figures()
    for peer in bench.peers:
        saturated(peer, Load(1, CONNECTIONS))  # warm up: connections, caches, compiled code
    for _ in range(rounds):
        for peer in bench.peers:
            figures.add(peer.name, saturated(peer, Load(seconds, CONNECTIONS)))
        for peer in bench.peers:
            figures.add_paced(peer.name, paced(peer, RATE, seconds, CONNECTIONS))
    figures.wake_us = wake_us()
    figures.worker_mib = bench.worker_mib()
    figures.postgres_cpu_us = bench.postgres_cpu_us(seconds)
    return figures


async def records_per_s() -> float:
    """Return the durable records a second of two writers, as the gateway uses them."""
    async with audit_writer.a_server() as (dsn, pid):
        runs = [await audit_writer.whole(dsn, pid, 2, 300) for _ in range(3)]
        return audit_writer.middle(runs).rate


if __name__ == "__main__":
    sys.exit(main())
