"""Hashes of full subtrees, computed from tiles that are fetched as they turn out to be needed."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TypeAlias, TypeVar

from gateway.sequencing.rows import TileGone
from gateway.tlog.merkle import HASH_BYTES, HashReader, node_hash

HEIGHT = 8  # C2SP tlog-tiles: a tile spans eight levels of the tree
WIDTH = 1 << HEIGHT

Place: TypeAlias = tuple[int, int]  # level and number of a tile, or of a full subtree
Tiles: TypeAlias = Mapping[Place, bytes]
Fetches: TypeAlias = Callable[[list[Place]], Awaitable[Tiles]]

Answer = TypeVar("Answer")


class _Needed(Exception):
    """Tiles are missing in memory; fetch them and ask again."""

    def __init__(self, places: set[Place]) -> None:
        super().__init__(len(places))
        self.places = places


async def with_hashes(work: Callable[[HashReader], Answer], fetch: Fetches) -> Answer:
    """Return what *work* returns, given a reader of hashes; tiles come by *fetch*, in bulk.

    *work* is pure and may be run more than once: it is begun anew when a tile was missing.

    Raises:
        TileGone: a tile does not hold what the tree says it holds.
    """
    known: dict[Place, bytes] = {}
    while True:
        try:
            return work(reader_of(known))
        except _Needed as needed:
            found = await fetch(sorted(needed.places))
            for place in needed.places:
                if place not in found:
                    raise TileGone(*place) from None
            known.update(found)


def reader_of(tiles: Tiles) -> HashReader:
    """Return a reader that knows what *tiles* hold."""

    def read(subtrees: list[Place]) -> list[bytes]:
        missing = {tile_of(*one) for one in subtrees} - tiles.keys()
        if missing:
            raise _Needed(missing)
        return [_hash(tiles, *one) for one in subtrees]

    return read


def tile_of(level: int, n: int) -> Place:
    """Return the tile that holds the leaves of a full subtree's lower levels."""
    tall = level % HEIGHT
    return level // HEIGHT, (n << tall) >> HEIGHT


def _hash(tiles: Tiles, level: int, n: int) -> bytes:
    place = tile_of(level, n)
    tall = level % HEIGHT
    first = (n << tall) % WIDTH
    data = tiles[place][first * HASH_BYTES : (first + (1 << tall)) * HASH_BYTES]
    if len(data) != HASH_BYTES << tall:
        raise TileGone(*place)
    return folded(data)


def folded(data: bytes) -> bytes:
    """Return the root over the hashes in *data*, whose number is a power of two."""
    hashes = [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]
    while len(hashes) > 1:
        hashes = [*map(node_hash, hashes[::2], hashes[1::2])]
    return hashes[0]


def split(data: bytes) -> Iterable[bytes]:
    """Return the hashes that a tile holds, in order."""
    return (data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES))
