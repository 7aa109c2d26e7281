"""One attempt to sign on, between the two visits of the browser; sealed while it waits."""

import hashlib
import hmac
import re
import secrets

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from auth.base64url import encoded
from auth.signon.refusals import Ending, SignOnRefused

LIFE_S = 600  # a person has so long to prove himself at the provider
_NONCE_BYTES = 12  # NIST SP 800-38D 8.2.2: random, and each key seals once
_SEALING = b"motlan sign-on attempt 1"

_is_secret = re.compile(r"[A-Za-z0-9_-]{43}").fullmatch


class Attempt(Struct, frozen=True, kw_only=True):
    """What is remembered of an attempt; `repr` shows none of it."""

    provider: str
    state: str
    nonce: str
    verifier: str  # RFC 7636
    target: str
    level: int
    max_age: int | None = None
    begun_at: float  # Unix seconds

    def __repr__(self) -> str:
        """Name the provider: the rest opens the attempt."""
        return f"Attempt(provider={self.provider!r})"

    @property
    def challenge(self) -> str:
        """What the provider is shown of the verifier (RFC 7636 section 4.2, S256)."""
        return encoded(hashlib.sha256(self.verifier.encode("ascii")).digest())


_DECODER = msgspec.json.Decoder(Attempt)


def begun(provider: str, *, target: str, level: int, max_age: int | None, now: float) -> Attempt:
    """Return a new attempt; state, nonce and verifier are 256 random bits and more."""
    return Attempt(
        provider=provider,
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
        target=target,
        level=level,
        max_age=max_age,
        begun_at=now,
    )


def new_secret() -> str:
    """Return a cookie's secret: 256 random bits as 43 characters."""
    return secrets.token_urlsafe(32)


def row_key(secret: str) -> bytes:
    """Return the SHA-256 of a cookie's secret, under which the attempt waits.

    Raises:
        SignOnRefused: ATTEMPT_UNKNOWN; the cookie is missing or has not its form.
    """
    if _is_secret(secret) is None:
        raise SignOnRefused(Ending.ATTEMPT_UNKNOWN, "this browser has no attempt open")
    return hashlib.sha256(secret.encode("ascii")).digest()


def sealed(attempt: Attempt, secret: str) -> bytes:
    """Return *attempt* under a key that only the cookie's secret gives (AES-256-GCM)."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    plain = msgspec.json.encode(attempt)
    return nonce + AESGCM(_key(secret)).encrypt(nonce, plain, row_key(secret))


def opened(box: bytes, secret: str) -> Attempt:
    """Return the attempt that was sealed.

    Raises:
        SignOnRefused: ATTEMPT_UNKNOWN; it was sealed with another secret, or changed meanwhile.
    """
    nonce, rest = box[:_NONCE_BYTES], box[_NONCE_BYTES:]
    try:
        return _DECODER.decode(AESGCM(_key(secret)).decrypt(nonce, rest, row_key(secret)))
    except (InvalidTag, ValueError):
        raise SignOnRefused(Ending.ATTEMPT_UNKNOWN, "the attempt cannot be read") from None


def _key(secret: str) -> bytes:
    return hmac.digest(secret.encode("ascii"), _SEALING, "sha256")
