"""Routes of sign-on: to a provider, back from it, stronger, and out again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

import structlog
from litestar import Controller, Request, Response, get, post
from litestar.datastructures import Cookie, State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER, HTTP_400_BAD_REQUEST
from msgspec import Struct

from auth.accounts.errors import SessionEnded
from auth.accounts.sessions import Session
from auth.errors import PartyError
from auth.people import Person
from auth.permissions import Permission
from auth.signon.callback import parameters
from auth.signon.desk import SignOn
from auth.signon.refusals import SignOnRefused
from auth.signon.targets import own_path
from gateway.api import cookies, pages
from gateway.api.arrivals import Arrivals
from gateway.api.operations import OfAnybody
from gateway.api.pages import Offered
from gateway.api.people import CookieDoor, Entered, demand_own_page, form_of
from gateway.api.reception import Reception
from gateway.api.sign_on_described import (
    OfBackchannel,
    OfBegin,
    OfSignOn,
    OfSignOut,
    OfStepUp,
)
from gateway.clock import Clock
from gateway.errors import AuditUnavailable, Code, Refusal

PROVIDERS = "/sign-on"
BEGIN = "/sign-on/{provider:str}"
CALLBACK = "/sign-on/{provider:str}/callback"
BACKCHANNEL = "/sign-on/{provider:str}/backchannel"
STEP_UP = "/sign-on/step-up"
SIGN_OUT = "/sign-out"
SIGNED_OUT = "/signed-out"
DEFAULT_TARGET = "/me"
LARGEST_FORM = 16_384  # bytes
STRONGEST = 2
FRESH_S = 60  # how old the proof of a step-up may be when the browser comes back

_PUBLIC = {"permission": Permission.PUBLIC}
_NO_STORE = {"Cache-Control": "no-store"}
_log = structlog.get_logger(__name__)


class OfferedList(Struct, frozen=True, kw_only=True):
    """Every place to sign on at, in the order of the settings."""

    items: tuple[Offered, ...]


def _refused(request: Request[Any, Any, State], refused: Refusal) -> Response[Any]:
    return pages.refusal(request, refused)


def _party(request: Request[Any, Any, State], unproven: PartyError) -> Response[Any]:
    return pages.refusal(request, Refusal(Code(unproven.code)))


def _unrecorded(request: Request[Any, Any, State], _: AuditUnavailable) -> Response[Any]:
    return pages.refusal(request, Refusal(Code.AUDIT_UNAVAILABLE))


# A browser gets a page, and a program the same problem as everywhere.
_ANSWERS: dict[int | type[Exception], Any] = {
    AuditUnavailable: _unrecorded,
    PartyError: _party,
    Refusal: _refused,
}


class SignOnController(Controller):
    """People prove themselves at a provider, and come back to one session in one cookie."""

    tags: Sequence[str] | None = ("Sign-on",)
    exception_handlers = _ANSWERS

    @get(PROVIDERS, opt=_PUBLIC, operation_class=OfAnybody)
    async def offered(
        self, request: Request[Any, Any, State], sign_on: NamedDependency[SignOn]
    ) -> Response[OfferedList]:
        """Return where to sign on; a browser gets a page to choose on."""
        items = tuple(
            Offered(
                provider=each.code,
                realm=each.realm,
                title_vi=each.title_vi,
                title_en=each.title_en,
                url=f"{each.origin}{PROVIDERS}/{each.code}",
            )
            for each in sign_on.providers
        )
        if pages.wants_page(request):
            named = {**_NO_STORE, "Content-Language": "vi", "Vary": "Accept"}
            text = pages.places(items)
            answer = Response(text, headers=named, media_type=pages.HTML)
            return cast("Response[OfferedList]", answer)
        headers = {**_NO_STORE, "Vary": "Accept"}
        return Response(OfferedList(items=items), headers=headers)

    @get(pages.STYLE_PATH, opt=_PUBLIC, include_in_schema=False)
    async def style(self) -> Response[str]:
        """Return how pages of sign-on look."""
        kept = {"Cache-Control": "public, max-age=3600"}
        return Response(pages.STYLE, headers=kept, media_type="text/css")

    @get(BEGIN, opt=_PUBLIC, operation_class=OfBegin, status_code=HTTP_303_SEE_OTHER)
    async def begin(
        self,
        request: Request[Any, Any, State],
        *,
        provider: FromPath[str],
        sign_on: NamedDependency[SignOn],
        arrivals: NamedDependency[Arrivals],
        clock: NamedDependency[Clock],
        target: FromQuery[str] = DEFAULT_TARGET,
    ) -> Response[None]:
        """Send the browser to a provider; afterwards it comes back to *target*, a path of ours."""
        arrivals.admit(request)
        begun = await sign_on.begin(provider, target=own_path(target), now=clock())
        return _sent(begun.url, cookies.attempt(begun.attempt))

    @get(CALLBACK, opt=_PUBLIC, operation_class=OfSignOn, status_code=HTTP_303_SEE_OTHER)
    async def callback(
        self,
        request: Request[Any, Any, State],
        *,
        provider: FromPath[str],
        sign_on: NamedDependency[SignOn],
        reception: NamedDependency[Reception],
        arrivals: NamedDependency[Arrivals],
        clock: NamedDependency[Clock],
    ) -> Response[Any]:
        """Judge what a provider's answer proves, open the session, and go on to the target."""
        route = CALLBACK.replace(":str", "")
        forgotten = cookies.gone(cookies.ATTEMPT)
        try:
            query = parameters(request.scope["query_string"].decode("latin-1"))
            attempt = cookies.value(request.headers, cookies.ATTEMPT)
            proven, target = await sign_on.finish(query, attempt, clock(), provider=provider)
            current = cookies.value(request.headers, cookies.SESSION)
            opened = await reception.welcome(proven, current, route)
        except SignOnRefused as refused:
            _log.info("sign_on.refused", code=refused.code, fact=refused.fact)
            arrivals.refused(request, refused.code)
            return pages.refusal(request, Refusal(Code(refused.code)), forgotten)
        except PartyError as barred:
            return pages.refusal(request, Refusal(Code(barred.code)), forgotten)
        return _sent(own_path(target), cookies.session(opened.secret), forgotten)

    @post(
        BACKCHANNEL,
        opt=_PUBLIC,
        operation_class=OfBackchannel,
        status_code=HTTP_200_OK,
        request_max_body_size=LARGEST_FORM,
    )
    async def backchannel(
        self,
        request: Request[Any, Any, State],
        *,
        sign_on: NamedDependency[SignOn],
        reception: NamedDependency[Reception],
        arrivals: NamedDependency[Arrivals],
        clock: NamedDependency[Clock],
        provider: FromPath[str],
    ) -> Response[Any]:
        """End the sessions that a provider says are over (OpenID Back-Channel Logout 1.0)."""
        token = (await form_of(request)).get("logout_token", "")
        try:
            told = await sign_on.backchannel(token, clock(), provider=provider)
        except SignOnRefused as refused:
            arrivals.refused(request, refused.code)
            body = {"error": "invalid_request"}  # section 2.8
            return Response(body, status_code=HTTP_400_BAD_REQUEST, headers=_NO_STORE)
        await reception.sent_away(told, BACKCHANNEL.replace(":str", ""))
        return Response(None, headers=_NO_STORE)

    @post(
        STEP_UP,
        opt={"permission": Permission.SESSION_READ},
        operation_class=OfStepUp,
        status_code=HTTP_303_SEE_OTHER,
        request_max_body_size=LARGEST_FORM,
    )
    async def step_up(
        self,
        request: Request[Any, Any, State],
        *,
        person: NamedDependency[Person],
        entered: NamedDependency[Entered],
        sign_on: NamedDependency[SignOn],
        arrivals: NamedDependency[Arrivals],
        clock: NamedDependency[Clock],
    ) -> Response[None]:
        """Send the person to their provider to prove themselves again, at the highest level."""
        del person
        if entered.session is None:
            raise Refusal(Code.NOT_FOUND)  # a token of the test issuer cannot become stronger
        arrivals.admit(request)
        target = own_path((await form_of(request)).get("target", DEFAULT_TARGET))
        begun = await sign_on.begin(
            entered.session.provider, target=target, level=STRONGEST, max_age=FRESH_S, now=clock()
        )
        return _sent(begun.url, cookies.attempt(begun.attempt))

    @post(
        SIGN_OUT,
        opt=_PUBLIC,
        operation_class=OfSignOut,
        status_code=HTTP_303_SEE_OTHER,
        request_max_body_size=LARGEST_FORM,
    )
    async def sign_out(
        self,
        request: Request[Any, Any, State],
        cookie_door: NamedDependency[CookieDoor],
        sign_on: NamedDependency[SignOn],
        reception: NamedDependency[Reception],
        clock: NamedDependency[Clock],
    ) -> Response[None]:
        """End the session, and send the browser to end the provider's as well."""
        cookie = cookies.value(request.headers, cookies.SESSION)
        forgotten = cookies.gone(cookies.SESSION)
        try:
            session = await cookie_door.visits.look(cookie, clock())
        except SessionEnded:
            return _sent(SIGNED_OUT, forgotten)
        await demand_own_page(request, session, cookie_door.origins)
        await reception.leave(session, cookie, SIGN_OUT)
        return _sent(await _end_at(sign_on, session, clock()) or SIGNED_OUT, forgotten)

    @get(SIGNED_OUT, opt=_PUBLIC, include_in_schema=False)
    async def signed_out(self) -> Response[str]:
        """Say that the session is over."""
        text = pages.page(
            "Bạn đã đăng xuất",
            "You have signed out",
            "Phiên của bạn trên cổng này đã kết thúc. Hãy đóng trình duyệt nếu dùng máy chung.",
            "Your session at this gateway is over. Close the browser on a shared computer.",
        )
        return Response(text, headers=_NO_STORE, media_type=pages.HTML)


async def _end_at(sign_on: SignOn, session: Session, now: datetime) -> str | None:
    """Return where the provider ends its own session; a provider that is away keeps nobody here."""
    try:
        return await sign_on.logout_url(session.provider, session.id_token, SIGNED_OUT, now)
    except SignOnRefused:
        return None


def _sent(url: str, *baked: Cookie) -> Response[Any]:
    """Return a redirect that is followed with GET, whatever the method was (RFC 9110 15.4.4)."""
    headers = {**_NO_STORE, "Location": url}
    return Response(None, status_code=HTTP_303_SEE_OTHER, headers=headers, cookies=list(baked))
