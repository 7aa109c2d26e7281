"""An archive is judged from its own files, and any change to them is seen."""

import random
from datetime import date
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from gateway.retention import folders
from gateway.retention.manifest import (
    CHECKPOINT,
    NAME,
    PACKED,
    ArchiveBroken,
    Manifest,
    decode,
    encode,
    paths,
    tiles,
)
from gateway.retention.reading import Archives
from gateway.retention.verifying import check_chain, verify
from gateway.tlog.checkpoints import Checkpoint
from gateway.tlog.merkle import Frontier, consistency_path, frontier_at, leaf_hash
from gateway.tlog.notes import Ed25519Signer, Ed25519Verifier, sign_note
from gateway.tlog.tiles import TileReader, bundle, entries_path, grown, tile_path

ORIGIN = "motlan.test/audit/1"
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
SIZE = 900
ENTRIES = [f'{{"n":{n}}}'.encode() for n in range(SIZE)]
TILES = grown(0, [leaf_hash(entry) for entry in ENTRIES], lambda _level, _n: b"")
READ = TileReader(lambda level, n: TILES[level, n])


def verifier(key: Ed25519PrivateKey = KEY) -> Ed25519Verifier:
    """Return who checks signatures of *key*."""
    return Ed25519Verifier(ORIGIN, key.public_key().public_bytes_raw())


def an_archive(place: Path, first: int = 256, end: int = 768, day: int = 5) -> Manifest:
    """Write one day's archive over the tree of 900 records."""
    for n in range(first // 256, end // 256):
        content = folders.pack(bundle(ENTRIES[n * 256 : (n + 1) * 256]))
        folders.write(place / f"{entries_path(n)}{PACKED}", content)
    for level, n in tiles(first, end):
        folders.write(place / tile_path(level, n), TILES[level, n])
    root = Frontier().extend(map(leaf_hash, ENTRIES)).root()
    note = sign_note(Checkpoint(ORIGIN, SIZE, root).text(), [Ed25519Signer(ORIGIN, KEY)])
    folders.write(place / CHECKPOINT, note.encode())
    manifest = Manifest(
        origin=ORIGIN,
        day=date(2026, 1, day),
        first=first,
        end=end,
        records=400,
        edge=tuple(each.hex() for each in frontier_at(first, READ).hashes),
        root=frontier_at(end, READ).root().hex(),
        tree_size=SIZE,
        consistency=tuple(each.hex() for each in consistency_path(end, SIZE, READ)),
        files={path: folders.sha256_of(place / path) for path in [*paths(first, end), CHECKPOINT]},
    )
    rewrite(place, manifest)
    return manifest


def rewrite(place: Path, manifest: Manifest) -> None:
    """Write the manifest."""
    folders.write(place / NAME, encode(manifest))


def forge(place: Path, path: str, content: bytes) -> None:
    """Replace a file, and let the manifest name the digest of the forgery."""
    folders.write(place / path, content)
    manifest = decode((place / NAME).read_bytes())
    rewrite(
        place, replace(manifest, files={**manifest.files, path: folders.sha256_of(place / path)})
    )


def test_an_archive_leads_from_its_records_to_the_checkpoint(tmp_path: Path) -> None:
    """No database and no gateway is asked."""
    manifest = an_archive(tmp_path)
    found = verify(tmp_path, [verifier()])

    assert (manifest, 512, (ORIGIN,)) == (found.manifest, found.entries, found.signers)
    assert manifest.root == found.root.hex()
    assert () == verify(tmp_path).signers


def test_a_signature_of_another_key_is_refused(tmp_path: Path) -> None:
    """Whoever wrote the files cannot have signed them as well."""
    an_archive(tmp_path)
    with pytest.raises(ArchiveBroken):
        verify(tmp_path, [verifier(OTHER)])


def test_any_changed_byte_is_seen(tmp_path: Path) -> None:
    """One flipped bit in any file of the archive."""
    an_archive(tmp_path)
    chance = random.Random(20261121)
    for file in sorted(path for path in tmp_path.rglob("*") if path.is_file()):
        whole = file.read_bytes()
        changed = bytearray(whole)
        changed[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        file.write_bytes(bytes(changed))
        with pytest.raises((ArchiveBroken, OSError)):
            verify(tmp_path, [verifier()])
        file.write_bytes(whole)

    assert verify(tmp_path, [verifier()]).entries


@pytest.mark.parametrize("cut", ["checkpoint", "tile/0/001", "tile/entries/002.gz"])
def test_a_missing_file_is_seen(tmp_path: Path, cut: str) -> None:
    """An archive is whole or it is none."""
    an_archive(tmp_path)
    (tmp_path / cut).unlink()
    with pytest.raises(ArchiveBroken):
        verify(tmp_path)


def test_a_forged_record_does_not_lead_to_the_root(tmp_path: Path) -> None:
    """Digests in the manifest can be forged with the file; the tree cannot."""
    an_archive(tmp_path)
    forged = [b'{"n":-1}', *ENTRIES[257:512]]
    forge(tmp_path, "tile/entries/001.gz", folders.pack(bundle(forged)))
    with pytest.raises(ArchiveBroken, match="not of the entries"):
        verify(tmp_path)
    forge(tmp_path, "tile/0/001", b"".join(map(leaf_hash, forged)))
    with pytest.raises(ArchiveBroken, match="another root"):
        verify(tmp_path)
    frontier = decode((tmp_path / NAME).read_bytes()).frontier()
    lied = frontier.extend(map(leaf_hash, [*forged, *ENTRIES[512:768]])).root().hex()
    rewrite(tmp_path, replace(decode((tmp_path / NAME).read_bytes()), root=lied))
    with pytest.raises(ArchiveBroken, match="does not continue"):
        verify(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no gzip",
        folders.pack(b"\0\1"),
        folders.pack(bundle(ENTRIES[:255])),
        folders.pack(b"\0" * 40_000_000),
        folders.pack(bundle(ENTRIES[256:512])) + b"more",
        folders.pack(bundle(ENTRIES[256:512]))[:-4],
    ],
)
def test_a_bundle_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    """A bomb, a cut, an appendix: nothing is unpacked beyond what a bundle can hold."""
    an_archive(tmp_path)
    forge(tmp_path, "tile/entries/001.gz", content)
    with pytest.raises(ArchiveBroken):
        verify(tmp_path)


def test_archives_follow_each_other(tmp_path: Path) -> None:
    """A day that was taken out leaves a hole that its neighbours show."""
    days = [
        an_archive(tmp_path / "1", 0, 256, 1),
        an_archive(tmp_path / "2", 256, 256, 2),
        an_archive(tmp_path / "3", 256, 768, 3),
    ]

    assert 3 == check_chain(days)
    for broken in ([days[0], replace(days[2], edge=("00" * 32,))], [days[2], days[0]]):
        with pytest.raises(ArchiveBroken, match="does not follow"):
            check_chain(broken)


def test_records_are_read_by_index(tmp_path: Path) -> None:
    """An auditor with an old index finds the record it names."""
    an_archive(tmp_path / "2026-01-01", 0, 256, 1)
    an_archive(tmp_path / "2026-01-02", 256, 768, 2)
    archives = Archives(tmp_path)

    assert ENTRIES[200:300] == [one.entry for one in archives.entries(200, 100)]
    assert (700, ENTRIES[700]) == (archives.entry(700).index, archives.entry(700).entry)
    with pytest.raises(ArchiveBroken):
        archives.entry(768)
