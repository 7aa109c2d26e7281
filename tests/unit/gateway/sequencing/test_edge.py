"""The edge of the tree in memory, against a tree computed from all leaves."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sequencing.edge import Edge, grow, read_back
from gateway.sequencing.rows import TileGone
from gateway.tlog.merkle import EMPTY_ROOT
from gateway.tlog.tiles import edge
from tests.tree_rows import plain_root

LEAVES = [sha256(n.to_bytes(4, "big")).digest() for n in range(70_000)]


@given(st.lists(st.integers(0, 600), max_size=8))
def test_growing_by_portions_gives_the_tree_over_all_leaves(portions: list[int]) -> None:
    """Root and stored tiles follow from the leaves alone."""
    now, stored = Edge(), dict[tuple[int, int], bytes]()
    for count in portions:
        growth = grow(now, LEAVES[now.size : now.size + count])
        now = growth.edge
        stored |= growth.changed

    assert (sum(portions), plain_root(LEAVES[: sum(portions)])) == (now.size, now.root)
    assert b"".join(LEAVES[: now.size]) == b"".join(
        stored[0, n] for n in range(len([place for place in stored if place[0] == 0]))
    )
    kept = {(one.level or 0, one.n): stored[one.level or 0, one.n] for one in edge(now.size)}
    assert now == read_back(now.size, kept)


def test_tiles_of_three_levels_are_kept_apart() -> None:
    """65,536 leaves fill a tile of tiles; the next ones begin new partial tiles below it."""
    now = grow(Edge(), LEAVES[:65_530]).edge
    growth = grow(now, LEAVES[65_530:65_900])

    assert plain_root(LEAVES[:65_900]) == growth.edge.root
    assert {0, 1, 2} == {level for level, _ in growth.changed}
    assert 32 == len(growth.edge.tiles[2, 0])


def test_a_tree_without_leaves_has_the_empty_root() -> None:
    """RFC 6962 section 2.1 gives it a hash of its own."""
    assert EMPTY_ROOT == read_back(0, {}).root
    assert Edge() == grow(Edge(), []).edge


@pytest.mark.parametrize("wrong", ["missing", "short", "long"])
def test_a_stored_tile_of_another_width_is_named(wrong: str) -> None:
    """An operator must know which tile to restore."""
    now = grow(Edge(), LEAVES[:300]).edge
    data = now.tiles[0, 1]
    cut = {"missing": {}, "short": {(0, 1): data[:-32]}, "long": {(0, 1): data + bytes(32)}}
    tiles = {place: each for place, each in now.tiles.items() if place != (0, 1)} | cut[wrong]

    with pytest.raises(TileGone) as gone:
        read_back(300, tiles)

    assert (0, 1) == (gone.value.level, gone.value.n)
