"""The Merkle tree, judged by the words of its specification and by an outsider."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree, verify_consistency, verify_inclusion

from gateway.tlog import merkle
from gateway.tlog.merkle import Frontier
from tests.tlog_builders import leaves, naive_root, reader_over

MOST = 600
LEAVES = leaves(MOST)
SIZES = st.integers(0, MOST)


@st.composite
def two_sizes(draw: st.DrawFn) -> tuple[int, int]:
    """Draw the sizes of an older and a newer tree."""
    new = draw(SIZES)
    return draw(st.integers(0, new)), new


@st.composite
def leaf_and_size(draw: st.DrawFn) -> tuple[int, int]:
    """Draw a tree that is not empty, and one of its leaves."""
    size = draw(st.integers(1, MOST))
    return draw(st.integers(0, size - 1)), size


def outsider(size: int) -> InmemoryTree:
    """Return the tree of another author's library over the same entries."""
    tree = InmemoryTree(algorithm="sha256")
    for n in range(size):
        tree.append_entry(b"entry %d" % n)
    return tree


def test_the_published_vectors_hold() -> None:
    """The roots that certificate transparency has printed since 2012."""
    entries = [b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"\x40\x41\x42\x43"]
    frontier = Frontier().extend(map(merkle.leaf_hash, entries))

    assert "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" == (
        merkle.EMPTY_ROOT.hex()
    )
    assert "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d" == (
        merkle.leaf_hash(b"").hex()
    )
    assert "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef" == (
        frontier.root().hex()
    )


@given(two_sizes())
def test_an_edge_grown_in_two_steps_is_the_tree(sizes: tuple[int, int]) -> None:
    """A sequencer grows the tree batch by batch and must sign what a replay computes."""
    old, new = sizes
    grown = Frontier().extend(LEAVES[:old]).extend(LEAVES[old:new])

    assert new == grown.size
    assert naive_root(LEAVES[:new]) == grown.root()


@given(st.integers(1, MOST))
def test_an_edge_read_from_tiles_is_the_edge_that_grew(size: int) -> None:
    """A sequencer that starts reads the edge it did not grow itself."""
    read = reader_over(LEAVES[:size])

    assert Frontier().extend(LEAVES[:size]) == merkle.frontier_at(size, read)
    assert naive_root(LEAVES[:size]) == merkle.root_at(size, read)


def test_appending_one_by_one_is_extending() -> None:
    """Two ways of growing are one."""
    one_by_one = Frontier()
    for leaf in LEAVES[:70]:
        one_by_one = one_by_one.append(leaf)

    assert Frontier().extend(LEAVES[:70]) == one_by_one


def test_the_empty_tree_has_its_root() -> None:
    """A log without entries is signed too."""
    assert merkle.EMPTY_ROOT == merkle.root_at(0, reader_over([]))


@given(leaf_and_size())
def test_a_path_proves_its_leaf_and_no_other(place: tuple[int, int]) -> None:
    """The proof of one entry must not serve for its neighbour."""
    index, size = place
    path = merkle.inclusion_path(index, size, reader_over(LEAVES[:size]))
    root = naive_root(LEAVES[:size])

    assert merkle.verify_inclusion(LEAVES[index], index, size, path, root)
    assert not merkle.verify_inclusion(LEAVES[index - 1], index, size, path, root) or size == 1
    assert not merkle.verify_inclusion(LEAVES[index], index + 1, size, path, root)


@given(two_sizes())
def test_a_path_proves_that_a_tree_begins_with_another(sizes: tuple[int, int]) -> None:
    """Append-only is the promise; this is how it is checked."""
    old, new = sizes
    path = merkle.consistency_path(old, new, reader_over(LEAVES[:new]))
    roots = naive_root(LEAVES[:old]), naive_root(LEAVES[:new])

    assert merkle.verify_consistency(old, new, path, *roots)
    assert old == new or not merkle.verify_consistency(old, new, path, *reversed(roots))
    assert not merkle.verify_consistency(old, new, [*path, roots[0]], *roots)


