"""The file ring of pseudonym keys: one key per purpose and epoch, agreed on by all workers."""

import fcntl
import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

import msgspec
from msgspec import Struct

KEY_BYTES = 32
_OTHERS = 0o077


class Purpose(StrEnum):
    """What a key is for; keys of one purpose say nothing about those of another."""

    CASES = "cases"
    CITIZENS = "citizens"
    CONSENT = "consent"  # consent rows' `principal_ref`; outlives years
    OFFICIALS = "officials"
    OPENINGS = "openings"  # salts of digests, derived per record
    PEERS = "peers"  # network addresses in aggregated refusals


class KeyState(StrEnum):
    """Life of one key."""

    ACTIVE = "active"
    DESTROYED = "destroyed"  # every link of its epoch to people is dead; the record is not


class KeyInfo(Struct, frozen=True):
    """What may be said aloud about a key."""

    purpose: Purpose
    epoch: str
    state: KeyState


class KeyDestroyed(Exception):
    """The key of that purpose and epoch was destroyed for good."""

    def __init__(self, purpose: Purpose, epoch: str) -> None:
        super().__init__(f"key {purpose.value}-{epoch} was destroyed")
        self.purpose = purpose
        self.epoch = epoch


class KeyringUnsafe(Exception):
    """The ring cannot be trusted: others may read it, or a file is not one of its own."""


class _Stored(Struct, frozen=True, forbid_unknown_fields=True):
    """One file of the ring."""

    v: int
    state: KeyState
    key: bytes  # base64 in the file; empty once destroyed


class Keyring:
    """Keys in a directory that only its owner may read; every change is atomic and flushed.

    File calls block, but a key is read once a year and process, so callers keep it.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def key(self, purpose: Purpose, epoch: str) -> bytes:
        """Return the 32-byte key of *purpose* and *epoch*, made now when there is none.

        Raises:
            KeyDestroyed: it existed and was destroyed; it is never made anew.
            KeyringUnsafe: permissions are too wide, or the file is damaged.
        """
        found = self._read(purpose, epoch)
        if found is None:
            with self._locked():
                found = self._read(purpose, epoch)
                if found is None:  # nobody was faster
                    found = _Stored(1, KeyState.ACTIVE, secrets.token_bytes(KEY_BYTES))
                    self._write(purpose, epoch, found)
        if found.state is KeyState.DESTROYED:
            raise KeyDestroyed(purpose, epoch)
        return found.key

    def existing(self, purpose: Purpose, epoch: str) -> bytes | None:
        """Return the key when it exists and lives, else None; a search makes no keys."""
        found = self._read(purpose, epoch)
        return found.key if found is not None and found.state is KeyState.ACTIVE else None

    def keys(self) -> list[KeyInfo]:
        """List purposes, epochs and states, never key material, in order of name.

        Raises:
            KeyringUnsafe: a file is none of the ring, or damaged, or others may read it.
        """
        if not self._directory.exists():
            return []
        names = sorted(path.stem for path in self._directory.glob("*-*.key"))
        pairs = [_named(name) for name in names]
        stored = [(purpose, epoch, self._read(purpose, epoch)) for purpose, epoch in pairs]
        return [KeyInfo(purpose, epoch, one.state) for purpose, epoch, one in stored if one]

    def generation(self) -> int:
        """Return a number that changes whenever a key is made or destroyed; one system call."""
        try:
            return self._directory.stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def destroy(self, purpose: Purpose, epoch: str) -> None:
        """Forget a key for good: overwrite it, then leave a mark so that none follows.

        Processes that hold the key in memory see `generation` change, and forget it.  A file system
        may keep old blocks: the directory belongs on an encrypted volume.

        Raises:
            KeyError: there is no such key.
        """
        with self._locked():
            if self._read(purpose, epoch) is None:
                raise KeyError(f"{purpose.value}-{epoch}")
            path = self._path(purpose, epoch)
            with path.open("r+b", buffering=0) as file:
                file.write(b"\0" * path.stat().st_size)
                os.fsync(file.fileno())
            self._write(purpose, epoch, _Stored(1, KeyState.DESTROYED, b""))

    def _path(self, purpose: Purpose, epoch: str) -> Path:
        return self._directory / f"{purpose.value}-{epoch}.key"

    def _read(self, purpose: Purpose, epoch: str) -> _Stored | None:
        path = self._path(purpose, epoch)
        try:
            with path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                content = file.read()
        except FileNotFoundError:
            return None
        if mode & _OTHERS:
            raise KeyringUnsafe(f"{path} can be read by others: chmod 600")
        if content and not content.strip(b"\0"):  # a crash came between overwriting and the mark
            return _Stored(1, KeyState.DESTROYED, b"")
        try:
            stored = msgspec.json.decode(content, type=_Stored)
        except msgspec.DecodeError as damaged:
            raise KeyringUnsafe(f"{path} is damaged") from damaged
        if stored.state is KeyState.ACTIVE and len(stored.key) != KEY_BYTES:
            raise KeyringUnsafe(f"{path} does not hold {KEY_BYTES} bytes")
        return stored

    def _write(self, purpose: Purpose, epoch: str, stored: _Stored) -> None:
        path = self._path(purpose, epoch)
        draft = path.with_suffix(f".{os.getpid()}.new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(stored))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        self._flush_directory()

    def _flush_directory(self) -> None:
        descriptor = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)  # the name must survive a power cut as well as the bytes
        finally:
            os.close(descriptor)

    @contextmanager
    def _locked(self) -> Generator[None]:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._directory.stat().st_mode & _OTHERS:
            raise KeyringUnsafe(f"{self._directory} can be entered by others: chmod 700")
        descriptor = os.open(self._directory / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _named(stem: str) -> tuple[Purpose, str]:
    purpose, _, epoch = stem.partition("-")
    try:
        return Purpose(purpose), epoch
    except ValueError:
        raise KeyringUnsafe(f"{stem}.key is no key of this ring: take it away") from None
