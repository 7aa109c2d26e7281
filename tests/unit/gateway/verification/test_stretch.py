"""Stretches: one damage is told once, at its place."""

import pytest
from msgspec.structs import replace

from gateway.audit.leaf import leaf_hash
from gateway.tlog.tiles import TILE_BYTES, tile_root
from gateway.verification.chains import Chains
from gateway.verification.damage import Part
from gateway.verification.rows import Row, Run, aligned, cut
from gateway.verification.stretch import Stretch, believed, doubted, judge, signed_hashes
from tests.audit_builders import DAY, an_access
from tests.export_builders import entries_of
from tests.tlog_builders import leaves


def some_rows(count: int) -> list[Row]:
    """Return records of one writer."""
    entries = entries_of(*(an_access() for _ in range(count)))
    return [Row(at, DAY, WRITER, at, entry, leaf_hash(entry)) for at, entry in enumerate(entries)]


WRITER = "gw1.0.261121.abcdefghijkm"


def test_a_whole_stretch_is_silent_and_every_record_is_handed_on() -> None:
    """The sample is taken from what is whole."""
    rows, taken = some_rows(5), list[Row]()
    signed = [row.leaf for row in rows]

    judged = judge(
        Stretch(runs=[Run(0, DAY, WRITER, 0, 5)], rows=rows, signed=signed), Chains(), taken.append
    )

    assert ([], signed, rows) == (judged.damages, judged.leaves, taken)


def test_a_hole_is_filled_with_what_the_tree_holds() -> None:
    """One missing record must not make all that follows look wrong."""
    rows = some_rows(5)
    signed = [row.leaf for row in rows]

    judged = judge(
        Stretch(runs=[Run(0, DAY, WRITER, 0, 5)], rows=[*rows[:2], *rows[3:]], signed=signed),
        Chains(),
        lambda _row: None,
    )

    assert signed == judged.leaves
    assert [(Part.RECORD, 2)] == [(each.part, each.index) for each in judged.damages]


def test_a_day_in_the_archive_is_judged_by_its_hashes() -> None:
    """Retention takes records, never hashes."""
    signed = leaves(5)

    judged = judge(
        Stretch(
            runs=[Run(0, DAY, WRITER, 0, 5)], rows=[], signed=signed, archived=frozenset({DAY})
        ),
        Chains(),
        lambda _row: None,
    )

    assert (5, 0, [], signed) == (judged.archived, judged.records, judged.damages, judged.leaves)


ROW = some_rows(1)[0]
OTHER = leaves(1)[0]


@pytest.mark.parametrize(
    ("row", "signed", "is_doubted", "part", "goes_on_with"),
    [
        (ROW, ROW.leaf, False, None, ROW.leaf),
        (ROW, OTHER, True, Part.TILE, ROW.leaf),
        (ROW, b"", False, Part.TILE, ROW.leaf),
        (ROW, OTHER, False, Part.RECORD, OTHER),
        (replace(ROW, leaf=OTHER), ROW.leaf, False, Part.RECORD, ROW.leaf),
        (replace(ROW, leaf=OTHER), OTHER, False, Part.RECORD, OTHER),
        (replace(ROW, leaf=OTHER), b"", False, Part.RECORD, OTHER),
    ],
    ids=[
        "all agree",
        "the tile does not fit the one above",
        "the tile is gone",
        "record and hash were changed together",
        "the hash beside it was changed",
        "the record was changed",
        "the record was changed and the tile is gone",
    ],
)
def test_what_is_believed_leads_to_the_signed_root(
    row: Row, signed: bytes, is_doubted: bool, part: Part | None, goes_on_with: bytes
) -> None:
    """The replay goes on with the hash that was signed, where it can be told."""
    leaf, damage = believed(row, signed, doubted=is_doubted)

    assert (goes_on_with, part) == (leaf, damage.part if damage else None)


def test_a_tile_that_does_not_fit_the_one_above_is_doubted() -> None:
    """Which of two tiles is wrong decides whether a record or a tile is blamed."""
    good, bad = b"".join(leaves(256)), b"".join(leaves(256)[::-1])
    above = {0: tile_root(good) * 2}

    assert frozenset({1}) == doubted({0: good, 1: bad, 2: good[: TILE_BYTES // 2]}, above)


def test_the_hashes_of_a_stretch_come_from_its_tiles() -> None:
    """A stretch begins and ends within tiles."""
    tiles = {0: b"".join(leaves(256)), 1: b"".join(leaves(300)[256:])}

    assert [*leaves(300)[250:], b""] == signed_hashes(tiles, 250, 301)


def test_runs_are_cut_so_that_memory_is_bounded() -> None:
    """A forged run of a billion records is read in pieces."""
    runs = [Run(0, DAY, "a", 0, 7), Run(7, DAY, "b", 3, 2)]

    assert [
        [Run(0, DAY, "a", 0, 4)],
        [Run(4, DAY, "a", 4, 3), Run(7, DAY, "b", 3, 1)],
        [Run(8, DAY, "b", 4, 1)],
    ] == cut(runs, 4)


def test_holes_and_repetitions_of_the_map_are_set_straight() -> None:
    """Every index is replayed once."""
    runs = [Run(2, DAY, "a", 0, 3), Run(4, DAY, "b", 0, 3)]

    assert [
        Run(0, DAY, "", 0, 2),
        Run(2, DAY, "a", 0, 3),
        Run(5, DAY, "b", 1, 2),
    ] == aligned(runs, 0)
