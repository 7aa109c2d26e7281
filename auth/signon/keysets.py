"""JWK sets of others, read: what we can use of them, and which key an id names."""

from collections.abc import Iterable
from typing import cast

from auth.errors import KeyRefused
from auth.jose import VerificationKey, verification_key
from auth.signon.members import NotUnderstood, members

MOST_KEYS = 64


def read_keys(document: bytes) -> tuple[VerificationKey, ...]:
    """Return the keys of a JWK set that are of our algorithms; the others are left out.

    Raises:
        NotUnderstood: it is not a JWK set of at most 64 keys (RFC 7517 section 5).
    """
    listed = members(document).get("keys")
    if not isinstance(listed, list):
        raise NotUnderstood
    keys = cast("list[object]", listed)
    if len(keys) > MOST_KEYS or not all(isinstance(key, dict) for key in keys):
        raise NotUnderstood
    return tuple(_usable(cast("list[dict[str, object]]", keys)))


def named(keys: tuple[VerificationKey, ...], kid: str | None) -> tuple[VerificationKey, ...]:
    """Return the keys that may have signed a text whose header holds *kid*, or holds none."""
    return keys if kid is None else tuple(key for key in keys if key.kid == kid)


def _usable(keys: list[dict[str, object]]) -> Iterable[VerificationKey]:
    for key in keys:
        try:
            yield verification_key(key)
        except KeyRefused:  # an RSA key, an encryption key: none that we would use
            continue
