"""Who a witness is: a name and two keys, in one file that is made once with its store."""

import secrets
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from msgspec import Struct

from gateway.tlog.cosignatures import Cosigner, Ed25519Cosigner, MlDsa44Signer
from gateway.tlog.notes import NoteInvalid
from gateway.tlog.vkeys import VKey, check_name
from gateway.witnessing.files import StoreUnusable, locked, make_directory, read, write

FILE = "witness.json"
SEED_BYTES = 32  # of either kind of key


class _Stored(Struct, frozen=True, forbid_unknown_fields=True):
    """The file; base64 inside."""

    v: int
    name: str
    ed25519: bytes
    ml_dsa_44: bytes


class Identity:
    """A witness's name and keys.

    Ed25519 (type 0x04) is understood everywhere; ML-DSA-44 (type 0x06) outlives quantum computers.
    A witness signs with both, and a policy may name either.
    """

    def __init__(self, name: str, ed25519: bytes, ml_dsa_44: bytes) -> None:
        """Sign as *name* with the keys of two seeds, 32 bytes each."""
        self.name = name
        self.cosigners: tuple[Cosigner, ...] = (
            Ed25519Cosigner(name, Ed25519PrivateKey.from_private_bytes(ed25519)),
            MlDsa44Signer(name, MLDSA44PrivateKey.from_seed_bytes(ml_dsa_44)),
        )

    @property
    def vkeys(self) -> tuple[VKey, ...]:
        """Return the public keys, to be handed out: Ed25519, then ML-DSA-44."""
        return tuple(each.vkey for each in self.cosigners)


def create(directory: Path, name: str) -> Identity:
    """Make a witness in *directory*, once.

    Raises:
        StoreUnusable: there is one already, or the name cannot stand in a signature line.
    """
    try:
        check_name(name)
    except NoteInvalid:
        raise StoreUnusable(
            f"{name!r} cannot name a witness: no blanks, no plus sign, at most 255 bytes"
        ) from None
    make_directory(directory)
    with locked(directory):
        if read(directory / FILE) is not None:
            raise StoreUnusable(f"{directory} holds a witness already; its keys stay as they are")
        seeds = secrets.token_bytes(SEED_BYTES), secrets.token_bytes(SEED_BYTES)
        stored = _Stored(1, name, *seeds)
        write(directory / FILE, msgspec.json.format(msgspec.json.encode(stored)).decode())
    return Identity(name, *seeds)


def load(directory: Path) -> Identity:
    """Return the witness of *directory*.

    Keys and store live together: who loses the store loses the name, and cannot begin again under
    it with an empty memory.

    Raises:
        StoreUnusable: there is none, others may read its keys, or the file is damaged.
    """
    text = read(directory / FILE, secret=True)
    if text is None:
        raise StoreUnusable(f"no witness in {directory}; make one with `motlan witness keygen`")
    try:
        stored = msgspec.json.decode(text.encode(), type=_Stored)
        check_name(stored.name)
        return Identity(stored.name, stored.ed25519, stored.ml_dsa_44)
    except (msgspec.DecodeError, ValueError) as damaged:
        raise StoreUnusable(f"{directory / FILE} is damaged") from damaged
