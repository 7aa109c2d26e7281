"""Regrowth: the same tree as the plainest reading of RFC 6962, tile by tile."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.tlog.tiles import TILE_BYTES, WIDTH, tiles_of
from gateway.verification.regrowth import Regrowth, differences
from tests.tlog_builders import leaves, naive_root

SOME = leaves(1_100)


@given(st.lists(st.integers(0, 400), max_size=5))
def test_the_tree_is_the_same_however_it_grows(steps: list[int]) -> None:
    """Stretches end where they end; the root knows nothing of them."""
    tree, at = Regrowth(), 0
    for step in steps:
        tree.extend(SOME[at : at + step])
        at = min(at + step, len(SOME))

    assert naive_root(SOME[:at]) == tree.edge.root()


def test_every_tile_comes_once_and_whole() -> None:
    """Full ones as they fill, the edge at the end."""
    tree = Regrowth()
    full = [tile for at in range(0, 1_100, 100) for tile in tree.extend(SOME[at : at + 100])]
    everything = full + tree.unfinished()

    assert sorted((place.level, place.n) for place in tiles_of(1_100)) == sorted(
        (level, n) for level, n, _ in everything
    )
    assert all(len(data) == TILE_BYTES for _, _, data in full)
    assert b"".join(SOME[:WIDTH]) == full[0][2]


def test_a_difference_names_the_leaves_below_it() -> None:
    """A hash of level 1 stands for 256 leaves."""
    ours = b"".join(SOME[:3])
    theirs = SOME[0] + SOME[7] + SOME[2]

    assert [(1, 2)] == list(differences(0, 0, ours, theirs))
    assert [((256 + 1) * 256, (256 + 2) * 256)] == list(differences(1, 1, ours, theirs))
    assert [(2, 3)] == list(differences(0, 0, ours, ours[:64]))
