"""Nonces of ours in proofs: made from a shared secret and the hour, so that nobody stores them."""

import hashlib
import hmac
from collections.abc import Callable, Sequence

from auth.base64url import decoded, encoded

PERIOD_S = 300  # a nonce is good for one period after it was made
_STAMP_BYTES, _SEAL_BYTES = 5, 15
_LENGTH = 27  # characters of the 20 bytes
_CLOCKS_S = 10  # workers' clocks differ: how far ahead another one's nonce may be


class Nonces:
    """Makes and judges nonces (RFC 9449 section 8); every worker with the same secrets agrees.

    A nonce holds the second it was made in and a seal over it, so that it also proves that the
    proof around it is younger than that second.

    Args:
        secrets: of this moment, the one in use first; those before it still judge.
    """

    def __init__(self, secrets: Callable[[], Sequence[bytes]]) -> None:
        self._secrets = secrets

    def current(self, now: float) -> str:
        """Return the nonce that proofs are to carry at *now* (Unix seconds)."""
        stamp = int(now).to_bytes(_STAMP_BYTES, "big")
        return encoded(stamp + _seal(self._secrets()[0], stamp))

    def good(self, nonce: str, now: float) -> bool:
        """Say whether a proof may carry *nonce* at *now* (Unix seconds)."""
        return self.good_since(nonce, now) is not None

    def good_since(self, nonce: str, now: float) -> float | None:
        """Return when *nonce* was made, as long as a proof may carry it at *now*; else None."""
        made = self.made_at(nonce)
        return made if made is not None and now - PERIOD_S <= made <= now + _CLOCKS_S else None

    def made_at(self, nonce: str) -> float | None:
        """Return the second in which a worker of ours made *nonce*; None when none did."""
        if len(nonce) != _LENGTH:
            return None
        content = decoded(nonce)
        if content is None:
            return None
        stamp, seal = content[:_STAMP_BYTES], content[_STAMP_BYTES:]
        good = [hmac.compare_digest(seal, _seal(secret, stamp)) for secret in self._secrets()]
        return float(int.from_bytes(stamp, "big")) if any(good) else None


def _seal(secret: bytes, stamp: bytes) -> bytes:
    return hmac.digest(secret, b"motlan dpop nonce\n" + stamp, hashlib.sha256)[:_SEAL_BYTES]
