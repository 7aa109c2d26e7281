"""A day leaves the database through an archive, and every proof about it still holds."""

import asyncio
import shutil
from collections.abc import Awaitable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import asyncpg
import pytest

from gateway.audit.events import Event
from gateway.clock import utc_now
from gateway.errors import AuditUnavailable
from gateway.retention.leaving import DayNotWhole, Leaving, NotYet
from gateway.retention.manifest import NAME, ArchiveBroken
from gateway.retention.reading import Archives
from gateway.retention.repository import RetentionRepository
from gateway.retention.verifying import verify
from gateway.sequencing.repository import TreeRepository
from gateway.sequencing.rows import EntriesGone
from gateway.tlog.merkle import leaf_hash, verify_consistency, verify_inclusion
from tests.audit_rows import connected
from tests.retention_builders import WINDOWS, Told, a_leaving, day, fold, make_days, write
from tests.tree_rows import a_log

ENTRIES = "SELECT entry FROM audit.entry WHERE day = $1 ORDER BY writer, seq"


async def all_of(leaving: Leaving) -> list[Event]:
    """Take every step that is due."""
    taken: list[Event] = []
    while (event := await leaving.step()) is not None:
        taken.append(event)
    return taken


async def raises(failure: type[Exception], work: Awaitable[object]) -> None:
    """Demand that *work* fails."""
    with pytest.raises(failure):
        await work


async def test_days_leave_and_their_proofs_stay(database_url: str, tmp_path: Path) -> None:
    """Records go, hash tiles stay: an old receipt is proved from what is kept."""
    await make_days(database_url, tmp_path, 300, 40, 500)
    async with connected(database_url) as owner:
        tree = TreeRepository(owner)
        before = await tree.head()
        old = [one.entry for one in await tree.entries(0, 400)]
    told = Told()
    async with a_leaving(database_url, tmp_path, told) as leaving:
        taken = await all_of(leaving)

    assert ["archive.verify"] * 5 + ["archive.drop"] * 5 == told.events == taken
    async with connected(database_url) as owner:
        assert await owner.fetchval("SELECT min(day) FROM audit.entry") > day(4)
        tree = TreeRepository(owner)
        await raises(EntriesGone, tree.entries(0, 10))
        path = await tree.inclusion(7, before.size)
        assert verify_inclusion(leaf_hash(old[7]), 7, before.size, path, before.root)
        early = await tree.root(300)
        proof = await tree.consistency(300, before.size)
        assert verify_consistency(300, before.size, proof, early, before.root)
        assert 1024 == await RetentionRepository(owner).minimum_index()
    archives = Archives(tmp_path / "archive")
    assert old == [one.entry for one in archives.entries(0, 400)]


async def test_every_record_of_a_dropped_day_is_in_the_archive(
    database_url: str, tmp_path: Path
) -> None:
    """Nothing is lost between the database and the files, also where a bundle is shared."""
    await make_days(database_url, tmp_path, 300, 40, 500)
    async with connected(database_url) as owner:
        stored = [
            bytes(row["entry"])
            for number in range(3)
            for row in await owner.fetch(ENTRIES, day(number))
        ]
    async with a_leaving(database_url, tmp_path) as leaving:
        await all_of(leaving)

    archived = {one.entry for one in Archives(tmp_path / "archive").entries(0, 2_000)}
    assert 302 + 42 + 502 == len(stored)
    assert set(stored) <= archived


async def test_a_crash_between_steps_loses_no_step(database_url: str, tmp_path: Path) -> None:
    """What was written is found, what was said and not done is done, whatever was cut."""
    await make_days(database_url, tmp_path, 300)
    down = Told(AuditUnavailable())
    async with a_leaving(database_url, tmp_path, down) as leaving:
        await raises(AuditUnavailable, leaving.step())  # exported, and not said
        made = (tmp_path / "archive" / str(day(0)) / NAME).stat().st_mtime_ns
    told = Told()
    async with a_leaving(database_url, tmp_path, told) as leaving:
        assert Event.ARCHIVE_VERIFY == await leaving.step()
        assert made == (tmp_path / "archive" / str(day(0)) / NAME).stat().st_mtime_ns
        assert ["archive.verify"] == told.events
        await leaving.step()
        await leaving.step()
    async with a_leaving(database_url, tmp_path, down) as leaving:
        await raises(AuditUnavailable, leaving.step())  # the drop was not said: it did not happen
    async with connected(database_url) as owner:
        assert 302 == await owner.fetchval(
            "SELECT count(*) FROM audit.entry WHERE day = $1", day(0)
        )


async def test_a_day_with_a_record_beyond_the_tree_does_not_leave(
    database_url: str, tmp_path: Path
) -> None:
    """What is not in the tree cannot be proved from the archive: a person must look."""
    await make_days(database_url, tmp_path, 300)
    await write(database_url, day(0), 5)  # late, and not folded
    async with a_leaving(database_url, tmp_path) as leaving:
        await raises(DayNotWhole, leaving.step())
        await fold(database_url, tmp_path)
        await raises(NotYet, leaving.step())  # the tree ends within the bundle of the late ones
        await write(database_url, utc_now().date(), 300)
        await fold(database_url, tmp_path)
        assert Event.ARCHIVE_VERIFY == await leaving.step()


async def test_a_day_that_cannot_be_archived_holds_up_no_other(
    database_url: str, tmp_path: Path
) -> None:
    """A disk does not fill up because one later day needs a person."""
    await make_days(database_url, tmp_path, 300, 40)
    async with a_leaving(database_url, tmp_path) as leaving:
        assert Event.ARCHIVE_VERIFY == await leaving.archive()
        await write(database_url, day(1), 5)  # late, and not folded
        await raises(DayNotWhole, leaving.archive())
        assert Event.ARCHIVE_DROP == await leaving.drop()


