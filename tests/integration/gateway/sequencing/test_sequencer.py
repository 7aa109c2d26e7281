"""Rounds against a real PostgreSQL: whole prefixes join, damage stops one writer alone."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.audit.leaf import leaf_hash
from gateway.clock import utc_now
from gateway.sequencing.prefix import Damage
from gateway.sequencing.repository import TreeRepository
from gateway.sequencing.standing import Halt, Halted, Stopped
from gateway.sequencing.store import Diverged, Overtaken
from gateway.sequencing.watch import Watch
from gateway.tlog.cosignatures import verifier_of
from gateway.tlog.notes import open_note, parse_vkey
from tests.audit_builders import an_entry
from tests.audit_rows import a_writer, connected
from tests.tree_rows import (
    a_log,
    a_sequencer,
    append,
    fold_all,
    owner_changes,
    read,
    violations_of_tree,
)

REPEATED = """
UPDATE audit.entry SET entry = b.entry, leaf = b.leaf FROM audit.entry AS b
WHERE audit.entry.seq = 7 AND b.seq = 6 AND audit.entry.writer = b.writer
"""


@dataclass
class Hand:
    """A clock that a test sets."""

    now: datetime

    def __call__(self) -> datetime:
        """Return what the test set."""
        return self.now


async def test_every_record_of_every_writer_joins_one_tree(
    database_url: str, tmp_path: Path
) -> None:
    """The log is complete: each record has exactly one index, and the signed root covers it."""
    of = a_log(tmp_path)
    await append(database_url, 300, writers=3)

    async with a_sequencer(database_url, of) as sequencer:
        joined = await fold_all(sequencer)

    assert 3 * 302 == joined
    assert [] == await violations_of_tree(database_url, of)


async def test_rounds_between_appends_keep_one_history(database_url: str, tmp_path: Path) -> None:
    """Each checkpoint is over a beginning of the next tree, whatever the sizes were."""
    of = a_log(tmp_path)
    async with a_sequencer(database_url, of, round_records=700) as sequencer:
        for records in (1, 3, 250, 2, 700, 1):
            await append(database_url, records)
            await fold_all(sequencer)

    assert [] == await violations_of_tree(database_url, of)
    async with connected(database_url) as connection:
        assert await connection.fetchval("SELECT count(*) FROM audit.checkpoint") >= 6


async def test_an_idle_log_is_not_signed_anew(database_url: str, tmp_path: Path) -> None:
    """Nothing new is nothing to sign: a quiet night writes nothing."""
    of = a_log(tmp_path)
    await append(database_url, 2)
    async with a_sequencer(database_url, of) as sequencer:
        await fold_all(sequencer)
        async with connected(database_url) as connection:
            before = await connection.fetchval("SELECT note FROM audit.checkpoint")
            for _ in range(3):
                assert 0 == await sequencer.round()
            after = await connection.fetch("SELECT note FROM audit.checkpoint")

    assert [before] == [row[0] for row in after]


async def test_both_keys_of_the_pair_sign_each_checkpoint(
    database_url: str, tmp_path: Path
) -> None:
    """A verifier that knows only one kind of signature must be able to follow."""
    of = a_log(tmp_path)
    await append(database_url, 1)
    async with a_sequencer(database_url, of) as sequencer:
        await fold_all(sequencer)
    async with connected(database_url) as connection:
        note = await connection.fetchval("SELECT note FROM audit.checkpoint")

    (line,) = of.keys.lines(utc_now())
    for vkey in line.vkeys:
        assert (of.origin,) == open_note(note, [verifier_of(parse_vkey(vkey))]).names


async def test_a_full_portion_leaves_the_rest_for_the_next_round(
    database_url: str, tmp_path: Path
) -> None:
    """Memory is bounded however long the outage was, and no writer waits behind a busy one."""
    of = a_log(tmp_path)
    await append(database_url, 900, writers=2)
    joined: list[int] = []
    async with a_sequencer(database_url, of, round_records=512) as sequencer:
        while records := await sequencer.round():
            joined.append(records)

    assert 2 * 902 == sum(joined)
    assert max(joined) <= 512
    assert [] == await violations_of_tree(database_url, of)
    async with connected(database_url) as connection:
        first = await connection.fetch(
            "SELECT DISTINCT writer FROM audit.run WHERE first_index < 512"
        )
    assert 2 == len(first)


async def test_a_writer_that_closed_is_done_and_costs_nothing_more(
    database_url: str, tmp_path: Path
) -> None:
    """Years of closed writers are not looked at in each round."""
    of = a_log(tmp_path)
    await append(database_url, 5, writers=2)
    async with a_sequencer(database_url, of) as sequencer:
        await fold_all(sequencer)
        await sequencer.round()

    async with connected(database_url) as connection:
        assert [True, True] == [
            row[0] for row in await connection.fetch("SELECT done FROM audit.cursor")
        ]


@pytest.mark.parametrize(
    ("change", "damage"),
    [
        ("UPDATE audit.entry SET entry = set_byte(entry, 40, 1) WHERE seq = 7", Damage.HASH),
        ("UPDATE audit.entry SET leaf = set_byte(leaf, 3, 1) WHERE seq = 7", Damage.HASH),
        ("DELETE FROM audit.entry WHERE seq = 7", Damage.GAP),
        (
            REPEATED,
            Damage.LINK,
        ),
        ("DELETE FROM audit.entry WHERE seq >= 7", Damage.TAIL),
        ("UPDATE audit.writer SET closed_seq = 6", Damage.BEYOND),
    ],
    ids=["flipped bit", "flipped hash", "deleted", "repeated", "cut", "after the end"],
)
async def test_damage_stops_one_writer_and_is_never_signed_over(
    database_url: str, tmp_path: Path, change: str, damage: Damage
) -> None:
    """Whoever changes a record before it is sequenced is caught, and the others go on."""
    of = a_log(tmp_path)
    await append(database_url, 20, names=("bad",))
    await append(database_url, 20, names=("good",))
    await owner_changes(database_url, f"{change}{_of('bad', change)}")

    async with a_sequencer(database_url, of, watch=Watch(patience_s=0)) as sequencer:
        joined = await fold_all(sequencer)
        (stopped,) = sequencer.standing.stopped

    assert 22 + 7 == joined
    assert Stopped(stopped.writer, 7, damage) == stopped
    assert stopped.writer.startswith("bad.")
    assert [] == await violations_of_tree(database_url, of)


def _of(node: str, change: str) -> str:
    table = "audit.writer" if "audit.writer SET" in change else "audit.entry"
    word = "AND" if "WHERE" in change else "WHERE"
    return f" {word} {table}.writer LIKE '{node}.%'"


async def test_a_gap_is_given_time_to_close(database_url: str, tmp_path: Path) -> None:
    """After a failover a writer stores its last minute again: that is no damage."""
    of = a_log(tmp_path)
    async with a_writer(database_url) as writer:
        await asyncio.gather(*(writer.append(an_entry()) for _ in range(20)))
        kept = await read(database_url, "SELECT * FROM audit.entry WHERE seq = 7")
        await owner_changes(database_url, "DELETE FROM audit.entry WHERE seq = 7")
        async with a_sequencer(database_url, of) as sequencer:
            assert 7 == await fold_all(sequencer)
            assert () == sequencer.standing.stopped
            async with connected(database_url) as connection:
                await connection.execute(
                    "INSERT INTO audit.entry VALUES ($1, $2, $3, $4, $5)", *kept[0]
                )
            assert 14 == await fold_all(sequencer)

    assert [] == await violations_of_tree(database_url, of)


async def test_a_repaired_writer_goes_on_by_itself(database_url: str, tmp_path: Path) -> None:
    """The operator restores the row; nobody has to restart anything."""
    of, watch = a_log(tmp_path), Watch(patience_s=0)
    await append(database_url, 20)
    kept = await read(database_url, "SELECT * FROM audit.entry WHERE seq = 7")
    await owner_changes(database_url, "DELETE FROM audit.entry WHERE seq = 7")
    async with a_sequencer(database_url, of, watch=watch) as sequencer:
        await fold_all(sequencer)
        assert 1 == len(sequencer.standing.stopped)
        async with connected(database_url) as connection:
            await connection.execute(
                "INSERT INTO audit.entry VALUES ($1, $2, $3, $4, $5)", *kept[0]
            )
        watch.look_again()
        assert 15 == await fold_all(sequencer)
        assert () == sequencer.standing.stopped


async def test_a_killed_writer_is_done_once_its_successor_has_named_its_end(
    database_url: str, tmp_path: Path
) -> None:
    """A worker that died leaves no closing record; the next one's first record stands for it."""
    of = a_log(tmp_path)
    yesterday = utc_now() - timedelta(days=1)
    async with a_writer(database_url, clock=lambda: yesterday, node="gw1.0") as writer:
        await asyncio.gather(*(writer.append(an_entry()) for _ in range(5)))
    await owner_changes(  # as a kill leaves it
        database_url,
        "DELETE FROM audit.entry WHERE seq = 6",
        "ALTER TABLE audit.writer DISABLE TRIGGER writer_close_once",
        "UPDATE audit.writer SET closed_seq = NULL",
    )
    async with a_sequencer(database_url, of) as sequencer:
        assert 6 == await fold_all(sequencer)
        async with connected(database_url) as connection:
            assert not await connection.fetchval("SELECT done FROM audit.cursor")
    await append(database_url, 3, names=("gw1.0",))

    async with a_sequencer(database_url, of) as sequencer:
        await fold_all(sequencer)
    async with a_sequencer(database_url, of) as sequencer:
        await fold_all(sequencer)

    async with connected(database_url) as connection:
        assert [True, True] == [
            row[0] for row in await connection.fetch("SELECT done FROM audit.cursor")
        ]


