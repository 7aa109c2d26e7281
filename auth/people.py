"""People who have signed on: who they are, which roles they hold, and the token that says so."""

import re
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum

import msgspec
from msgspec import Struct

from auth.errors import SignatureRefused, TokenExpired, TokenInvalid, TokenMissing
from auth.jose import verified
from auth.tokens import TokenKeys

TOKEN_TYPE = "person+jwt"  # noqa: S105 - a media type of our own, never that of a system's token
LONGEST_LIFE_S = 8 * 3600  # a working day
_TYPES = frozenset({TOKEN_TYPE})
# An account is a code; nine digits in a row may be a person's number (promise P6).
_is_account = re.compile(r"(?!.*\d{9})[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,119}").fullmatch
_is_number = re.compile(r"[0-9]{12}").fullmatch


class Role(StrEnum):
    """What a person is to the gateway (design.md section 8)."""

    CATALOG_OFFICER = "catalog_officer"
    PUBLISHER = "publisher"
    AGENCY_ADMINISTRATOR = "agency_administrator"
    AUDITOR = "auditor"
    PRIVACY_OFFICER = "privacy_officer"
    OPERATOR = "operator"
    OFFICIAL = "official"
    CITIZEN = "citizen"
    BREAK_GLASS = "break_glass"  # the last resort: held while it is open, granted to nobody


# Whoever judges the record changes nothing that it records.
ADMINISTERING = frozenset(
    {Role.CATALOG_OFFICER, Role.PUBLISHER, Role.AGENCY_ADMINISTRATOR, Role.OPERATOR}
)


class Person(Struct, frozen=True, kw_only=True):
    """One person who has signed on; `repr` leaves the number out."""

    id: str  # opaque account id, never nine digits in a row
    name: str
    agency: str | None
    roles: frozenset[Role]
    acr: str  # strength of the sign-on
    auth_time: float  # Unix seconds
    so_dinh_danh: str | None = None  # citizens only: the sign-on proves it

    def __repr__(self) -> str:
        """Name the account and nothing that is the person's own."""
        return f"Person(id={self.id!r})"


class PersonClaims(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The payload of a person's token."""

    iss: str
    sub: str
    aud: str
    iat: int
    exp: int
    jti: str
    name: str
    roles: tuple[Role, ...]
    acr: str
    auth_time: float
    agency: str | None = None
    so_dinh_danh: str | None = None


_DECODER = msgspec.json.Decoder(PersonClaims)


def read(payload: bytes) -> PersonClaims:
    """Decode the payload of a token whose signature has been verified.

    Raises:
        TokenInvalid: a claim is missing or of another type, or the roles exclude each other.
    """
    try:
        claims = _DECODER.decode(payload)
    except (msgspec.DecodeError, RecursionError):
        raise TokenInvalid("the claims are not those of a person") from None
    _demand_one_person(claims)
    return claims


def person_of(claims: PersonClaims) -> Person:
    """Return whom the claims speak of."""
    return Person(
        id=claims.sub,
        name=claims.name,
        agency=claims.agency,
        roles=frozenset(claims.roles),
        acr=claims.acr,
        auth_time=claims.auth_time,
        so_dinh_danh=claims.so_dinh_danh,
    )


class PeopleVerifier:
    """Turns tokens into people; what was proven is remembered until it expires.

    Args:
        keys: of the issuer that people sign on at.
        issuer: `iss` of every token.
        audience: `aud` of every token: this gateway.
        clock: the present instant.
        capacity: how many tokens are remembered at most.
        ahead_s: how far the issuer's clock may be ahead of ours.
    """

    def __init__(
        self,
        keys: TokenKeys,
        *,
        issuer: str,
        audience: str,
        clock: Callable[[], datetime],
        capacity: int = 1_000,
        ahead_s: float = 60,
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self.clock = clock
        self._capacity = capacity
        self._ahead_s = ahead_s
        self._generation = keys.generation
        self._proven: OrderedDict[str, tuple[float, Person]] = OrderedDict()

    def __len__(self) -> int:
        """Return how many tokens are remembered."""
        return len(self._proven)

    def verify(self, token: str) -> Person:
        """Return who *token* speaks for.

        Raises:
            TokenMissing: it is empty.
            TokenExpired: it was good, and its time is over.
            TokenInvalid: it proves nothing to us.
        """
        now = self.clock().timestamp()
        if self._generation != self._keys.generation:
            self._proven.clear()
            self._generation = self._keys.generation
        known = self._proven.get(token)
        if known is None:
            known = self._prove(token, now)
        if known[0] <= now:
            raise TokenExpired
        return known[1]

    def _prove(self, token: str, now: float) -> tuple[float, Person]:
        if not token:
            raise TokenMissing
        try:
            payload = verified(
                token, types=_TYPES, keys=lambda kid: self._keys.verifying_at(kid, now)
            )
        except SignatureRefused as refused:
            raise TokenInvalid(refused.fact) from None
        claims = read(payload)
        self._judge(claims, now)
        known = float(claims.exp), person_of(claims)
        while len(self._proven) >= self._capacity:
            self._proven.popitem(last=False)
        self._proven[token] = known
        return known

    def _judge(self, claims: PersonClaims, now: float) -> None:
        if claims.iss != self._issuer:
            raise TokenInvalid("the issuer is another")
        if claims.aud != self._audience:
            raise TokenInvalid("the token is meant for another service")
        if max(claims.iat, claims.auth_time) > now + self._ahead_s:
            raise TokenInvalid("the token was issued in the future")
        if not 0 < claims.exp - claims.iat <= LONGEST_LIFE_S:
            raise TokenInvalid("the token lives longer than tokens of people do")
        if claims.exp <= now:
            raise TokenExpired


def _demand_one_person(claims: PersonClaims) -> None:
    roles = frozenset(claims.roles)
    if _is_account(claims.sub) is None:
        raise TokenInvalid("the account is not a code")
    if Role.AUDITOR in roles and roles & ADMINISTERING:
        raise TokenInvalid("an auditor administers nothing")
    if Role.BREAK_GLASS in roles:
        raise TokenInvalid("the last resort is opened on the machine, never issued")
    if (claims.so_dinh_danh is not None) != (Role.CITIZEN in roles):
        raise TokenInvalid("a citizen has a number, and nobody else's token carries one")
    if Role.CITIZEN in roles and len(roles) > 1:
        raise TokenInvalid("a citizen signs on as a citizen alone")
    if claims.so_dinh_danh is not None and _is_number(claims.so_dinh_danh) is None:
        raise TokenInvalid("the number has not its form")
