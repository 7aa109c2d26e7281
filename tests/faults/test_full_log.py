"""The disk of the application's log is full: data and record go on as if nothing were."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import msgspec

from gateway.audit.entry import Receipt
from tests.audit_rows import connected, stored, until
from tests.history import History, violations

ROOT = Path(__file__).parents[2]
CUT = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'motlan audit%'
"""


async def some(stream: asyncio.StreamReader, lines: int) -> list[Receipt]:
    """Return the next receipts."""
    return [
        msgspec.json.decode(await asyncio.wait_for(stream.readline(), 20), type=Receipt)
        for _ in range(lines)
    ]


async def cut(dsn: str) -> bool:
    """Cut the writer's connection; tell whether there was one."""
    async with connected(dsn) as owner:
        return bool(await owner.fetchval(CUT))


async def test_a_full_log_stops_neither_the_record_nor_its_recovery(database_url: str) -> None:
    """The writer says that its connection broke; that nobody hears it must not be its end."""
    receipts: list[Receipt] = []
    full = os.open("/dev/full", os.O_WRONLY)  # every write: no space left on device
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.audit_child", database_url, "gw1.0", "patient"),
        cwd=ROOT,
        stdout=PIPE,
        stderr=full,
        limit=2**20,
    )
    os.close(full)
    assert child.stdout is not None
    try:
        for _ in range(3):
            receipts += await some(child.stdout, 200)
            await until(lambda: cut(database_url))  # it may still be coming back
        receipts += await some(child.stdout, 5_000)  # more than the pipe held
    finally:
        child.kill()
        await child.communicate()

    assert [] == violations(History(rows=await stored(database_url), receipts=receipts))
