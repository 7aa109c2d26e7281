"""Small logs, and a naive reading of RFC 6962 to judge the quick one by."""

import gzip
import hashlib
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from gateway.tlog import merkle, tiles
from gateway.tlog.checkpoints import Checkpoint
from gateway.tlog.cosignatures import Ed25519Cosigner, MlDsa44Signer, cosign
from gateway.tlog.merkle import HashReader, leaf_hash
from gateway.tlog.notes import Ed25519Signer, add_signatures, sign_note
from gateway.tlog.policies import Policy, parse_policy
from gateway.tlog.proofs import Proof
from gateway.tlog.tiles import TileReader

ORIGIN = "gateway.tinh.example/audit/a"
WITNESS = "witness.kiemtoan.example/w1"
OTHER_WITNESS = "witness.tinhban.example/w2"
AT_S = 1_795_000_000  # November 2026


def leaves(count: int) -> list[bytes]:
    """Return *count* different leaf hashes."""
    return [leaf_hash(entry) for entry in entries(count)]


def entries(count: int) -> list[bytes]:
    """Return *count* different entries."""
    return [b"entry %d" % n for n in range(count)]


def naive_root(hashes: Sequence[bytes]) -> bytes:
    """Return the tree hash, word for word as RFC 6962 section 2.1 defines it."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return hashlib.sha256(b"\x01" + naive_root(hashes[:k]) + naive_root(hashes[k:])).digest()


def reader_over(hashes: Sequence[bytes]) -> HashReader:
    """Return a reader of the full subtrees of a tree that lies in memory."""

    def read(wanted: list[tuple[int, int]]) -> list[bytes]:
        assert all((n + 1) << level <= len(hashes) for level, n in wanted)
        return [naive_root(hashes[n << level : (n + 1) << level]) for level, n in wanted]

    return read


def ed25519(seed: int) -> Ed25519PrivateKey:
    """Return the same key for the same *seed*, 0 to 255."""
    return Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)


def mldsa(seed: int) -> MLDSA44PrivateKey:
    """Return the same key for the same *seed*, 0 to 255."""
    return MLDSA44PrivateKey.from_seed_bytes(bytes([seed]) * 32)


class SmallLog:
    """A log in memory with its keys and two witnesses; written out as static files."""

    def __init__(self, held: Sequence[bytes], *, origin: str = ORIGIN) -> None:
        """Hold entries under *origin*; the same arguments make the same log."""
        self.origin, self.entries = origin, list(held)
        self.leaves = [leaf_hash(entry) for entry in held]
        self.signers = (Ed25519Signer(origin, ed25519(1)), MlDsa44Signer(origin, mldsa(1)))
        self.witnesses = (
            Ed25519Cosigner(WITNESS, ed25519(2)),
            MlDsa44Signer(OTHER_WITNESS, mldsa(2)),
        )
        self.tiles = tiles.grown(0, self.leaves, lambda _level, _n: b"")

    @property
    def reader(self) -> TileReader:
        """Return a reader of the tree's hashes."""
        return TileReader(lambda level, n: self.tiles[level, n])

    def root(self, size: int | None = None) -> bytes:
        """Return the root at *size*, by default of the whole log."""
        return merkle.root_at(len(self.entries) if size is None else size, self.reader)

    def signed(self, size: int | None = None) -> str:
        """Return the checkpoint at *size*, signed by the log alone."""
        size = len(self.entries) if size is None else size
        return sign_note(Checkpoint(self.origin, size, self.root(size)).text(), self.signers)

    def cosigned(self, size: int | None = None, at_s: int = AT_S) -> str:
        """Return the checkpoint at *size*, cosigned by both witnesses."""
        note = self.signed(size)
        text = note.partition("\n\n")[0] + "\n"
        return add_signatures(note, [cosign(text, each, at_s) for each in self.witnesses])

    def proof(self, index: int, size: int | None = None) -> Proof:
        """Return the proof that the entry at *index* stands in the log."""
        size = len(self.entries) if size is None else size
        path = merkle.inclusion_path(index, size, self.reader)
        return Proof(index, tuple(path), self.cosigned(size), self.entries[index])

    def policy(self, needed: str = "all") -> Policy:
        """Return the policy that believes this log when *needed* of its witnesses saw it."""
        lines = [f"log {each.vkey}" for each in self.signers]
        lines += [f"witness w{n} {each.vkey}" for n, each in enumerate(self.witnesses, 1)]
        lines += [f"group both {needed} w1 w2", "quorum both", ""]
        return parse_policy("\n".join(lines).encode())

    def write(self, folder: Path, size: int | None = None, *, zipped: bool = False) -> None:
        """Write the log at *size* as static files, the way tlog-tiles lays them out."""
        size = len(self.entries) if size is None else size
        _put(folder / "checkpoint", self.cosigned(size).encode())
        for place in tiles.tiles_of(size):
            data = tiles.cut(self.tiles[place.level or 0, place.n], place.width)
            _put(folder / tiles.tile_path(place.level or 0, place.n, place.width), data)
            if place.level == 0:
                first = place.n * tiles.WIDTH
                data = tiles.bundle(self.entries[first : first + place.width])
                path = folder / tiles.entries_path(place.n, place.width)
                _put(path, gzip.compress(data, mtime=0) if zipped else data)


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
