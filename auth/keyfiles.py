"""Signing keys on disk: one file for each key, never changed once written.

A key's state follows from the hours that stand in the files, so that a rotation is the appearance
of one file: no crash between two writes can leave two active keys, or none.
"""

import fcntl
import os
import secrets
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import msgspec

from auth.errors import KeyRefused, KeyRingUnusable
from auth.jose import SigningKey, VerificationKey, public_jwk, signing_key, verification_key

SUFFIX = ".jwk"
_LARGEST_FILE = 4096  # bytes


class KeyFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one file holds."""

    created_at: datetime
    active_from: datetime  # until then published and not used
    jwk: dict[str, str]


class RingKey(msgspec.Struct, frozen=True, kw_only=True):
    """One key, read and understood."""

    created_at: datetime
    active_from: datetime
    signing: SigningKey
    verification: VerificationKey

    @property
    def kid(self) -> str:
        """The key's id: its RFC 7638 thumbprint."""
        return self.signing.kid


def names(directory: Path) -> frozenset[str]:
    """Return the names of the key files in *directory*; a few microseconds.

    Raises:
        KeyRingUnusable: the directory is missing, or others than its owner may write into it.
    """
    try:
        mode = directory.stat().st_mode
        found = frozenset(name for name in os.listdir(directory) if name.endswith(SUFFIX))  # noqa: PTH208 - names only, on a path that has to be quick
    except OSError as gone:
        raise KeyRingUnusable("the directory of signing keys cannot be read") from gone
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise KeyRingUnusable("others may write into the directory of signing keys: chmod 700")
    return found


def read(directory: Path, name: str) -> RingKey | None:
    """Read one key file; None when it was removed meanwhile.

    Raises:
        KeyRingUnusable: others may read the file, or it is not a key of ours.
    """
    content = secret_bytes(directory / name, f"the signing key file {name}", most=_LARGEST_FILE)
    return None if content is None else _understood(name, content)


def secret_bytes(path: Path, called: str, *, most: int) -> bytes | None:
    """Return the first *most* bytes of a file that is its owner's alone; None when it is gone.

    Args:
        path: the file; a link is not followed.
        called: what the file is called where something is wrong.
        most: bytes.

    Raises:
        KeyRingUnusable: others may read the file, or we may not.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as closed:
        raise KeyRingUnusable(f"{called} cannot be read") from closed
    with os.fdopen(descriptor, "rb") as file:
        if os.fstat(file.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise KeyRingUnusable(f"others may read {called}: chmod 600")
        return file.read(most)


def write(directory: Path, key: KeyFile) -> RingKey:
    """Let a new key file appear, whole and durable, under the key's id."""
    content = msgspec.json.format(msgspec.json.encode(key), indent=2)
    ring_key = _understood("", content)
    final = directory / f"{ring_key.kid}{SUFFIX}"
    passing = directory / f".{secrets.token_hex(8)}.tmp"
    descriptor = os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    passing.rename(final)
    _flush_directory(directory)
    return ring_key


def remove(directory: Path, kid: str) -> None:
    """Destroy a key file; one that is gone already is no failure."""
    (directory / f"{kid}{SUFFIX}").unlink(missing_ok=True)
    _flush_directory(directory)


@contextmanager
def locked(directory: Path) -> Generator[None]:
    """Hold the directory for one writer, make it when it is missing, clear what a crash left.

    Raises:
        KeyRingUnusable: the directory cannot be made or opened.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as refused:
        raise KeyRingUnusable("the directory of signing keys cannot be made") from refused
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # let go when the descriptor closes
        for left in directory.glob(".*.tmp"):
            with suppress(FileNotFoundError):
                left.unlink()
        yield
    finally:
        os.close(descriptor)


def _understood(name: str, content: bytes) -> RingKey:
    try:
        file = msgspec.json.decode(content, type=KeyFile)
        signing = signing_key(file.jwk)
        verification = verification_key(public_jwk(signing))
    except (msgspec.DecodeError, KeyRefused) as odd:
        raise KeyRingUnusable(f"the signing key file {name} is not a key of ours") from odd
    if file.active_from.tzinfo is None or file.created_at.tzinfo is None:
        raise KeyRingUnusable(f"the signing key file {name} has hours without a time zone")
    if name and name != f"{signing.kid}{SUFFIX}":
        raise KeyRingUnusable(f"the signing key file {name} holds another key than its name says")
    return RingKey(
        created_at=file.created_at,
        active_from=file.active_from,
        signing=signing,
        verification=verification,
    )


def _flush_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
