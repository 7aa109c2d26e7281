"""The gateway's own process is killed at any moment."""

import asyncio
import json
import random
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import msgspec

from gateway.audit.entry import Receipt
from tests.audit_rows import stored
from tests.history import History, violations

ROOT = Path(__file__).parents[2]
ROUNDS = 6


async def killed_after(dsn: str, node: str, delay_s: float) -> list[Receipt]:
    """Run a process, kill it *delay_s* after its first answer; return what it had answered."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.audit_child", dsn, node, cwd=ROOT, stdout=PIPE, limit=2**20
    )
    assert child.stdout is not None
    try:
        first = await asyncio.wait_for(child.stdout.readline(), 30)
        reading = asyncio.ensure_future(child.stdout.read())
        await asyncio.sleep(delay_s)
    finally:
        child.kill()
    lines = (first + await reading).splitlines()
    await child.wait()
    return [msgspec.json.decode(line, type=Receipt) for line in lines]


async def test_a_killed_process_leaves_every_answer_on_record(database_url: str) -> None:
    """Promise P1 through kill -9: whoever saw a line finds its record, in whole chains."""
    chance = random.Random(20261121)
    receipts: list[Receipt] = []
    for _ in range(ROUNDS):
        pair = (killed_after(database_url, f"gw1.{n}", chance.uniform(0, 0.4)) for n in range(2))
        for told in await asyncio.gather(*pair):
            receipts += told

    rows = await stored(database_url)
    assert len(receipts) > 12 * 16
    assert [] == violations(History(rows=rows, receipts=receipts))


async def test_a_successor_names_the_killed_process(database_url: str) -> None:
    """Who removes the last records of a dead writer contradicts the first of the next."""
    (dead,) = {one.writer for one in await killed_after(database_url, "gw1.0", 0.1)}
    last = [row for row in await stored(database_url) if row.writer == dead][-1]
    (alive,) = {one.writer for one in await killed_after(database_url, "gw1.0", 0.0)}

    rows = await stored(database_url)
    opened = next(json.loads(row.entry) for row in rows if row.writer == alive)
    assert {"id": dead, "leaf": last.leaf.hex(), "seq": last.seq} == opened["life"]["prior"]
