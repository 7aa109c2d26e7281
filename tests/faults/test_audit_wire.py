"""The wire to the database fails: lost COMMITs, silence, slowness.  Nothing is lost or doubled."""

import asyncio
import json

import pytest

from gateway.audit.entry import Receipt
from gateway.errors import AuditUnavailable
from tests.audit_builders import an_entry
from tests.audit_rows import a_writer, connected, stored, until
from tests.history import History, Row, violations
from tests.pgproxy import PgProxy


def outcomes(rows: list[Row]) -> dict[str, str]:
    """Return what the record says became of each access, by the id of its leaf."""
    records = [json.loads(row.entry) for row in rows]
    return {
        one["of"]: one["res"]["delivered"] for one in records if one["type"] == "access.outcome"
    }


async def test_a_commit_whose_answer_is_lost_is_not_made_twice(
    database_url: str, wire: tuple[PgProxy, str]
) -> None:
    """The record is there, the caller was told 503, and the record says that nothing left."""
    proxy, dsn = wire
    lost = an_entry()
    async with a_writer(dsn) as writer:
        before = await writer.append(an_entry())
        proxy.cut_at_answer = True
        with pytest.raises(AuditUnavailable):
            await writer.append(lost)
        after = await writer.append(an_entry())

    rows = await stored(database_url)
    assert [] == violations(History(rows=rows, receipts=[before, after]))
    assert {lost.body.id: "no"} == outcomes(rows)


async def test_a_commit_that_never_arrived_is_made_up_for_with_the_same_bytes(
    database_url: str, wire: tuple[PgProxy, str]
) -> None:
    """The writer cannot tell the two cases apart, so both end in the same record."""
    proxy, dsn = wire
    lost = an_entry()
    async with a_writer(dsn) as writer:
        before = await writer.append(an_entry())
        proxy.cut_at_question = True
        with pytest.raises(AuditUnavailable):
            await writer.append(lost)
        after = await writer.append(an_entry())

    rows = await stored(database_url)
    assert [] == violations(History(rows=rows, receipts=[before, after]))
    assert {lost.body.id: "no"} == outcomes(rows)
    assert before.seq + 1 == next(row.seq for row in rows if lost.body.id.encode() in row.entry)


@pytest.mark.parametrize("way", ["cut_at_question", "cut_at_answer"])
async def test_cuts_under_load_leave_whole_chains(
    database_url: str, wire: tuple[PgProxy, str], way: str
) -> None:
    """Twenty cuts while 24 callers write: what was acknowledged is there once, in one chain."""
    proxy, dsn = wire
    receipts: list[Receipt] = []
    refused: list[str] = []
    done = asyncio.Event()

    async def call() -> None:
        while not done.is_set():
            entry = an_entry()
            try:
                receipts.append(await writer.append(entry))
            except AuditUnavailable:
                refused.append(entry.body.id)
                await asyncio.sleep(0.01)

    async with a_writer(dsn) as writer:
        callers = [asyncio.ensure_future(call()) for _ in range(24)]
        for _ in range(20):
            await asyncio.sleep(0.05)
            setattr(proxy, way, True)
        await asyncio.sleep(0.3)
        done.set()
        await asyncio.gather(*callers)

    rows = await stored(database_url)
    assert [] == violations(History(rows=rows, receipts=receipts))
    recorded = {json.loads(row.entry)["id"] for row in rows}
    assert refused
    assert set(refused) & recorded == set(outcomes(rows))


async def test_silence_ends_in_a_clear_no_within_the_limit(
    database_url: str, wire: tuple[PgProxy, str]
) -> None:
    """Two seconds, then 503: never an answer without a record, never a caller who hangs."""
    proxy, dsn = wire
    loop = asyncio.get_running_loop()
    async with a_writer(dsn) as writer:
        await writer.append(an_entry())
        proxy.swallow_answers = True
        began = loop.time()
        entries = [an_entry() for _ in range(50)]
        results = await asyncio.gather(*map(writer.append, entries), return_exceptions=True)
        took = loop.time() - began
        proxy.swallow_answers = False
        proxy.cut_all()
        after = await writer.append(an_entry())

    rows = await stored(database_url)
    assert {AuditUnavailable} == {type(result) for result in results}
    assert 1.8 < took < 2.1
    assert [] == violations(History(rows=rows, receipts=[after]))


async def test_a_silent_connection_is_cut_by_the_writer_itself(
    database_url: str, wire: tuple[PgProxy, str]
) -> None:
    """A router that forgot the connection must not hold the log until somebody restarts it."""
    proxy, dsn = wire
    async with a_writer(dsn, timeout_s=0.2) as writer:
        proxy.swallow_answers = True
        with pytest.raises(AuditUnavailable):
            await writer.append(an_entry())
        proxy.swallow_answers = False

        async def works() -> bool:
            try:
                return bool(await writer.append(an_entry()))
            except AuditUnavailable:
                return False

        await until(works, 5)

    assert [] == violations(History(rows=await stored(database_url)))


