"""An official's access token from the staff provider, judged for token exchange (RFC 8693)."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from auth.errors import SignatureRefused, TokenExpired, TokenInvalid, TokenMissing
from auth.jose import payload_of
from auth.signon.claims import level_of, methods, said
from auth.signon.id_tokens import LONGEST_SUB
from auth.signon.members import NotUnderstood, members, shaped
from auth.signon.providers import Provider
from auth.signon.published import Published
from auth.signon.refusals import SignOnRefused
from auth.signon.signed_on import Realm

_TYPES = frozenset({"at+jwt"})  # RFC 9068 section 2.1: an ID token is never taken for one
LONGEST_LIFE_S = 8 * 3600


class StaffToken(Struct, frozen=True, kw_only=True):
    """What an official's access token proves; `repr` shows nothing of the person."""

    provider: str  # code in the settings
    issuer: str
    sub: str
    link: str  # as `SignedOn.link`: finds the account that the first sign-in linked
    staff_number: str | None
    agency: str | None
    name: str | None
    acr: str
    level: int  # 1 or 2
    amr: tuple[str, ...]
    auth_time: float  # Unix seconds
    client_id: str  # the application at the staff provider that the token was issued to
    token_id: str | None  # jti
    expires_at: float  # Unix seconds
    key_thumbprint: str | None = None  # RFC 7638, when the token is bound to its application's key
    certificate_thumbprint: str | None = None

    def __repr__(self) -> str:
        """Name the provider and the strength, and nobody."""
        return f"StaffToken(provider={self.provider!r}, level={self.level})"


class _Claims(Struct, frozen=True, kw_only=True):
    """The members that RFC 9068 section 2.2 demands, and those about the sign-on."""

    iss: str
    sub: str
    aud: str | list[str]
    exp: int | float
    iat: int | float
    auth_time: int | float
    client_id: str | None = None
    azp: str | None = None
    jti: str | None = None
    nbf: int | float | None = None
    acr: str | None = None
    amr: list[str] = []
    cnf: dict[str, object] = {}


class StaffTokens:
    """Judges access tokens of the staff providers in the settings.

    Args:
        providers: by their code; those of citizens are left out.
        published: what each provider publishes, by the same codes.
        audience: our issuer, which the token must be meant for (RFC 8707).
    """

    def __init__(
        self,
        providers: Mapping[str, Provider],
        published: Mapping[str, Published],
        audience: str,
    ) -> None:
        self._trusted = {
            each.issuer: (each, published[code])
            for code, each in providers.items()
            if each.realm is Realm.STAFF
        }
        self._audience = audience

    async def judge(self, token: str, now: datetime) -> StaffToken:
        """Return what *token* proves.

        Raises:
            TokenMissing: it is empty.
            TokenExpired: it was good, and its time is over.
            TokenInvalid: it proves nothing to us; the fact says why.
            SignOnRefused: PROVIDER_UNAVAILABLE or PROVIDER_UNTRUSTED; its keys cannot be had.

        Source: RFC 9068 section 4; FAPI 2.0 section 5.3.2.1 for the clock.
        """
        if not token:
            raise TokenMissing
        try:
            provider, published = self._named(token)
            payload = await published.verified(token, _TYPES, now.timestamp())
            found = members(payload)
            claims = shaped(found, _Claims)
        except SignatureRefused as refused:
            raise TokenInvalid(refused.fact) from None
        except NotUnderstood:
            raise TokenInvalid("the claims are not those of an official's access token") from None
        self._judge(claims, provider, now.timestamp())
        return _proven(claims, found, provider)

    def _named(self, token: str) -> tuple[Provider, Published]:
        """Return who says to have issued *token*: good for a look-up only."""
        issuer = members(payload_of(token)).get("iss")
        if not isinstance(issuer, str) or issuer not in self._trusted:
            raise TokenInvalid("no staff provider of ours issued the token")
        return self._trusted[issuer]

    def _judge(self, claims: _Claims, provider: Provider, now: float) -> None:
        if claims.iss != provider.issuer:
            raise TokenInvalid("the issuer is another")
        # Alone: another resource of a list could replay here what it was given.
        if claims.aud not in (self._audience, [self._audience]):
            raise TokenInvalid("the token is not meant for this gateway alone")
        if max(claims.iat, claims.nbf or 0, claims.auth_time) > now + provider.ahead_s:
            raise TokenInvalid("the token was issued in the future")
        if not 0 < claims.exp - claims.iat <= LONGEST_LIFE_S:
            raise TokenInvalid("the token lives longer than a working day")
        if claims.auth_time < 0:
            raise TokenInvalid("the hour of the sign-on is none")
        if claims.exp <= now:
            raise TokenExpired
        if not (1 <= len(claims.sub) <= LONGEST_SUB and claims.sub.isascii()):
            raise TokenInvalid("the token does not name a person")
        if not (claims.client_id or claims.azp):
            raise TokenInvalid("the token does not name the application it was issued to")


def _proven(claims: _Claims, found: Mapping[str, object], provider: Provider) -> StaffToken:
    try:
        words = said(found, provider.names)
        acr, level = level_of(provider, claims.acr, words)
    except SignOnRefused as odd:
        raise TokenInvalid(odd.fact) from None
    return StaffToken(
        provider=provider.code,
        issuer=provider.issuer,
        sub=claims.sub,
        link=words.link or claims.sub,
        staff_number=words.staff_number,
        agency=words.agency,
        name=words.name,
        acr=acr,
        level=level,
        amr=methods(claims.amr),
        auth_time=float(claims.auth_time),
        client_id=claims.client_id or claims.azp or "",
        token_id=claims.jti,
        expires_at=float(claims.exp),
        key_thumbprint=_text(claims.cnf.get("jkt")),
        certificate_thumbprint=_text(claims.cnf.get("x5t#S256")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