async def test_the_cut_end_of_a_killed_writer_is_found_by_its_successor(
    database_url: str, tmp_path: Path
) -> None:
    """Deleting the last records of a dead writer leaves no gap; its successor named the last."""
    of = a_log(tmp_path)
    yesterday = utc_now() - timedelta(days=1)
    async with a_writer(database_url, clock=lambda: yesterday, node="gw1.0") as writer:
        await asyncio.gather(*(writer.append(an_entry()) for _ in range(5)))
    await append(database_url, 3, names=("gw1.0",))
    await owner_changes(
        database_url,
        f"DELETE FROM audit.entry WHERE seq >= 4 AND day = '{yesterday:%Y-%m-%d}'",
        "ALTER TABLE audit.writer DISABLE TRIGGER writer_close_once",
        f"UPDATE audit.writer SET closed_seq = NULL WHERE day = '{yesterday:%Y-%m-%d}'",
    )

    watch = Watch(patience_s=0)
    for _ in range(2):  # the successor's own record must be in the tree first
        async with a_sequencer(database_url, of, watch=watch) as sequencer:
            await fold_all(sequencer)

    assert [(4, Damage.TAIL)] == [(one.seq, one.damage) for one in watch.stopped]


async def test_a_clock_set_back_stops_the_signing_until_it_is_right_again(
    database_url: str, tmp_path: Path
) -> None:
    """A checkpoint must never claim to be older than the one before it."""
    of, clock = a_log(tmp_path), Hand(utc_now())
    await append(database_url, 3)
    async with a_sequencer(database_url, of, clock=clock) as sequencer:
        await fold_all(sequencer)
        await append(database_url, 3)
        clock.now -= timedelta(seconds=6)
        with pytest.raises(Halted) as halted:
            await sequencer.round()
        assert Halt.CLOCK is halted.value.halt
        clock.now += timedelta(seconds=3)  # within the slack
        assert 5 == await fold_all(sequencer)

    async with connected(database_url) as connection:
        hours = [
            row[0]
            for row in await connection.fetch("SELECT at FROM audit.checkpoint ORDER BY size")
        ]
    assert sorted(hours) == hours
    assert [] == await violations_of_tree(database_url, of)


