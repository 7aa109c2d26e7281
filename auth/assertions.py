"""Client assertions: what a system signs to prove that it is itself (`private_key_jwt`)."""

import re
from collections.abc import Sequence

import msgspec

from auth.errors import AssertionRefused, SignatureRefused
from auth.jose import VerificationKey, kid_of, payload_of, verified

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"  # RFC 7523 section 2.2

# RFC 7523 names no type; drafts that follow it name the last one.
_TYPES = frozenset({"", "jwt", "client-authentication+jwt"})
_LONGEST_JTI = 256
# The form that a registration has; any other text names nobody, and never reaches the database.
is_client_id = re.compile(r"[a-z][a-z0-9._-]{2,63}").fullmatch


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How an assertion is judged."""

    audiences: tuple[str, ...]  # our issuer, and our token endpoint
    life_s: float = 60  # from now, or from `iat` where it is told, to `exp`
    ahead_s: float = 60  # how far ahead `iat` and `nbf` may be: clocks differ


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """An assertion that was proven; good once."""

    client_id: str
    jti: str
    expires_at: float  # Unix seconds


class _Claims(msgspec.Struct, frozen=True, kw_only=True):
    iss: str
    sub: str
    aud: str | list[str]
    exp: int | float
    jti: str
    iat: int | float | None = None
    nbf: int | float | None = None


_DECODER = msgspec.json.Decoder(_Claims)


def named_client(assertion: str) -> str:
    """Return the client id that an unverified assertion names: good for a look-up only.

    Raises:
        AssertionRefused: it is not an assertion at all.
    """
    try:
        claims = _claims(payload_of(assertion))
    except SignatureRefused as refused:
        raise AssertionRefused(refused.fact) from None
    if is_client_id(claims.sub) is None:
        raise AssertionRefused("sub is not a client id")
    return claims.sub


def named_key(assertion: str) -> str | None:
    """Return the key id that an unverified assertion names: good for a look-up only."""
    try:
        return kid_of(assertion)
    except SignatureRefused:
        return None


def prove(
    assertion: str,
    client_id: str,
    keys: Sequence[VerificationKey],
    limits: Limits,
    now: float,
) -> Proof:
    """Verify that *assertion* was made by *client_id*, for us, just now.

    Args:
        assertion: a JWS compact serialization.
        client_id: whose keys these are; `iss` and `sub` must both name it.
        keys: the registered public keys; a `kid` in the header picks among them.
        limits: audiences and clock rules.
        now: Unix seconds.

    Returns:
        What has to be remembered before anything is granted, so that it counts once.

    Raises:
        AssertionRefused: any check failed.

    Source: RFC 7523 section 3; FAPI 2.0 section 5.3.2.1 for the clock (10 s ahead is accepted,
    over 60 s is not) and for an audience that stands alone.
    """
    try:
        payload = verified(assertion, types=_TYPES, keys=lambda kid: _picked(keys, kid))
    except SignatureRefused as refused:
        raise AssertionRefused(refused.fact) from None
    claims = _claims(payload)
    if claims.iss != client_id or claims.sub != client_id:
        raise AssertionRefused("iss and sub must both be the client id")
    # A list of several audiences would let another server of that list use it here.
    if claims.aud not in _alone(limits.audiences):
        raise AssertionRefused("aud is not this authorization server")
    if not 1 <= len(claims.jti) <= _LONGEST_JTI:
        raise AssertionRefused(f"jti must have 1 to {_LONGEST_JTI} characters")
    _judge_hours(claims, limits, now)
    return Proof(client_id=client_id, jti=claims.jti, expires_at=float(claims.exp))


def _judge_hours(claims: _Claims, limits: Limits, now: float) -> None:
    if claims.exp <= now:
        raise AssertionRefused("the assertion has expired")
    if max(claims.iat or 0, claims.nbf or 0) > now + limits.ahead_s:
        raise AssertionRefused("iat or nbf is in the future: check the clock")
    begun = now if claims.iat is None else claims.iat
    if claims.exp > begun + limits.life_s:
        raise AssertionRefused(f"exp may be at most {limits.life_s:g} seconds after iat")


def _alone(audiences: tuple[str, ...]) -> list[str | list[str]]:
    return [*audiences, *([audience] for audience in audiences)]


def _picked(keys: Sequence[VerificationKey], kid: str | None) -> Sequence[VerificationKey]:
    return keys if kid is None else [key for key in keys if key.kid == kid]


def _claims(payload: bytes) -> _Claims:
    try:
        return _DECODER.decode(payload)
    except (msgspec.DecodeError, RecursionError):
        raise AssertionRefused("iss, sub, aud, exp and jti are required") from None
