"""The disk fails, fills up or takes its time: a clear no in time, and nothing acknowledged is lost.

A failing or slow flush needs a C compiler, a full disk needs root and a loop device; where there is
none, a test says so.
"""

import asyncio
import subprocess
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager, suppress

import pytest
from msgspec import Struct, field

from gateway import migrating
from gateway.audit.entry import Receipt
from gateway.audit.writer import AuditWriter
from gateway.clock import utc_now
from gateway.errors import AuditUnavailable
from gateway.sequencing.standing import Halt, Halted
from tests.audit_builders import NODE, an_entry
from tests.audit_rows import stored, until
from tests.history import History, violations
from tests.machines import Machine, a_disk, a_machine
from tests.tree_rows import (
    a_log,
    a_sequencer,
    append,
    fold_all,
    violations_of_tree,
    violations_once_folded,
)

TIMEOUT_S = 0.5
SMALL_BYTES = 96 * 1024 * 1024
TINY_BYTES = 8 * 1024 * 1024


class Told(Struct):
    """What callers were told."""

    receipts: list[Receipt] = field(default_factory=list[Receipt])
    refused: int = 0
    slowest_s: float = 0.0  # of all answers, yes or no
    healed: int = 0  # acknowledged records that had to be stored again: a loss in disguise


@pytest.fixture
def machine() -> Iterator[Machine]:
    """Give a machine that is not built yet."""
    with a_machine() as machine:
        yield machine


@asynccontextmanager
async def under_load(
    machine: Machine, callers: int = 8
) -> AsyncGenerator[tuple[AuditWriter, Told]]:
    """Give a writer that *callers* write to all the time, and what they are told."""
    told, done = Told(), asyncio.Event()
    writer = AuditWriter(machine.dsn, node=NODE, clock=utc_now, timeout_s=TIMEOUT_S)
    loop = asyncio.get_running_loop()
    await writer.start()

    async def call() -> None:
        while not done.is_set():
            began = loop.time()
            try:
                told.receipts.append(await writer.append(an_entry()))
            except AuditUnavailable:
                told.refused += 1
                await asyncio.sleep(0.02)
            told.slowest_s = max(told.slowest_s, loop.time() - began)

    calling = [asyncio.ensure_future(call()) for _ in range(callers)]
    try:
        yield writer, told
    finally:
        done.set()
        await asyncio.gather(*calling)
        told.healed = int(str(writer.health()[1]["healed"]))
        await writer.aclose()


async def grown(told: Told, by: int, within_s: float = 10) -> None:
    """Wait until *by* more records are acknowledged."""
    goal = len(told.receipts) + by

    async def there() -> bool:
        return len(told.receipts) >= goal

    await until(there, within_s)


async def becomes(state: Callable[[], bool], within_s: float) -> None:
    """Wait until *state* holds."""

    async def holds() -> bool:
        return state()

    await until(holds, within_s)


def red(writer: AuditWriter) -> Callable[[], bool]:
    """Ask whether readiness is red."""
    return lambda: not writer.health()[0]


def green(writer: AuditWriter) -> Callable[[], bool]:
    """Ask whether readiness is green."""
    return lambda: writer.health()[0]


async def wrongs(machine: Machine, told: Told) -> list[str]:
    """Name every way in which record or tree break their promises; the tree is folded first."""
    found = violations(History(rows=await stored(machine.dsn), receipts=told.receipts))
    if told.healed:
        found.append(f"{told.healed} acknowledged records were gone until the writer came back")
    return found + await violations_once_folded(machine.dsn)


async def faulty(machine: Machine) -> None:
    """Build and start *machine* with a flush that can be made to fail or wait."""
    try:
        machine.make_flush_faulty()
    except (OSError, subprocess.CalledProcessError) as absent:
        pytest.skip(f"a faulty flush needs a C compiler: {type(absent).__name__}")
    machine.build()
    await started(machine)


async def started(machine: Machine) -> None:
    """Start and migrate."""
    await asyncio.to_thread(machine.start)
    await migrating.upgrade(machine.dsn)