async def test_without_a_usable_key_nothing_is_folded(database_url: str, tmp_path: Path) -> None:
    """A log whose keys are gone must not go on under new ones that nobody trusts."""
    of = a_log(tmp_path, keys=False)
    await append(database_url, 3)
    async with a_sequencer(database_url, of) as sequencer:
        with pytest.raises(Halted) as halted:
            await sequencer.round()

    assert Halt.KEYS is halted.value.halt
    async with connected(database_url) as connection:
        assert 0 == (await TreeRepository(connection).head()).size


async def test_the_second_of_two_sequencers_loses_and_nothing_is_folded_twice(
    database_url: str, tmp_path: Path
) -> None:
    """Safety without the lease: the compare-and-swap alone keeps one history."""
    of = a_log(tmp_path)
    await append(database_url, 20)
    async with (
        a_sequencer(database_url, of) as one,
        a_sequencer(database_url, of) as other,
    ):
        await one.open()
        await other.open()
        assert 22 == await one.round()
        await append(database_url, 20)
        with pytest.raises(Overtaken):
            await other.round()
        await other.open()
        assert 22 == await other.round()

    assert [] == await violations_of_tree(database_url, of)


@pytest.mark.parametrize(
    "change", ["size = size + 1", "root = sha256('another'::bytea)", "term = term + 1"]
)
async def test_a_tree_that_is_not_as_it_was_left_is_not_grown(
    database_url: str, tmp_path: Path, change: str
) -> None:
    """A backup in place, or a successor: each of the three alone is enough to stop."""
    of = a_log(tmp_path)
    await append(database_url, 20)
    async with a_sequencer(database_url, of) as sequencer:
        assert 22 == await sequencer.round()
        await append(database_url, 20)
        await owner_changes(database_url, f"UPDATE audit.tree SET {change}")
        with pytest.raises(Overtaken):
            await sequencer.round()

    assert [22] == [row[0] for row in await read(database_url, "SELECT size FROM audit.checkpoint")]


