"""What a record commits to and does not show: sealed beside it, gone with its key or its day."""

import os
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12
_LABEL = b"motlan detail\0"


class DetailUnreadable(Exception):
    """The sealed bytes do not open: another key, or not what the record committed to."""


def sealed(opening: bytes, content: bytes) -> bytes:
    """Return *content* for the eyes of whoever can derive the record's *opening* (16 bytes).

    The opening goes with its epoch's key (`Pseudonyms.opening`): then nobody reads this any more.
    """
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(_key(opening)).encrypt(nonce, content, None)


def opened(opening: bytes, box: bytes) -> bytes:
    """Return what `sealed` put into *box*.

    Raises:
        DetailUnreadable: *box* was made with another opening, or altered.
    """
    try:
        return AESGCM(_key(opening)).decrypt(box[:_NONCE_BYTES], box[_NONCE_BYTES:], None)
    except (InvalidTag, ValueError):
        raise DetailUnreadable from None


def _key(opening: bytes) -> bytes:
    """Derive a key of its own: the opening itself salts the digests of the same record."""
    return sha256(_LABEL + opening).digest()
