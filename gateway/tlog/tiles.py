"""Tiles: the tree cut into pieces of 256 hashes, their paths and bundles of entries; pure.

Source: C2SP tlog-tiles.  A tile that is not full yet is a prefix of the full one.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct

from gateway.tlog.merkle import HASH_BYTES, node_hash

HEIGHT = 8
WIDTH = 1 << HEIGHT  # hashes in a full tile
TILE_BYTES = WIDTH * HASH_BYTES
MOST_LEVELS = 8  # of tiles, over 2**63 leaves
LONGEST_ENTRY_BYTES = 65_535  # two bytes of length

ReadTile = Callable[[int, int], bytes]

_PATH = re.compile(
    r"tile/(?:(?P<entries>entries)|(?P<level>[0-9]|[1-5][0-9]|6[0-3]))"
    r"/(?P<n>(?:x[0-9]{3}/){0,5}[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


class TileInvalid(ValueError):
    """A path, a tile or a bundle is not what tlog-tiles allows; the words name no content."""


class TilePlace(Struct, frozen=True):
    """Which tile, or which bundle of entries when there is no level; *width* 256 is a full one."""

    level: int | None
    n: int
    width: int = WIDTH


def tile_path(level: int, n: int, width: int = WIDTH) -> str:
    """Return where a tile is served, below the log's prefix."""
    return f"tile/{level}/{_numbered(n, width)}"


def entries_path(n: int, width: int = WIDTH) -> str:
    """Return where a bundle of entries is served, below the log's prefix."""
    return f"tile/entries/{_numbered(n, width)}"


def parse_path(path: str) -> TilePlace:
    """Read a path back, of which exactly one spelling is right.

    Raises:
        TileInvalid: it is not the path of a tile or a bundle.
    """
    found = _PATH.fullmatch(path)
    if found is None:
        raise TileInvalid("no path of a tile")
    level = None if found["entries"] else int(found["level"])
    width = int(found["width"] or WIDTH)
    n = int(found["n"].replace("x", "").replace("/", ""))
    place = TilePlace(level, n, width)
    if path != (entries_path(n, width) if level is None else tile_path(level, n, width)):
        raise TileInvalid("another spelling of a tile's path")
    return place


def bundle(entries: Iterable[bytes]) -> bytes:
    """Return up to 256 entries, each behind its length in two bytes, big-endian.

    Raises:
        TileInvalid: an entry is longer than 65,535 bytes, or there are more than 256.
    """
    parts: list[bytes] = []
    for count, entry in enumerate(entries, 1):
        if len(entry) > LONGEST_ENTRY_BYTES or count > WIDTH:
            raise TileInvalid("too long an entry, or too many of them")
        parts += (len(entry).to_bytes(2, "big"), entry)
    return b"".join(parts)


def unbundle(data: bytes) -> list[bytes]:
    """Return the entries of a bundle.

    Raises:
        TileInvalid: it ends within an entry, or holds more than 256.
    """
    entries: list[bytes] = []
    at = 0
    while at < len(data):
        start = at + 2
        at = start + int.from_bytes(data[at:start], "big")
        if start > len(data) or at > len(data) or len(entries) == WIDTH:
            raise TileInvalid("the bundle is cut, or too long")
        entries.append(data[start:at])
    return entries


class TileReader:
    """Hashes of full subtrees, from tiles; usable as a `gateway.tlog.merkle.HashReader`.

    It believes the tiles it is given: whoever does not compares the root that follows from them.
    """

    def __init__(self, read_tile: ReadTile) -> None:
        """Read with *read_tile*, which gives a tile's bytes by level and n, and may raise."""
        self._read = read_tile

    def __call__(self, wanted: list[tuple[int, int]]) -> list[bytes]:
        """Return the hashes of *wanted*, asking for each tile once.

        Raises:
            TileInvalid: a tile is narrower than it must be.
        """
        tiles: dict[tuple[int, int], bytes] = {}
        hashes: list[bytes] = []
        for subtree in wanted:
            place = tile_of(subtree)
            if place not in tiles:
                tiles[place] = self._read(*place)
            hashes.append(_subtree_hash(subtree, tiles[place]))
        return hashes


