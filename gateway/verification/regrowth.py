"""The tree grown again from the leaves, tile by tile; memory holds only its right edge; pure."""

from collections.abc import Iterator, Sequence

from gateway.tlog.merkle import HASH_BYTES, Frontier
from gateway.tlog.tiles import TILE_BYTES, WIDTH, tile_root


class Regrowth:
    """A tree in the making."""

    def __init__(self) -> None:
        self.edge = Frontier()
        self._open: list[tuple[int, bytearray]] = []  # of each level: tile number, hashes so far

    def extend(self, leaves: Sequence[bytes]) -> list[tuple[int, int, bytes]]:
        """Add leaf hashes; return the tiles that became full: level, number, content."""
        self.edge = self.edge.extend(leaves)
        full: list[tuple[int, int, bytes]] = []
        self._add(0, b"".join(leaves), full)
        return full

    def unfinished(self) -> list[tuple[int, int, bytes]]:
        """Return the tiles at the right edge that are not full."""
        return [(level, n, bytes(data)) for level, (n, data) in enumerate(self._open) if data]

    def _add(self, level: int, hashes: bytes, full: list[tuple[int, int, bytes]]) -> None:
        if level == len(self._open):
            self._open.append((0, bytearray()))
        n, data = self._open[level]
        data += hashes
        roots: list[bytes] = []
        while len(data) >= TILE_BYTES:
            tile = bytes(data[:TILE_BYTES])
            del data[:TILE_BYTES]
            full.append((level, n, tile))
            roots.append(tile_root(tile))
            n += 1
        self._open[level] = (n, data)
        if roots:
            self._add(level + 1, b"".join(roots), full)


def differences(level: int, n: int, ours: bytes, theirs: bytes) -> Iterator[tuple[int, int]]:
    """Give the leaves under each hash that differs: first index, and the index after the last.

    Args:
        level: of the tile.
        n: number of the tile.
        ours: its content, regrown.
        theirs: its content, stored; what it holds beyond *ours* is not looked at.
    """
    span = WIDTH**level
    for at in range(0, len(ours), HASH_BYTES):
        if ours[at : at + HASH_BYTES] != theirs[at : at + HASH_BYTES]:
            first = (n * WIDTH + at // HASH_BYTES) * span
            yield first, first + span
