"""Whoever has signed on: who they are to us, and their own sessions."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from litestar import Controller, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.status_codes import HTTP_204_NO_CONTENT
from msgspec import Struct

from auth.accounts.sessions import Session
from auth.people import Person, Role
from auth.permissions import Permission
from gateway.api import cookies
from gateway.api.operations import OfPeople
from gateway.api.people import CookieDoor, Entered
from gateway.api.reception import Reception
from gateway.clock import Clock
from gateway.errors import Code, Refusal

ME = "/me"
SESSIONS = "/me/sessions"
ONE = "/me/sessions/{session:str}"
END_ALL = "/me/sessions/end-all"

_READ = {"permission": Permission.SESSION_READ}
_END = {"permission": Permission.SESSION_END}
_NO_STORE = {"Cache-Control": "no-store"}


class SessionTold(Struct, frozen=True, kw_only=True):
    """The present session, and what its pages send back with every change."""

    id: str
    provider: str
    opened_at: datetime
    ends_at: datetime
    idle_until: datetime
    csrf_token: str


class Me(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who has signed on; a citizen's number is not repeated here."""

    account: str
    name: str
    roles: tuple[Role, ...]
    level: int
    acr: str
    authenticated_at: datetime
    agency: str | None = None
    session: SessionTold | None = None  # none with a token of the test issuer


class OneSession(Struct, frozen=True, kw_only=True):
    """A session of one's own in a list."""

    id: str
    provider: str
    level: int
    opened_at: datetime
    seen_at: datetime
    ends_at: datetime
    current: bool


class OwnSessions(Struct, frozen=True, kw_only=True):
    """One's own open sessions, newest first."""

    items: tuple[OneSession, ...]


class SessionsController(Controller):
    """Everybody sees where they are signed on, and ends it from anywhere."""

    tags: Sequence[str] | None = ("Sign-on",)

    @get(ME, opt=_READ, operation_class=OfPeople)
    async def me(
        self, person: NamedDependency[Person], entered: NamedDependency[Entered]
    ) -> Response[Me]:
        """Return who has signed on, what they may be, and the token that changes must bring."""
        told = Me(
            account=person.id,
            name=person.name,
            roles=tuple(sorted(person.roles)),
            level=entered.level,
            acr=person.acr,
            authenticated_at=datetime.fromtimestamp(person.auth_time, UTC),
            agency=person.agency,
            session=None if entered.session is None else _told(entered.session),
        )
        return Response(told, headers=_NO_STORE)

    @get(SESSIONS, opt=_READ, operation_class=OfPeople)
    async def listed(
        self,
        person: NamedDependency[Person],
        entered: NamedDependency[Entered],
        cookie_door: NamedDependency[CookieDoor],
        clock: NamedDependency[Clock],
    ) -> Response[OwnSessions]:
        """Return one's own open sessions."""
        found = await cookie_door.visits.listed(person.id, clock(), person.roles)
        mine = "" if entered.session is None else entered.session.id
        items = tuple(
            OneSession(
                current=each.id == mine,
                **{name: getattr(each, name) for name in each.__struct_fields__},
            )
            for each in found
        )
        return Response(OwnSessions(items=items), headers=_NO_STORE)

    @delete(ONE, opt=_END, operation_class=OfPeople, status_code=HTTP_204_NO_CONTENT)
    async def end_one(
        self,
        session: FromPath[str],
        person: NamedDependency[Person],
        entered: NamedDependency[Entered],
        reception: NamedDependency[Reception],
    ) -> Response[None]:
        """End one session of one's own, also this one."""
        del person
        present = _present(entered)
        if not await reception.leave_one(present, session, ONE.replace(":str", "")):
            raise Refusal(Code.NOT_FOUND)
        return _ended(forget=session == present.id)

    @post(END_ALL, opt=_END, operation_class=OfPeople, status_code=HTTP_204_NO_CONTENT)
    async def end_all(
        self,
        person: NamedDependency[Person],
        entered: NamedDependency[Entered],
        reception: NamedDependency[Reception],
        others: FromQuery[bool] = False,  # noqa: FBT002 - a word of the query
    ) -> Response[None]:
        """End every session of one's own; with *others*, every one but this."""
        del person
        kept = entered.cookie if others else ""
        await reception.leave_all(_present(entered), but_cookie=kept, route=END_ALL)
        return _ended(forget=not others)


def _told(session: Session) -> SessionTold:
    return SessionTold(
        id=session.id,
        provider=session.provider,
        opened_at=session.opened_at,
        ends_at=session.ends_at,
        idle_until=session.idle_until,
        csrf_token=session.csrf,
    )


def _present(entered: Entered) -> Session:
    """Return the session that asks; whoever came with a token has none."""
    if entered.session is None:
        raise Refusal(Code.NOT_FOUND)
    return entered.session


def _ended(*, forget: bool) -> Response[Any]:
    baked = [cookies.gone(cookies.SESSION)] if forget else []
    headers = _NO_STORE
    return Response(None, status_code=HTTP_204_NO_CONTENT, headers=headers, cookies=baked)
