"""Key sets that agencies publish themselves: what counts of one, and when it is asked for again.

The address is the agency's promise, and the agency's server is not ours: what was read last goes on
counting while it is away, for a bounded time, and nobody can make us ask more often than we want.
"""

from datetime import datetime, timedelta

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from auth.errors import KeyRefused, PartyError
from auth.jose import public_jwk, verification_key

MOST_KEYS = 4  # as in a document: two serve for a rotation with overlap
MOST_OFFERED = 32  # entries of a set that are looked at; the rest of it is somebody else's
FRESH = timedelta(minutes=10)  # then the keeper asks again
AGAIN = timedelta(seconds=30)  # at least, between two questions to one address
KEPT = timedelta(hours=72)  # what was read last counts for so long without a new answer
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "k"})
_OURS = ("kty", "crv", "x", "y", "kid", "use", "alg")


class KeySetRefused(PartyError):
    """What stands at the address is no key set that can be used; *fact* says why."""

    def __init__(self, fact: str, lost: frozenset[str] = frozenset()) -> None:
        super().__init__(fact)
        self.fact = fact
        self.lost = lost


class Offered(Struct, frozen=True):
    """What an address offered."""

    jwks: tuple[dict[str, str], ...]
    lost: frozenset[str]  # RFC 7638 thumbprints of keys whose private part stood there too


class KeySet(Struct, frozen=True, kw_only=True):
    """What is known of one system's address; the same for all workers."""

    url: str
    jwks: tuple[dict[str, str], ...] = ()
    fetched_at: datetime | None = None  # the last answer that could be used
    tried_at: datetime
    fault: str | None = None  # why the last try was none

    def knows(self, kid: str | None) -> bool:
        """Say whether a key of that id is among the keys; no id in particular is no news."""
        return kid is None or any(jwk["kid"] == kid for jwk in self.jwks)

    def good(self, now: datetime) -> tuple[dict[str, str], ...]:
        """Return the keys that count at *now*: none once the last answer is 72 hours old."""
        if self.fetched_at is None or now - self.fetched_at > KEPT:
            return ()
        return self.jwks

    def stale(self, now: datetime) -> bool:
        """Say whether it is time to ask again."""
        return self.fetched_at is None or now - self.fetched_at >= FRESH


class _Set(Struct, frozen=True):
    keys: list[dict[str, object]]


_DECODER = msgspec.json.Decoder(_Set)


def read(body: bytes) -> Offered:
    """Return what counts of a JWK set: signing keys of our algorithms, each id once.

    Keys of other kinds are passed over (RFC 7517 section 5 demands it).  A private key that stands
    there for everybody to read is no key any more, and is named so that it is forgotten.

    Raises:
        KeySetRefused: it is no JWK set, says one id twice, or holds no key or more than four that
            could be used.
    """
    try:
        offered = _DECODER.decode(body).keys
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise KeySetRefused("it is not a JWK set") from None
    if len(offered) > MOST_OFFERED:
        raise KeySetRefused(f"the set has more than {MOST_OFFERED} keys")
    lost = frozenset(filter(None, (_thumbprint(jwk) for jwk in offered if _PRIVATE & jwk.keys())))
    usable = [jwk for jwk in map(_usable, offered) if jwk is not None]
    found = {jwk["kid"]: jwk for jwk in usable if _thumbprint(jwk) not in lost}
    if len({jwk["kid"] for jwk in usable}) < len(usable):
        raise KeySetRefused("the set names one kid twice", lost)
    if not 1 <= len(found) <= MOST_KEYS:
        raise KeySetRefused(f"the set holds no usable key, or more than {MOST_KEYS}", lost)
    return Offered(tuple(found.values()), lost)


def renewed(known: KeySet, offered: Offered, now: datetime) -> KeySet:
    """Return the key set after an answer that could be used."""
    fault = "a private key is published there" if offered.lost else None
    return replace(known, jwks=offered.jwks, fetched_at=now, fault=fault)


def unrenewed(known: KeySet, fact: str, lost: frozenset[str] = frozenset()) -> KeySet:
    """Return the key set after a try that brought nothing: as it was, without lost keys."""
    kept = tuple(jwk for jwk in known.jwks if _thumbprint(jwk) not in lost)
    return replace(known, jwks=kept, fault=fact)


def _usable(jwk: dict[str, object]) -> dict[str, str] | None:
    ours = {name: jwk[name] for name in _OURS if name in jwk}
    if _PRIVATE & jwk.keys():
        return None
    try:
        found = public_jwk(verification_key(ours))
    except KeyRefused:
        return None
    return found if found["kid"].isprintable() else None


def _thumbprint(jwk: dict[str, object] | dict[str, str]) -> str | None:
    public = {name: jwk[name] for name in ("kty", "crv", "x", "y") if name in jwk}
    try:
        return verification_key(public).thumbprint
    except KeyRefused:
        return None
