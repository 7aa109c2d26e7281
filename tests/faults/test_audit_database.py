"""PostgreSQL itself is killed, or does not promise what the record needs."""

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from gateway.audit.entry import Receipt
from gateway.audit.lane import UnsafeDatabase
from gateway.audit.writer import AuditWriter
from gateway.clock import utc_now
from gateway.embedded import EmbeddedPostgres
from gateway.errors import AuditUnavailable
from tests.audit_builders import NODE, an_entry
from tests.audit_rows import a_writer, connected, stored, until
from tests.embedded_places import a_server
from tests.history import History, lost, violations
from tests.tree_rows import violations_once_folded

KILLS = 5


@pytest.fixture
def server() -> Iterator[EmbeddedPostgres]:
    """Give a PostgreSQL of this test alone, with every migration applied."""
    with a_server() as made:
        yield made


def kill(server: EmbeddedPostgres) -> None:
    """Kill the server's processes as a crash would: no goodbye, no flush."""
    pid = server.status().pid
    assert pid is not None
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for one in [pid, *map(int, children)]:
        os.kill(one, signal.SIGKILL)


def more_than(receipts: list[Receipt], count: int) -> Callable[[], Awaitable[bool]]:
    """Return the question whether more than *count* records were acknowledged."""

    async def grown() -> bool:
        return len(receipts) > count

    return grown


async def restart(server: EmbeddedPostgres) -> None:
    """Start again as soon as what was killed is gone."""
    for _ in range(100):
        if server.status().pid is None:
            break
        await asyncio.sleep(0.05)
    await asyncio.to_thread(server.stop)
    await asyncio.to_thread(server.start)


async def test_killing_postgresql_under_load_loses_no_acknowledged_record(
    server: EmbeddedPostgres,
) -> None:
    """Promise P1 through a crash: what was told durable is there, once, in whole chains."""
    receipts: list[Receipt] = []
    refused: list[str] = []
    done = asyncio.Event()

    async def call(writer: AuditWriter) -> None:
        while not done.is_set():
            entry = an_entry()
            try:
                receipts.append(await writer.append(entry))
            except AuditUnavailable:
                refused.append(entry.body.id)
                await asyncio.sleep(0.02)

    async with a_writer(server.dsn()) as one, a_writer(server.dsn(), node="gw1.1") as two:
        callers = [asyncio.ensure_future(call(w)) for w in (one, two) for _ in range(8)]
        for _ in range(KILLS):
            await asyncio.sleep(0.3)
            kill(server)
            await restart(server)
            await until(more_than(receipts, len(receipts) + 50), 10)  # by themselves
        done.set()
        await asyncio.gather(*callers)
        healed = [writer.health()[1]["healed"] for writer in (one, two)]

    rows = await stored(server.dsn())
    records = [json.loads(row.entry) for row in rows]
    denied = {one["of"] for one in records if one["type"] == "access.outcome"}
    assert refused
    assert [0, 0] == healed  # what was acknowledged was there, not brought back from memory
    assert [] == violations(History(rows=rows, receipts=receipts))
    assert set(refused) & {one["id"] for one in records} == denied
    assert [] == await violations_once_folded(server.dsn())


async def test_an_early_acknowledgement_does_lose_records_in_a_crash(
    server: EmbeddedPostgres,
) -> None:
    """The control, without a living writer: its memory of the last minute would hide the loss."""
    receipts: list[Receipt] = []
    lost_records = 0
    for _ in range(KILLS):
        writer = AuditWriter(
            server.dsn(),
            node=NODE,
            clock=utc_now,
            timeout_s=0.5,
            synchronous_commit="off",
            allow_unsafe_database=True,
        )
        await writer.start()
        for _ in range(20):
            receipts += await asyncio.gather(*(writer.append(an_entry()) for _ in range(8)))
        kill(server)
        await writer.aclose()
        await restart(server)
        lost_records = len(lost(receipts, await stored(server.dsn())))
        if lost_records:
            break

    assert lost_records


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
async def test_no_writer_starts_on_a_database_that_may_forget(
    server: EmbeddedPostgres, setting: str
) -> None:
    """A power cut would take acknowledged records; better no data than that."""
    await switch_off(server, setting)
    writer = AuditWriter(server.dsn(), node=NODE, clock=utc_now)

    with pytest.raises(UnsafeDatabase):
        await writer.start()
    await writer.aclose()


async def test_a_database_that_turns_forgetful_stops_the_log_at_the_next_connection(
    server: EmbeddedPostgres,
) -> None:
    """A restart with other settings must not pass unnoticed; putting it right heals by itself."""
    async with a_writer(server.dsn(), timeout_s=1.0) as writer:
        await writer.append(an_entry())
        await switch_off(server, "fsync")
        async with connected(server.dsn(user="postgres")) as admin:
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name LIKE 'motlan audit%'"
            )
        for _ in range(2):
            with pytest.raises(AuditUnavailable):
                await writer.append(an_entry())

        assert "unsafedatabase" == writer.health()[1]["trouble"]

        await switch_on(server, "fsync")
        await asyncio.sleep(1.2)
        receipt = await writer.append(an_entry())

    assert [] == violations(History(rows=await stored(server.dsn()), receipts=[receipt]))


async def test_the_negative_control_can_switch_the_check_off(server: EmbeddedPostgres) -> None:
    """Without it nobody could show that the power-cut test is able to fail."""
    await switch_off(server, "fsync")

    async with a_writer(server.dsn(), allow_unsafe_database=True) as writer:
        await writer.append(an_entry())

    opened = json.loads((await stored(server.dsn()))[0].entry)
    assert "off" == opened["life"]["fsync"]


async def switch_off(server: EmbeddedPostgres, setting: str) -> None:
    """Take a promise away, as a careless administrator would."""
    await _configure(server, f"ALTER SYSTEM SET {setting} = off", setting, "off")


async def switch_on(server: EmbeddedPostgres, setting: str) -> None:
    """Give the promise back."""
    await _configure(server, f"ALTER SYSTEM RESET {setting}", setting, "on")


async def _configure(server: EmbeddedPostgres, change: str, setting: str, value: str) -> None:
    async with connected(server.dsn(user="postgres")) as admin:
        await admin.execute(change)
        await admin.execute("SELECT pg_reload_conf()")

    async def in_force() -> bool:
        async with connected(server.dsn()) as connection:
            return await connection.fetchval("SELECT current_setting($1)", setting) == value

    await until(in_force, 5)
