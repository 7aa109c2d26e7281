"""What an archive of one day says it holds; pure.

An archive is a stretch of the log, from one full bundle to another, that begins where the archive
of the day before ended.  With the edge of the tree at its beginning it leads to the root at its
end by itself, and from there a consistency proof leads to a signed checkpoint.
"""

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from gateway.tlog.merkle import Frontier
from gateway.tlog.tiles import MOST_LEVELS, WIDTH, TileInvalid, entries_path, parse_path, tile_path

NAME = "manifest.json"
CHECKPOINT = "checkpoint"
PACKED = ".gz"
VERSION = 1

Index = Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]
Hash = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class ArchiveBroken(Exception):
    """An archive is not what it says; names the file or the rule, never a content."""


class Manifest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One day's archive: which indexes, which root, which files."""

    v: int = VERSION
    origin: str
    day: date
    first: Index  # a multiple of 256
    end: Index  # excluded; a multiple of 256; every record of the day and before lies below it
    records: Annotated[int, Meta(ge=0)]  # of the day, in this archive and the one before
    edge: tuple[Hash, ...]  # roots of the maximal full subtrees below *first*, largest first
    root: Hash  # of the tree at *end*
    tree_size: Index  # of the checkpoint beside this file
    consistency: tuple[Hash, ...]  # from *end* to *tree_size*, RFC 6962
    files: dict[str, Hash]  # SHA-256 by path

    def frontier(self) -> Frontier:
        """Return the edge of the tree at the beginning."""
        return Frontier(self.first, tuple(map(bytes.fromhex, self.edge)))

    def bundles(self) -> range:
        """Return the numbers of the bundles of entries."""
        return range(self.first // WIDTH, self.end // WIDTH)


def encode(manifest: Manifest) -> bytes:
    """Return *manifest* as it is written."""
    return msgspec.json.format(msgspec.json.encode(manifest, order="sorted"), indent=1)


def decode(content: bytes) -> Manifest:
    """Read a manifest and judge whatever needs no other file.

    Raises:
        ArchiveBroken: it is no manifest, or names other files than those of its stretch.
    """
    try:
        found = msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ArchiveBroken(f"{NAME} cannot be read") from None
    if found.v != VERSION:
        raise ArchiveBroken(f"{NAME} is of another version")
    if found.first % WIDTH or found.end % WIDTH or not found.first <= found.end <= found.tree_size:
        raise ArchiveBroken(f"{NAME}: the stretch does not begin and end with full bundles")
    if len(found.edge) != found.first.bit_count():
        raise ArchiveBroken(f"{NAME}: the edge does not fit the beginning")
    is_short = len(found.files) < len(found.bundles())  # before a list is made of what it claims
    if is_short or {*paths(found.first, found.end), CHECKPOINT} != set(found.files):
        raise ArchiveBroken(f"{NAME}: other files than those of the stretch")
    return found


def paths(first: int, end: int) -> list[str]:
    """Return the paths of the files of a stretch: bundles packed with gzip, then full tiles.

    The tiles are those that the records from *first* to *end* have filled.
    """
    packed = [f"{entries_path(n)}{PACKED}" for n in range(first // WIDTH, end // WIDTH)]
    return packed + [tile_path(level, n) for level, n in tiles(first, end)]


def tiles(first: int, end: int) -> list[tuple[int, int]]:
    """Return level and number of the tiles that became full between *first* and *end*."""
    found: list[tuple[int, int]] = []
    for level in range(MOST_LEVELS):
        covered = WIDTH ** (level + 1)
        found += [(level, n) for n in range(first // covered, end // covered)]
    return found


def place_of(path: str) -> tuple[int | None, int]:
    """Return level (None for entries) and number of a file, by its path in the manifest.

    Raises:
        ArchiveBroken: it is not the path of a full tile or bundle.
    """
    try:
        place = parse_path(path.removesuffix(PACKED))
    except TileInvalid:
        raise ArchiveBroken("a path of no tile") from None
    return place.level, place.n
