"""The only way into the record, against a real PostgreSQL."""

import asyncio
import json
from datetime import datetime, timedelta

import pytest

from gateway.audit.entry import Entry, Receipt
from gateway.audit.events import Event
from gateway.audit.leaf import Leaf, LeafTooLong, Noise
from gateway.audit.writer import AuditWriter
from gateway.clock import utc_now
from gateway.errors import AuditUnavailable, Code, RightsGone
from gateway.rights import Right, token_right
from tests.audit_builders import NODE, PSEUDONYM, a_deny, a_stamp, an_access, an_entry
from tests.audit_rows import a_writer, connected, grant, stored
from tests.history import History, violations

SYSTEM = Right("system:mot-cua", 1)


async def test_a_receipt_says_where_the_record_stands(database_url: str) -> None:
    """The caller can find the record, and its hash proves which one."""
    async with a_writer(database_url) as writer:
        receipt = await writer.append(an_entry())

    rows = {(row.writer, row.seq): row for row in await stored(database_url)}
    row = rows[receipt.writer, receipt.seq]
    assert row.leaf.hex() == receipt.leaf
    assert json.loads(row.entry)["id"] == receipt.entry_id


async def test_many_writers_leave_whole_chains(database_url: str) -> None:
    """Workers share no lock, and still no number is missing or used twice."""
    async with a_writer(database_url) as one, a_writer(database_url) as two:
        receipts = await asyncio.gather(
            *(writer.append(an_entry()) for _ in range(300) for writer in (one, two))
        )

    history = History(rows=await stored(database_url), receipts=receipts)
    assert [] == violations(history)
    assert 600 + 4 == len(history.rows)


async def test_records_that_come_together_are_committed_together(database_url: str) -> None:
    """One flush for many records is what makes durability affordable."""
    sizes: list[int] = []
    async with a_writer(
        database_url, max_batch=32, observed=lambda records, _: sizes.append(records)
    ) as writer:
        await asyncio.gather(*(writer.append(an_entry()) for _ in range(100)))

    assert 100 == sum(sizes)
    assert 32 == max(sizes)


@pytest.mark.parametrize(
    ("rev", "live", "valid_to"),
    [
        (1, False, None),
        (2, True, None),
        (1, True, utc_now() - timedelta(seconds=1)),
    ],
    ids=["withdrawn", "at another revision", "expired"],
)
async def test_a_dead_right_releases_nothing(
    database_url: str, rev: int, live: bool, valid_to: datetime | None
) -> None:
    """Promise P3: the record's commit judges, not a cache."""
    await grant(database_url, SYSTEM.key, rev, live=live, valid_to=valid_to)
    async with a_writer(database_url) as writer:
        with pytest.raises(RightsGone) as gone:
            await writer.append(an_entry(SYSTEM))

    assert (SYSTEM.key,) == gone.value.keys
    assert [] == [row for row in await stored(database_url) if b'"type":"access"' in row.entry]


async def test_an_unknown_right_is_a_dead_one(database_url: str) -> None:
    """What nobody registered cannot carry a release."""
    async with a_writer(database_url) as writer:
        with pytest.raises(RightsGone):
            await writer.append(an_entry(SYSTEM))


@pytest.mark.parametrize("rev", [0, 3])
async def test_a_right_that_needs_no_row_stands_until_one_takes_it(
    database_url: str, rev: int
) -> None:
    """A token is good by its signature, and dead from the commit that revokes it."""
    token = token_right("t1")
    async with a_writer(database_url) as writer:
        await writer.append(an_entry(token))
        await grant(database_url, token.key, rev, live=True)
        await writer.append(an_entry(token))
        await grant(database_url, token.key, rev, live=False)
        with pytest.raises(RightsGone) as gone:
            await writer.append(an_entry(token))

    assert (token.key,) == gone.value.keys