def tile_of(subtree: tuple[int, int]) -> tuple[int, int]:
    """Return level and n of the tile that holds the hashes under a full subtree (level, n)."""
    level, n = subtree
    tile_level, height = divmod(level, HEIGHT)
    return tile_level, (n << height) // WIDTH


def tiles_under(subtrees: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return level and n of the tiles that *subtrees* are folded from, each once, in order."""
    return sorted({tile_of(each) for each in subtrees})


def tiles_of(size: int) -> Iterator[TilePlace]:
    """Give every tile of the tree of *size* leaves, from the leaves up, from left to right."""
    level = 0
    while size:
        yield from (TilePlace(level, n) for n in range(size // WIDTH))
        if size % WIDTH:
            yield TilePlace(level, size // WIDTH, size % WIDTH)
        level, size = level + 1, size // WIDTH


def edge(size: int) -> list[TilePlace]:
    """Return the partial tiles of the tree of *size* leaves, from the leaves up."""
    widths = ((level, size >> HEIGHT * level) for level in range(MOST_LEVELS))
    return [TilePlace(level, n // WIDTH, n % WIDTH) for level, n in widths if n % WIDTH]


def grown(size: int, leaves: Sequence[bytes], read: ReadTile) -> dict[tuple[int, int], bytes]:
    """Return the tiles that change when *leaves* join a tree of *size*, each as wide as it gets.

    Args:
        size: leaves before.
        leaves: leaf hashes, in order.
        read: gives the tiles of `edge(size)`; what they hold beyond their width is not looked at.

    Raises:
        TileInvalid: a tile of the edge is narrower than it must be.
    """
    tiles: dict[tuple[int, int], bytes] = {}
    level, hashes = 0, leaves
    while hashes:
        n, width = divmod(size, WIDTH)
        kept = cut(read(level, n), width) if width else b""
        data = kept + b"".join(hashes)
        whole = len(data) // TILE_BYTES
        for at in range(0, len(data), TILE_BYTES):
            tiles[level, n + at // TILE_BYTES] = data[at : at + TILE_BYTES]
        hashes = [tile_root(tiles[level, n + each]) for each in range(whole)]
        level, size = level + 1, n
    return tiles


def cut(data: bytes, width: int) -> bytes:
    """Return the tile of *width* hashes at the beginning of *data*.

    Raises:
        TileInvalid: *data* is narrower, or no sequence of hashes.
    """
    if len(data) % HASH_BYTES or not width * HASH_BYTES <= len(data) <= TILE_BYTES:
        raise TileInvalid("the tile is narrower than it must be")
    return data[: width * HASH_BYTES]


def tile_root(data: bytes) -> bytes:
    """Return the hash over a tile of 1, 2, 4, … or 256 hashes."""
    hashes = [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]
    while len(hashes) > 1:
        hashes = list(map(node_hash, hashes[::2], hashes[1::2]))
    return hashes[0]


def _subtree_hash(subtree: tuple[int, int], tile: bytes) -> bytes:
    """Return the hash of a full subtree from the tile that holds the hashes under it."""
    level, n = subtree
    count = 1 << level % HEIGHT
    first = n * count % WIDTH
    return tile_root(cut(tile, first + count)[first * HASH_BYTES :])


def _numbered(n: int, width: int) -> str:
    """Spell *n* in groups of three digits, all but the last behind an x, and the width if any.

    Raises:
        TileInvalid: no tree has such a tile.
    """
    if not (0 <= n < 1 << 55 and 1 <= width <= WIDTH):
        raise TileInvalid("no such tile")
    digits = str(n)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    path = "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
    return path if width == WIDTH else f"{path}.p/{width}"
