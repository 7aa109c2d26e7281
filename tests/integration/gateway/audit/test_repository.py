"""Reading the record, as an operator does with `motlan audit`."""

from datetime import timedelta

import pytest

from gateway import database
from gateway.audit.entry import Entry
from gateway.audit.events import Decision, Event
from gateway.audit.leaf import parse
from gateway.audit.repository import AuditRepository, Wanted
from gateway.clock import utc_now
from gateway.errors import Code
from tests.audit_builders import a_deny, an_access, an_entry
from tests.audit_rows import a_writer
from tests.replays import tamper

HOUR = timedelta(hours=1)


def since_an_hour(**wanted: object) -> Wanted:
    """Look at the last hour and the next."""
    now = utc_now()
    return Wanted(since=now - HOUR, until=now + HOUR, **wanted)  # type: ignore[arg-type]


async def some_records(dsn: str) -> None:
    """Write three accesses and two refusals."""
    async with a_writer(dsn) as writer:
        for _ in range(3):
            await writer.append(an_entry())
        await writer.append(Entry(body=a_deny(Code.QUOTA)))
        await writer.append(Entry(body=a_deny(Code.NO_AGREEMENT)))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, 7),
        ({"event": Event.ACCESS}, 3),
        ({"decision": Decision.DENY}, 2),
        ({"code": Code.QUOTA.value}, 1),
        ({"agency": "H31.12"}, 3),
        ({"service": "dancu.tracuu"}, 3),
        ({"agency": "H31.12", "code": Code.QUOTA.value}, 0),
    ],
    ids=["all", "type", "decision", "code", "agency", "service", "both must hold"],
)
async def test_a_search_narrows_what_it_returns(
    database_url: str, wanted: dict[str, object], found: int
) -> None:
    """Each word of the search means what it says."""
    await some_records(database_url)
    engine = database.engine(database_url)
    async with database.transaction(engine) as session:
        rows = await AuditRepository(session).search(since_an_hour(**wanted), 50)
    await engine.dispose()

    assert found == len(rows)
    assert sorted(rows, key=lambda row: -parse(row.entry).ts) == rows


async def test_an_exchange_is_found_by_its_id(database_url: str) -> None:
    """The number a caller quotes on the telephone."""
    entry = Entry(body=an_access())
    async with a_writer(database_url) as writer:
        await writer.append(entry)
    engine = database.engine(database_url)
    async with database.transaction(engine) as session:
        rows = await AuditRepository(session).search(since_an_hour(exchange=entry.body.id), 50)
    await engine.dispose()

    assert [entry.body.id] == [parse(row.entry).id for row in rows]


@pytest.mark.parametrize("place", [0, 60], ids=["no JSON any more", "no UTF-8 any more"])
async def test_one_damaged_record_hides_no_other(database_url: str, place: int) -> None:
    """A bit has tipped, and the operator looks for what else there is."""
    await some_records(database_url)
    await tamper(
        database_url, f"UPDATE audit.entry SET entry = set_byte(entry, {place}, 255) WHERE seq = 2"
    )
    engine = database.engine(database_url)
    async with database.transaction(engine) as session:
        tail = await AuditRepository(session).tail(10, today=utc_now().date())
        found = await AuditRepository(session).search(since_an_hour(), 50)
    await engine.dispose()

    assert [2, 0, 1, 3, 4, 5, 6] == [row.seq for row in tail]  # it stands before all that can tell
    assert [6, 5, 4, 3, 1, 0] == [row.seq for row in found]


async def test_the_tail_merges_writers_oldest_first(database_url: str) -> None:
    """What happened last stands last, whoever wrote it."""
    async with a_writer(database_url) as one, a_writer(database_url) as two:
        for writer in (one, two, one, two, one):
            await writer.append(an_entry())
        last = await two.append(an_entry())
        engine = database.engine(database_url)
        async with database.transaction(engine) as session:
            rows = await AuditRepository(session).tail(5, today=utc_now().date())
        await engine.dispose()

    assert 5 == len(rows)
    assert 2 == len({row.writer for row in rows})
    assert last.entry_id == parse(rows[-1].entry).id


async def test_entries_of_a_writer_come_in_order(database_url: str) -> None:
    """Whoever verifies a chain reads it page by page."""
    async with a_writer(database_url) as writer:
        receipts = [await writer.append(an_entry()) for _ in range(5)]
        engine = database.engine(database_url)
        async with database.transaction(engine) as session:
            repository = AuditRepository(session)
            page = await repository.entries_of(receipts[0].writer, from_seq=2, rows=3)
            counted = await repository.count(utc_now().date())
            writers = await repository.writers(utc_now().date())
        await engine.dispose()

    assert [2, 3, 4] == [row.seq for row in page]
    assert 6 == counted
    assert [receipts[0].writer] == writers


async def test_a_search_without_bounds_is_refused(database_url: str) -> None:
    """A wildcard over years would read the whole log."""
    engine = database.engine(database_url)
    now = utc_now()
    async with database.transaction(engine) as session:
        with pytest.raises(ValueError, match="31 days"):
            await AuditRepository(session).search(
                Wanted(since=now - timedelta(days=32), until=now), 50
            )
    await engine.dispose()
