"""Every act of an administrator reaches the record, once, whoever makes it and whatever breaks."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from gateway import database, migrating
from gateway.audit.changes import ChangeLeaves, Due
from gateway.audit.drain import RIGHT
from gateway.audit.entry import Entry
from gateway.audit.keyring import Keyring
from gateway.audit.outbox import ROLE, Outbox
from gateway.audit.pseudonyms import Pseudonyms, Scheme, epoch_of
from gateway.clock import utc_now
from gateway.errors import RightsGone
from gateway.rights import Right
from tests.audit_rows import a_writer, connected
from tests.change_builders import (
    a_drain,
    changes,
    consent_and_withdraw,
    drained,
    publish_seed,
    register_and_suspend,
    suspend_agreement,
)
from tests.consent_builders import CITIZEN
from tests.party_builders import CLIENT
from tests.replays import tamper

BY_HAND = """
INSERT INTO catalog.state_event (kind, code, state, reason, decided_by)
VALUES ('agreement', $1, 'terminated', 'khẩn cấp', 'dba-7')
"""


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    """Give the folder of a fresh key ring."""
    return tmp_path / "ring"


async def test_a_published_catalog_is_owed_a_leaf_for_each_entry(
    database_url: str, ring: Path
) -> None:
    """What may be asked for is in the record, so that decisions can be replayed from it."""
    published = await publish_seed(database_url)
    leaves = await drained(database_url, ring)

    assert published == len(leaves)
    assert {"catalog.publish", "agreement.sign", "policy.publish"} <= {leaf.type for leaf in leaves}
    agencies = {leaf.change.id for leaf in leaves if leaf.change and leaf.change.kind == "agency"}
    assert "99012.34560" in agencies
    assert {"motlan:catalog"} == {leaf.req.route for leaf in leaves if leaf.req}
    people = Pseudonyms(Keyring(ring))
    signed = people.of(Scheme.OFFICIAL, "can-bo-phat-hanh", epoch_of(utc_now()))
    approved = people.of(Scheme.OFFICIAL, "can-bo-duyet", epoch_of(utc_now()))
    assert {signed} == {leaf.actor.user for leaf in leaves if leaf.actor}
    assert {(approved,)} == {leaf.change.approved for leaf in leaves if leaf.change}


async def test_a_suspension_names_the_states_before_and_after(
    database_url: str, ring: Path
) -> None:
    """The digest after one act is the digest before the next."""
    await publish_seed(database_url)
    code = await suspend_agreement(database_url)
    async with connected(database_url) as connection:
        await connection.execute(BY_HAND, code)
        expected = [
            await connection.fetchval("SELECT audit.digest_of('agreement', $1, $2)", code, state)
            for state in ("active", "suspended", "terminated")
        ]
        rows = await connection.fetch(
            "SELECT event, before, after, via FROM audit.change_due WHERE code = $1 ORDER BY id "
            "OFFSET 1",
            code,
        )
    leaves = (await drained(database_url, ring))[-2:]

    assert [tuple(expected[:2]), tuple(expected[1:])] == [(r["before"], r["after"]) for r in rows]
    assert ["agreement.suspend", "agreement.terminate"] == [leaf.type for leaf in leaves]
    assert [expected[1].hex(), expected[2].hex()] == [
        leaf.change.hash for leaf in leaves if leaf.change
    ]


async def test_a_change_by_hand_is_owed_as_well(database_url: str, ring: Path) -> None:
    """Whoever reaches for SQL instead of a command is on record all the same."""
    await publish_seed(database_url)
    code = await suspend_agreement(database_url)
    by_hand = await asyncpg.connect(database_url, server_settings={"application_name": "psql"})
    await by_hand.execute(BY_HAND, code)
    await by_hand.close()
    last = (await drained(database_url, ring))[-1]

    assert last.req is not None
    assert "psql" == last.req.route
    assert last.actor is not None
    named = Pseudonyms(Keyring(ring)).of(Scheme.OFFICIAL, "dba-7", epoch_of(utc_now()))
    assert named == last.actor.user


async def test_an_act_that_was_rolled_back_owes_nothing(database_url: str, ring: Path) -> None:
    """The obligation stands or falls with the act, in one commit."""
    await publish_seed(database_url)
    before = len(await drained(database_url, ring))
    async with connected(database_url) as connection:
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute(BY_HAND, "TT-KHONG-CO")

    assert before == len(await drained(database_url, ring))


async def test_registrations_and_consents_are_owed_in_their_order(
    database_url: str, ring: Path
) -> None:
    """One timeline shows who could ask, who agreed, and when each ended."""
    await register_and_suspend(database_url)
    record = await consent_and_withdraw(database_url)
    leaves = await drained(database_url, ring)

    assert [
        ("system.register", CLIENT),
        ("system.suspend", CLIENT),
        ("notice.publish", "notice-vi"),
        ("consent.grant", record),
        ("consent.withdraw", record),
    ] == sorted(
        ((leaf.type.value, leaf.change.id) for leaf in leaves if leaf.change),
        key=lambda pair: ["system", "notice", "consent"].index(pair[0].split(".")[0]),
    )
    given = next(leaf for leaf in leaves if leaf.type == "consent.grant")
    assert given.subj is not None
    assert ("all", (CITIZEN,)) == (given.subj.k, given.subj.p)
    assert given.change is not None
    async with connected(database_url) as connection:
        bare = await connection.fetchval("SELECT hash FROM consents.event WHERE seq = 1")
    assert bare.hex() != given.change.hash  # salted: what little may be unknown is not guessable


@asynccontextmanager
async def half_written(database_url: str, ring: Path) -> AsyncGenerator[tuple[Outbox, list[Due]]]:
    """Give an outbox and what a dying keeper claimed of it; the first of these is on record."""
    await register_and_suspend(database_url)
    leaves = ChangeLeaves(Pseudonyms(Keyring(ring)))
    async with (
        await database.raw_pool(database_url, ROLE, 1) as pool,
        a_writer(database_url, node="gw1.k0") as dying,
    ):
        outbox = Outbox(pool)
        await outbox.take("dying", 0)
        claimed = await outbox.claim(str(dying.health()[1]["writer"]), 10)
        await dying.append(Entry(body=leaves.leaf(claimed[0])))
        yield outbox, claimed


async def test_a_crash_between_leaf_and_mark_leaves_one_leaf(database_url: str, ring: Path) -> None:
    """The keeper dies after the commit of the record and before it could say so."""
    async with half_written(database_url, ring) as (_, claimed):
        pass
    written = await drained(database_url, ring, holder="successor")

    assert ["system.register", "system.suspend"] == [leaf.type for leaf in written]
    assert [due.leaf_id for due in claimed] == [leaf.id for leaf in written]


async def test_a_damaged_record_keeps_no_act_from_the_record(database_url: str, ring: Path) -> None:
    """A bit has tipped in the sequence of a keeper that died: its successor looks past it."""
    async with half_written(database_url, ring) as (outbox, _):
        spoil = "UPDATE audit.entry SET entry = set_byte(entry, 60, 255) WHERE seq = 0"
        await tamper(database_url, spoil)

        assert await outbox.settle() == (1, 1)


async def test_a_holder_that_was_overtaken_stores_nothing(database_url: str, ring: Path) -> None:
    """A keeper that slept through its lease wakes up and must not write a second copy."""
    await register_and_suspend(database_url)
    async with (
        await database.raw_pool(database_url, ROLE, 1) as pool,
        a_writer(database_url, node="gw2.k0") as sleepy,
    ):
        outbox = Outbox(pool)
        term = await outbox.take("sleepy", 0)
        claimed = await outbox.claim(str(sleepy.health()[1]["writer"]), 1)
        written = await drained(database_url, ring, holder="awake")
        leaf = ChangeLeaves(Pseudonyms(Keyring(ring))).leaf(claimed[0])
        with pytest.raises(RightsGone):
            await sleepy.append(Entry(body=leaf, rights=(Right(RIGHT, term or 0),)))

    assert len(written) == len(await changes(database_url))
    assert 2 == len(written)


async def test_two_keepers_write_each_act_once(database_url: str, ring: Path) -> None:
    """Two hosts may each run a keeper; the record does not double."""
    published = await publish_seed(database_url)
    async with (
        a_drain(database_url, ring, holder="one", node="gw1.k0") as (one, _),
        a_drain(database_url, ring, holder="two", node="gw2.k0") as (two, _),
    ):
        keeping = [asyncio.ensure_future(each.keep()) for each in (one, two)]
        async with await database.raw_pool(database_url, ROLE, 1) as pool:
            for _ in range(200):
                if (await Outbox(pool).waiting())[0] == 0:
                    break
                await asyncio.sleep(0.05)
        for task in keeping:
            task.cancel()
        await asyncio.gather(*keeping, return_exceptions=True)
    written = await changes(database_url)

    assert published == len(written)
    assert published == len({leaf.id for leaf in written})


async def test_an_act_that_no_word_describes_blocks_nothing(database_url: str, ring: Path) -> None:
    """A row typed by hand stays owed, is shouted about, and the others go on."""
    async with connected(database_url) as connection:
        await connection.execute("SELECT audit.owe('no.such', 'key', 'a', NULL, NULL, 'x')")
    await register_and_suspend(database_url)
    written = await drained(database_url, ring)

    assert 2 == len(written)
    async with await database.raw_pool(database_url, ROLE, 1) as pool:
        waiting, oldest_s = await Outbox(pool).waiting()
    assert 1 == waiting
    assert oldest_s > 0


async def test_an_act_too_long_for_a_record_blocks_nothing(database_url: str, ring: Path) -> None:
    """It stays owed, and whatever other administrators do is on record all the same."""
    await register_and_suspend(database_url)
    await tamper(
        database_url,
        "UPDATE audit.change_due SET service = 's', elements = array_fill('e'::text || repeat('x', "
        "90), ARRAY[900]) WHERE id = (SELECT min(id) FROM audit.change_due)",
    )

    written = await drained(database_url, ring)

    assert ["system.suspend"] == [leaf.type for leaf in written]
    async with await database.raw_pool(database_url, ROLE, 1) as pool:
        assert 1 == (await Outbox(pool).waiting())[0]


async def test_what_is_owed_cannot_be_taken_back(database_url: str) -> None:
    """Neither the owner's hand nor the application removes an obligation that is open."""
    await register_and_suspend(database_url)
    async with connected(database_url) as connection:
        for statement in (
            "DELETE FROM audit.change_due",
            "TRUNCATE audit.change_due",
            "UPDATE audit.change_due SET event = 'system.amend'",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
        await connection.execute("SET ROLE motlan_app")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("UPDATE audit.change_due SET done_at = now()")


async def test_migrations_are_not_taken_back_while_something_is_owed(
    database_url: str, ring: Path
) -> None:
    """A downgrade must not be the way to make an act unsaid."""
    await drained(database_url, ring)  # the record has begun
    await register_and_suspend(database_url)
    with pytest.raises(asyncpg.RaiseError, match="owed"):
        await migrating.downgrade(database_url, "0010")

    assert 2 == len(await drained(database_url, ring))
    await migrating.downgrade(database_url, "0010")
