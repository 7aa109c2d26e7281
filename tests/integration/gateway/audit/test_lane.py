"""What the database itself refuses, whoever asks."""

import asyncio
from datetime import date, timedelta
from itertools import count as numbers

import asyncpg
import pytest

from gateway.audit.chain import link
from gateway.audit.lane import Diverged, Lane, Promise, UnsafeDatabase
from gateway.audit.leaf import body
from gateway.clock import utc_now
from gateway.rights import Right
from tests.audit_builders import NODE, a_position, an_access
from tests.audit_rows import connected

TODAY = utc_now().date()
ONE_ROW = "INSERT INTO audit.entry VALUES (current_date, 'w', 0, 'x'::bytea, sha256('x'::bytea));"
CHANGES = [
    "UPDATE audit.entry SET leaf = leaf",
    "DELETE FROM audit.entry",
    "TRUNCATE audit.entry",
    f"UPDATE audit.entry_{TODAY:%Y%m%d} SET leaf = leaf",
    f"DELETE FROM audit.entry_{TODAY:%Y%m%d}",
    f"TRUNCATE audit.entry_{TODAY:%Y%m%d}",
]
ROLES = ["motlan_app", "motlan_append", "motlan_sequencer", "motlan_retention"]
ODD = ["plain", 'with "quotes"', "back\\slash", "comma, {brace}", "NULL", " spaced ", "new\nline"]
MISSHAPEN = {
    "no bytes": "'', sha256('x'::bytea)",
    "too many bytes": "repeat('x', 65536)::bytea, sha256('x'::bytea)",
    "half a leaf": "'x', substr(sha256('x'::bytea), 1, 16)",
    "no leaf": "'x', NULL",
}
SET = "SELECT gateway.set_right($1, $2, $3, NULL)"
FLAPPING = """
ALTER TABLE gateway.live_right RENAME TO some_right;
CREATE SEQUENCE gateway.flip;
CREATE VIEW gateway.live_right AS
  SELECT 'consent:1' AS key, 1::bigint AS rev, NULL::timestamptz AS valid_to,
    (SELECT nextval('gateway.flip') % 2 = 0) AS live;  -- another answer to each statement
GRANT SELECT ON gateway.live_right TO motlan_append;
GRANT USAGE ON SEQUENCE gateway.flip TO motlan_append;
"""
SWALLOWED = """
CREATE FUNCTION audit.swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER swallow BEFORE INSERT ON audit.entry FOR EACH ROW EXECUTE FUNCTION audit.swallow();
"""


async def a_lane(dsn: str) -> Lane:
    """Return a writer's connection, with room for the day of `a_position`."""
    lane = await Lane.connect(dsn, node=NODE, synchronous_commit="on", timeout_s=5)
    await lane.ensure_days([a_position().day])
    return lane


@pytest.mark.parametrize("change", CHANGES)
async def test_not_even_the_owner_changes_a_record(database_url: str, change: str) -> None:
    """By mistake, that is: with intent an owner can, and the tree and its witnesses show it."""
    async with connected(database_url) as owner:
        await owner.execute(ONE_ROW)
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="never changed"):
            await owner.execute(change)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("change", CHANGES)
async def test_no_role_may_change_a_record(database_url: str, role: str, change: str) -> None:
    """A stolen connection of the gateway cannot rewrite history."""
    async with connected(database_url) as owner:
        await owner.execute(ONE_ROW)
        await owner.execute(f"SET ROLE {role}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await owner.execute(change)


@pytest.mark.parametrize("role", ["motlan_app", "motlan_sequencer", "motlan_retention"])
async def test_only_the_writers_role_appends(database_url: str, role: str) -> None:
    """The application cannot forge a record beside its writer."""
    async with connected(database_url) as owner:
        await owner.execute(f"SET ROLE {role}")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await owner.execute(ONE_ROW)


async def test_the_application_does_not_read_the_record(database_url: str) -> None:
    """Who may read it goes through a role that may do nothing else."""
    async with connected(database_url) as owner:
        await owner.execute("SET ROLE motlan_app")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await owner.execute("SELECT FROM audit.entry")


async def test_a_writer_is_closed_once(database_url: str) -> None:
    """Moving the end of a sequence back would hide its last records."""
    async with connected(database_url) as owner:
        await owner.execute(
            "INSERT INTO audit.writer VALUES ('w', current_date, 'n', now(), NULL, 7);"
            "SET ROLE motlan_append"
        )
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="once"):
            await owner.execute("UPDATE audit.writer SET closed_seq = 3")


async def test_a_hot_day_cannot_be_dropped(database_url: str) -> None:
    """Three months stay, whatever the retention job believes."""
    async with connected(database_url) as owner:
        await owner.execute("SET ROLE motlan_retention")
        with pytest.raises(asyncpg.RaiseError, match="hot"):
            await owner.execute("SELECT audit.drop_day($1)", TODAY - timedelta(days=91))


async def test_an_old_day_is_dropped_as_a_whole(database_url: str) -> None:
    """Never row by row: ten million deletes would hold up everything else."""
    day = date(2026, 1, 5)
    async with connected(database_url) as owner:
        for kind in ("entry", "detail"):
            await owner.execute(
                f"CREATE TABLE audit.{kind}_20260105 PARTITION OF audit.{kind} "
                "FOR VALUES FROM ('2026-01-05') TO ('2026-01-06')"
            )
        await owner.execute("SET ROLE motlan_retention")
        await owner.execute("SELECT audit.drop_day($1)", day)

        assert await owner.fetchval("SELECT to_regclass('audit.entry_20260105')") is None


