"""Hashes of full subtrees, computed from tiles that are fetched as they turn out to be needed."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

from gateway.sequencing.rows import TileGone
from gateway.tlog.merkle import HashReader
from gateway.tlog.tiles import TileInvalid, TileReader, tiles_under

Place: TypeAlias = tuple[int, int]  # level and number of a tile, or of a full subtree
Fetches: TypeAlias = Callable[[list[Place]], Awaitable[dict[Place, bytes]]]

Answer = TypeVar("Answer")


class _Needed(Exception):
    """Tiles are missing in memory: fetch them and ask again."""

    def __init__(self, places: list[Place]) -> None:
        super().__init__(len(places))
        self.places = places


async def with_hashes(work: Callable[[HashReader], Answer], fetch: Fetches) -> Answer:
    """Return what *work* returns, given a reader of hashes; tiles come by *fetch*, in bulk.

    *work* is pure: it is begun anew after tiles were missing.

    Raises:
        TileGone: a tile does not hold what the tree says it holds.
    """
    known: dict[Place, bytes] = {}
    while True:
        try:
            return work(_reader(known))
        except _Needed as needed:
            known.update(await _fetched(needed.places, fetch))


async def _fetched(places: list[Place], fetch: Fetches) -> dict[Place, bytes]:
    found = await fetch(places)
    for place in places:
        if place not in found:
            raise TileGone(*place)
    return found


def _reader(known: dict[Place, bytes]) -> HashReader:
    def read(subtrees: list[Place]) -> list[bytes]:
        places = tiles_under(subtrees)
        missing = [place for place in places if place not in known]
        if missing:
            raise _Needed(missing)
        return [_hash(subtree, known) for subtree in subtrees]

    return read


def _hash(subtree: Place, known: dict[Place, bytes]) -> bytes:
    try:
        (found,) = TileReader(lambda level, n: known[level, n])([subtree])
    except TileInvalid:
        (place,) = tiles_under([subtree])
        raise TileGone(*place) from None
    return found
