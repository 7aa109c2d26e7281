"""The Merkle tree of RFC 6962: hashes, a growing edge, paths and their judgement; pure.

A *full subtree* is named (level, n): it covers ``1 << level`` leaves from ``n << level`` on, so
level 0 is a leaf.  Every other root is folded from full subtrees.
"""

import hashlib
from collections.abc import Callable, Iterable

from msgspec import Struct

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()  # RFC 6962 section 2.1

HashReader = Callable[[list[tuple[int, int]]], list[bytes]]

_sha256 = hashlib.sha256


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of one leaf; the zero byte keeps it from passing for an inner node.

    Source: RFC 6962 section 2.1.
    """
    return _sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash over two neighbours, 32 bytes each; RFC 6962 section 2.1."""
    return _sha256(b"\x01" + left + right).digest()


class Frontier(Struct, frozen=True):
    """The right edge of a tree: all that is needed to grow it and to know its root."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()  # roots of the maximal full subtrees, largest first

    def append(self, leaf: bytes) -> "Frontier":
        """Return the edge after one more leaf hash."""
        return self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> "Frontier":
        """Return the edge after *leaves*, hashes in order; one inner hash per leaf on average."""
        stack, size = list(self.hashes), self.size
        for leaf in leaves:
            size += 1
            root, full = leaf, size
            while not full & 1:  # as many pairs close as the new size has trailing zeros
                root = _sha256(b"\x01" + stack.pop() + root).digest()
                full >>= 1
            stack.append(root)
        return Frontier(size, tuple(stack))

    def root(self) -> bytes:
        """Return the tree hash; RFC 6962 section 2.1."""
        return _fold(list(self.hashes)) if self.hashes else EMPTY_ROOT


def frontier_at(size: int, read: HashReader) -> Frontier:
    """Return the edge of the tree of *size* leaves, from the hashes that *read* knows."""
    return Frontier(size, tuple(read(full_subtrees(0, size)) if size else ()))


def root_at(size: int, read: HashReader) -> bytes:
    """Return the root that the tree had at *size* leaves, from the hashes that *read* knows."""
    return frontier_at(size, read).root()


def full_subtrees(start: int, end: int) -> list[tuple[int, int]]:
    """Name the maximal full subtrees of the leaves from *start* to *end*, excluded, in order.

    *start* must be a multiple of the largest power of two that fits, as it is everywhere inside
    a tree.
    """
    named: list[tuple[int, int]] = []
    while start < end:
        level = (end - start).bit_length() - 1
        named.append((level, start >> level))
        start += 1 << level
    return named


def inclusion_subtrees(index: int, size: int) -> list[list[tuple[int, int]]]:
    """Name what each hash of an inclusion path is folded from, leaf's sibling first.

    Raises:
        ValueError: the leaf is not in the tree.

    Source: RFC 6962 section 2.1.1.
    """
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    path: list[list[tuple[int, int]]] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _half(end - start)
        if index < middle:
            path.append(full_subtrees(middle, end))
            end = middle
        else:
            path.append(full_subtrees(start, middle))
            start = middle
    return path[::-1]


def consistency_subtrees(old: int, new: int) -> list[list[tuple[int, int]]]:
    """Name what each hash of a consistency path is folded from; empty from or to the same tree.

    Raises:
        ValueError: the new tree is smaller than the old one.

    Source: RFC 6962 section 2.1.2.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} cannot follow one of {old}")
    if old in {0, new}:
        return []
    path: list[list[tuple[int, int]]] = []
    start, end, whole = 0, new, True
    while old != end:
        middle = start + _half(end - start)
        if old <= middle:
            path.append(full_subtrees(middle, end))
            end = middle
        else:
            path.append(full_subtrees(start, middle))
            start, whole = middle, False
    if not whole:  # the verifier knows the old root only when it is no part of the old tree
        path.append(full_subtrees(start, end))
    return path[::-1]


def inclusion_path(index: int, size: int, read: HashReader) -> list[bytes]:
    """Return the path from leaf *index* to the root of the tree of *size*; RFC 6962 2.1.1.

    Raises:
        ValueError: the leaf is not in the tree.
    """
    return _folded(inclusion_subtrees(index, size), read)


def consistency_path(old: int, new: int, read: HashReader) -> list[bytes]:
    """Return the proof that the tree of *new* leaves begins with that of *old*; RFC 6962 2.1.2.

    It is empty when *old* is 0 or *new*, as C2SP tlog-witness wants it.

    Raises:
        ValueError: the new tree is smaller than the old one.
    """
    return _folded(consistency_subtrees(old, new), read)


def verify_inclusion(leaf: bytes, index: int, size: int, path: list[bytes], root: bytes) -> bool:
    """Tell whether *path* leads from the leaf hash to *root*; RFC 9162 section 2.1.3.2."""
    if not 0 <= index < size or not _are_hashes(leaf, root, *path):
        return False
    at, last, reached = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            reached = node_hash(sibling, reached)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            reached = node_hash(reached, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and reached == root


def verify_consistency(
    old_size: int, new_size: int, path: list[bytes], old_root: bytes, new_root: bytes
) -> bool:
    """Tell whether *path* proves that the new tree begins with the old one.

    From the empty tree, and from a tree to itself, the path must be empty.

    Source: RFC 9162 section 2.1.4.2.
    """
    if not 0 <= old_size <= new_size or not _are_hashes(old_root, new_root, *path):
        return False
    if old_size == new_size:
        return not path and old_root == new_root and (old_size > 0 or old_root == EMPTY_ROOT)
    if old_size == 0:
        return not path and old_root == EMPTY_ROOT
    if old_size & (old_size - 1) == 0:
        path = [old_root, *path]
    return bool(path) and _joined(old_size - 1, new_size - 1, path) == (old_root, new_root)


def _joined(at: int, last: int, path: list[bytes]) -> tuple[bytes, bytes] | None:
    """Return both roots that *path* leads to, None when it is too long or too short."""
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return None
        if at & 1 or at == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        at, last = at >> 1, last >> 1
    return (old, new) if last == 0 else None


def _half(count: int) -> int:
    """Return the largest power of two below *count*."""
    return 1 << ((count - 1).bit_length() - 1)


def _fold(roots: list[bytes]) -> bytes:
    """Return the root over neighbouring full subtrees, largest first."""
    folded = roots[-1]
    for root in reversed(roots[:-1]):
        folded = node_hash(root, folded)
    return folded


def _folded(path: list[list[tuple[int, int]]], read: HashReader) -> list[bytes]:
    """Read everything at once and fold it step by step."""
    hashes = iter(read([subtree for step in path for subtree in step]) if path else [])
    return [_fold([next(hashes) for _ in step]) for step in path]


def _are_hashes(*hashes: bytes) -> bool:
    return all(len(each) == HASH_BYTES for each in hashes)
