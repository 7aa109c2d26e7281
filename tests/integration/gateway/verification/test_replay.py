"""A replay against a real database that somebody has put his hand to."""

from hashlib import sha256
from pathlib import Path

import pytest

from gateway.clock import utc_now
from gateway.tlog.checkpoints import Checkpoint
from gateway.tlog.notes import sign_note
from gateway.verification.damage import Part
from tests.audit_rows import a_writer
from tests.replays import a_folded_log, append, fold, replayed, tamper
from tests.tree_rows import a_log, a_sequencer

# A byte in the middle of an entry; and a spelling that keeps the hash beside it right.
FLIP = "UPDATE audit.entry SET entry = set_byte(entry, 200, get_byte(entry, 200) # 1) WHERE seq = "
REHASH = "UPDATE audit.entry SET leaf = sha256('\\x00'::bytea || entry) WHERE seq = "
BEND = "UPDATE audit.tile SET data = set_byte(data, 33, get_byte(data, 33) # 1) WHERE "
RENAME = """
UPDATE audit.checkpoint SET note = replace(note, 'motlan.test', 'motlan.demo') WHERE size = 450
"""
SWAP = """
UPDATE audit.checkpoint SET note = (SELECT note FROM audit.checkpoint WHERE size = 150)
WHERE size = 450
"""


async def test_a_record_that_nobody_touched_is_whole(database_url: str, tmp_path: Path) -> None:
    """Silence means something only when noise is possible: see the other tests."""
    of = await a_folded_log(database_url, tmp_path, 700, round_records=150)

    report = await replayed(database_url, of)

    assert [] == report.damages.named
    assert (702, 702, 5) == (report.size, report.counts.records, report.counts.checkpoints)
    assert 10 == report.counts.signatures
    assert report.root == (await replayed(database_url, of)).root


async def test_another_root_under_good_signatures_is_found(
    database_url: str, tmp_path: Path
) -> None:
    """Whoever holds the log's keys can sign a history, and cannot make the records follow it."""
    of = await a_folded_log(database_url, tmp_path, 300, round_records=150)
    root = sha256(b"another").digest()
    note = sign_note(Checkpoint(of.origin, 150, root).text(), of.keys.signers(utc_now()))
    signed = f"root = '\\x{root.hex()}', note = '{note}'"
    await tamper(database_url, f"UPDATE audit.checkpoint SET {signed} WHERE size = 150")

    report = await replayed(database_url, of)

    assert [(Part.CHECKPOINT, 150)] == [(each.part, each.index) for each in report.damages.named]


@pytest.mark.parametrize(
    ("statements", "part", "index"),
    [
        ([FLIP + "300"], Part.RECORD, 300),
        ([FLIP + "300", REHASH + "300"], Part.RECORD, 300),
        (["UPDATE audit.entry SET leaf = sha256('x') WHERE seq = 5"], Part.RECORD, 5),
        (["DELETE FROM audit.entry WHERE seq = 411"], Part.RECORD, 411),
        (["DELETE FROM audit.entry WHERE seq > 690"], Part.RECORD, 691),
        (
            ["UPDATE audit.tile SET data = set_byte(data, 32 * 7, 0) WHERE level = 0 AND n = 1"],
            Part.TILE,
            263,
        ),
        (
            [BEND + "level = 1"],
            Part.TILE,
            256,
        ),
        (["DELETE FROM audit.tile WHERE level = 0 AND n = 2"], Part.TILE, 512),
        (["UPDATE audit.run SET n = n - 1 WHERE first_index = 150"], Part.RUN, 299),
        (["DELETE FROM audit.run WHERE first_index = 450"], Part.RUN, 450),
        (["DELETE FROM audit.run WHERE first_index = 600"], Part.RUN, 600),
        (["UPDATE audit.checkpoint SET root = sha256('x') WHERE size = 300"], Part.CHECKPOINT, 300),
        (["UPDATE audit.tree SET root = sha256('x')"], Part.CHECKPOINT, 702),
        (
            [RENAME],
            Part.CHECKPOINT,
            450,
        ),
        (
            [SWAP],
            Part.CHECKPOINT,
            450,
        ),
    ],
    ids=[
        "a byte of a record",
        "a byte of a record and the hash beside it",
        "the hash beside a record",
        "a record is gone",
        "the last records are gone",
        "a hash in a tile",
        "a hash in a tile above",
        "a tile is gone",
        "the map is short by one",
        "a stretch of the map is gone",
        "the end of the map is gone",
        "the root of an old checkpoint",
        "the root of the tree",
        "the name in a checkpoint",
        "another checkpoint's note",
    ],
)  # fmt: skip
async def test_damage_is_named_at_its_index(
    database_url: str, tmp_path: Path, statements: list[str], part: Part, index: int
) -> None:
    """An auditor wants to know where to look, not that something is wrong."""
    of = await a_folded_log(database_url, tmp_path, 700, round_records=150)
    await tamper(database_url, *statements)

    report = await replayed(database_url, of)

    assert report.damages.first is not None
    assert (part, index) == (report.damages.first.part, report.damages.first.index)


