"""The authorization endpoint: a request comes in, a person answers, a code goes out."""

from collections.abc import Mapping
from urllib.parse import urlencode

from mocks.sso import pages
from mocks.sso.asking import Asking, asking, destination, parameters
from mocks.sso.lies import Lie
from mocks.sso.realm import PUSHED_S, Grant, Realm
from mocks.sso.refusals import Refused
from mocks.sso.sessions import Session
from mocks.sso.tokens import ELSEWHERE
from mocks.wire import Reply, Request, json

URN = "urn:ietf:params:oauth:request_uri:"


def push(realm: Realm, request: Request) -> Reply:
    """Take a request from the relying party itself (RFC 9126)."""
    if realm.settings.par == "absent":
        raise Refused("not_found", "nothing is pushed here", 404)
    form = parameters(request.body.decode("latin-1"))
    audiences = (realm.issuer, f"{realm.issuer}/token", f"{realm.issuer}/par")
    client_id = realm.clients.authenticate(form, audiences=audiences, now=realm.now())
    if "request_uri" in form:
        raise Refused("invalid_request", "request_uri is what this endpoint gives")
    if realm.lies.take(Lie.PUSH_REFUSED):
        raise Refused("invalid_request", "refused on request")
    client = realm.clients.find(client_id)
    name = realm.pushed.put(asking({**form, "client_id": client_id}, client), URN)
    return Reply(201, json({"request_uri": name, "expires_in": PUSHED_S}), headers=pages.GUARDED)


def authorize(realm: Realm, request: Request) -> Reply:
    """Answer a browser that brings a request: with a page, or at once when nothing is to ask."""
    given = parameters(request.query if request.method == "GET" else request.body.decode("latin-1"))
    client = realm.clients.find(given.get("client_id", ""))
    asked = realm.pushed.take(given.get("request_uri", ""))
    if asked is None:
        if realm.settings.par == "required" or "request_uri" in given:
            raise Refused("invalid_request", "the request was not pushed, or is no longer known")
        destination(given, client)  # before this is sure, nobody is sent anywhere
        try:
            asked = asking(given, client)
        except Refused as refused:
            return _denied(realm, given, refused)
    elif asked.client_id != given["client_id"]:
        raise Refused("invalid_request", "the request is another client's")
    return _begun(realm, asked, request)


def _begun(realm: Realm, asked: Asking, request: Request) -> Reply:
    session = signed_on(realm, request)
    if session is not None and _enough(realm, session, asked):
        return _answered(realm, asked, session)
    if asked.prompt == "none":
        return _back(realm, asked, {"error": "login_required"})
    return pages.choosing(realm, realm.pages.put(asked), level=asked.level, hint=asked.hint)


def _enough(realm: Realm, session: Session, asked: Asking) -> bool:
    fresh = asked.max_age is None or realm.now() - session.auth_time <= asked.max_age
    return asked.prompt != "login" and fresh and session.level >= asked.level


def choose(realm: Realm, request: Request) -> Reply:
    """Take the person's answer; each page is good for one."""
    form = parameters(request.body.decode("utf-8", "replace"))
    asked = realm.pages.take(form.get("page", ""))
    if asked is None:
        raise Refused("invalid_request", "this page was answered before, or too long ago")
    if form.get("answer") != "yes":
        return _back(realm, asked, {"error": "access_denied"})
    account = realm.accounts.get(form.get("persona", ""))
    if account is None or form.get("level") not in {"1", "2"}:
        raise Refused("invalid_request", "persona or level is not one of those offered")
    before = signed_on(realm, request)
    if before is not None:
        realm.sessions.end(before)
    return _answered(realm, asked, realm.sessions.open(account, int(form["level"]), realm.now()))


def signed_on(realm: Realm, request: Request) -> Session | None:
    """Return the session of the browser that sends *request*."""
    pairs = (part.strip().partition("=") for part in request.headers.get("cookie", "").split(";"))
    return realm.sessions.of_cookie({name: value for name, _, value in pairs}.get(realm.cookie, ""))


def _answered(realm: Realm, asked: Asking, session: Session) -> Reply:
    if asked.client_id not in session.clients:
        session = Session(
            sid=session.sid,
            cookie=session.cookie,
            account=session.account,
            level=session.level,
            auth_time=session.auth_time,
            clients=(*session.clients, asked.client_id),
        )
        realm.sessions.keep(session)
    code = realm.codes.put(Grant(asking=asked, session=session))
    if realm.lies.take(Lie.DENIED):
        return _back(realm, asked, {"error": "access_denied"})
    if realm.lies.take(Lie.OTHER_CODE):
        code = "c" * len(code)
    kept = f"{realm.cookie}={session.cookie}; Path=/realms/{realm.name}; HttpOnly; SameSite=Lax"
    return _back(realm, asked, {"code": code}, ("Set-Cookie", kept))


def _denied(realm: Realm, given: Mapping[str, str], refused: Refused) -> Reply:
    answer = {"error": refused.error, "error_description": refused.description}
    return _sent(realm, given["redirect_uri"], given.get("state", ""), answer)


def _back(realm: Realm, asked: Asking, answer: dict[str, str], *more: tuple[str, str]) -> Reply:
    return _sent(realm, asked.redirect_uri, asked.state, answer, *more)


def _sent(
    realm: Realm, where: str, state: str, answer: dict[str, str], *more: tuple[str, str]
) -> Reply:
    """Send the browser back with state and issuer (RFC 9207)."""
    answer = {**answer, "state": state, "iss": realm.issuer}
    if realm.lies.take(Lie.WRONG_STATE):
        answer["state"] = "s" * len(state)
    if realm.lies.take(Lie.WRONG_ISS):
        answer["iss"] = f"{ELSEWHERE}/realms/{realm.name}"
    for lie, name in ((Lie.MISSING_STATE, "state"), (Lie.MISSING_ISS, "iss")):
        if realm.lies.take(lie):
            del answer[name]
    query = urlencode({name: value for name, value in answer.items() if value})
    separator = "&" if "?" in where else "?"
    headers = (("Location", f"{where}{separator}{query}"), *more)
    return Reply(303, b"", pages.HTML, (*pages.GUARDED, *headers))
