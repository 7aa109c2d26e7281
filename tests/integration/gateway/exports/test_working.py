"""The keeper's loop over exports, against a real database: one does the work, and finishes it."""

import asyncio
from pathlib import Path

import pytest

from gateway import database
from gateway.clock import utc_now
from gateway.exports.jobs import KEPT, Finished, Format, Job, State
from gateway.exports.making import Live
from gateway.exports.repository import JobRepository, StreamRepository, WorkRepository
from gateway.exports.stream import Place
from gateway.exports.working import Makes, Working
from tests.audit_rows import connected
from tests.export_desk import a_job

LATE = "UPDATE exports.job SET held_until = now() - interval '1 second'"


async def made(_job: Job, _live: Live) -> Finished:
    """Make nothing, well."""
    return Finished(3, 10, "ab" * 32)


async def broken(_job: Job, _live: Live) -> Finished:
    """Fail as a full disk does."""
    raise OSError(28, "No space left on device")


async def asked(dsn: str, count: int = 1) -> list[Job]:
    """Queue some exports."""
    async with await database.raw_pool(dsn, "motlan_auditor", 1) as pool:
        jobs = [await JobRepository(pool).ask(a_job(Format.JSONL)) for _ in range(count)]
    return [job for job in jobs if job is not None]


async def as_it_stands(dsn: str, job: Job) -> Job:
    """Return the export as its owner sees it."""
    async with await database.raw_pool(dsn, "motlan_auditor", 1) as pool:
        found = await JobRepository(pool).one(job.id, job.account)
    assert found is not None
    return found


def names(folder: Path) -> list[str]:
    """Return what lies in *folder*."""
    return sorted(each.name for each in folder.iterdir())


async def test_of_two_keepers_each_takes_another_export(database_url: str) -> None:
    """Two hosts keep; no file is made twice."""
    await asked(database_url, 2)
    async with await database.raw_pool(database_url, "motlan_follower", 2) as pool:
        work = WorkRepository(pool)
        first, second = await asyncio.gather(work.take("k1"), work.take("k2"))
        third = await work.take("k3")

    assert first is not None
    assert second is not None
    assert first.id != second.id
    assert third is None


async def test_the_export_of_a_dead_keeper_is_taken_over_three_times(database_url: str) -> None:
    """A keeper may die at any instant; a poisoned export must not kill all of them."""
    (job,) = await asked(database_url)
    async with await database.raw_pool(database_url, "motlan_follower", 1) as pool:
        work = WorkRepository(pool)
        taken = []
        for keeper in ("k1", "k2", "k3", "k4"):
            taken.append(await work.take(keeper))
            async with connected(database_url) as connection:
                await connection.execute(LATE)
        assert not await work.finish(job, "k1", Finished(0, 0, ""), utc_now())
    after = await as_it_stands(database_url, job)

    assert [True, True, True, False] == [each is not None for each in taken]
    assert (State.FAILED, "interrupted") == (after.state, after.fault)


@pytest.mark.parametrize(
    ("make", "state", "fault"), [(made, State.DONE, None), (broken, State.FAILED, "storage")]
)
async def test_what_came_of_an_export_is_said(
    database_url: str,
    tmp_path: Path,
    make: Makes,
    state: State,
    fault: str | None,
) -> None:
    """Whoever waits learns how it ended, in a word that programs know."""
    (job,) = await asked(database_url)
    async with await database.raw_pool(database_url, "motlan_follower", 1) as pool:
        working = Working(
            WorkRepository(pool), make, holder="k1", directory=tmp_path, clock=utc_now
        )
        worked, again = await working.once(), await working.once()
    after = await as_it_stands(database_url, job)

    assert (True, False) == (worked, again)
    assert (state, fault) == (after.state, after.fault)


async def test_files_are_deleted_when_their_time_is_over(database_url: str, tmp_path: Path) -> None:
    """A week is enough to fetch a file; the record stays for ever."""
    (job,) = await asked(database_url)
    async with await database.raw_pool(database_url, "motlan_follower", 1) as pool:
        work = WorkRepository(pool)
        working = Working(work, made, holder="k1", directory=tmp_path, clock=utc_now)
        await working.once()
        file = tmp_path / f"motlan-jsonl-{job.id}.zip"
        file.write_bytes(b"x")
        stray = tmp_path / "motlan-xlsx-0190c3a0-0000-7000-8000-000000000000.part"
        stray.write_bytes(b"x")
        await working.sweep()
        kept = names(tmp_path)
        later = Working(work, made, holder="k1", directory=tmp_path, clock=lambda: utc_now() + KEPT)
        await later.sweep()
    after = await as_it_stands(database_url, job)

    assert [file.name] == kept
    assert [] == names(tmp_path)
    assert State.GONE == after.state


async def test_a_streams_place_is_one_processs_at_a_time(database_url: str) -> None:
    """Two keepers that feed one watcher would tell everything twice."""
    async with await database.raw_pool(database_url, "motlan_follower", 1) as pool:
        streams = StreamRepository(pool)
        first = await streams.take("syslog", "k1")
        other = await streams.take("syslog", "k2")
        moved = await streams.move("syslog", "k1", Place(sent=7, settled=3))
        stolen = await streams.move("syslog", "k2", Place(sent=9, settled=9))
        await streams.release("syslog", "k1")
        then = await streams.take("syslog", "k2")

    assert (Place(), None, True, False) == (first, other, moved, stolen)
    assert Place(sent=7, settled=3) == then
