"""Where a list goes on, sealed: a cursor must not tell the index of a closed record."""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.audit.pseudonyms import LONG_LIVED, Pseudonyms
from gateway.disclosure.errors import Unknown

_NONCE_BYTES = 12
_INDEX_BYTES = 8
_LONGEST = 64  # characters
_KEY_NAME = "disclosure.cursor"


class Cursors:
    """Writes and reads cursors of one person's lists, the same in every worker."""

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms

    def written(self, index: int, owner: str) -> str:
        """Return a cursor for *index* in a list of *owner*, a pseudonym."""
        nonce = os.urandom(_NONCE_BYTES)
        told = index.to_bytes(_INDEX_BYTES, "big")
        return urlsafe_b64encode(nonce + self._box().encrypt(nonce, told, owner.encode())).decode()

    def read(self, cursor: str, owner: str) -> int:
        """Return the index; raise Unknown for what is no cursor of *owner*."""
        try:
            data = urlsafe_b64decode(cursor.encode("ascii")) if len(cursor) <= _LONGEST else b""
            told = self._box().decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], owner.encode())
        except (ValueError, InvalidTag):
            raise Unknown from None
        return int.from_bytes(told, "big")

    def _box(self) -> AESGCM:
        return AESGCM(self._pseudonyms.opening(_KEY_NAME, LONG_LIVED))
