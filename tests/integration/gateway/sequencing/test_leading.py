"""The loop of a process: it leads or follows, takes over, reconnects, waits out what halts it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gateway.clock import utc_now
from gateway.sequencing.inspection import Log
from gateway.sequencing.leading import Leading, Pace, TreeHalted, TreeLate, WriterStopped
from gateway.sequencing.lease import Lease, prune
from gateway.sequencing.prefix import Damage
from gateway.sequencing.standing import Halt
from gateway.sequencing.store import Store
from tests.audit_builders import an_entry
from tests.audit_rows import a_writer, connected, until
from tests.tree_rows import a_log, append, owner_changes, read, violations_of_tree


@asynccontextmanager
async def leading(dsn: str, of: Log, node: str = "n1") -> AsyncGenerator[Leading]:
    """Give a sequencer that runs; cancel it at the end."""
    made = Leading(lambda: Store.connect(dsn), of, utc_now, Pace(round_s=0.05), node)
    task = asyncio.get_running_loop().create_task(made.run())
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.wait({task})


async def test_records_are_in_the_tree_within_a_second(database_url: str, tmp_path: Path) -> None:
    """The merge delay that is promised, while a writer writes."""
    of = a_log(tmp_path, keys=False)
    async with leading(database_url, of) as one, a_writer(database_url) as writer:
        for _ in range(5):
            receipt = await writer.append(an_entry())

            async def is_folded(seq: int = receipt.seq) -> bool:
                found = await read(database_url, "SELECT next_seq FROM audit.cursor")
                return any(row[0] > seq for row in found)

            await until(is_folded, within_s=1.0)
        assert one.standing.leads
        assert one.merge_delay_s() < 1.0
        assert one.checkpoint_age_s() < 5.0

    assert [] == await violations_of_tree(database_url, of)


async def test_a_log_that_never_signed_gets_its_first_keys(
    database_url: str, tmp_path: Path
) -> None:
    """Two commands are enough for a demonstration; later, missing keys are an alarm instead."""
    of = a_log(tmp_path, keys=False)
    async with leading(database_url, of):
        await append(database_url, 3)
        await until(lambda: _size_is(database_url, 5))

    assert 1 == len(of.keys.lines(utc_now()))


async def test_a_follower_takes_over_when_the_leader_leaves(
    database_url: str, tmp_path: Path
) -> None:
    """One host may go at any time; the lease is given back, so nobody waits for its end."""
    first, second = a_log(tmp_path / "one"), a_log(tmp_path / "two")
    async with leading(database_url, second, "n2") as follower:
        async with leading(database_url, first, "n1") as leader:
            await until(lambda: _either(leader, follower))
            leads = leader if leader.standing.leads else follower
            await append(database_url, 3)
            await until(lambda: _size_is(database_url, 5))
            assert leads.standing.leads
        await append(database_url, 3)
        await until(lambda: _size_is(database_url, 10), within_s=30)
        await until(lambda: _leads(follower))


async def test_a_follower_remembers_what_the_leader_published(
    database_url: str, tmp_path: Path
) -> None:
    """Each node's own guard knows the newest tree, so that any of them refuses a restored one."""
    first, second = a_log(tmp_path / "one"), a_log(tmp_path / "two")
    async with leading(database_url, first, "n1") as one:
        await until(lambda: _leads(one))
        async with leading(database_url, second, "n2") as two:
            await append(database_url, 3)

            async def remembered() -> bool:
                found = second.guard.read()
                return found is not None and found.size == 5

            await until(remembered)
            assert not two.standing.leads


async def test_cut_connections_are_opened_anew(database_url: str, tmp_path: Path) -> None:
    """A database restart is not an operator's business."""
    of = a_log(tmp_path)
    async with leading(database_url, of):
        await append(database_url, 3)
        await until(lambda: _size_is(database_url, 5))
        await _cut(database_url)
        await append(database_url, 3)
        await until(lambda: _size_is(database_url, 10))

    assert [] == await violations_of_tree(database_url, of)


async def test_a_halt_is_shown_and_ends_by_itself_when_it_is_repaired(
    database_url: str, tmp_path: Path
) -> None:
    """The operator restores the guard file's directory; nobody restarts anything."""
    of = a_log(tmp_path)
    of.guard.path.write_text("{}")
    async with leading(database_url, of) as one:
        await append(database_url, 3)

        async def halts() -> bool:
            return one.standing.halt is Halt.GUARD

        await until(halts)
        with pytest.raises(TreeHalted):
            await one.check()
        assert 0 == (await read(database_url, "SELECT size FROM audit.tree"))[0][0]
        of.guard.path.unlink()
        await until(lambda: _size_is(database_url, 5))

        async def well() -> bool:
            return one.standing.halt is None

        await until(well)
        await one.check()