async def test_a_late_commit_is_recorded_as_not_delivered(
    database_url: str, wire: tuple[PgProxy, str]
) -> None:
    """The caller was told 503 before the commit came back; the record must not claim otherwise."""
    proxy, dsn = wire
    entries = [an_entry() for _ in range(8)]
    async with a_writer(dsn, timeout_s=0.4) as writer:
        await writer.append(an_entry())
        proxy.delay_s = 0.8
        results = await asyncio.gather(*map(writer.append, entries), return_exceptions=True)
        await asyncio.sleep(1.0)
        proxy.delay_s = 0.0
        await writer.append(an_entry())

    rows = await stored(database_url)
    recorded = {json.loads(row.entry)["id"] for row in rows}
    assert {AuditUnavailable} == {type(result) for result in results}
    assert {one.body.id: "no" for one in entries if one.body.id in recorded} == outcomes(rows)
    assert outcomes(rows)
    assert [] == violations(History(rows=rows))


async def test_a_full_queue_refuses_at_once(
    wire: tuple[PgProxy, str],
) -> None:
    """Waiting in line for two seconds to be told no helps nobody."""
    proxy, dsn = wire
    loop = asyncio.get_running_loop()
    async with a_writer(dsn, queue_records=10, max_batch=1) as writer:
        proxy.swallow_answers = True
        queued = [asyncio.ensure_future(writer.append(an_entry())) for _ in range(11)]
        await asyncio.sleep(0.05)
        queued += [asyncio.ensure_future(writer.append(an_entry())) for _ in range(9)]
        await asyncio.sleep(0)
        began = loop.time()
        with pytest.raises(AuditUnavailable):
            await writer.append(an_entry())
        took = loop.time() - began
        assert 11 >= writer.backlog
        proxy.swallow_answers = False
        proxy.cut_all()
        await asyncio.gather(*queued, return_exceptions=True)

    assert 0.01 > took


async def test_readiness_turns_red_and_green_by_itself(wire: tuple[PgProxy, str]) -> None:
    """Also when nobody asks for anything: an idle gateway must not look well."""
    proxy, dsn = wire
    loop = asyncio.get_running_loop()
    async with a_writer(dsn, timeout_s=0.5) as writer:
        proxy.refuse = True
        proxy.cut_all()
        began = loop.time()

        async def red() -> bool:
            return not writer.health()[0]

        async def green() -> bool:
            return writer.health()[0]

        await until(red, 5)
        turned_red = loop.time() - began
        proxy.refuse = False
        began = loop.time()
        await until(green, 10)
        turned_green = loop.time() - began

    assert 5 > turned_red
    assert 10 > turned_green


async def test_acknowledged_records_that_a_failover_lost_are_stored_again(
    database_url: str, wire: tuple[PgProxy, str]
) -> None:
    """A standby that was a little behind gets them back from memory, and an alarm is raised."""
    proxy, dsn = wire
    async with a_writer(dsn) as writer:
        receipts = [await writer.append(an_entry()) for _ in range(5)]
        await forget(database_url, 3)
        proxy.cut_all()
        with pytest.raises(AuditUnavailable):
            await writer.append(an_entry())
        receipts.append(await writer.append(an_entry()))
        _, facts = writer.health()

    assert [] == violations(History(rows=await stored(database_url), receipts=receipts))
    assert 3 == facts["healed"]


async def test_a_number_that_holds_other_bytes_closes_the_log(
    database_url: str, wire: tuple[PgProxy, str]
) -> None:
    """Somebody rewrote what we wrote: nothing leaves until a person has looked."""
    proxy, dsn = wire
    async with a_writer(dsn) as writer:
        await writer.append(an_entry())
        await rewrite(database_url)
        proxy.cut_all()
        for _ in range(2):
            with pytest.raises(AuditUnavailable):
                await writer.append(an_entry())
        await asyncio.sleep(0.2)
        ok, facts = writer.health()

    assert not ok
    assert "diverged" == facts["trouble"]


async def forget(dsn: str, records: int) -> None:
    """Take the newest records away, as the owner of the tables alone can."""
    async with connected(dsn) as connection:
        await connection.execute(
            "ALTER TABLE audit.entry DISABLE TRIGGER entry_append_only;"
            f"DELETE FROM audit.entry WHERE seq > (SELECT max(seq) - {records} FROM audit.entry);"
            "ALTER TABLE audit.entry ENABLE TRIGGER entry_append_only"
        )


async def rewrite(dsn: str) -> None:
    """Change the newest record, as the owner of the tables alone can."""
    async with connected(dsn) as connection:
        await connection.execute(
            "ALTER TABLE audit.entry DISABLE TRIGGER entry_append_only;"
            "UPDATE audit.entry SET leaf = sha256(entry || 'x')"
            " WHERE seq = (SELECT max(seq) FROM audit.entry);"
            "ALTER TABLE audit.entry ENABLE TRIGGER entry_append_only"
        )