@given(leaf_and_size(), st.data())
def test_a_changed_bit_in_a_path_is_noticed(place: tuple[int, int], data: st.DataObject) -> None:
    """A verifier that ignores a part of its input verifies nothing."""
    index, size = place
    path = merkle.inclusion_path(index, size, reader_over(LEAVES[:size]))
    proof = bytearray(LEAVES[index] + b"".join(path) + naive_root(LEAVES[:size]))
    proof[data.draw(st.integers(0, len(proof) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    leaf, *changed, root = [bytes(proof[at : at + 32]) for at in range(0, len(proof), 32)]

    assert not merkle.verify_inclusion(leaf, index, size, changed, root)


@given(two_sizes(), st.data())
def test_a_changed_bit_between_trees_is_noticed(
    sizes: tuple[int, int], data: st.DataObject
) -> None:
    """A rewritten log must not find a proof by changing one."""
    old, new = sizes
    path = merkle.consistency_path(old, new, reader_over(LEAVES[:new]))
    proof = bytearray(naive_root(LEAVES[:old]) + b"".join(path) + naive_root(LEAVES[:new]))
    # The root of a tree that follows the empty one is believed, there is nothing to compare.
    known = 32 if old == 0 < new else len(proof)
    proof[data.draw(st.integers(0, known - 1))] ^= 1 << data.draw(st.integers(0, 7))
    first, *changed, last = [bytes(proof[at : at + 32]) for at in range(0, len(proof), 32)]

    assert not merkle.verify_consistency(old, new, changed, first, last)


@given(leaf_and_size())
def test_an_outsider_accepts_our_root_and_path(place: tuple[int, int]) -> None:
    """Another author read the same specification."""
    index, size = place
    tree = outsider(size)
    path = merkle.inclusion_path(index, size, reader_over(LEAVES[:size]))
    proof = tree.prove_inclusion(index + 1, size)

    assert tree.get_root() == naive_root(LEAVES[:size])
    assert [LEAVES[index], *path] == [bytes(each) for each in proof.path]
    verify_inclusion(LEAVES[index], tree.get_root(), proof)


@given(two_sizes())
def test_we_accept_the_roots_of_an_outsider(sizes: tuple[int, int]) -> None:
    """Both trees were another author's; only the path is ours."""
    old, new = sizes
    tree = outsider(new)
    path = merkle.consistency_path(old, new, reader_over(LEAVES[:new]))

    assert merkle.verify_consistency(old, new, path, tree.get_root(old), tree.get_root(new))
    if old:
        verify_consistency(tree.get_root(old), tree.get_root(new), tree.prove_consistency(old, new))


@pytest.mark.parametrize(("index", "size"), [(-1, 1), (0, 0), (5, 5), (2**63, 2**63)])
def test_a_leaf_outside_the_tree_has_no_path(index: int, size: int) -> None:
    """A caller that counts wrong must hear of it."""
    with pytest.raises(ValueError, match="is not in a tree"):
        merkle.inclusion_path(index, size, reader_over([]))


@pytest.mark.parametrize(("old", "new"), [(2, 1), (-1, 1), (1, 0)])
def test_a_smaller_tree_follows_no_larger_one(old: int, new: int) -> None:
    """A shrunken log is the very thing that must not be proved."""
    with pytest.raises(ValueError, match="cannot follow"):
        merkle.consistency_path(old, new, reader_over([]))


HOSTILE = {
    "too long a path": (0, 2, [LEAVES[1]] * 65),
    "short hash": (0, 2, [LEAVES[1][:31]]),
    "long hash": (0, 2, [LEAVES[1] + b"\0"]),
    "negative index": (-1, 2, [LEAVES[1]]),
    "index at the end": (2, 2, [LEAVES[1]]),
    "size without end": (0, 2**4096, [LEAVES[1]] * 64),
    "no path": (0, 2, []),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_inclusion_is_refused_without_an_error(case: str) -> None:
    """A proof comes from whoever likes to send one."""
    index, size, path = HOSTILE[case]

    assert not merkle.verify_inclusion(LEAVES[0], index, size, path, naive_root(LEAVES[:2]))


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        (2, 1, []),
        (-1, 1, []),
        (1, 2, []),
        (1, 2, [LEAVES[1], LEAVES[1]]),
        (3, 2**4096, [LEAVES[1]] * 64),
        (3, 4, [b""]),
        (0, 2, [LEAVES[1]]),
        (1, 1, [LEAVES[1]]),
    ],
)
def test_hostile_consistency_is_refused_without_an_error(
    old: int, new: int, path: list[bytes]
) -> None:
    """An old tree and a new one may both come from a liar."""
    roots = naive_root(LEAVES[: max(old, 0)]), naive_root(LEAVES[: min(new, MOST)])

    assert not merkle.verify_consistency(old, new, path, *roots)


def test_no_tree_but_the_empty_one_has_no_leaves() -> None:
    """A root that was made up for an empty log would match anything later."""
    assert merkle.verify_consistency(0, 0, [], merkle.EMPTY_ROOT, merkle.EMPTY_ROOT)
    assert not merkle.verify_consistency(0, 0, [], LEAVES[0], LEAVES[0])
    assert not merkle.verify_consistency(0, 1, [], LEAVES[0], LEAVES[0])
