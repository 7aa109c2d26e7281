"""Tiles: their paths, their bundles, their growth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.tlog import tiles
from gateway.tlog.merkle import (
    Frontier,
    consistency_path,
    frontier_at,
    inclusion_path,
    root_at,
    verify_consistency,
    verify_inclusion,
)
from gateway.tlog.tiles import TileInvalid, TilePlace, TileReader
from tests.tlog_builders import leaves

LEAVES = leaves(70_000)
FULL: dict[tuple[int, int], bytes] = tiles.grown(0, LEAVES, lambda _level, _n: b"")
PATHS = {
    "tile/0/000": TilePlace(0, 0),
    "tile/1/067.p/1": TilePlace(1, 67, 1),
    "tile/63/x001/x234/067.p/255": TilePlace(63, 1_234_067, 255),
    "tile/entries/x001/000": TilePlace(None, 1_000),
    "tile/entries/999.p/10": TilePlace(None, 999, 10),
}
NOT_PATHS = {
    "a level with a leading zero": "tile/00/000",
    "a level that is none": "tile/x/000",
    "a level beyond": "tile/64/000",
    "a level of three digits": "tile/100/000",
    "two digits": "tile/0/00",
    "no x before the group": "tile/0/001/067",
    "an x before the last group": "tile/0/x001/x067",
    "a leading group of zeros": "tile/0/x000/067",
    "a number beyond any tree": "tile/0/x999/x999/x999/x999/x999/999",
    "seven groups": "tile/0/x001/x000/x000/x000/x000/x000/000",
    "width of a full tile": "tile/0/000.p/256",
    "width zero": "tile/0/000.p/0",
    "width with a leading zero": "tile/0/000.p/01",
    "width beyond the tile": "tile/0/000.p/257",
    "no width": "tile/0/000.p/",
    "a slash before": "/tile/0/000",
    "a slash after": "tile/0/000/",
    "a line after": "tile/0/000\n",
    "a way up": "tile/0/../000",
    "digits of another script": "tile/0/٠٠٠",
    "nothing": "",
}


@pytest.mark.parametrize("path", PATHS)
def test_a_path_is_read_and_written(path: str) -> None:
    """Static files and proxies cache by this very path."""
    place = tiles.parse_path(path)
    written = (
        tiles.entries_path(place.n, place.width)
        if place.level is None
        else tiles.tile_path(place.level, place.n, place.width)
    )

    assert PATHS[path] == place
    assert path == written


@given(st.integers(0, 63), st.integers(0, 2**55 - 1), st.integers(1, 256))
def test_every_place_has_one_path(level: int, n: int, width: int) -> None:
    """What was written is what is asked for."""
    assert TilePlace(level, n, width) == tiles.parse_path(tiles.tile_path(level, n, width))
    assert TilePlace(None, n, width) == tiles.parse_path(tiles.entries_path(n, width))


@pytest.mark.parametrize("case", NOT_PATHS)
def test_no_other_spelling_is_a_path(case: str) -> None:
    """Two spellings of one tile would be two entries of every cache."""
    with pytest.raises(TileInvalid):
        tiles.parse_path(NOT_PATHS[case])


@given(st.text(max_size=40))
def test_any_text_is_a_path_or_refused(text: str) -> None:
    """The path comes from the network."""
    try:
        place = tiles.parse_path("tile/" + text)
    except TileInvalid:
        return
    assert 1 <= place.width <= tiles.WIDTH


@pytest.mark.parametrize(("n", "width"), [(-1, 1), (2**55, 1), (0, 0), (0, 257)])
def test_a_place_outside_every_tree_has_no_path(n: int, width: int) -> None:
    """A negative number must not become a file name."""
    with pytest.raises(TileInvalid):
        tiles.tile_path(0, n, width)


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_a_bundle_gives_back_its_entries(entries: list[bytes]) -> None:
    """Auditors replay the log from bundles."""
    assert entries == tiles.unbundle(tiles.bundle(entries))


def test_the_longest_entry_fits_and_no_longer_one() -> None:
    """Two bytes of length hold 65,535."""
    longest = b"x" * 65_535

    assert [longest] == tiles.unbundle(tiles.bundle([longest]))
    with pytest.raises(TileInvalid):
        tiles.bundle([longest + b"x"])


def test_a_bundle_holds_no_257th_entry() -> None:
    """A tile has 256 places."""
    with pytest.raises(TileInvalid):
        tiles.bundle([b""] * 257)
    with pytest.raises(TileInvalid):
        tiles.unbundle(b"\0\0" * 257)


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=5), st.data())
def test_a_cut_bundle_loses_no_entry_silently(entries: list[bytes], data: st.DataObject) -> None:
    """A download that broke off must not look like a shorter log."""
    whole = tiles.bundle(entries)
    cut = whole[: data.draw(st.integers(1, len(whole) - 1))]

    try:
        assert entries != tiles.unbundle(cut)
        assert cut == tiles.bundle(tiles.unbundle(cut))
    except TileInvalid:
        pass


def test_the_tiles_of_the_specification_are_there() -> None:
    """Its example, a tree of 70,000 entries, tile by tile."""
    listed = list(tiles.tiles_of(70_000))
    partial = [TilePlace(0, 273, 112), TilePlace(1, 1, 17), TilePlace(2, 0, 1)]

    assert 273 + 1 + 1 + 1 + 1 == len(listed)
    assert partial == [each for each in listed if each.width < tiles.WIDTH]
    assert partial == tiles.edge(70_000)
    assert {(each.level, each.n): each.width * 32 for each in listed} == {
        place: len(data) for place, data in FULL.items()
    }
    assert [TilePlace(0, 0), TilePlace(1, 0, 1)] == list(tiles.tiles_of(256))


def edge_of(size: int, kept: dict[tuple[int, int], bytes]) -> tiles.ReadTile:
    """Return a reader that has nothing but the partial tiles of a tree of *size*."""
    edge = {(each.level, each.n): kept[each.level or 0, each.n] for each in tiles.edge(size)}
    return lambda level, n: edge[level, n]


@given(st.lists(st.integers(0, 700), min_size=1, max_size=6))
def test_tiles_grown_in_steps_are_the_tiles_of_the_tree(steps: list[int]) -> None:
    """A sequencer writes the right edge again and again, and reads back nothing but it."""
    kept: dict[tuple[int, int], bytes] = {}
    size = 0
    for step in steps:
        kept |= tiles.grown(size, LEAVES[size : size + step], edge_of(size, kept))
        size += step

    assert tiles.grown(0, LEAVES[:size], lambda _level, _n: b"") == kept


@given(st.integers(1, 70_000), st.data())
def test_every_proof_of_any_size_comes_from_the_tiles_of_a_larger_tree(
    new: int, data: st.DataObject
) -> None:
    """A tile at the edge is replaced as it grows, and old proofs must still be made from it."""
    old, index = data.draw(st.integers(0, new)), data.draw(st.integers(0, new - 1))
    read = TileReader(lambda level, n: FULL[level, n])
    root = root_at(new, read)

    assert Frontier().extend(LEAVES[:new]) == frontier_at(new, read)
    assert verify_inclusion(LEAVES[index], index, new, inclusion_path(index, new, read), root)
    assert verify_consistency(old, new, consistency_path(old, new, read), root_at(old, read), root)


def test_a_reader_asks_for_each_tile_once() -> None:
    """A proof over the network costs a request per tile."""
    asked: list[tuple[int, int]] = []

    def read(level: int, n: int) -> bytes:
        asked.append((level, n))
        return FULL[level, n]

    inclusion_path(69_999, 70_000, TileReader(read))

    assert sorted(set(asked)) == sorted(asked)


def test_the_tiles_of_a_proof_can_be_fetched_beforehand() -> None:
    """A database answers one query for all of them."""
    wanted = [(0, 69_999), (3, 8_749), (8, 272), (16, 0)]

    assert [(0, 273), (1, 1), (2, 0)] == tiles.tiles_under(wanted)
    assert 4 == len(TileReader(lambda level, n: FULL[level, n])(wanted))


@pytest.mark.parametrize("data", [b"", b"x" * 31, b"x" * 33, b"x" * 32, b"x" * 8_224])
def test_a_tile_that_is_too_narrow_is_no_hash(data: bytes) -> None:
    """A file cut short must not turn into a proof."""
    with pytest.raises(TileInvalid):
        TileReader(lambda _level, _n: data)([(0, 1)])
    with pytest.raises(TileInvalid):
        tiles.grown(2, LEAVES[:1], lambda _level, _n: data)
