"""The power goes: a file system that loses everything it was not made to flush.

A sparse file holds ext4 on a loop device; the kernel's own shutdown call ends it without flushing
its journal.  Needs root and loop devices, and says so where there are none.
"""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from gateway import migrating
from gateway.audit.entry import Receipt
from gateway.audit.writer import AuditWriter
from gateway.clock import utc_now
from gateway.database import TROUBLES
from gateway.embedded.programs import Programs, of_major
from gateway.errors import AuditUnavailable
from gateway.sequencing.inspection import Log
from gateway.sequencing.standing import Halt, Halted
from tests.audit_builders import NODE, an_entry
from tests.audit_rows import stored, until
from tests.history import History, lost, violations
from tests.machines import (
    Database,
    Demonstration,
    Disk,
    Machine,
    a_disk,
    a_machine,
    cut_power,
    recover,
)
from tests.tree_rows import a_log, a_sequencer, fold_all, violations_of_tree

LOAD_S = 1.0
DEBIAN = 15


@pytest.fixture(params=["of the demonstration", "of Debian"])
def machine(request: pytest.FixtureRequest) -> Iterator[tuple[Database, Disk]]:
    """Give a database on a disk of its own: as the demonstration starts it, or Debian's."""
    with a_machine(debian() if request.param == "of Debian" else None) as machine:
        disk = a_disk(machine)
        if request.param == "of Debian":
            machine.build(data=disk.place)
            yield machine, disk
            return
        demonstration = Demonstration(disk.place / "pg")
        disk.place.chmod(0o711)
        yield demonstration, disk
        demonstration.kill()


def debian() -> Programs:
    """Return Debian's own PostgreSQL, or skip."""
    programs = of_major(DEBIAN)
    if programs is None or "/usr/lib/postgresql" not in str(programs.folder):
        pytest.skip("Debian's own PostgreSQL is not installed")
    return programs


@pytest.fixture
def wheel() -> Iterator[tuple[Machine, Disk]]:
    """Give a machine with the PostgreSQL of the wheel, whose settings a test may change."""
    with a_machine() as machine:
        disk = a_disk(machine)
        machine.build(data=disk.place)
        yield machine, disk


def a_writer_of(machine: Database, commit: str = "on", *, unsafe: bool = False) -> AuditWriter:
    """Return a writer that gives up after half a second."""
    return AuditWriter(
        machine.dsn,
        node=NODE,
        clock=utc_now,
        timeout_s=0.5,
        synchronous_commit=commit,
        allow_unsafe_database=unsafe,
    )


async def load_and_cut(
    machine: tuple[Database, Disk], writer: AuditWriter, log: Log | None = None
) -> list[Receipt]:
    """Write and fold as fast as possible, cut the power; return all that was acknowledged."""
    receipts: list[Receipt] = []
    await writer.start()

    async def call() -> None:
        while True:
            try:
                receipts.append(await writer.append(an_entry()))
            except AuditUnavailable:
                return

    machine[1].flush()
    callers = [asyncio.ensure_future(call()) for _ in range(16)]
    folding = None if log is None else asyncio.ensure_future(fold_until_cut(machine[0], log))
    await asyncio.sleep(LOAD_S)
    cut_power(*machine)
    await asyncio.wait_for(asyncio.gather(*callers), 10)
    if folding is not None:
        await asyncio.wait_for(folding, 10)
    return receipts


async def fold_until_cut(machine: Database, log: Log) -> None:
    """Sequence, sign and publish until the database is gone."""
    with suppress(*TROUBLES):
        async with a_sequencer(machine.dsn, log) as sequencer:
            while True:
                await sequencer.round()
                await asyncio.sleep(0.02)


async def begin(machine: Database, setting: str = "") -> None:
    """Start and migrate."""
    await asyncio.to_thread(machine.start, setting)
    await migrating.upgrade(machine.dsn)


