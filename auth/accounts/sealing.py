"""A cookie's secret: it finds the session's row, opens what is sealed in it, and binds CSRF tokens.

The database holds the secret's SHA-256 and a ciphertext; it opens no session and shows nobody.
"""

import hashlib
import hmac
import re
import secrets

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from auth.accounts.errors import SessionEnded
from auth.accounts.sessions import Payload
from auth.base64url import encoded

SECRET_BYTES = 32
_NONCE_BYTES = 12  # NIST SP 800-38D 8.2.2: random, and each key seals once
_SEALING = b"motlan session seal 1"
_CSRF = b"motlan session csrf 1\0"

_is_secret = re.compile(r"[A-Za-z0-9_-]{43}").fullmatch
_DECODER = msgspec.json.Decoder(Payload)


class Secret(Struct, frozen=True):
    """What a cookie holds: 256 random bits as 43 characters; never stored, never shown."""

    text: str

    def __repr__(self) -> str:
        """Show nothing."""
        return "Secret()"

    @property
    def key(self) -> bytes:
        """SHA-256 of the secret: the key of the session's row."""
        return hashlib.sha256(self.text.encode("ascii")).digest()

    def seal(self, payload: Payload, *, bound_to: str) -> bytes:
        """Return *payload* under a key that only this secret gives, for one session alone.

        Args:
            payload: what is the person's own.
            bound_to: id of the session; a ciphertext moved to another row does not open.

        Returns:
            12 bytes of nonce, then AES-256-GCM with its tag.
        """
        nonce = secrets.token_bytes(_NONCE_BYTES)
        plain = msgspec.json.encode(payload)
        return nonce + AESGCM(self._derived(_SEALING)).encrypt(nonce, plain, bound_to.encode())

    def open(self, sealed: bytes, *, bound_to: str) -> Payload:
        """Return what was sealed.

        Raises:
            SessionEnded: it was sealed with another secret, for another session, or changed.
        """
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            plain = AESGCM(self._derived(_SEALING)).decrypt(nonce, rest, bound_to.encode())
            return _DECODER.decode(plain)
        except (InvalidTag, ValueError):
            raise SessionEnded from None

    def csrf(self, session_id: str) -> str:
        """Return the token that state-changing requests of that session must bring.

        It changes with the secret, so a token from before a sign-in is dead after it.
        """
        return encoded(self._derived(_CSRF + session_id.encode()))

    def _derived(self, label: bytes) -> bytes:
        return hmac.digest(self.text.encode("ascii"), label, "sha256")


def drawn() -> Secret:
    """Return a new secret."""
    return Secret(secrets.token_urlsafe(SECRET_BYTES))


def read(text: str) -> Secret:
    """Return the secret of a cookie.

    Raises:
        SessionEnded: it has not the form of one.
    """
    if _is_secret(text) is None:
        raise SessionEnded
    return Secret(text)
