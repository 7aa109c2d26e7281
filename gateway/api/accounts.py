"""Administration of accounts: prepared, disabled, enabled, unlocked, signed out everywhere."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery
from litestar.status_codes import HTTP_200_OK
from msgspec import Meta, Struct

from auth.accounts.accounts import Account, AccountState, Act, prepared
from auth.accounts.errors import AccountUnknown
from auth.accounts.signing_in import Accounts
from auth.accounts.visits import Visits
from auth.people import Person
from auth.permissions import Permission
from auth.roles.desk import RoleDesk
from auth.roles.errors import SecondPersonMissing
from auth.roles.grants import Scope
from auth.signon.signed_on import Realm
from gateway.api.administration import (
    LARGEST_BODY,
    MOST_LISTED,
    NO_STORE,
    SCOPE,
    Emergencies,
    ReasonBody,
    refusing,
)
from gateway.api.bodies import invalid
from gateway.api.disclosed import bounded, by, read
from gateway.api.operations import OfPeople, takes
from gateway.audit.entry import Entry
from gateway.audit.events import Changed, Event, Method
from gateway.audit.leaf import Change
from gateway.clock import Clock

ACCOUNTS = "/v1/accounts"
ONE = "/v1/accounts/{account:str}"
DISABLE = "/v1/accounts/{account:str}/disable"
ENABLE = "/v1/accounts/{account:str}/enable"
UNLOCK = "/v1/accounts/{account:str}/unlock"
END_SESSIONS = "/v1/accounts/{account:str}/sessions/end"

_READ = {"permission": Permission.ACCOUNT_READ}
_PREPARE = {"permission": Permission.ACCOUNT_PREPARE}
_CHANGE = {"permission": Permission.ACCOUNT_CHANGE}


class Desk(Struct, frozen=True):
    """What decides about accounts: themselves, what they are granted, and whose are seen."""

    accounts: Accounts
    roles: RoleDesk
    scope: Scope


async def account_desk(
    accounts: NamedDependency[Accounts],
    role_desk: NamedDependency[RoleDesk],
    within: NamedDependency[Scope],
) -> Desk:
    """Return the desk as the caller may use it; there is none for whoever may not."""
    return Desk(accounts, role_desk, within)


KnownAgencies = Callable[[], Collection[str]]  # codes of the published catalog


class AccountBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An official's account, prepared before their first sign-on."""

    name: Annotated[str, Meta(max_length=120)]
    staff_number: Annotated[str, Meta(max_length=40)]
    agency: Annotated[str, Meta(max_length=35)] | None = None  # None: one's own
    reason: Annotated[str, Meta(max_length=500)]


