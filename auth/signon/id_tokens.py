"""ID tokens, judged claim by claim once their signature has been proven; pure."""

import hashlib
import hmac

from msgspec import Struct

from auth.base64url import encoded
from auth.signon.attempts import Attempt
from auth.signon.members import NotUnderstood, members, shaped
from auth.signon.providers import Provider
from auth.signon.refusals import Ending, SignOnRefused

TYPES = frozenset({"", "jwt"})  # OpenID Core names no type; an access or logout token names its own
LONGEST_SUB = 255  # OpenID Core section 2


class IdClaims(Struct, frozen=True, kw_only=True):
    """The members of an ID token that say to whom, when and how (OpenID Core section 2)."""

    iss: str
    sub: str
    aud: str | list[str]
    exp: int | float
    iat: int | float
    nonce: str
    auth_time: int | float
    nbf: int | float | None = None
    acr: str | None = None
    amr: list[str] = []
    azp: str | None = None
    sid: str | None = None
    at_hash: str | None = None

    def __repr__(self) -> str:
        """Show nothing: it is about one person."""
        return "IdClaims()"


def read(payload: bytes) -> tuple[IdClaims, dict[str, object]]:
    """Return the claims of a proven ID token, and all of its members.

    Raises:
        SignOnRefused: PROVIDER_UNTRUSTED; a claim is missing, of another type, or stands twice.
    """
    try:
        found = members(payload)
        return shaped(found, IdClaims), found
    except NotUnderstood:
        raise _untrusted("the ID token has not the claims that were asked for") from None


def judge(
    claims: IdClaims,
    provider: Provider,
    attempt: Attempt,
    *,
    access_token: str | None,
    now: float,
) -> None:
    """Demand that *claims* answer *attempt*, for us, just now.

    Args:
        claims: of an ID token whose signature was proven by a key of the provider.
        provider: whom the attempt was made at.
        attempt: as it was begun in this browser.
        access_token: what came with the ID token, if anything did.
        now: Unix seconds.

    Raises:
        SignOnRefused: PROVIDER_UNTRUSTED; a claim is wrong.  ASSURANCE_TOO_LOW; the person proved
            himself longer ago than was asked for.

    Source: OpenID Core sections 2 and 3.1.3.7; FAPI 2.0 section 5.3.2.1 for the clock.
    """
    if claims.iss != provider.issuer:
        raise _untrusted("the ID token is another issuer's")
    # Alone: with a second audience, that other party could bring us a token made for itself.
    if claims.aud not in (provider.client_id, [provider.client_id]):
        raise _untrusted("the ID token is not meant for us alone")
    if claims.azp is not None and claims.azp != provider.client_id:
        raise _untrusted("the ID token was issued to another client")
    if not hmac.compare_digest(claims.nonce.encode("utf-8", "replace"), attempt.nonce.encode()):
        raise _untrusted("the ID token answers another attempt")
    if not (1 <= len(claims.sub) <= LONGEST_SUB and claims.sub.isascii()):
        raise _untrusted("the ID token does not name a subject")
    if not (claims.sid is None or (len(claims.sid) <= LONGEST_SUB and claims.sid.isascii())):
        raise _untrusted("the ID token names no session")
    if access_token is not None and claims.at_hash not in (None, *_halves(access_token)):
        raise _untrusted("the ID token belongs to another access token")
    _judge_hours(claims, provider.ahead_s, now)
    _judge_age(claims, provider, attempt, now)


def _judge_hours(claims: IdClaims, ahead_s: float, now: float) -> None:
    if max(claims.iat, claims.nbf or 0, claims.auth_time) > now + ahead_s:
        raise _untrusted("the ID token was made in the future: check the clocks")
    if claims.exp <= now:
        raise _untrusted("the ID token has expired: check the clocks")
    if claims.auth_time <= 0:
        raise _untrusted("the hour of the sign-on is none")


def _judge_age(claims: IdClaims, provider: Provider, attempt: Attempt, now: float) -> None:
    oldest = provider.oldest_s if attempt.max_age is None else attempt.max_age
    if claims.auth_time + oldest + provider.ahead_s < now:
        raise SignOnRefused(
            Ending.ASSURANCE_TOO_LOW, "the person proved himself longer ago than was asked for"
        )


def _halves(access_token: str) -> tuple[str, ...]:
    """Return what at_hash may be (OpenID Core 3.1.3.6): ES256 hashes by SHA-256, Ed25519 by 512."""
    text = access_token.encode("utf-8")
    digests = hashlib.sha256(text).digest(), hashlib.sha512(text).digest()
    return tuple(encoded(digest[: len(digest) // 2]) for digest in digests)


def _untrusted(fact: str) -> SignOnRefused:
    return SignOnRefused(Ending.PROVIDER_UNTRUSTED, fact)
