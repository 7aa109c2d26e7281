"""The tokens of a realm: for the relying party, for interfaces, for a session that ends."""

import secrets
from typing import Any

from mocks.sso.asking import ACRS
from mocks.sso.lies import Lie
from mocks.sso.realm import ACCESS_S, Grant, Issued, Realm
from mocks.sso.sessions import Session

ID_S = 300
LOGOUT_S = 120
EVENT = "http://schemas.openid.net/event/backchannel-logout"
ELSEWHERE = "https://elsewhere.invalid"
_PERSON = ("HoVaTen", "ma_can_bo", "ma_don_vi")  # what an access token for interfaces says


def strength(session: Session, level: int) -> dict[str, Any]:
    """Return the claims of how the person proved himself."""
    return {
        "acr": ACRS[level],
        "loAs": str(level),
        "amr": list(session.account.amr[level - 1]),
        "auth_time": session.auth_time,
    }


def id_token(realm: Realm, grant: Grant) -> str:
    """Return the ID token of *grant*, or one of the realm's lies (OpenID Connect Core 2)."""
    now = int(realm.now())
    session = grant.session
    claims: dict[str, Any] = {
        "iss": realm.issuer,
        "sub": session.account.sub,
        "aud": grant.asking.client_id,
        "iat": now,
        "exp": now + ID_S,
        "sid": session.sid,
        **strength(session, session.level),
        **(session.account.claims if realm.settings.token_claims else {}),
    }
    if grant.asking.nonce:
        claims["nonce"] = grant.asking.nonce
    _bend(realm, claims, now)
    return _sealed(realm, claims)


def _bend(realm: Realm, claims: dict[str, Any], now: int) -> None:
    """Change what the lies in force change."""
    bent: dict[Lie, dict[str, Any]] = {
        Lie.WRONG_NONCE: {"nonce": secrets.token_urlsafe(16)},
        Lie.WRONG_AUDIENCE: {"aud": "another-client"},
        Lie.TWO_AUDIENCES: {"aud": [claims["aud"], "another-client"], "azp": "another-client"},
        Lie.WRONG_TOKEN_ISSUER: {"iss": f"{ELSEWHERE}/realms/{realm.name}"},
        Lie.EXPIRED: {"iat": now - 2 * ID_S, "exp": now - ID_S},
        Lie.LOW_LEVEL: {"acr": ACRS[1], "loAs": "1", "amr": ["pwd"]},
        Lie.OLD_SIGN_ON: {"auth_time": now - 86_400},
    }
    gone = {Lie.MISSING_NONCE: ("nonce",), Lie.MISSING_CLAIMS: ("sub", "TechID")}
    for lie, members in bent.items():
        if realm.lies.take(lie):
            claims.update(members)
    for lie, names in gone.items():
        if realm.lies.take(lie):
            for name in names:
                claims.pop(name, None)


def _sealed(realm: Realm, claims: dict[str, Any]) -> str:
    told = realm.lies.first(
        Lie.UNSIGNED, Lie.SHARED_SECRET, Lie.OTHER_KEY, Lie.KEY_INSIDE, Lie.DUPLICATE_MEMBER
    )
    match told:
        case Lie.UNSIGNED:
            return realm.keys.unsigned(claims, "JWT")
        case Lie.SHARED_SECRET:
            return realm.keys.by_shared_secret(claims, "JWT")
        case Lie.OTHER_KEY | Lie.KEY_INSIDE:
            return realm.keys.by_stranger(claims, "JWT", shown=told is Lie.KEY_INSIDE)
        case Lie.DUPLICATE_MEMBER:
            return realm.keys.sign_twice(claims, "JWT", {"sub": "somebody-else"})
        case _:
            return realm.keys.sign(claims, "JWT")


def access_token(realm: Realm, grant: Grant) -> str:
    """Return an access token for the resource asked, else for the realm's own userinfo (RFC 9068).

    An official's can be exchanged at the resource's token endpoint (RFC 8693).
    """
    now = int(realm.now())
    session = grant.session
    person = {name: session.account.claims.get(name) for name in _PERSON}
    token_id = secrets.token_urlsafe(16)
    realm.issued[token_id] = Issued(
        account=session.account, level=session.level, ends_at=now + ACCESS_S
    )
    claims = {
        "iss": realm.issuer,
        "sub": session.account.sub,
        "aud": grant.asking.resource or realm.issuer,
        "client_id": grant.asking.client_id,
        "azp": grant.asking.client_id,
        "iat": now,
        "exp": now + ACCESS_S,
        "jti": token_id,
        "scope": grant.asking.scope,
        "sid": session.sid,
        "TechID": session.account.claims["TechID"],
        **strength(session, session.level),
    }
    if realm.name == "staff":
        claims |= {**person, "name": session.account.name}
    return realm.keys.sign(claims, "at+jwt")


def logout_token(realm: Realm, session: Session, client_id: str) -> str:
    """Return what tells *client_id* that *session* ended (Back-Channel Logout 1.0 section 2.4)."""
    now = int(realm.now())
    claims: dict[str, Any] = {
        "iss": realm.issuer,
        "sub": session.account.sub,
        "aud": client_id,
        "iat": now,
        "exp": now + LOGOUT_S,
        "jti": secrets.token_urlsafe(16),
        "sid": session.sid,
        "events": {EVENT: {}},
    }
    told = realm.lies.first(
        Lie.LOGOUT_WITH_NONCE,
        Lie.LOGOUT_WITHOUT_EVENT,
        Lie.LOGOUT_WRONG_AUDIENCE,
        Lie.LOGOUT_EXPIRED,
        Lie.LOGOUT_UNSIGNED,
    )
    match told:
        case Lie.LOGOUT_WITH_NONCE:
            claims["nonce"] = secrets.token_urlsafe(16)
        case Lie.LOGOUT_WITHOUT_EVENT:
            del claims["events"]
        case Lie.LOGOUT_WRONG_AUDIENCE:
            claims["aud"] = "another-client"
        case Lie.LOGOUT_EXPIRED:
            claims |= {"iat": now - 2 * LOGOUT_S, "exp": now - LOGOUT_S}
        case Lie.LOGOUT_UNSIGNED:
            return realm.keys.unsigned(claims, "logout+jwt")
        case _:
            pass
    return realm.keys.sign(claims, "logout+jwt")