class AccountTold(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An official's account as administrators see it."""

    id: str
    name: str
    agency: str
    staff_number: str
    state: AccountState
    created_at: datetime
    changed_at: datetime
    reason: str
    by: str | None = None
    last_seen_at: datetime | None = None


class AccountsListed(Struct, frozen=True, kw_only=True):
    """One page of accounts, by their ids."""

    items: tuple[AccountTold, ...]
    next_cursor: str | None


class SessionsEnded(Struct, frozen=True, kw_only=True):
    """How many sessions were ended."""

    ended: int


_BODY = msgspec.json.Decoder(AccountBody)
_REASON = msgspec.json.Decoder(ReasonBody)
_taken = takes(ReasonBody)


class AccountsController(Controller):
    """Whoever administers one agency sees the accounts of that agency, and no others."""

    tags: Sequence[str] | None = ("Accounts",)
    dependencies: Mapping[str, Any] | None = {  # type: ignore[assignment]
        **SCOPE,
        "account_desk": Provide(account_desk),
    }

    @get(ACCOUNTS, opt=_READ, operation_class=OfPeople)
    async def listed(
        self,
        *,
        person: NamedDependency[Person],
        within: NamedDependency[Scope],
        accounts: NamedDependency[Accounts],
        agency: FromQuery[str | None] = None,
        cursor: FromQuery[str] = "",
        limit: FromQuery[int] = 50,
    ) -> Response[AccountsListed]:
        """Return officials' accounts by their ids; *agency* narrows them."""
        del person
        rows, wanted = bounded(limit, MOST_LISTED), agency or within.agency
        if not within.covers(wanted):
            raise invalid("/agency")
        found = await accounts.listed(agency=wanted, after=cursor, limit=rows)
        more = found[-1].id if len(found) == rows else None
        told = tuple(_told(each) for each in found)
        return Response(AccountsListed(items=told, next_cursor=more), headers=NO_STORE)

    @post(
        ACCOUNTS, opt=_PREPARE, operation_class=takes(AccountBody),
        request_max_body_size=LARGEST_BODY,
    )  # fmt: skip
    async def prepare(
        self,
        *,
        request: Request[Any, Any, State],
        person: NamedDependency[Person],
        within: NamedDependency[Scope],
        accounts: NamedDependency[Accounts],
        known_agencies: NamedDependency[KnownAgencies],
        clock: NamedDependency[Clock],
    ) -> Response[AccountTold]:
        """Prepare an account; its official's first sign-on links to it by the staff number."""
        body, _ = await read(request, _BODY)
        agency = body.agency or within.agency
        if agency is None or not within.covers(agency) or agency not in known_agencies():
            raise invalid("/agency")
        with refusing():
            new = prepared(
                name=body.name,
                agency=agency,
                staff_number=body.staff_number,
                by=person.id,
                reason=body.reason,
                now=clock(),
            )
        await accounts.prepare(new)
        return Response(_told(new), headers=NO_STORE)

    @get(ONE, opt=_READ, operation_class=OfPeople)
    async def one(
        self,
        *,
        account: FromPath[str],
        person: NamedDependency[Person],
        within: NamedDependency[Scope],
        accounts: NamedDependency[Accounts],
    ) -> Response[AccountTold]:
        """Return one account."""
        del person
        return Response(_told(await _within(accounts, account, within)), headers=NO_STORE)

    @post(
        DISABLE, opt=_CHANGE, operation_class=_taken, status_code=HTTP_200_OK,
        request_max_body_size=LARGEST_BODY,
    )  # fmt: skip
    async def disable(
        self,
        *,
        request: Request[Any, Any, State],
        account: FromPath[str],
        person: NamedDependency[Person],
        account_desk: NamedDependency[Desk],
        clock: NamedDependency[Clock],
    ) -> Response[AccountTold]:
        """Disable an account: nobody signs on with it, and its sessions are over."""
        return await _changed(request, account_desk, (account, Act.DISABLED), person, clock)

    @post(
        ENABLE, opt=_CHANGE, operation_class=_taken, status_code=HTTP_200_OK,
        request_max_body_size=LARGEST_BODY,
    )  # fmt: skip
    async def enable(
        self,
        *,
        request: Request[Any, Any, State],
        account: FromPath[str],
        person: NamedDependency[Person],
        account_desk: NamedDependency[Desk],
        clock: NamedDependency[Clock],
    ) -> Response[AccountTold]:
        """Enable a disabled account; what it was granted holds again."""
        await _demand_state(account_desk, account, AccountState.DISABLED)
        return await _changed(request, account_desk, (account, Act.ENABLED), person, clock)

    @post(
        UNLOCK, opt=_CHANGE, operation_class=_taken, status_code=HTTP_200_OK,
        request_max_body_size=LARGEST_BODY,
    )  # fmt: skip
    async def unlock(
        self,
        *,
        request: Request[Any, Any, State],
        account: FromPath[str],
        person: NamedDependency[Person],
        account_desk: NamedDependency[Desk],
        clock: NamedDependency[Clock],
    ) -> Response[AccountTold]:
        """Unlock an account; another person than its own does it."""
        await _demand_state(account_desk, account, AccountState.LOCKED)
        return await _changed(request, account_desk, (account, Act.ENABLED), person, clock)

    @post(
        END_SESSIONS, opt=_CHANGE, operation_class=_taken, status_code=HTTP_200_OK,
        request_max_body_size=LARGEST_BODY,
    )  # fmt: skip
    async def end_sessions(
        self,
        *,
        request: Request[Any, Any, State],
        account: FromPath[str],
        person: NamedDependency[Person],
        account_desk: NamedDependency[Desk],
        visits: NamedDependency[Visits],
        emergencies: NamedDependency[Emergencies],
    ) -> Response[SessionsEnded]:
        """End every session of an account, wherever it is signed on."""
        _, raw = await read(request, _REASON)
        found = await _changeable(account_desk, account)
        leaf = emergencies.acts.leaf(
            Event.SESSION_CLOSE,
            by(person),
            route=END_SESSIONS.replace(":str", ""),
            method=Method.POST,
            request=raw,
            change=Change(kind=Changed.ACCOUNT, id=found.id),
        )
        await emergencies.append(Entry(body=leaf))
        ended = await visits.end_all(found.id)
        return Response(SessionsEnded(ended=len(ended)), headers=NO_STORE)


async def _within(accounts: Accounts, account_id: str, scope: Scope) -> Account:
    """Return an official's account that the caller may see; another is as unknown as none."""
    found = await accounts.find(account_id)
    if found.realm is not Realm.STAFF or not scope.covers(found.agency):
        raise AccountUnknown
    return found


async def _changeable(desk: Desk, account_id: str) -> Account:
    """Return an account that the caller may change; OutsideScope when they may only see it."""
    found = await _within(desk.accounts, account_id, desk.scope)
    desk.scope.demand_over(await desk.roles.held(found.id))
    return found


async def _demand_state(desk: Desk, account_id: str, state: AccountState) -> None:
    if (await _changeable(desk, account_id)).state is not state:
        raise invalid("/account")


async def _changed(
    request: Request[Any, Any, State],
    desk: Desk,
    act: tuple[str, Act],
    person: Person,
    clock: Clock,
) -> Response[AccountTold]:
    body, _ = await read(request, _REASON)
    found = await _changeable(desk, act[0])
    if found.id == person.id and act[1] is not Act.DISABLED:
        raise SecondPersonMissing
    with refusing():
        after = await desk.accounts.change(
            found.id, act[1], by=person.id, reason=body.reason, now=clock()
        )
    return Response(_told(after), headers=NO_STORE)


def _told(account: Account) -> AccountTold:
    return AccountTold(
        id=account.id,
        name=account.name or "",
        agency=account.agency or "",
        staff_number=account.staff_number or "",
        state=account.state,
        created_at=account.created_at,
        changed_at=account.changed_at,
        reason=account.reason,
        by=account.by,
        last_seen_at=account.last_seen_at,
    )
