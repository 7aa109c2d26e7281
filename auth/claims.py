"""What an access token says: RFC 9068, bound to a key, with an actor and details when it has them.

`sub` is always the system (RFC 9068 section 2.2 for client credentials), after an exchange too: the
right to ask is the system's, by its agency's agreements, and the official acts through it.  So the
official is the actor (`act`, RFC 8693 section 4.1) and brings no right along.  No pairwise subject
is needed: the one resource is ourselves, and `act.sub` is the id of an account with us, not that
of the staff provider.
"""

from typing import Literal

import msgspec

from auth.credentials.places import places
from auth.errors import TokenInvalid
from auth.narrowing.details import AgreementDetail
from auth.principals import Official, Principal

TOKEN_TYPE = "at+jwt"  # noqa: S105 - RFC 9068 section 2.1
LONGEST_LIFE_S = 300  # design.md section 8


class Confirmation(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which key a bound token demands proof of."""

    jkt: str | None = None  # RFC 9449 section 6.1: RFC 7638 thumbprint
    certificate: str | None = msgspec.field(name="x5t#S256", default=None)  # RFC 8705 section 3.1


class ActorClaims(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The official who acts through the system (RFC 8693 section 4.1)."""

    sub: str  # id of the account
    agency: str
    acr: str
    amr: tuple[str, ...] = ()
    auth_time: float | None = None  # Unix seconds
    level: int = 1
    name: str | None = None


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
    act: ActorClaims | None = None
    authorization_details: tuple[AgreementDetail, ...] = ()  # RFC 9396 section 9.1
    # private claims
    agency: str
    sys_rev: int  # revision of the registration; judged again at the record's commit
    env: Literal["live", "test"]
    net: tuple[str, ...] = ()  # address ranges of the registration; empty: from anywhere


_DECODER = msgspec.json.Decoder(AccessClaims)


def read(payload: bytes) -> AccessClaims:
    """Decode the payload of a token whose signature has been verified.

    Raises:
        TokenInvalid: a claim is missing or of another type.
    """
    try:
        claims = _DECODER.decode(payload)
        places(claims.net)
    except (msgspec.DecodeError, RecursionError, ValueError):
        raise TokenInvalid("the claims are not those of an access token") from None
    return claims


def principal_of(claims: AccessClaims) -> Principal:
    """Return whom the claims speak of."""
    bound = claims.cnf or Confirmation()
    return Principal(
        client_id=claims.client_id,
        agency=claims.agency,
        system_rev=claims.sys_rev,
        scopes=frozenset(claims.scope.split()),
        token_id=claims.jti,
        expires_at=float(claims.exp),
        sandbox=claims.env == "test",
        key_thumbprint=bound.jkt,
        certificate_thumbprint=bound.certificate,
        official=None if claims.act is None else _official(claims.act),
        details=claims.authorization_details,
        places=places(claims.net),
    )


def actor_of(official: Official) -> ActorClaims:
    """Return the claims that speak of *official*."""
    return ActorClaims(
        sub=official.id,
        agency=official.agency,
        acr=official.acr,
        amr=official.amr,
        auth_time=official.auth_time,
        level=official.level,
        name=official.name,
    )


def _official(actor: ActorClaims) -> Official:
    return Official(
        id=actor.sub,
        agency=actor.agency,
        acr=actor.acr,
        amr=actor.amr,
        name=actor.name,
        level=actor.level,
        auth_time=actor.auth_time,
    )
