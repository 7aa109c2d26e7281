"""Grants of roles: asked for, decided by another person, taken away; and the table itself."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State as RequestState
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.status_codes import HTTP_200_OK
from msgspec import Meta, Struct

from auth.people import Person, Role
from auth.permissions import HOLDERS, Permission
from auth.roles.desk import RoleDesk
from auth.roles.forbidden import PAIRS, SOURCES
from auth.roles.grants import AGENCY_SCOPED, GRANTABLE, Cause, Grant, Scope, State, Wanted
from gateway.api.administration import (
    LARGEST_BODY,
    MOST_LISTED,
    NO_STORE,
    SCOPE,
    Id,
    Reason,
    ReasonBody,
    refusing,
)
from gateway.api.disclosed import bounded, read
from gateway.api.operations import OfPeople, takes
from gateway.clock import Clock

ROLES = "/v1/roles"
GRANTS = "/v1/role-grants"
DECISION = "/v1/role-grants/{grant:str}/decision"
REVOCATION = "/v1/role-grants/{grant:str}/revocation"

_READ = {"permission": Permission.ROLE_READ}
Instant = Annotated[datetime, Meta(tz=True)]


class GrantBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A role that somebody asks for; the agency of an agency's role is that of the account."""

    account: Id
    role: Role
    valid_from: Instant | None = None  # None: at once
    valid_to: Instant | None = None  # None: until somebody ends it
    reason: Reason


class GrantDecisionBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the second person decides."""

    approve: bool
    reason: Reason


class GrantTold(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A grant as administrators see it."""

    id: str
    account: str
    role: Role
    state: State
    agency: str | None = None
    valid_from: datetime
    valid_to: datetime | None = None
    asked_by: str
    reason: str
    asked_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    cause: Cause | None = None
    ended_by: str | None = None
    ended_at: datetime | None = None


class GrantsListed(Struct, frozen=True, kw_only=True):
    """One page of grants, newest first."""

    items: tuple[GrantTold, ...]
    next_cursor: str | None


class RoleTold(Struct, frozen=True, kw_only=True):
    """A role, where it counts, and what it may."""

    role: Role
    agency_scoped: bool
    grantable: bool
    permissions: tuple[Permission, ...]


class PairTold(Struct, frozen=True, kw_only=True):
    """Two roles that one account never holds together, and how sure we are of the rule."""

    one: Role
    other: Role
    source: str
    text_vi: str
    text_en: str
    mark: str


class RolesTold(Struct, frozen=True, kw_only=True):
    """The whole table."""

    roles: tuple[RoleTold, ...]
    excluded: tuple[PairTold, ...]


_GRANT = msgspec.json.Decoder(GrantBody)
_DECISION = msgspec.json.Decoder(GrantDecisionBody)
_REASON = msgspec.json.Decoder(ReasonBody)


