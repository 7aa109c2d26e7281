"""What a caller keeps on disk: its key, and a token until it ends; for its own account alone."""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

import msgspec

from auth.client import ClientKey
from auth.credentials import keytexts
from auth.credentials.keytexts import KeyTextRefused
from auth.errors import KeyRefused
from auth.jose import public_jwk, signing_key
from gateway.calling.system import Held

OTHERS = stat.S_IRWXG | stat.S_IRWXO
LARGEST = 16_384  # bytes of such a file
MARK = b"motlan_"  # what the line of `motlan system keygen` begins with


class KeyUnusable(Exception):
    """A key file that cannot be used; says why, and nothing of the key."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A token between two runs, and whose it is."""

    gateway: str
    client_id: str
    kid: str  # the key that it is bound to
    held: Held
    nonce: str | None = None


def read_key(path: Path) -> ClientKey:
    """Return the key in *path*: as `motlan system keygen` or the demo writes it, or a private JWK.

    Raises:
        KeyUnusable: not there, readable by others, or no key.
    """
    try:
        if path.stat().st_mode & OTHERS:
            raise KeyUnusable(f"{path} can be read by others: chmod 600")
        content = path.read_bytes()[:LARGEST]
        members = _members(content)
        return ClientKey(private=members, public=public_jwk(signing_key(members)))
    except OSError as missing:
        raise KeyUnusable(f"{path}: {missing.strerror}") from None
    except KeyTextRefused as mistyped:
        raise KeyUnusable(f"{path}: {mistyped.fact}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, KeyRefused):
        raise KeyUnusable(
            f"{path} holds no private key of ours (a JWK, P-256 or Ed25519)"
        ) from None


def _members(content: bytes) -> dict[str, str]:
    if content.lstrip().startswith(MARK):
        return keytexts.read(content.decode("ascii"))[0]
    found = msgspec.json.decode(content, type=dict[str, object])
    return msgspec.convert(found.get("private", found), dict[str, str])


class Tokens:
    """One file for one key; whoever may read the key may read it, nobody else."""

    def __init__(self, key_file: Path) -> None:
        """Keep the token beside *key_file*."""
        self._path = key_file.with_name(f".{key_file.stem}.token")

    def find(self, gateway: str, client_id: str, key: ClientKey) -> Kept | None:
        """Return what was kept for this caller at this gateway, if anything."""
        try:
            if self._path.stat().st_mode & OTHERS:
                return None
            kept = msgspec.json.decode(self._path.read_bytes()[:LARGEST], type=Kept)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        asked = (gateway, client_id, key.public["kid"])
        return kept if asked == (kept.gateway, kept.client_id, kept.kid) else None

    def keep(self, kept: Kept) -> None:
        """Replace what was kept; a place that cannot be written to keeps nothing."""
        with suppress(OSError):
            # Made for the owner alone from the first moment; renamed, so that nobody reads half.
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=".token-")
            with os.fdopen(handle, "wb") as file:
                file.write(msgspec.json.encode(kept))
            Path(name).replace(self._path)

    def forget(self) -> None:
        """Keep nothing any more."""
        with suppress(OSError):
            self._path.unlink()