async def test_one_changed_record_does_not_hide_the_next(database_url: str, tmp_path: Path) -> None:
    """Whoever changes two records must not be charged with one."""
    of = await a_folded_log(database_url, tmp_path, 700)
    await tamper(database_url, FLIP + "300", FLIP + "301", REHASH + "301", FLIP + "512")

    report = await replayed(database_url, of)

    assert [300, 301, 512] == [each.index for each in report.damages.named]


async def test_a_signature_of_a_stranger_is_none(database_url: str, tmp_path: Path) -> None:
    """Whoever holds the database can sign, but not with the log's keys."""
    of = await a_folded_log(database_url, tmp_path / "ours", 10)
    other = a_log(tmp_path / "theirs")

    report = await replayed(database_url, of)
    strange = await replayed(database_url, other)

    assert report.whole
    assert {Part.SIGNATURE: 1} == strange.damages.by_part


async def test_a_restored_database_is_told_from_the_guard_file(
    database_url: str, tmp_path: Path
) -> None:
    """A backup put back forgets what it has signed; the node does not."""
    of = await a_folded_log(database_url, tmp_path, 10)
    remembered = of.guard.read()
    assert remembered is not None
    later = type(remembered)(of.origin, 500, b"\1" * 32, remembered.at)
    of.guard.write(later)

    report = await replayed(database_url, of)

    assert report.damages.first is not None
    assert (Part.GUARD, 12) == (report.damages.first.part, report.damages.first.index)


async def test_another_tree_of_a_published_size_is_told_from_the_guard_file(
    database_url: str, tmp_path: Path
) -> None:
    """The whole database was replaced by one that agrees with itself; the node saw another."""
    of = await a_folded_log(database_url, tmp_path, 10)
    remembered = of.guard.read()
    assert remembered is not None
    of.guard.path.unlink()
    of.guard.write(type(remembered)(of.origin, remembered.size, b"\1" * 32, remembered.at))

    report = await replayed(database_url, of)

    assert [(Part.GUARD, 12)] == [(each.part, each.index) for each in report.damages.named]


async def test_records_that_wait_are_counted_and_followed(
    database_url: str, tmp_path: Path
) -> None:
    """What is not in the tree yet is not beyond doubt, and not forgotten."""
    of = await a_folded_log(database_url, tmp_path, 10)
    await append(database_url, 5, node="gw2")
    whole = await replayed(database_url, of)
    await tamper(
        database_url,
        "DELETE FROM audit.entry WHERE seq = 3 AND writer LIKE 'gw2%'",
    )

    holed = await replayed(database_url, of)

    assert (True, 7) == (whole.whole, whole.counts.pending)
    assert {Part.WRITER: 1} == holed.damages.by_part


UNCLOSED = "UPDATE audit.writer SET closed_seq = NULL WHERE node = 'gw1'"
CUT = "DELETE FROM audit.entry WHERE seq > 5"
CLOSED = "SELECT writer FROM audit.writer WHERE closed_seq IS NOT NULL"
GONE = [
    f"DELETE FROM audit.entry WHERE writer IN ({CLOSED})",
    "DELETE FROM audit.writer WHERE closed_seq IS NOT NULL",
]


