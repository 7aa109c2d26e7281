"""What the routes of administration share: whose accounts they see, refusals, the record."""

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Annotated, Any

from litestar import Request
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from msgspec import Meta, Struct

from auth.accounts.errors import AccountRefused
from auth.people import Person, Role
from auth.permissions import Permission
from auth.roles.break_glass import LONGEST_PAUSE_S
from auth.roles.errors import DoorPaused, GrantRefused
from auth.roles.grants import Scope, scope_of
from gateway.api.bodies import invalid
from gateway.api.disclosed import by, template
from gateway.audit.acts import Acts
from gateway.audit.entry import Entry, Receipt
from gateway.audit.events import Event, Method
from gateway.errors import Code, Refusal

LARGEST_BODY = 16_384  # bytes
NO_STORE = {"Cache-Control": "no-store"}
MOST_LISTED = 200

Reason = Annotated[str, Meta(min_length=1, max_length=1_000)]
Id = Annotated[str, Meta(min_length=1, max_length=64)]
Append = Callable[[Entry], Awaitable[Receipt]]


class ReasonBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why it is done."""

    reason: Reason


class Emergencies(Struct, frozen=True):
    """Writes down each call that is made with the last resort, before it is answered."""

    acts: Acts
    append: Append

    async def note(self, person: Person, route: str, method: str, raw: bytes) -> None:
        """Put one call of *person* on record; nothing for anybody with a role of their own.

        Raises:
            AuditUnavailable: it could not be made durable; the call is not answered.
        """
        if Role.BREAK_GLASS not in person.roles:
            return
        leaf = self.acts.leaf(
            Event.BREAKGLASS_ACT,
            by(person),
            route=template(route),
            method=Method(method),
            request=raw,
        )
        await self.append(Entry(body=leaf))


async def scope_here(request: Request[Any, Any, State], person: NamedDependency[Person]) -> Scope:
    """Return whose accounts and systems the caller may see and change by this route's permission.

    Raises:
        OutsideScope: nobody's.
    """
    permission: Permission = request.route_handler.opt["permission"]
    return scope_of(person, permission)


async def within(
    request: Request[Any, Any, State],
    person: NamedDependency[Person],
    emergencies: NamedDependency[Emergencies],
) -> Scope:
    """Put what is done with the last resort on record, then return the scope.

    Raises:
        OutsideScope: the caller may see nobody's accounts.
        AuditUnavailable: the call is made with the last resort, and cannot be put on record.
    """
    path = str(request.scope["path_template"])
    await emergencies.note(person, path, request.method, await request.body())
    return await scope_here(request, person)


SCOPE = {"within": Provide(within)}


@contextmanager
def refusing() -> Generator[None]:
    """Name the member that is wrong, and how long to wait; other refusals name themselves."""
    try:
        yield
    except GrantRefused as refused:
        raise invalid(f"/{refused.fact}") from None
    except AccountRefused as refused:
        raise invalid("" if refused.member is None else f"/{refused.member}") from None
    except DoorPaused:
        raise Refusal(Code.RATE_LIMITED, retry_after_s=LONGEST_PAUSE_S) from None
