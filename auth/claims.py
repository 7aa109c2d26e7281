"""What an access token says: RFC 9068, with three members of our own."""

from typing import Literal

import msgspec

from auth.errors import TokenInvalid
from auth.principals import Principal

TOKEN_TYPE = "at+jwt"  # noqa: S105 - RFC 9068 section 2.1
LONGEST_LIFE_S = 300  # design.md section 8


class Confirmation(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which key a bound token demands proof of."""

    jkt: str | None = None  # RFC 9449 section 6.1: RFC 7638 thumbprint


class AccessClaims(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The payload of an access token."""

    iss: str
    sub: str
    aud: str | list[str]
    exp: int
    iat: int
    jti: str
    client_id: str
    scope: str = ""  # agreement codes, separated by single spaces
    cnf: Confirmation | None = None
    # private claims
    agency: str
    sys_rev: int  # revision of the registration; judged again at the record's commit
    env: Literal["live", "test"]


_DECODER = msgspec.json.Decoder(AccessClaims)


def read(payload: bytes) -> AccessClaims:
    """Decode the payload of a token whose signature has been verified.

    Raises:
        TokenInvalid: a claim is missing or of another type.
    """
    try:
        return _DECODER.decode(payload)
    except (msgspec.DecodeError, RecursionError):
        raise TokenInvalid("the claims are not those of an access token") from None


def principal_of(claims: AccessClaims) -> Principal:
    """Return whom the claims speak of."""
    return Principal(
        client_id=claims.client_id,
        agency=claims.agency,
        system_rev=claims.sys_rev,
        scopes=frozenset(claims.scope.split()),
        token_id=claims.jti,
        expires_at=float(claims.exp),
        sandbox=claims.env == "test",
        key_thumbprint=None if claims.cnf is None else claims.cnf.jkt,
    )
