"""People at ordinary routes: who calls, and whether they may do this, strongly enough."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs

from litestar import Request
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.handlers import BaseRouteHandler
from msgspec import Struct

from auth.accounts import csrf
from auth.accounts.sessions import Session
from auth.accounts.visits import Visits
from auth.errors import TokenMissing
from auth.people import PeopleVerifier, Person
from auth.permissions import Permission, may_any, of_people, strength
from auth.stand_in import level_of
from gateway.api import cookies
from gateway.api.characters import refuse_hidden
from gateway.errors import Code, Refusal

NAME = "person"
FORM = "application/x-www-form-urlencoded"
# Whoever has signed on may see and end what is their own, also before any role is granted.
OWN_SESSION = frozenset({Permission.SESSION_READ, Permission.SESSION_END})


class PersonNotAsked(Exception):
    """A route for people does not ask who calls; the process does not start."""


class CookieDoor(Struct, frozen=True):
    """What opens sessions by their cookies, and which pages are ours."""

    visits: Visits
    origins: frozenset[str]  # scheme://host[:port], as browsers see us


class Entered(Struct, frozen=True):
    """Who calls, how strongly they signed on, and the session when a cookie opened one."""

    person: Person
    level: int
    session: Session | None = None  # None: a token of the test issuer
    cookie: str = ""

    def __repr__(self) -> str:
        """Name the account, and nobody."""
        return f"Entered(person={self.person!r}, level={self.level})"


async def entered(
    request: Request[Any, Any, State],
    people: NamedDependency[PeopleVerifier],
    cookie_door: NamedDependency[CookieDoor | None] = None,
) -> Entered:
    """Return who calls, once everything that the route demands of them is there.

    Raises:
        PartyError: nobody has signed on, or the token or session is over or proves nothing.
        Refusal: CSRF_REFUSED, PERMISSION_MISSING, STEP_UP_REQUIRED, and what `refuse_hidden` says.
    """
    caller = await _caller(request, people, cookie_door)
    permission = request.route_handler.opt.get("permission")
    if not isinstance(permission, Permission) or not _may(caller.person, permission):
        raise Refusal(Code.PERMISSION_MISSING)
    _demand_strength(caller, permission, people.clock().timestamp())
    refuse_hidden(request)
    return caller


async def signed_on(entered: NamedDependency[Entered]) -> Person:
    """Return who calls; a handler that names ``person`` runs for nobody else."""
    return entered.person


# Dependencies of the application; they need ``people`` beside them; cookies, ``cookie_door``.
PERSON = {NAME: Provide(signed_on), "entered": Provide(entered)}


async def demand_own_page(
    request: Request[Any, Any, State], session: Session, origins: frozenset[str]
) -> None:
    """Demand that a page of ours sends this request.

    Raises:
        Refusal: CSRF_REFUSED; another site made the browser send it, or it lacks the token.
    """
    headers = request.headers
    given = headers.get(csrf.HEADER)
    if given is None and headers.get("content-type", "").partition(";")[0].strip() == FORM:
        given = (await form_of(request)).get(csrf.FIELD)
    missing = csrf.judge(
        expected=session.csrf,
        given=given,
        origin=headers.get("origin"),
        fetch_site=headers.get("sec-fetch-site"),
        own=origins,
    )
    if missing is not None:
        raise Refusal(Code.CSRF_REFUSED, missing=missing.value)


async def form_of(request: Request[Any, Any, State]) -> dict[str, str]:
    """Return the fields of a form, the first of each name; nothing when it is none.

    Raises:
        Refusal: VALIDATION_FAILED; it has more than twenty fields.
    """
    try:
        sent = (await request.body()).decode("utf-8")
        fields = parse_qs(sent, keep_blank_values=True, max_num_fields=20)
    except ValueError:
        raise Refusal(Code.VALIDATION_FAILED) from None
    return {name: values[0] for name, values in fields.items()}


def demand_person(routes: Iterable[tuple[str, BaseRouteHandler]]) -> None:
    """Stop the process, not a request, when a route for people forgets to ask who calls.

    Raises:
        PersonNotAsked: names the route.
    """
    for path, handler in routes:
        permission = handler.opt.get("permission")
        for_people = isinstance(permission, Permission) and of_people(permission)
        if for_people and NAME not in handler.fn.__annotations__:
            raise PersonNotAsked(path)


async def _caller(
    request: Request[Any, Any, State], people: PeopleVerifier, door: CookieDoor | None
) -> Entered:
    """Return who calls: by a token, which no other site can send, or else by a cookie."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind:
        person = people.verify(token.strip() if kind.lower() == "bearer" else "")
        return Entered(person, level_of(person.acr))
    cookie = cookies.value(request.headers, cookies.SESSION)
    if door is None or not cookie:
        raise TokenMissing
    session = await door.visits.look(cookie, people.clock())
    if request.method not in csrf.SAFE_METHODS:
        await demand_own_page(request, session, door.origins)
    return Entered(session.person, session.level, session, cookie)


def _may(person: Person, permission: Permission) -> bool:
    return permission in OWN_SESSION or may_any(person.roles, permission)


def _demand_strength(caller: Entered, permission: Permission, now: float) -> None:
    """Demand the strength that the table of permissions gives (RFC 9470 section 3).

    Raises:
        Refusal: STEP_UP_REQUIRED, with the level and the age that are enough.
    """
    wanted = strength(permission, caller.person.roles)
    age_s = now - caller.person.auth_time
    if caller.level < wanted.level or (wanted.max_age_s is not None and age_s > wanted.max_age_s):
        raise Refusal(Code.STEP_UP_REQUIRED, level=wanted.level, max_age_s=wanted.max_age_s)