async def test_a_flush_that_fails_once_is_never_called_durable(machine: Machine) -> None:
    """The pages that failed are gone from the cache: PostgreSQL crashes and recovers, by design."""
    await faulty(machine)
    async with under_load(machine) as (writer, told):
        await grown(told, 50)
        wish = machine.fail_one_flush()
        await becomes(lambda: not wish.exists(), 5)
        await becomes(lambda: told.refused > 0, 5)
        await becomes(green(writer), 10)
        await grown(told, 50)

    assert "could not fsync" in machine.said() or "could not fdatasync" in machine.said()
    assert "PANIC" in machine.said()
    assert told.slowest_s < TIMEOUT_S + 1
    assert [] == await wrongs(machine, told)


async def test_a_slow_disk_makes_batches_larger_and_refuses_nobody(machine: Machine) -> None:
    """While one batch commits the next one gathers: many callers share the price of a flush."""
    await faulty(machine)
    async with under_load(machine, callers=64) as (writer, told):
        await grown(told, 64)
        for flush_s in (0.005, 0.2):
            machine.slow_flush(flush_s)
            await grown(told, 640)
            assert 64 >= writer.backlog
            assert writer.health()[0]
        machine.slow_flush(0)

    assert 0 == told.refused
    assert [] == await wrongs(machine, told)


async def test_a_flush_of_seconds_is_a_clear_no_in_time_and_heals_by_itself(
    machine: Machine,
) -> None:
    """Slower than anybody waits: 503 in time, red within 5 s, green within 10 s of the repair."""
    await faulty(machine)
    async with under_load(machine) as (writer, told):
        await grown(told, 50)
        machine.slow_flush(20)
        await becomes(red(writer), 5)
        machine.slow_flush(0)
        await becomes(green(writer), 10)
        await grown(told, 50)

    assert told.refused
    assert told.slowest_s < TIMEOUT_S + 1
    assert [] == await wrongs(machine, told)


async def test_a_full_data_disk_is_a_clear_no_and_heals_once_there_is_room(
    machine: Machine,
) -> None:
    """Rows find no room while the log of changes still has some; nobody has to restart anything."""
    disk = a_disk(machine, size_bytes=SMALL_BYTES)
    machine.build(data=disk.place, wal=machine.folder)
    await started(machine)
    async with under_load(machine) as (writer, told):
        await grown(told, 50)
        disk.fill()
        await becomes(red(writer), 30)  # once the last free pages are used
        refused = told.refused
        disk.relieve()
        await becomes(green(writer), 10)
        await grown(told, 50)

    assert refused
    assert told.slowest_s < TIMEOUT_S + 1
    assert "No space left on device" in machine.said()
    assert [] == await wrongs(machine, told)


async def test_a_full_disk_of_changes_stops_the_database_and_loses_nothing(
    machine: Machine,
) -> None:
    """PostgreSQL stops rather than lie; with room, and started again, everything is there."""
    disk = a_disk(machine, size_bytes=SMALL_BYTES)
    machine.build(wal=disk.place)
    await started(machine)
    async with under_load(machine) as (writer, told):
        await grown(told, 50)
        disk.fill()
        await becomes(red(writer), 30)
        disk.relieve()
        with suppress(AssertionError):  # it recovers by itself unless it gave up for good
            await becomes(green(writer), 5)
        if not machine.alive:
            machine.sweep()
            await asyncio.to_thread(machine.start)
        await becomes(green(writer), 10)
        await grown(told, 50)

    assert told.slowest_s < TIMEOUT_S + 1
    assert "No space left on device" in machine.said()
    assert [] == await wrongs(machine, told)


async def test_a_full_disk_of_the_guard_file_publishes_nothing_and_heals(
    machine: Machine, database_url: str
) -> None:
    """What the world may have seen is remembered first; until it can be, the world sees nothing."""
    disk = a_disk(machine, size_bytes=TINY_BYTES)
    log = a_log(disk.place)
    await append(database_url, 20)
    async with a_sequencer(database_url, log) as sequencer:
        await sequencer.open()
        disk.fill(left_bytes=0)
        with pytest.raises(Halted) as halted:
            await sequencer.round()
        assert Halt.GUARD is halted.value.halt
        assert log.guard.read() is None
        disk.relieve()
        head = await sequencer.open()
        await append(database_url, 20)
        assert 22 == await fold_all(sequencer)

    published = log.guard.read()
    assert published is not None
    assert head.size + 22 == published.size
    assert [] == await violations_of_tree(database_url, log)
