"""The two ways out: from us to the provider (the browser goes), and from the provider to us."""

import re
from urllib.parse import urlencode

from msgspec import Struct

from auth.errors import SignatureRefused
from auth.jose import payload_of
from auth.signon.members import NotUnderstood, members, shaped
from auth.signon.metadata import Metadata
from auth.signon.providers import Provider
from auth.signon.refusals import Ending, SignOnRefused
from auth.signon.signed_on import LoggedOut

TYPES = frozenset({"logout+jwt"})  # Back-Channel Logout 1.0 section 2.4: told from an ID token
EVENT = "http://schemas.openid.net/event/backchannel-logout"
LONGEST_LIFE_S = 600
LONGEST_ID = 256

# Hours have ten digits; the others are random or ours.
_NOT_THE_PERSONS = frozenset(
    {"iss", "aud", "azp", "exp", "iat", "nbf", "auth_time", "nonce", "at_hash", "jti", "sid"}
)
_nine_digits = re.compile(r"[0-9]{9}").search


class _Claims(Struct, frozen=True, kw_only=True):
    iss: str
    aud: str | list[str]
    iat: int | float
    exp: int | float
    jti: str
    events: dict[str, dict[str, object]]
    sub: str | None = None
    sid: str | None = None


class LogoutToken(Struct, frozen=True, kw_only=True):
    """A logout token that was proven; it counts once."""

    whose: LoggedOut
    jti: str
    expires_at: float  # Unix seconds


def address(
    metadata: Metadata, provider: Provider, *, id_token: str, back_to: str, state: str
) -> str | None:
    """Return where a browser ends the provider's session (RP-Initiated Logout 1.0 section 2).

    An address is written down in many places, so an ID token that holds a number of a person does
    not go along as a hint; the provider then asks the person before it ends the session.
    """
    end = metadata.end_session_endpoint
    if end is None:
        return None
    said = {
        "id_token_hint": "" if holds_a_number(id_token) else id_token,
        "client_id": provider.client_id,
        "post_logout_redirect_uri": back_to,
        "state": state,
    }
    said = {name: value for name, value in said.items() if value}
    return f"{end}{'&' if '?' in end else '?'}{urlencode(said)}"


def judge(payload: bytes, provider: Provider, now: float) -> LogoutToken:
    """Return whose session ended, by a logout token whose signature has been proven.

    Args:
        payload: of the token.
        provider: whose key proved it.
        now: Unix seconds.

    Raises:
        SignOnRefused: LOGOUT_REFUSED; it is not for us, not of now, or not a logout token.

    Source: OpenID Connect Back-Channel Logout 1.0 sections 2.4 and 2.6.
    """
    try:
        found = members(payload)
        claims = shaped(found, _Claims)
    except NotUnderstood:
        raise refused("the claims are not those of a logout token") from None
    if claims.iss != provider.issuer:
        raise refused("the issuer is another")
    if claims.aud not in (provider.client_id, [provider.client_id]):
        raise refused("the token is not meant for us alone")
    if EVENT not in claims.events or "nonce" in found:
        raise refused("the token is not about a logout")
    if not claims.sub and not claims.sid:
        raise refused("the token names neither a person nor a session")
    if not claims.jti:
        raise refused("the token has no id of its own")
    if not all(len(each) <= LONGEST_ID and each.isascii() for each in _named(claims)):
        raise refused("the token names something that is no id")
    _judge_hours(claims, provider.ahead_s, now)
    whose = LoggedOut(
        provider=provider.code, issuer=claims.iss, sub=claims.sub or None, sid=claims.sid or None
    )
    return LogoutToken(whose=whose, jti=claims.jti, expires_at=float(claims.exp))


def holds_a_number(id_token: str) -> bool:
    """Tell whether a claim about the person has nine digits in a row, or cannot be read."""
    try:
        found = members(payload_of(id_token))
    except (SignatureRefused, NotUnderstood):
        return True
    about = (str(value) for name, value in found.items() if name not in _NOT_THE_PERSONS)
    return any(map(_nine_digits, about))


def refused(fact: str) -> SignOnRefused:
    """Return the refusal of a logout token."""
    return SignOnRefused(Ending.LOGOUT_REFUSED, fact)


def _named(claims: _Claims) -> tuple[str, ...]:
    return (claims.jti, claims.sub or "", claims.sid or "")


def _judge_hours(claims: _Claims, ahead_s: float, now: float) -> None:
    if claims.iat > now + ahead_s:
        raise refused("the token was made in the future")
    if claims.exp <= now:
        raise refused("the token has expired")
    if claims.exp > now + LONGEST_LIFE_S + ahead_s:
        raise refused("the token lives too long")