async def test_records_that_wait_too_long_are_an_alarm(database_url: str, tmp_path: Path) -> None:
    """The database goes away while the sequencer leads: late is not the same as quiet."""
    database_gone = asyncio.Event()

    async def connect() -> Store:
        if database_gone.is_set():
            raise ConnectionRefusedError
        return await Store.connect(database_url)

    pace = Pace(round_s=0.05, alarm_s=0.5)
    made = Leading(connect, a_log(tmp_path), utc_now, pace, "n1")
    task = asyncio.get_running_loop().create_task(made.run())
    try:
        await until(lambda: _leads(made))
        await made.check()
        database_gone.set()
        await _cut(database_url)

        async def late() -> bool:
            return made.merge_delay_s() > 0.5

        await until(late)
        with pytest.raises(TreeLate):
            await made.check()
        database_gone.clear()
        await until(lambda: _checked(made))
    finally:
        task.cancel()
        await asyncio.wait({task})


async def _checked(one: Leading) -> bool:
    try:
        await one.check()
    except TreeLate:
        return False
    return True


async def _cut(dsn: str) -> None:
    await read(
        dsn,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'motlan sequencer' AND datname = current_database()",
    )


async def test_a_stopped_writer_is_shown_while_others_are_folded(
    database_url: str, tmp_path: Path
) -> None:
    """The gauge and the status name it; it never holds the others up."""
    of = a_log(tmp_path)
    await append(database_url, 10, names=("bad",))
    await owner_changes(
        database_url, "UPDATE audit.entry SET entry = set_byte(entry, 40, 1) WHERE seq = 2"
    )
    async with leading(database_url, of) as one:
        await append(database_url, 10, names=("good",))
        await until(lambda: _size_is(database_url, 2 + 12))
        await until(lambda: _has_stopped(one))  # said a moment after the tree's commit
        with pytest.raises(WriterStopped):
            await one.check()
        assert [(2, Damage.HASH)] == [(each.seq, each.damage) for each in one.standing.stopped]


async def test_only_one_holds_the_lease_and_each_holder_has_its_own_term(
    database_url: str,
) -> None:
    """A term is written into the tree's row, which fences whoever held an older one."""
    one, two = await Store.connect(database_url), await Store.connect(database_url)
    mine, other = Lease(one.connection, "one"), Lease(two.connection, "two")

    first = await mine.take(5)
    assert first == await mine.take(5)
    assert None is await other.take(5)
    await mine.release()
    second = await other.take(5)
    assert None is await mine.take(5)

    assert first is not None
    assert first + 1 == second == (await one.tree()).term
    await one.close()
    await two.close()


async def test_checkpoints_that_nobody_can_need_are_deleted(database_url: str) -> None:
    """Ten a second would be 2.5 GB a day; a witness's word and each day's last are kept."""
    day, minute = timedelta(days=1), timedelta(minutes=1)
    now = datetime.fromisoformat("2026-11-21T12:00:00+00:00")
    ages = [day * 2 + minute, day * 2, day, 30 * minute, 20 * minute, 15 * minute, minute, minute]
    async with connected(database_url) as connection:
        for size, age in enumerate(ages, 1):
            await connection.execute(
                "INSERT INTO audit.checkpoint VALUES ($1, sha256(''), 'note', $2)", size, now - age
            )
        await connection.execute("INSERT INTO audit.cosignature VALUES (5, 'w', 'line', now())")
    store = await Store.connect(database_url)
    await prune(store.connection, now - timedelta(minutes=10))
    await store.close()

    kept = await read(database_url, "SELECT size FROM audit.checkpoint ORDER BY size")
    assert [2, 3, 5, 7, 8] == [row[0] for row in kept]


async def _size_is(dsn: str, size: int) -> bool:
    return (await read(dsn, "SELECT size FROM audit.tree"))[0][0] == size


async def _has_stopped(one: Leading) -> bool:
    return bool(one.standing.stopped)


async def _either(one: Leading, two: Leading) -> bool:
    return one.standing.leads or two.standing.leads


async def _leads(one: Leading) -> bool:
    return one.standing.leads
