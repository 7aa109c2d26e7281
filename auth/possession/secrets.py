"""Secrets of the nonces on disk: one file for each, never changed once written."""

import os
import secrets
from collections.abc import Sequence
from pathlib import Path

import msgspec

from auth import keyfiles
from auth.errors import KeyRingUnusable

SUFFIX = ".nonce"
_BYTES = 32
_FAULT = "the directory of nonce secrets"


class NonceSecret(msgspec.Struct, frozen=True):
    """One secret; never printed."""

    made_at: int  # Unix milliseconds; the newest is the one in use
    content: bytes

    def __repr__(self) -> str:
        return f"NonceSecret(made_at={self.made_at})"


class NonceSecrets:
    """The secrets of one directory, looked at again whenever a file appears or goes.

    Several processes share the directory: the list of its files is compared at every use, which
    costs a few microseconds, so a rotation by one worker is known to all of them at once.

    Args:
        directory: made when it is missing; nobody else may read or write it.
        life_s: how long a secret judges after its successor came: the life of a nonce, and clocks
            that differ.
    """

    def __init__(self, directory: Path, *, life_s: float) -> None:
        self._directory = directory
        self._life_s = life_s
        self._names: frozenset[str] = frozenset()
        self._secrets: tuple[NonceSecret, ...] = ()  # newest first

    def __call__(self) -> Sequence[bytes]:
        """Return the secrets, newest first.

        Raises:
            KeyRingUnusable: there is none, or others may read it.
        """
        self._refresh()
        if not self._secrets:
            raise KeyRingUnusable(f"{_FAULT} is empty")
        return [secret.content for secret in self._secrets]

    def ensure(self, now: float, *, every_s: float) -> bool:
        """Make a secret when there is none, or the newest is older than *every_s*; say if one came.

        Secrets that no nonce of theirs can be good under any more are destroyed.  Safe when
        several workers do it at once.

        Raises:
            KeyRingUnusable: the directory cannot be used.
        """
        with keyfiles.locked(self._directory):
            self._refresh()
            now_ms = int(now * 1000)
            due = not self._secrets or now_ms - self._secrets[0].made_at >= every_s * 1000
            if due:
                self._add(now_ms)
            self._destroy_spent(now_ms)
            self._refresh()
        return due

    def _destroy_spent(self, now_ms: int) -> None:
        self._refresh()
        pairs = zip(self._secrets[1:], self._secrets, strict=False)
        for secret, successor in pairs:
            if successor.made_at + self._life_s * 1000 < now_ms:
                (self._directory / f"{secret.made_at}{SUFFIX}").unlink(missing_ok=True)

    def _add(self, now_ms: int) -> None:
        latest = self._secrets[0].made_at if self._secrets else 0
        name = f"{max(now_ms, latest + 1)}{SUFFIX}"
        passing = self._directory / f".{secrets.token_hex(8)}.tmp"
        descriptor = os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
        passing.rename(self._directory / name)

    def _refresh(self) -> None:
        """Read the directory again when its list of files has changed."""
        names = _names(self._directory)
        if names == self._names:
            return
        found = (_read(self._directory, name) for name in names)
        made = [secret for secret in found if secret is not None]
        self._secrets = tuple(sorted(made, key=lambda each: -each.made_at))
        self._names = names


def _names(directory: Path) -> frozenset[str]:
    try:
        return frozenset(name for name in os.listdir(directory) if name.endswith(SUFFIX))  # noqa: PTH208 - names only, on a path that has to be quick
    except OSError as gone:
        raise KeyRingUnusable(f"{_FAULT} cannot be read") from gone


def _read(directory: Path, name: str) -> NonceSecret | None:
    """Read one secret; None when it was removed meanwhile."""
    content = keyfiles.secret_bytes(directory / name, f"a file in {_FAULT}", most=_BYTES + 1)
    if content is None:
        return None
    made_at = name.removesuffix(SUFFIX)
    if len(content) != _BYTES or not made_at.isdecimal():
        raise KeyRingUnusable(f"{_FAULT} holds a file that is no secret of ours")
    return NonceSecret(int(made_at), content)
