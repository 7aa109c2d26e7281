"""The token endpoint and userinfo: a code for tokens, a token for claims."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

import msgspec
from joserfc.errors import JoseError

from mocks.sso.asking import parameters
from mocks.sso.lies import Lie
from mocks.sso.pages import GUARDED
from mocks.sso.realm import ACCESS_S, Grant, Issued, Realm
from mocks.sso.refusals import Refused
from mocks.sso.tokens import access_token, id_token
from mocks.wire import Reply, Request, json


def token(realm: Realm, request: Request) -> Reply:
    """Give tokens for a code, once, to the client that it was made for."""
    form = parameters(request.body.decode("latin-1"))
    audiences = (realm.issuer, f"{realm.issuer}/token")
    client_id = realm.clients.authenticate(form, audiences=audiences, now=realm.now())
    if form.get("grant_type") != "authorization_code":
        raise Refused("unsupported_grant_type", "authorization_code is the only grant")
    grant = _redeemed(realm, form, client_id)
    realm.forget()
    access = access_token(realm, grant)
    realm.spent[form["code"]] = _token_id(realm.keys.opened(access))
    answer = {
        "access_token": access,
        "token_type": "Bearer",
        "expires_in": ACCESS_S,
        "scope": grant.asking.scope,
        "id_token": id_token(realm, grant),
    }
    return Reply(200, json(answer), headers=GUARDED)


def _redeemed(realm: Realm, form: Mapping[str, str], client_id: str) -> Grant:
    code = form.get("code", "")
    if code in realm.spent:  # two hold it: what came of it is good no more (RFC 6749 4.1.2)
        realm.issued.pop(realm.spent[code], None)
        raise Refused("invalid_grant", "the code was used before")
    grant = realm.codes.take(code)
    if grant is None:
        raise Refused("invalid_grant", "the code is unknown, or too old")
    if grant.asking.client_id != client_id:
        raise Refused("invalid_grant", "the code is another client's")
    if grant.asking.redirect_uri != form.get("redirect_uri"):
        raise Refused("invalid_grant", "redirect_uri is another")
    if not _proves(form.get("code_verifier", ""), grant.asking.challenge):
        raise Refused("invalid_grant", "code_verifier does not fit (RFC 7636)")
    return grant


def _proves(verifier: str, challenge: str) -> bool:
    digest = hashlib.sha256(verifier.encode("latin-1")).digest()
    return hmac.compare_digest(urlsafe_b64encode(digest).rstrip(b"=").decode(), challenge)


def _token_id(payload: bytes) -> str:
    return str(msgspec.json.decode(payload)["jti"])


def userinfo(realm: Realm, request: Request) -> Reply:
    """Say who an access token speaks for (OpenID Connect Core 5.3); POST as well as GET."""
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    issued = _issued(realm, bearer) if scheme.lower() == "bearer" else None
    if issued is None or issued.ends_at <= realm.now():
        challenge = ("WWW-Authenticate", 'Bearer error="invalid_token"')
        return Reply(401, json({"error": "invalid_token"}), headers=(*GUARDED, challenge))
    account = issued.account
    said: dict[str, Any] = {"sub": account.sub, "loAs": str(issued.level), **account.claims}
    if realm.lies.take(Lie.OTHER_USERINFO):
        said["sub"] = "somebody-else"
    return Reply(200, json(said), headers=GUARDED)


def _issued(realm: Realm, access: str) -> Issued | None:
    """Return what is known of *access*: one of ours, as it was given out."""
    try:
        return realm.issued.get(_token_id(realm.keys.opened(access)))
    except (JoseError, ValueError, KeyError, TypeError):
        return None