class RolesController(Controller):
    """Nobody grants alone, nobody approves their own, and some roles are never one person's."""

    tags: Sequence[str] | None = ("Roles",)
    dependencies: Mapping[str, Any] | None = SCOPE  # type: ignore[assignment]

    @get(ROLES, opt=_READ, operation_class=OfPeople)
    async def table(
        self, person: NamedDependency[Person], within: NamedDependency[Scope]
    ) -> Response[RolesTold]:
        """Return who may do what, and which roles exclude each other."""
        del person, within
        return Response(_TABLE, headers=NO_STORE)

    @get(GRANTS, opt=_READ, operation_class=OfPeople)
    async def listed(
        self,
        *,
        person: NamedDependency[Person],
        within: NamedDependency[Scope],
        role_desk: NamedDependency[RoleDesk],
        clock: NamedDependency[Clock],
        account: FromQuery[str | None] = None,
        undecided: FromQuery[bool] = False,
        cursor: FromQuery[str | None] = None,
        limit: FromQuery[int] = 50,
    ) -> Response[GrantsListed]:
        """Return grants, newest first: of one account, or those that wait for a second person."""
        del person
        rows = bounded(limit, MOST_LISTED)
        found = await role_desk.listed(
            within, account=account, undecided=undecided, before=cursor, limit=rows
        )
        more = found[-1].id if len(found) == rows else None
        told = tuple(_told(each, clock()) for each in found)
        return Response(GrantsListed(items=told, next_cursor=more), headers=NO_STORE)

    @post(
        GRANTS, opt={"permission": Permission.ROLE_ASK}, operation_class=takes(GrantBody),
        request_max_body_size=LARGEST_BODY,
    )  # fmt: skip
    async def ask(
        self,
        *,
        request: Request[Any, Any, RequestState],
        person: NamedDependency[Person],
        within: NamedDependency[Scope],
        role_desk: NamedDependency[RoleDesk],
        clock: NamedDependency[Clock],
    ) -> Response[GrantTold]:
        """Ask that an account be given a role; nothing is held before a second person approves."""
        body, _ = await read(request, _GRANT)
        wanted = Wanted(
            account_id=body.account,
            role=body.role,
            valid_from=body.valid_from,
            valid_to=body.valid_to,
            reason=body.reason,
        )
        with refusing():
            grant = await role_desk.ask(wanted, by=person.id, scope=within, now=clock())
        return Response(_told(grant, clock()), headers=NO_STORE)

    @post(
        DECISION, opt={"permission": Permission.ROLE_DECIDE},
        operation_class=takes(GrantDecisionBody), status_code=HTTP_200_OK,
        request_max_body_size=LARGEST_BODY,
    )  # fmt: skip
    async def decide(
        self,
        *,
        request: Request[Any, Any, RequestState],
        grant: FromPath[str],
        person: NamedDependency[Person],
        within: NamedDependency[Scope],
        role_desk: NamedDependency[RoleDesk],
        clock: NamedDependency[Clock],
    ) -> Response[GrantTold]:
        """Approve or refuse what another person asked for; one's own can only be taken back."""
        body, _ = await read(request, _DECISION)
        with refusing():
            found = await role_desk.decide(
                grant,
                by=person.id,
                scope=within,
                approved=body.approve,
                reason=body.reason,
                now=clock(),
            )
        return Response(_told(found, clock()), headers=NO_STORE)

    @post(
        REVOCATION, opt={"permission": Permission.ROLE_REVOKE}, operation_class=takes(ReasonBody),
        status_code=HTTP_200_OK, request_max_body_size=LARGEST_BODY,
    )  # fmt: skip
    async def revoke(
        self,
        *,
        request: Request[Any, Any, RequestState],
        grant: FromPath[str],
        person: NamedDependency[Person],
        within: NamedDependency[Scope],
        role_desk: NamedDependency[RoleDesk],
        clock: NamedDependency[Clock],
    ) -> Response[GrantTold]:
        """Take a role away; it is gone at the holder's next request."""
        body, _ = await read(request, _REASON)
        with refusing():
            found = await role_desk.revoke(
                grant, by=person.id, scope=within, reason=body.reason, now=clock()
            )
        return Response(_told(found, clock()), headers=NO_STORE)


def _told(grant: Grant, now: datetime) -> GrantTold:
    named = set(GrantTold.__struct_fields__) & set(Grant.__struct_fields__)
    members: dict[str, Any] = {name: getattr(grant, name) for name in named}
    return GrantTold(account=grant.account_id, state=grant.state(now), **members)


def _role(role: Role) -> RoleTold:
    may = tuple(each for each in Permission if role in HOLDERS[each])
    return RoleTold(
        role=role,
        agency_scoped=role in AGENCY_SCOPED,
        grantable=role in GRANTABLE,
        permissions=may,
    )


_TABLE = RolesTold(
    roles=tuple(_role(role) for role in Role),
    excluded=tuple(
        PairTold(
            one=pair.one,
            other=pair.other,
            source=pair.source,
            text_vi=SOURCES[pair.source].text_vi,
            text_en=SOURCES[pair.source].text_en,
            mark=pair.mark,
        )
        for pair in PAIRS
    ),
)
