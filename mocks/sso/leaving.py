"""How sessions end: at the browser's request, or the administration's; clients are told."""

from collections.abc import Iterable
from urllib.parse import urlencode

import msgspec
from joserfc.errors import JoseError
from msgspec import Struct

from mocks.sso import pages
from mocks.sso.asking import parameters
from mocks.sso.entrance import signed_on
from mocks.sso.realm import Realm
from mocks.sso.refusals import Refused
from mocks.sso.sessions import Session
from mocks.sso.tokens import logout_token
from mocks.wire import Reply, Request


class Notice(Struct, frozen=True, kw_only=True):
    """One logout token that has to be sent."""

    client_id: str
    url: str
    token: str


class Hint(Struct, frozen=True, kw_only=True):
    """What an ID token says of the session that is to end."""

    sub: str
    aud: str
    sid: str


def end_session(realm: Realm, request: Request) -> tuple[Reply, list[Notice]]:
    """End what the hint or the browser names (RP-Initiated Logout 1.0), and say whom to tell."""
    given = parameters(request.query if request.method == "GET" else request.body.decode("latin-1"))
    hint = _hint(realm, given["id_token_hint"]) if "id_token_hint" in given else None
    client_id = hint.aud if hint else given.get("client_id", "")
    where = _where(realm, client_id, given.get("post_logout_redirect_uri", ""))
    here = signed_on(realm, request)
    sid = hint.sid if hint else given.get("logout_hint", "")
    if not sid and given.get("confirmed") != "yes":
        return pages.leaving(realm, where), []
    named = realm.sessions.named(sid) if sid else [here] if here else []
    if hint and any(session.account.sub != hint.sub for session in named):
        raise Refused("invalid_request", "the hint speaks of somebody else")
    return _gone(where, given.get("state", "")), ended(realm, named)


def _hint(realm: Realm, token: str) -> Hint:
    """Read an ID token of ours; one that has expired names its session all the same."""
    try:
        return msgspec.json.decode(realm.keys.opened(token), type=Hint)
    except (JoseError, ValueError):
        raise Refused("invalid_request", "id_token_hint is no token of this issuer") from None


def _where(realm: Realm, client_id: str, wanted: str) -> str:
    if not wanted:
        return ""
    if wanted not in realm.clients.find(client_id).post_logout_redirect_uris:
        raise Refused("invalid_request", "post_logout_redirect_uri is not registered")
    return wanted


def _gone(where: str, state: str) -> Reply:
    if not where:
        return pages.left()
    location = f"{where}?{urlencode({'state': state})}" if state else where
    return Reply(303, b"", pages.HTML, (*pages.GUARDED, ("Location", location)))


def ended(realm: Realm, sessions: Iterable[Session]) -> list[Notice]:
    """End *sessions*; return what is to be sent to every client that used them."""
    notices: list[Notice] = []
    for session in sessions:
        realm.sessions.end(session)
        for client_id in session.clients:
            url = realm.clients.find(client_id).backchannel_logout_uri
            if url:
                token = logout_token(realm, session, client_id)
                notices.append(Notice(client_id=client_id, url=url, token=token))
    return notices