async def test_a_tile_that_was_changed_is_not_written_over(
    database_url: str, tmp_path: Path
) -> None:
    """What was published stays evidence: a round that would mend it silently is none."""
    of = a_log(tmp_path)
    await append(database_url, 20)
    async with a_sequencer(database_url, of) as sequencer:
        assert 22 == await sequencer.round()
        await append(database_url, 20)
        await owner_changes(
            database_url,
            "UPDATE audit.tile SET data = set_byte(data, 0, get_byte(data, 0) # 1) WHERE level = 0",
        )
        with pytest.raises(Diverged):
            await sequencer.round()


async def test_a_writer_of_a_strange_name_stops_itself_alone(
    database_url: str, tmp_path: Path
) -> None:
    """Whoever may announce a writer could end the folding of all the others with one letter."""
    entry = b'{"w":{"id":"gw\xc3\xa9","prev":"%b","seq":0}}' % (b"0" * 64)
    today = utc_now().date()
    async with connected(database_url) as stolen:
        await stolen.execute("SET ROLE motlan_append")
        await stolen.execute("SELECT audit.ensure_day($1)", today)
        await stolen.execute("INSERT INTO audit.writer VALUES ('gwé', $1, 'gwé', now())", today)
        await stolen.execute(
            "INSERT INTO audit.entry VALUES ($1, 'gwé', 0, $2, $3)",
            *(today, entry, leaf_hash(entry)),
        )
    of = a_log(tmp_path)
    await append(database_url, 20)
    async with a_sequencer(database_url, of, watch=Watch(patience_s=0)) as sequencer:
        assert 22 == await fold_all(sequencer)
        (stopped,) = sequencer.standing.stopped

    assert ("gwé", Damage.LINK) == (stopped.writer, stopped.damage)


async def test_a_forged_record_in_a_writers_name_is_not_taken(
    database_url: str, tmp_path: Path
) -> None:
    """A record must follow the one before it, by hash; a guessed number is not enough."""
    of = a_log(tmp_path)
    async with a_writer(database_url, node="gw1.0") as writer:
        await writer.append(an_entry())
        async with a_sequencer(database_url, of, watch=Watch(patience_s=0)) as sequencer:
            await fold_all(sequencer)
            await _forge(database_url)
            assert 0 == await sequencer.round()
            (stopped,) = sequencer.standing.stopped

    assert Damage.LINK is stopped.damage


async def _forge(dsn: str) -> None:
    async with connected(dsn) as connection:
        row: Any = await connection.fetchrow(
            "SELECT day, writer, max(seq) AS seq FROM audit.entry GROUP BY day, writer"
        )
        entry = b'{"v":1,"w":{"id":"%b","prev":"%b","seq":%d}}' % (
            row["writer"].encode(),
            b"0" * 64,
            row["seq"] + 1,
        )
        await connection.execute(
            "INSERT INTO audit.entry "
            "VALUES ($1, $2, $3, $4::bytea, sha256('\\x00'::bytea || $4::bytea))",
            *(row["day"], row["writer"], row["seq"] + 1, entry),
        )
