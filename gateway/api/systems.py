"""Systems of agencies: who they are, what they prove themselves by, and who let them in."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
from litestar import Controller, Request, Response, get, post, put
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.status_codes import HTTP_200_OK, HTTP_202_ACCEPTED

from auth import systems
from auth.approvals.asked import Ask, Wanted
from auth.approvals.desk import Done
from auth.credentials import rotating
from auth.people import Person
from auth.permissions import Permission
from auth.roles.grants import Scope
from gateway.api.disclosed import LARGEST_BODY, NO_STORE, bounded, read
from gateway.api.operations import OfPeople, takes
from gateway.api.registered import (
    Outcome,
    ReasonBody,
    RegistrationBody,
    RevocationBody,
    RotationBody,
    SystemShown,
    SystemsListed,
    credentials,
    refusing,
    registration,
    told,
)
from gateway.api.registrars import SCOPE, Registry, demand_version, note_of, outcome_of
from gateway.errors import Code, Refusal

SYSTEMS = "/v1/systems"
ONE = "/v1/systems/{client_id:str}"
ROTATE = "/v1/systems/{client_id:str}/rotation"
REVOKE = "/v1/systems/{client_id:str}/revocation"
SUSPEND = "/v1/systems/{client_id:str}/suspension"
RESUME = "/v1/systems/{client_id:str}/resumption"
BLOCK = "/v1/systems/{client_id:str}/block"
MOST_LISTED = 200
CONDITIONAL = (Code.PRECONDITION_REQUIRED, Code.PRECONDITION_FAILED)  # RFC 6585, RFC 9110

_REGISTER = {"permission": Permission.SYSTEM_REGISTER}
_SUSPEND = {"permission": Permission.SYSTEM_SUSPEND}
_REGISTRATION = msgspec.json.Decoder(RegistrationBody)
_ROTATION = msgspec.json.Decoder(RotationBody)
_REVOCATION = msgspec.json.Decoder(RevocationBody)
_REASON = msgspec.json.Decoder(ReasonBody)


class SystemsController(Controller):
    """An agency's administrator sees and asks for systems of the own agency, and for no others."""

    tags: Sequence[str] | None = ("Systems",)
    dependencies: Mapping[str, Any] | None = SCOPE  # type: ignore[assignment]

    @get(SYSTEMS, opt={"permission": Permission.SYSTEM_READ}, operation_class=OfPeople)
    async def listed(
        self,
        *,
        person: NamedDependency[Person],
        within: NamedDependency[Scope],
        registry: NamedDependency[Registry],
        cursor: FromQuery[str | None] = None,
        limit: FromQuery[int] = 50,
        agency: FromQuery[str | None] = None,
    ) -> Response[SystemsListed]:
        """Return systems by client id, with ends, warnings and last use."""
        del person
        rows = bounded(limit, MOST_LISTED)
        wanted = within.agency if agency is None else agency
        with refusing():
            found = await registry.desk.listed(wanted) if within.covers(wanted) else ()
        page = [each for each in found if cursor is None or each.client_id > cursor][:rows]
        more = page[-1].client_id if len(page) == rows else None
        items = await registry.told(page)
        return Response(SystemsListed(items=items, next_cursor=more), headers=NO_STORE)

    @get(ONE, opt={"permission": Permission.SYSTEM_READ}, operation_class=OfPeople)
    async def shown(
        self,
        client_id: FromPath[str],
        person: NamedDependency[Person],
        within: NamedDependency[Scope],
        registry: NamedDependency[Registry],
    ) -> Response[SystemShown]:
        """Return one system and its history; the ETag is what changes are sent back with."""
        del person
        history = await registry.history(client_id, within)
        (item,) = await registry.told(history[-1:])
        past = tuple(told(each, registry.clock()) for each in history)
        tag = {"ETag": f'"{history[-1].version}"'}
        return Response(SystemShown(system=item, history=past), headers=NO_STORE | tag)

    @put(
        ONE,
        opt=_REGISTER,
        operation_class=takes(RegistrationBody, *CONDITIONAL),
        request_max_body_size=LARGEST_BODY,
    )
    async def said(
        self,
        request: Request[Any, Any, State],
        client_id: FromPath[str],
        person: NamedDependency[Person],
        within: NamedDependency[Scope],
        registry: NamedDependency[Registry],
    ) -> Response[Outcome]:
        """Register a system (If-None-Match: *) or amend it (If-Match); a live one is asked for."""
        base = demand_version(request, may_be_new=True)
        body, _ = await read(request, _REGISTRATION)
        said = registration(client_id, body)
        registry.demand_agency(said.agency, within)
        act = Ask.REGISTER if base is None else Ask.AMEND
        wanted = Wanted(act=act, registration=said)
        return await self._open(registry, person, within, client_id, wanted, base, body.reason)

    @post(
        ROTATE,
        opt=_REGISTER,
        operation_class=takes(RotationBody, *CONDITIONAL),
        status_code=HTTP_200_OK,
        request_max_body_size=LARGEST_BODY,
    )
    async def rotate(
        self,
        request: Request[Any, Any, State],
        client_id: FromPath[str],
        person: NamedDependency[Person],
        within: NamedDependency[Scope],
        registry: NamedDependency[Registry],
    ) -> Response[Outcome]:
        """Add keys or certificates; the older ones end after the overlap."""
        base = demand_version(request)
        body, _ = await read(request, _ROTATION)
        added = credentials(body.keys, body.certificates)
        if added.empty():
            raise Refusal(Code.VALIDATION_FAILED)
        wanted = Wanted(act=Ask.ROTATE, added=added, overlap_s=body.overlap_s)
        return await self._open(registry, person, within, client_id, wanted, base, body.reason)

    @post(
        RESUME,
        opt=_REGISTER,
        operation_class=takes(ReasonBody, *CONDITIONAL),
        status_code=HTTP_200_OK,
        request_max_body_size=LARGEST_BODY,
    )
    async def resume(
        self,
        request: Request[Any, Any, State],
        client_id: FromPath[str],
        person: NamedDependency[Person],
        within: NamedDependency[Scope],
        registry: NamedDependency[Registry],
    ) -> Response[Outcome]:
        """Let a suspended system work again, with new tokens."""
        base = demand_version(request)
        body, _ = await read(request, _REASON)
        wanted = Wanted(act=Ask.RESUME)
        return await self._open(registry, person, within, client_id, wanted, base, body.reason)

    @post(
        REVOKE,
        opt=_SUSPEND,
        operation_class=takes(RevocationBody, *CONDITIONAL),
        status_code=HTTP_200_OK,
        request_max_body_size=LARGEST_BODY,
    )
    async def revoke(
        self,
        request: Request[Any, Any, State],
        client_id: FromPath[str],
        person: NamedDependency[Person],
        within: NamedDependency[Scope],
        registry: NamedDependency[Registry],
    ) -> Response[Outcome]:
        """Take one key or certificate away; running tokens end with this answer."""
        base = demand_version(request)
        body, _ = await read(request, _REVOCATION)
        move = partial(_revoked, body.credential)
        return await self._close(registry, person, within, client_id, move, base, body.reason)

    @post(
        SUSPEND,
        opt=_SUSPEND,
        operation_class=takes(ReasonBody, *CONDITIONAL),
        status_code=HTTP_200_OK,
        request_max_body_size=LARGEST_BODY,
    )
    async def suspend(
        self,
        request: Request[Any, Any, State],
        client_id: FromPath[str],
        person: NamedDependency[Person],
        within: NamedDependency[Scope],
        registry: NamedDependency[Registry],
    ) -> Response[Outcome]:
        """Release nothing more to a system, from this answer on in every process."""
        base = demand_version(request)
        body, _ = await read(request, _REASON)
        return await self._close(
            registry, person, within, client_id, systems.suspended, base, body.reason
        )

    @post(
        BLOCK,
        opt={"permission": Permission.SYSTEM_APPROVE},
        operation_class=takes(ReasonBody, *CONDITIONAL),
        status_code=HTTP_200_OK,
        request_max_body_size=LARGEST_BODY,
    )
    async def block(
        self,
        request: Request[Any, Any, State],
        client_id: FromPath[str],
        person: NamedDependency[Person],
        within: NamedDependency[Scope],
        registry: NamedDependency[Registry],
    ) -> Response[Outcome]:
        """Block a system for good; the agency needs another client id afterwards."""
        base = demand_version(request)
        body, _ = await read(request, _REASON)
        return await self._close(
            registry, person, within, client_id, systems.blocked, base, body.reason
        )

    async def _open(  # noqa: PLR0917 - whose, what, against what, why
        self,
        registry: Registry,
        person: Person,
        within: Scope,
        client_id: str,
        wanted: Wanted,
        base: int | None,
        reason: str,
    ) -> Response[Outcome]:
        if base is not None:
            await registry.history(client_id, within)  # theirs, or nobody's
        with refusing():
            note = note_of(person, reason, registry.clock())
            done = await registry.desk.open(client_id, wanted, base, note)
        return _answer(registry, done)

    async def _close(  # noqa: PLR0917 - as above
        self,
        registry: Registry,
        person: Person,
        within: Scope,
        client_id: str,
        move: Any,  # noqa: ANN401 - `auth.approvals.desk.Move`
        base: int | None,
        reason: str,
    ) -> Response[Outcome]:
        await registry.history(client_id, within)
        with refusing():
            note = note_of(person, reason, registry.clock())
            done = await registry.desk.close(client_id, move, base or 0, note)
        return _answer(registry, done)


def _revoked(credential: str, system: systems.System, note: systems.Note) -> systems.System:
    return rotating.revoked(system, credential, note)


def _answer(registry: Registry, done: Done) -> Response[Outcome]:
    """Return 202 when a second person has to agree, else 200 with the new ETag."""
    tag = {} if done.system is None else {"ETag": f'"{done.system.version}"'}
    waits = done.request is not None
    status = HTTP_202_ACCEPTED if waits else HTTP_200_OK
    body = outcome_of(done, registry.clock())
    return Response(body, status_code=status, headers=NO_STORE | tag)