async def test_a_power_cut_takes_no_acknowledged_record_and_no_published_tree(
    machine: tuple[Database, Disk], tmp_path: Path
) -> None:
    """Promises P1 and P5: durable means durable, and what was signed is still so."""
    log = a_log(tmp_path)
    await begin(machine[0])
    writer = a_writer_of(machine[0])
    receipts = await load_and_cut(machine, writer, log)
    await writer.aclose()
    published = log.guard.read()
    await recover(*machine)
    dsn = machine[0].dsn

    assert len(receipts) > 100
    assert [] == violations(History(rows=await stored(dsn), receipts=receipts))
    async with a_sequencer(dsn, log) as sequencer:
        head = await sequencer.open()
        await fold_all(sequencer)
    assert published is not None
    assert 0 < published.size <= head.size
    assert [] == await violations_of_tree(dsn, log)


async def test_a_power_cut_on_the_database_alone_is_made_up_for(
    wheel: tuple[Machine, Disk],
) -> None:
    """The gateway stands elsewhere and goes on by itself, with what waited and what follows."""
    await begin(wheel[0])
    writer = a_writer_of(wheel[0])
    receipts = await load_and_cut(wheel, writer)
    await recover(*wheel)
    receipts += await resumed(writer)
    facts = writer.health()[1]
    await writer.aclose()

    assert [] == violations(History(rows=await stored(wheel[0].dsn), receipts=receipts))
    assert 0 == facts["healed"]  # nothing acknowledged had to be stored again


async def resumed(writer: AuditWriter) -> list[Receipt]:
    """Write one record as soon as the writer can again."""
    receipts: list[Receipt] = []

    async def works() -> bool:
        with suppress(AuditUnavailable):
            receipts.append(await writer.append(an_entry()))
        return bool(receipts)

    await until(works, 10)
    return receipts


@pytest.mark.parametrize(
    ("setting", "commit"),
    [("-c fsync=off", "on"), ("", "off")],
    ids=["fsync off", "synchronous_commit off"],
)
async def test_a_forgetful_database_does_lose_records(
    wheel: tuple[Machine, Disk], setting: str, commit: str
) -> None:
    """The controls: were they to pass without loss, the tests above would prove nothing."""
    await begin(wheel[0], setting)
    writer = a_writer_of(wheel[0], commit, unsafe=True)
    receipts = await load_and_cut(wheel, writer)
    await writer.aclose()  # with its memory: a writer that lives on stores its last minute again
    await recover(*wheel, setting)

    assert len(receipts) > 100
    assert lost(receipts, await stored(wheel[0].dsn))


async def test_a_writer_that_lives_on_hides_a_forgetful_database(
    wheel: tuple[Machine, Disk],
) -> None:
    """Why a control must end its writer: what it remembers of the last minute comes back."""
    await begin(wheel[0])
    writer = a_writer_of(wheel[0], "off", unsafe=True)
    receipts = await load_and_cut(wheel, writer)
    await recover(*wheel)
    missing = lost(receipts, await stored(wheel[0].dsn))
    receipts += await resumed(writer)
    facts = writer.health()[1]
    await writer.aclose()

    assert missing
    assert [] == violations(History(rows=await stored(wheel[0].dsn), receipts=receipts))
    assert len(missing) <= int(str(facts["healed"]))


async def test_a_database_that_forgot_a_published_tree_is_not_signed_again(
    wheel: tuple[Machine, Disk], tmp_path: Path
) -> None:
    """The control for the tree: a second history under one name is refused, not begun."""
    log = a_log(tmp_path)
    await begin(wheel[0], "-c fsync=off")
    writer = a_writer_of(wheel[0], unsafe=True)
    await load_and_cut(wheel, writer, log)
    await writer.aclose()
    await recover(*wheel, "-c fsync=off")

    assert log.guard.read() is not None
    async with a_sequencer(wheel[0].dsn, log) as sequencer:
        with pytest.raises(Halted) as halted:
            await sequencer.open()
    assert halted.value.halt in {Halt.RESTORED, Halt.DAMAGED}