async def test_one_dead_right_stops_only_those_that_rest_on_it(database_url: str) -> None:
    """A withdrawal must not fail the strangers who share its batch, nor leave a hole."""
    await grant(database_url, SYSTEM.key)
    dead = Right("consent:c1", 1)
    entries = [an_entry(SYSTEM, dead) if n % 3 == 0 else an_entry(SYSTEM) for n in range(30)]
    async with a_writer(database_url) as writer:
        results = await asyncio.gather(*map(writer.append, entries), return_exceptions=True)

    refused = [result for result in results if isinstance(result, RightsGone)]
    receipts = [result for result in results if isinstance(result, Receipt)]
    assert (10, 20) == (len(refused), len(receipts))
    assert {(dead.key,)} == {one.keys for one in refused}
    assert [] == violations(History(rows=await stored(database_url), receipts=receipts))


async def test_nothing_is_released_after_a_withdrawal_committed(database_url: str) -> None:
    """The race of promise P3: two writers release as fast as they can while a right dies."""
    await grant(database_url, SYSTEM.key)
    withdrawn = asyncio.Event()
    too_late: list[Receipt] = []

    async def release(writer: AuditWriter) -> None:
        while True:
            after = withdrawn.is_set()
            try:
                receipt = await writer.append(an_entry(SYSTEM))
            except RightsGone:
                return
            if after:
                too_late.append(receipt)

    async with a_writer(database_url) as one, a_writer(database_url) as two:
        releases = [asyncio.ensure_future(release(w)) for w in (one, two) for _ in range(8)]
        await asyncio.sleep(0.1)
        await grant(database_url, SYSTEM.key, live=False)
        withdrawn.set()
        await asyncio.wait_for(asyncio.gather(*releases), 10)

    assert [] == too_late
    assert [] == violations(History(rows=await stored(database_url)))


async def test_a_writer_opens_and_closes_its_sequence(database_url: str) -> None:
    """The first record states the database's promise, the last that nothing can follow."""
    async with a_writer(database_url) as writer:
        await writer.append(an_entry())

    first, _, last = [json.loads(row.entry) for row in await stored(database_url)]
    assert ("writer.open", "writer.close") == (first["type"], last["type"])
    assert {
        "fsync": "on",
        "full_page_writes": "on",
        "node": NODE,
        "synchronous_commit": "on",
    } == first["life"]
    async with connected(database_url) as connection:
        assert 2 == await connection.fetchval("SELECT closed_seq FROM audit.writer")


async def test_a_writer_names_its_predecessor(database_url: str) -> None:
    """Removing the last records of a dead writer shows in the first of the next one."""
    async with a_writer(database_url) as writer:
        receipt = await writer.append(an_entry())
    async with a_writer(database_url) as other:
        await other.append(an_entry())

    rows = await stored(database_url)
    last = next(row for row in rows if row.writer == receipt.writer and row.seq == 2)
    opened = next(row for row in rows if row.writer != receipt.writer and row.seq == 0)
    assert {
        "id": receipt.writer,
        "leaf": last.leaf.hex(),
        "seq": 2,
    } == json.loads(opened.entry)["life"]["prior"]


async def test_midnight_begins_a_new_writer(database_url: str) -> None:
    """A writer lives at most one UTC day, and no record is lost or refused at its turn."""
    now = [utc_now()]
    async with a_writer(database_url, clock=lambda: now[0]) as writer:
        before = await writer.append(an_entry())
        now[0] += timedelta(days=1)
        after = await asyncio.gather(*(writer.append(an_entry()) for _ in range(20)))

    rows = await stored(database_url)
    assert [] == violations(History(rows=rows, receipts=[before, *after]))
    assert {before.writer} != {receipt.writer for receipt in after}
    closed = [row for row in rows if row.writer == before.writer][-1]
    opened = next(row for row in rows if row.writer == after[0].writer)
    assert "writer.close" == json.loads(closed.entry)["type"]
    assert closed.leaf.hex() == json.loads(opened.entry)["life"]["prior"]["leaf"]


async def test_midnight_comes_to_an_idle_writer_too(database_url: str) -> None:
    """The old sequence is closed soon after its day, not when somebody happens to ask."""
    now = [utc_now()]
    async with a_writer(database_url, clock=lambda: now[0]):
        now[0] += timedelta(days=1)
        await asyncio.sleep(0.5)

        assert 2 == len({row.writer for row in await stored(database_url)})