@pytest.mark.parametrize("statements", [[UNCLOSED, CUT], GONE], ids=["its tail", "all of it"])
async def test_what_was_cut_off_before_it_came_into_the_tree_is_told_by_the_successor(
    database_url: str, tmp_path: Path, statements: list[str]
) -> None:
    """A crashed writer and one whose end was deleted look the same, but for who came next."""
    of = a_log(tmp_path)
    await append(database_url, 10)
    async with a_writer(database_url, node="gw1"):
        await tamper(database_url, *statements)
        await fold(database_url, of)

        report = await replayed(database_url, of)

    assert {Part.WRITER: 1} == report.damages.by_part
    assert "its successor saw 11" in report.damages.named[0].says


async def test_a_cursor_beyond_the_tree_hides_no_record(database_url: str, tmp_path: Path) -> None:
    """Nobody folds what stands before a cursor, so that whoever moves it could delete the rest."""
    of = await a_folded_log(database_url, tmp_path, 10)
    await append(database_url, 5, node="gw2")
    await tamper(
        database_url,
        "INSERT INTO audit.cursor (writer, day, next_seq, last_leaf, done) "
        "SELECT writer, day, 7, sha256('x'), true FROM audit.writer WHERE node = 'gw2'",
        "DELETE FROM audit.entry WHERE writer LIKE 'gw2%'",
    )

    report = await replayed(database_url, of)

    assert {Part.WRITER: 1} == report.damages.by_part
    assert "its cursor says 7, the map ends at 0" in report.damages.named[0].says


async def test_what_a_successor_saw_and_what_still_waits_is_no_damage(
    database_url: str, tmp_path: Path
) -> None:
    """On a busy day a new writer comes into the tree before the end of the one before it."""
    of = a_log(tmp_path)
    await append(database_url, 600)
    async with (
        a_writer(database_url, node="gw1"),
        a_sequencer(database_url, of, round_records=400) as sequencer,
    ):
        await sequencer.round()

        report = await replayed(database_url, of)

    assert (2, []) == (report.counts.writers, report.damages.named)
    assert report.counts.pending


async def test_a_changed_opening_is_told_of_and_ends_no_replay(
    database_url: str, tmp_path: Path
) -> None:
    """One bit must not blind the auditor to all the rest."""
    of = await a_folded_log(database_url, tmp_path, 10)
    spoil = "UPDATE audit.entry SET entry = set_byte(entry, 0, 0) WHERE seq IN (0, 7)"
    await tamper(database_url, spoil)

    report = await replayed(database_url, of)

    assert [(Part.RECORD, 0), (Part.RECORD, 7)] == [
        (each.part, each.index) for each in report.damages.named
    ]


ARCHIVED = """
INSERT INTO audit.archive (day, first_index, end_index, root, records, manifest, verified_at,
  dropped_at)
SELECT day, 0, 0, sha256('x'), count(*), sha256('x'), now(), now() FROM audit.entry GROUP BY day
"""


async def test_a_day_in_the_archive_is_replayed_by_its_hashes(
    database_url: str, tmp_path: Path
) -> None:
    """Retention takes records, never hashes; old checkpoints go on being true."""
    of = await a_folded_log(database_url, tmp_path, 300, round_records=100)
    await tamper(database_url, ARCHIVED, "DELETE FROM audit.entry")

    report = await replayed(database_url, of)

    assert [] == report.damages.named
    assert (0, 302, 4) == (
        report.counts.records, report.counts.archived, report.counts.checkpoints,
    )  # fmt: skip


async def test_a_day_that_is_gone_without_an_archive_is_damage(
    database_url: str, tmp_path: Path
) -> None:
    """Whoever drops a partition by hand does not get away with it as retention."""
    of = await a_folded_log(database_url, tmp_path, 20)
    await tamper(database_url, "DELETE FROM audit.entry")

    report = await replayed(database_url, of)

    assert {Part.RECORD: 22} == report.damages.by_part


async def test_an_archive_that_led_elsewhere_is_named(database_url: str, tmp_path: Path) -> None:
    """What left the database is held against what stayed."""
    of = await a_folded_log(database_url, tmp_path, 300)
    await tamper(
        database_url,
        ARCHIVED.replace("day, 0, 0,", "day - 100, 0, 256,").replace("now() FROM", "NULL FROM"),
    )

    report = await replayed(database_url, of)

    assert [(Part.ARCHIVE, 256)] == [(each.part, each.index) for each in report.damages.named]
