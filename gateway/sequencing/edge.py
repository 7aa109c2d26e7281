"""The right edge of the tree in memory: grows by leaves, knows its root and its tiles; pure."""

from msgspec import Struct

from gateway.sequencing.rows import TileGone
from gateway.tlog.merkle import EMPTY_ROOT, root_at
from gateway.tlog.tiles import HASH_BYTES, TileInvalid, TileReader, edge, grown


class Edge(Struct, frozen=True):
    """The partial tiles of a tree: everything that is needed to grow it."""

    size: int = 0
    root: bytes = EMPTY_ROOT
    tiles: dict[tuple[int, int], bytes] = {}


class Growth(Struct, frozen=True):
    """A tree after more leaves, and the tiles that became new or wider."""

    edge: Edge
    changed: dict[tuple[int, int], bytes]


def grow(before: Edge, leaves: list[bytes]) -> Growth:
    """Return the tree after *leaves*, leaf hashes in order; about one hash of work for each."""
    changed = grown(before.size, leaves, lambda level, n: before.tiles[level, n])
    size = before.size + len(leaves)
    known = before.tiles | changed
    tiles = {(one.level or 0, one.n): known[one.level or 0, one.n] for one in edge(size)}
    return Growth(Edge(size, _root(size, tiles), tiles), changed)


def read_back(size: int, tiles: dict[tuple[int, int], bytes]) -> Edge:
    """Return the edge of the stored tree of *size* leaves.

    Args:
        size: as the tree's row says.
        tiles: the stored tiles of `gateway.tlog.tiles.edge(size)`.

    Raises:
        TileGone: a tile is missing, or has not exactly the width that *size* gives it.
    """
    for one in edge(size):
        place = (one.level or 0, one.n)
        if len(tiles.get(place, b"")) != one.width * HASH_BYTES:
            raise TileGone(*place)
    return Edge(size, _root(size, tiles), tiles)


def _root(size: int, tiles: dict[tuple[int, int], bytes]) -> bytes:
    try:
        return root_at(size, TileReader(lambda level, n: tiles[level, n]))
    except TileInvalid as odd:  # the widths were looked at before
        raise TileGone(0, size) from odd