async def test_a_clock_that_steps_back_starts_no_new_writer(database_url: str) -> None:
    """A correction of the clock around midnight must not reopen yesterday."""
    now = [utc_now()]
    async with a_writer(database_url, clock=lambda: now[0]) as writer:
        before = await writer.append(an_entry())
        now[0] -= timedelta(days=1)
        after = await writer.append(an_entry())

    assert (before.writer, before.seq + 1) == (after.writer, after.seq)


async def test_a_missing_partition_heals(database_url: str) -> None:
    """Whoever dropped a day by mistake costs one answer of 503, not the night."""
    async with a_writer(database_url) as writer:
        await writer.append(an_entry())
        async with connected(database_url) as connection:
            await connection.execute(f"DROP TABLE audit.entry_{utc_now():%Y%m%d}")
        with pytest.raises(AuditUnavailable):
            await writer.append(an_entry())

        assert 2 < (await writer.append(an_entry())).seq + 1


async def test_a_record_too_long_for_a_tile_is_refused_before_it_is_queued(
    database_url: str,
) -> None:
    """It would poison the batch of strangers."""
    mark = a_stamp()
    noise = tuple(Noise(code=Code.NOT_FOUND, n=n, peer=PSEUDONYM) for n in range(1_000))
    leaf = Leaf(id=mark.id, ts=mark.ts, salt=mark.salt, type=Event.DENY_AGGREGATE, noise=noise)
    async with a_writer(database_url) as writer:
        with pytest.raises(LeafTooLong):
            await writer.append(Entry(body=leaf))


async def test_closing_commits_what_waits_and_takes_no_more(database_url: str) -> None:
    """A rolling restart loses no record and leaves nobody waiting."""
    async with a_writer(database_url) as writer:
        waiting = [asyncio.ensure_future(writer.append(an_entry())) for _ in range(50)]
        await asyncio.sleep(0)
        await writer.aclose()
        receipts = await asyncio.gather(*waiting)
        with pytest.raises(AuditUnavailable):
            await writer.append(an_entry())

    assert [] == violations(History(rows=await stored(database_url), receipts=receipts))


async def test_a_refusal_rests_on_no_right(database_url: str) -> None:
    """A no is recorded even when every right of the caller is gone."""
    async with a_writer(database_url) as writer:
        receipt = await writer.append(Entry(body=a_deny()))

    assert 1 == receipt.seq


async def test_who_goes_away_before_the_commit_leaves_no_claim_of_delivery(
    database_url: str,
) -> None:
    """The record may over-report, but says so where it knows better."""
    async with a_writer(database_url) as writer:
        asked = [asyncio.ensure_future(writer.append(an_entry())) for _ in range(20)]
        await asyncio.sleep(0.0005)
        for one in asked:
            one.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        await writer.append(an_entry(leaf=an_access()))

    records = [json.loads(row.entry) for row in await stored(database_url)]
    claimed = {one["id"] for one in records if one["type"] == "access"}
    denied = {one["of"] for one in records if one["type"] == "access.outcome"}
    assert denied < claimed
    assert 1 == len(claimed - denied)


async def test_health_names_the_writer_and_its_promise(database_url: str) -> None:
    """What the health page shows."""
    async with a_writer(database_url) as writer:
        ok, facts = writer.health()

    assert ok
    assert ("on", True, None) == (
        facts["synchronous_commit"],
        facts["connected"],
        facts["trouble"],
    )


async def test_no_writer_starts_without_a_database(tmp_path: object) -> None:
    """No record, no data: also no pretence of being ready."""
    writer = AuditWriter(f"postgresql://m@/m?host={tmp_path}", node=NODE, clock=utc_now)

    with pytest.raises(AuditUnavailable):
        await writer.start()
    await writer.aclose()


async def test_a_fault_of_a_meter_does_not_end_the_log(database_url: str) -> None:
    """What only watches the record must not be able to stop it."""
    faults = [ZeroDivisionError()]

    def observed(_records: int, _seconds: float) -> None:
        if faults:
            raise faults.pop()

    async with a_writer(database_url, observed=observed) as writer:
        receipts = [await writer.append(an_entry()) for _ in range(3)]

    assert [] == violations(History(rows=await stored(database_url), receipts=receipts))
