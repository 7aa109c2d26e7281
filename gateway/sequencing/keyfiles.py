"""Log keys on disk: one file for each pair, written whole, readable by its owner alone.

A pair's state follows from the hours that stand in the files, so that a rotation is the appearance
of one file: no crash between two writes can leave the log without a key.
"""

import fcntl
import os
import secrets
import stat
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from msgspec import Struct

SUFFIX = ".logkey"
_LETTERS = "abcdefghijkmnpqrstuvwxyz"  # no digits: an id must not look like a number
_LARGEST_FILE = 8_192  # bytes
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class LogKeysUnusable(Exception):
    """The ring cannot be trusted or used; says why, never with key material."""


class KeyPair(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file: an Ed25519 and an ML-DSA-44 key that sign side by side.

    The private halves are empty once they were destroyed; the public ones stay, so that old
    checkpoints can be verified for ever.
    """

    v: int = 1
    id: str
    created_at: datetime
    active_from: datetime  # until then published and not used
    retired_at: datetime | None = None  # by a person's word; None: when a successor takes over
    ed25519: bytes  # base64 in the file
    ed25519_public: bytes
    ml_dsa_44: bytes
    ml_dsa_44_public: bytes


def new_pair(now: datetime, active_from: datetime) -> KeyPair:
    """Return a pair that nobody has seen."""
    ed25519, ml_dsa_44 = Ed25519PrivateKey.generate(), MLDSA44PrivateKey.generate()
    return KeyPair(
        id="".join(secrets.choice(_LETTERS) for _ in range(12)),
        created_at=now,
        active_from=active_from,
        ed25519=ed25519.private_bytes_raw(),
        ed25519_public=ed25519.public_key().public_bytes_raw(),
        ml_dsa_44=ml_dsa_44.private_bytes_raw(),
        ml_dsa_44_public=ml_dsa_44.public_key().public_bytes_raw(),
    )


def seen(directory: Path) -> frozenset[tuple[str, int, int]]:
    """Return what changes whenever a file appears or is replaced; a few microseconds.

    The directory's own time is not enough: two changes within one tick of the clock share it.
    """
    try:
        with os.scandir(directory) as found:
            files = [one for one in found if one.name.endswith(SUFFIX)]
            return frozenset((one.name, one.inode(), one.stat().st_mode) for one in files)
    except FileNotFoundError:  # no directory, or a file that was replaced just now
        return frozenset()


def read_all(directory: Path) -> list[KeyPair]:
    """Read every pair, in order of the hour from which it signs.

    Raises:
        LogKeysUnusable: others may read or write the directory or a file, or a file is damaged.
    """
    if not directory.exists():
        return []
    if directory.stat().st_mode & _OTHERS:
        raise LogKeysUnusable(f"others may enter {directory}: chmod 700")
    pairs = [_read(path) for path in sorted(directory.glob(f"*{SUFFIX}"))]
    return sorted(pairs, key=lambda pair: (pair.active_from, pair.created_at))


def write(directory: Path, pair: KeyPair) -> None:
    """Let a pair appear, or replace its file; flushed before the call returns."""
    passing = directory / f".{secrets.token_hex(8)}.tmp"
    descriptor = os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(pair), indent=2))
        file.flush()
        os.fsync(file.fileno())
    passing.replace(directory / f"{pair.id}{SUFFIX}")
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(directory: Path) -> Generator[None]:
    """Hold the directory for one writer; make it when it is missing.

    Raises:
        LogKeysUnusable: the directory cannot be made or opened.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as refused:
        raise LogKeysUnusable(f"{directory} cannot be made or opened") from refused
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # let go when the descriptor closes
        for left in directory.glob(".*.tmp"):
            left.unlink(missing_ok=True)
        yield
    finally:
        os.close(descriptor)


def _read(path: Path) -> KeyPair:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as closed:
        raise LogKeysUnusable(f"{path} cannot be read") from closed
    with os.fdopen(descriptor, "rb") as file:
        if os.fstat(file.fileno()).st_mode & _OTHERS:
            raise LogKeysUnusable(f"others may read {path}: chmod 600")
        content = file.read(_LARGEST_FILE)
    try:
        pair = msgspec.json.decode(content, type=KeyPair)
    except msgspec.DecodeError as damaged:
        raise LogKeysUnusable(f"{path} is damaged") from damaged
    if f"{pair.id}{SUFFIX}" != path.name or None in {
        pair.created_at.tzinfo,
        pair.active_from.tzinfo,
    }:
        raise LogKeysUnusable(f"{path} is not a key file of ours")
    return pair