async def test_partitions_are_made_for_a_month_around_today_only(database_url: str) -> None:
    """A clock gone wild must not fill the database with empty days."""
    async with connected(database_url) as owner:
        await owner.execute("SET ROLE motlan_append")
        assert await owner.fetchval("SELECT audit.ensure_day($1)", TODAY + timedelta(days=9))
        assert not await owner.fetchval("SELECT audit.ensure_day($1)", TODAY + timedelta(days=9))
        with pytest.raises(asyncpg.RaiseError, match="31 days"):
            await owner.execute("SELECT audit.ensure_day($1)", TODAY + timedelta(days=32))


async def test_offering_twice_stores_once(database_url: str) -> None:
    """Recovery may ask again after every doubt."""
    lane = await a_lane(database_url)
    linked = link(a_position(), [body(an_access())] * 3)

    assert [3, 0] == [await lane.offer(linked), await lane.offer(linked)]
    with pytest.raises(Diverged):
        await lane.offer(link(a_position(), [body(an_access())] * 3))
    await lane.close()


@pytest.mark.parametrize(
    ("promise", "wanted"),
    [
        (Promise("off", "on", "on"), "on"),
        (Promise("on", "off", "on"), "on"),
        (Promise("on", "on", "local"), "on"),
        (Promise("on", "on", "on"), "remote_apply"),
        (Promise("on", "on", "off"), "off"),
    ],
    ids=["no fsync", "torn pages", "weaker", "weaker than a standby", "off is no wish"],
)
def test_a_weak_promise_is_refused(promise: Promise, wanted: str) -> None:
    """Durable means durable through a power cut."""
    with pytest.raises(UnsafeDatabase):
        promise.check(wanted)


@pytest.mark.parametrize("count", [1, 2, 32, 33, 100])
async def test_a_batch_of_any_size_is_stored_as_it_was_given(database_url: str, count: int) -> None:
    """Small and large batches go by different statements; what is stored is the same."""
    lane = await a_lane(database_url)
    linked = link(a_position(), [body(an_access()) for _ in range(count)])

    assert await lane.append(linked, []) == []
    assert await lane.offer(linked) == 0  # every byte is there already
    await lane.close()


@pytest.mark.parametrize("count", [1, 2, 33])
async def test_a_batch_of_any_size_says_which_rights_are_dead(
    database_url: str, count: int
) -> None:
    """Only the records that rest on them are turned away."""
    rights = [Right(key, rev) for rev, key in enumerate(ODD, 1)]
    async with connected(database_url) as owner:
        for place, right in enumerate(rights):
            await owner.execute(SET, right.key, right.rev, place not in {1, 4})
    lane = await a_lane(database_url)
    linked = link(a_position(), [body(an_access()) for _ in range(count)])

    assert await lane.append(linked, rights) == [1, 4]
    assert await lane.append(linked, [Right("unknown", 1), *rights[2:4]]) == [0]
    assert await lane.append(linked, [rights[0], Right(ODD[2], 2)]) == [1]  # another revision
    assert await lane.offer(linked) == count  # nothing was there
    await lane.close()


async def test_what_stands_until_taken_is_dead_once_a_row_says_so(database_url: str) -> None:
    """A token needs no row to be good, and one row to be bad."""
    rights = [Right(f"token:{key}", 0) for key in ODD]
    async with connected(database_url) as owner:
        await owner.execute(SET, rights[5].key, 1, False)
        await owner.execute(SET, rights[6].key, 1, True)
    lane = await a_lane(database_url)
    linked = link(a_position(), [body(an_access())])

    assert await lane.append(linked, rights) == [5]
    assert await lane.append(linked, rights[:5]) == []
    await lane.close()


@pytest.mark.parametrize("count", [1, 2, 33])
async def test_a_right_that_comes_and_goes_ends_no_writer(database_url: str, count: int) -> None:
    """Whoever gives and takes a consent in a loop must not bring the record to a halt."""
    async with connected(database_url) as owner:
        await owner.execute(FLAPPING)
    lane = await a_lane(database_url)
    linked = link(a_position(), [body(an_access()) for _ in range(count)])

    assert await lane.append(linked, [Right("consent:1", 1)]) == []
    assert await lane.offer(linked) == 0
    await lane.close()


async def test_what_a_flapping_right_is_answered_with_is_what_was_done(database_url: str) -> None:
    """No yes without a record, and no record after a no, however the two race."""
    lane, position, ended = await a_lane(database_url), a_position(), asyncio.Event()

    async def flap() -> None:
        async with connected(database_url) as owner:
            for flips in numbers():
                if ended.is_set():
                    return
                await owner.execute(SET, "consent:1", 1, flips % 2 == 1)

    async with asyncio.TaskGroup() as group:
        group.create_task(flap())
        for _ in range(100):
            linked = link(position, [body(an_access())] * 2)
            dead = await lane.append(linked, [Right("standing", 0), Right("consent:1", 1)])
            assert dead in ([], [1])
            position = position if dead else linked.after
        ended.set()
    async with connected(database_url) as owner:
        assert await owner.fetchval("SELECT count(*) FROM audit.entry") == position.seq
    await lane.close()


async def test_a_batch_that_vanishes_stops_the_writer(database_url: str) -> None:
    """A database that says yes and keeps nothing must not be believed."""
    async with connected(database_url) as owner:
        await owner.execute(SWALLOWED)
    lane = await a_lane(database_url)

    with pytest.raises(Diverged):
        await lane.append(link(a_position(), [body(an_access())]), [])
    await lane.close()


@pytest.mark.parametrize("values", MISSHAPEN.values(), ids=MISSHAPEN.keys())
async def test_no_record_is_misshapen(database_url: str, values: str) -> None:
    """A bundle of the tree could not hold it, and nobody may take it out again."""
    async with connected(database_url) as owner:
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await owner.execute(f"INSERT INTO audit.entry VALUES (current_date, 'w', 0, {values})")
