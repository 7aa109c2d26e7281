"""People at ordinary routes: whose token came, and whether a role of theirs may do this."""

from collections.abc import Iterable
from typing import Any

from litestar import Request
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.handlers import BaseRouteHandler

from auth.people import PeopleVerifier, Person
from auth.permissions import Permission, may_any, of_people
from gateway.errors import Code, Refusal

NAME = "person"


class PersonNotAsked(Exception):
    """A route for people does not ask who calls; the process does not start."""


async def signed_on(
    request: Request[Any, Any, State], people: NamedDependency[PeopleVerifier]
) -> Person:
    """Return who calls; a handler that names ``person`` runs for nobody else.

    Raises:
        PartyError: the token is missing, expired or proves nothing.
        Refusal: PERMISSION_MISSING when no role of theirs holds the route's permission.
    """
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    person = people.verify(token.strip() if kind.lower() == "bearer" else "")
    permission = request.route_handler.opt.get("permission")
    if not isinstance(permission, Permission) or not may_any(person.roles, permission):
        raise Refusal(Code.PERMISSION_MISSING)
    return person


PERSON = {NAME: Provide(signed_on)}  # dependencies of the application; needs ``people`` beside it


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