async def test_a_record_that_came_after_the_archive_keeps_its_day(
    database_url: str, tmp_path: Path
) -> None:
    """The database itself refuses to drop what the archive does not hold."""
    await make_days(database_url, tmp_path, 300)
    async with a_leaving(database_url, tmp_path) as leaving:
        for _ in range(3):
            await leaving.step()
        await write(database_url, day(0), 1)
        await raises(asyncpg.CheckViolationError, leaving.step())


async def test_a_day_leaves_each_stage_on_its_day_and_not_before(
    database_url: str, tmp_path: Path
) -> None:
    """Whoever keeps records as long as the law says keeps them to the last of these days."""
    await make_days(database_url, tmp_path, 300)
    archived, gone = (
        next(each for each in map(day, range(900)) if begins(each) > day(0))
        for begins in (WINDOWS.archive_before, WINDOWS.drop_before)
    )
    today = archived

    def clock() -> datetime:
        return datetime.combine(today, time(12), UTC)

    async with a_leaving(database_url, tmp_path, clock=clock) as leaving:
        today = archived - timedelta(days=1)
        assert await leaving.archive() is None
        today = archived
        assert Event.ARCHIVE_VERIFY == await leaving.archive()
        today = gone - timedelta(days=1)
        assert await leaving.drop() is None
        today = gone
        assert Event.ARCHIVE_DROP == await leaving.drop()


async def test_a_day_without_archive_cannot_be_dropped(database_url: str, tmp_path: Path) -> None:
    """Neither a mistaken job nor a hurried operator empties the record."""
    await make_days(database_url, tmp_path, 10)
    async with connected(database_url) as owner:
        with pytest.raises(asyncpg.CheckViolationError, match="no verified archive"):
            await owner.execute("SELECT audit.drop_day($1)", day(0))


async def test_an_archive_that_rots_keeps_its_day(database_url: str, tmp_path: Path) -> None:
    """It is read once more before the day goes; one flipped bit is enough."""
    await make_days(database_url, tmp_path, 300)
    async with a_leaving(database_url, tmp_path) as leaving:
        for _ in range(3):
            await leaving.step()
        file = tmp_path / "archive" / str(day(0)) / "tile" / "entries" / "000.gz"
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(bytes(content))
        await raises(ArchiveBroken, leaving.step())

    async with connected(database_url) as owner:
        assert await owner.fetchval("SELECT count(*) FROM audit.entry WHERE day = $1", day(0))


async def test_another_archive_in_its_place_keeps_its_day(
    database_url: str, tmp_path: Path
) -> None:
    """Whole is not enough: it must be the one that the record speaks of, to the byte."""
    await make_days(database_url, tmp_path, 300)
    async with a_leaving(database_url, tmp_path) as leaving:
        assert Event.ARCHIVE_VERIFY == await leaving.archive()
        manifest = tmp_path / "archive" / str(day(0)) / NAME
        manifest.write_bytes(manifest.read_bytes() + b"\n")
        assert verify(manifest.parent, a_log(tmp_path).keys.verifiers())
        await raises(ArchiveBroken, leaving.drop())


async def test_an_archive_from_before_a_late_record_is_not_taken_for_the_day(
    database_url: str, tmp_path: Path
) -> None:
    """Exported, cut before it was said, and then a late record came: the files do not hold it."""
    await make_days(database_url, tmp_path, 300)
    archive, tape = tmp_path / "archive", tmp_path / "tape"
    down = Told(AuditUnavailable())
    async with a_leaving(database_url, tmp_path, down, copies=(tape,)) as leaving:
        await raises(AuditUnavailable, leaving.archive())
    for late, records in ((day(0), 1), (utc_now().date(), 300)):
        await write(database_url, late, records)
        await fold(database_url, tmp_path)

    async with a_leaving(database_url, tmp_path, copies=(tape,)) as leaving:
        for stale in (archive, tape):
            await raises(ArchiveBroken, leaving.archive())
            shutil.rmtree(stale / str(day(0)))  # as a person does who has looked
        assert Event.ARCHIVE_VERIFY == await leaving.archive()


async def test_copies_are_verified_as_well(database_url: str, tmp_path: Path) -> None:
    """A copy that nobody has read is no copy."""
    await make_days(database_url, tmp_path, 300)
    copies = (tmp_path / "tape", tmp_path / "other-room")
    async with a_leaving(database_url, tmp_path, copies=copies) as leaving:
        for _ in range(3):
            await leaving.step()
        assert 512 == verify(copies[1] / str(day(0)), a_log(tmp_path).keys.verifiers()).entries
        (copies[0] / str(day(0)) / "checkpoint").unlink()
        await raises(ArchiveBroken, leaving.step())


async def test_a_reader_of_the_record_makes_the_drop_wait(
    database_url: str, tmp_path: Path
) -> None:
    """Writers never queue behind a drop that waits for an auditor's long question."""
    await make_days(database_url, tmp_path, 300)
    async with a_leaving(database_url, tmp_path) as leaving:
        for _ in range(3):
            await leaving.step()
        async with connected(database_url) as owner, owner.transaction():
            await owner.fetchval("SELECT count(*) FROM audit.entry")
            assert await asyncio.wait_for(leaving.step(), 10) is None
        assert Event.ARCHIVE_DROP == await leaving.step()


async def test_nothing_is_due_while_days_are_hot(database_url: str, tmp_path: Path) -> None:
    """Three months stay as they are, whatever the clock of this process believes it has to do."""
    await make_days(database_url, tmp_path, 300)
    noon = utc_now().replace(year=day(0).year, month=day(0).month, day=1)
    async with a_leaving(database_url, tmp_path, clock=lambda: noon) as leaving:
        assert [] == await all_of(leaving)
