"""Judges an archive from its own files: every byte, every hash, up to the signed checkpoint."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from msgspec import Struct

from gateway.retention import folders
from gateway.retention.manifest import (
    CHECKPOINT,
    NAME,
    PACKED,
    ArchiveBroken,
    Manifest,
    decode,
    tiles,
)
from gateway.tlog.checkpoints import Checkpoint, parse_checkpoint
from gateway.tlog.merkle import leaf_hash, verify_consistency
from gateway.tlog.notes import NoteVerifier, open_note, parse_note
from gateway.tlog.tiles import (
    TILE_BYTES,
    WIDTH,
    TileInvalid,
    entries_path,
    tile_path,
    tile_root,
    unbundle,
)
from gateway.tlog.vkeys import NoteInvalid

LONGEST_MANIFEST_BYTES = 256 * 1024 * 1024  # a day of a hundred million records
LONGEST_CHECKPOINT_BYTES = 1024 * 1024
LONGEST_BUNDLE_BYTES = WIDTH * (2 + 65_535)


class Verified(Struct, frozen=True):
    """What an archive was found to hold."""

    manifest: Manifest
    root: bytes  # of the tree at the archive's end, computed from its entries
    entries: int
    signers: tuple[str, ...]  # who signed the checkpoint, of those whose keys were given


def verify(folder: Path, verifiers: Iterable[NoteVerifier] | None = None) -> Verified:
    """Recompute the root from the entries of an archive, and compare all that it says.

    Args:
        folder: one day's archive.
        verifiers: keys to check the checkpoint with; None checks no signature.

    Raises:
        ArchiveBroken: something is missing, cut or not what it says.
        OSError: a file cannot be read.
    """
    manifest = decode(_read(folder / NAME, LONGEST_MANIFEST_BYTES))
    for path, expected in manifest.files.items():
        file = folder / path
        if not file.is_file() or folders.sha256_of(file) != expected:
            raise ArchiveBroken(f"{path} is missing or not what it was")
    frontier, count = manifest.frontier(), 0
    for leaves in _leaves(folder, manifest):
        frontier = frontier.extend(leaves)
        count += len(leaves)
    if frontier.root().hex() != manifest.root:
        raise ArchiveBroken("the entries lead to another root")
    _check_tiles(folder, manifest)
    checkpoint, signers = _checkpoint(folder, verifiers)
    _check_checkpoint(manifest, checkpoint, frontier.root())
    return Verified(manifest, frontier.root(), count, signers)


def check_chain(found: Iterable[Manifest]) -> int:
    """Demand that archives in the order of their days follow each other; return how many.

    Raises:
        ArchiveBroken: one does not begin where the one before ended.
    """
    before: Manifest | None = None
    count = 0
    for each in found:
        if before is not None and (
            (before.end, before.root) != (each.first, each.frontier().root().hex())
            or before.origin != each.origin
            or before.day >= each.day
        ):
            raise ArchiveBroken(f"{each.day} does not follow {before.day}")
        before, count = each, count + 1
    return count


def read_bundle(folder: Path, n: int) -> list[bytes]:
    """Return the entries of one bundle of an archive.

    Raises:
        ArchiveBroken: it is missing, cut, or not 256 entries.
    """
    path = f"{entries_path(n)}{PACKED}"
    content = _read(folder / path, LONGEST_BUNDLE_BYTES)
    try:
        entries = unbundle(folders.unpack(content, LONGEST_BUNDLE_BYTES))
    except TileInvalid:
        raise ArchiveBroken(f"{path} is cut") from None
    if len(entries) != WIDTH:
        raise ArchiveBroken(f"{path} does not hold {WIDTH} entries")
    return entries


def _leaves(folder: Path, manifest: Manifest) -> Iterator[list[bytes]]:
    """Give the leaf hashes of each bundle, once the tile beside it says the same."""
    for n in manifest.bundles():
        leaves = [leaf_hash(entry) for entry in read_bundle(folder, n)]
        if b"".join(leaves) != _read(folder / tile_path(0, n), TILE_BYTES):
            raise ArchiveBroken(f"{tile_path(0, n)} is not of the entries beside it")
        yield leaves


def _check_tiles(folder: Path, manifest: Manifest) -> None:
    """Compare each tile above the leaves with those of the level below that are here."""
    here = {place: folder / tile_path(*place) for place in tiles(manifest.first, manifest.end)}
    for (level, n), tile in here.items():
        parent = here.get((level + 1, n // WIDTH))
        if parent is None:
            continue
        at = n % WIDTH * 32
        expected = _read(parent, TILE_BYTES)[at : at + 32]
        if tile_root(_read(tile, TILE_BYTES)) != expected:
            raise ArchiveBroken(f"{tile_path(level + 1, n // WIDTH)} is not over its tiles")


def _checkpoint(
    folder: Path, verifiers: Iterable[NoteVerifier] | None
) -> tuple[Checkpoint, tuple[str, ...]]:
    try:
        note = _read(folder / CHECKPOINT, LONGEST_CHECKPOINT_BYTES).decode()
        if verifiers is None:
            return parse_checkpoint(parse_note(note).text), ()
        opened = open_note(note, verifiers)
        return parse_checkpoint(opened.text), opened.names
    except (NoteInvalid, UnicodeDecodeError):
        raise ArchiveBroken("the checkpoint is not signed by a key that was given") from None


def _check_checkpoint(manifest: Manifest, checkpoint: Checkpoint, root: bytes) -> None:
    path = [bytes.fromhex(each) for each in manifest.consistency]
    same = (checkpoint.origin, checkpoint.size) == (manifest.origin, manifest.tree_size)
    if not same or not verify_consistency(
        manifest.end, manifest.tree_size, path, root, checkpoint.root
    ):
        raise ArchiveBroken("the checkpoint does not continue these entries")


def _read(path: Path, most_bytes: int) -> bytes:
    with path.open("rb") as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise ArchiveBroken(f"{path.name} is too long")
    return content
