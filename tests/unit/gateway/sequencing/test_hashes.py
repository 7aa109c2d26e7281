"""Tiles come when they are needed, in bulk, and only once."""

from hashlib import sha256

import pytest

from gateway.sequencing.edge import Edge, grow
from gateway.sequencing.hashes import Place, with_hashes
from gateway.sequencing.rows import TileGone
from gateway.tlog.merkle import inclusion_path, root_at, verify_inclusion
from tests.tree_rows import plain_root

LEAVES = [sha256(n.to_bytes(4, "big")).digest() for n in range(1_000)]
TILES = grow(Edge(), LEAVES).changed


class Shelf:
    """Tiles, and how often somebody came for them."""

    def __init__(self, tiles: dict[Place, bytes]) -> None:
        self.tiles = tiles
        self.asked: list[list[Place]] = []

    async def fetch(self, places: list[Place]) -> dict[Place, bytes]:
        """Return those that are there."""
        self.asked.append(places)
        return {place: self.tiles[place] for place in places if place in self.tiles}


async def test_a_path_costs_one_fetch() -> None:
    """A proof is one query, whatever the size of the tree."""
    shelf = Shelf(TILES)

    path = await with_hashes(lambda read: inclusion_path(700, 1_000, read), shelf.fetch)

    assert verify_inclusion(LEAVES[700], 700, 1_000, path, plain_root(LEAVES))
    assert 1 == len(shelf.asked)
    assert len(shelf.asked[0]) == len(set(shelf.asked[0]))


async def test_work_that_reads_twice_gets_both() -> None:
    """Two answers of one snapshot: what was fetched before is kept."""
    shelf = Shelf(TILES)

    roots = await with_hashes(lambda read: (root_at(256, read), root_at(999, read)), shelf.fetch)

    assert (plain_root(LEAVES[:256]), plain_root(LEAVES[:999])) == roots
    assert 2 == len(shelf.asked)


@pytest.mark.parametrize("tiles", [{}, {**TILES, (0, 2): TILES[0, 2][:-32]}])
async def test_a_tile_that_is_not_there_is_named(tiles: dict[Place, bytes]) -> None:
    """Missing and short alike: the database was damaged, and the operator must know where."""
    with pytest.raises(TileGone):
        await with_hashes(lambda read: inclusion_path(766, 1_000, read), Shelf(tiles).fetch)
