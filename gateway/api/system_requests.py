"""What was asked of live systems: listed, decided by a second person, withdrawn by the first."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.status_codes import HTTP_200_OK

from auth.approvals.asked import Decided, RequestState, known_id
from auth.approvals.repository import MOST_LISTED
from auth.people import Person
from auth.permissions import Permission
from auth.roles.grants import Scope
from gateway.api.disclosed import LARGEST_BODY, NO_STORE, bounded, read
from gateway.api.operations import OfPeople, takes
from gateway.api.registered import (
    DecisionBody,
    Outcome,
    ReasonBody,
    RequestsListed,
    RequestTold,
    refusing,
    request_told,
    words,
)
from gateway.api.registrars import SCOPE, Registry, outcome_of
from gateway.errors import Code, Refusal

REQUESTS = "/v1/system-requests"
ONE = "/v1/system-requests/{request_id:str}"
DECISION = "/v1/system-requests/{request_id:str}/decision"
WITHDRAWAL = "/v1/system-requests/{request_id:str}/withdrawal"

_READ = {"permission": Permission.SYSTEM_READ}
_DECISION = msgspec.json.Decoder(DecisionBody)
_REASON = msgspec.json.Decoder(ReasonBody)


class SystemRequestsController(Controller):
    """Nobody lets a live system in alone."""

    tags: Sequence[str] | None = ("Systems",)
    dependencies: Mapping[str, Any] | None = SCOPE  # type: ignore[assignment]

    @get(REQUESTS, opt=_READ, operation_class=OfPeople)
    async def listed(
        self,
        *,
        person: NamedDependency[Person],
        within: NamedDependency[Scope],
        registry: NamedDependency[Registry],
        status: FromQuery[RequestState | None] = None,
        cursor: FromQuery[str | None] = None,
        limit: FromQuery[int] = 50,
    ) -> Response[RequestsListed]:
        """Return requests, newest first: of the own agency, or of all for operators."""
        del person
        rows = bounded(limit, MOST_LISTED)
        found = await registry.desk.requests(
            agency=within.agency,
            state=status,
            before=None if cursor is None else known_id(cursor),
            limit=rows,
        )
        more = found[-1].id if len(found) == rows else None
        items = tuple(map(request_told, found))
        return Response(RequestsListed(items=items, next_cursor=more), headers=NO_STORE)

    @get(ONE, opt=_READ, operation_class=OfPeople)
    async def shown(
        self,
        request_id: FromPath[str],
        person: NamedDependency[Person],
        within: NamedDependency[Scope],
        registry: NamedDependency[Registry],
    ) -> Response[RequestTold]:
        """Return one request, with everything that the second person has to see."""
        del person
        found = await registry.desk.request(known_id(request_id))
        if not within.covers(found.agency):
            raise Refusal(Code.NOT_FOUND)
        return Response(request_told(found), headers=NO_STORE)

    @post(
        DECISION,
        opt={"permission": Permission.SYSTEM_APPROVE},
        operation_class=takes(DecisionBody),
        status_code=HTTP_200_OK,
        request_max_body_size=LARGEST_BODY,
    )
    async def decide(
        self,
        request: Request[Any, Any, State],
        request_id: FromPath[str],
        person: NamedDependency[Person],
        registry: NamedDependency[Registry],
    ) -> Response[Outcome]:
        """Approve or refuse what somebody else asked for; an approval takes effect at once."""
        body, _ = await read(request, _DECISION)
        how = Decided(by=person.id, at=registry.clock(), reason=words("/reason", body.reason))
        with refusing():
            done = await registry.desk.decide(known_id(request_id), how, approve=body.approve)
        return Response(outcome_of(done, registry.clock()), headers=NO_STORE)

    @post(
        WITHDRAWAL,
        opt={"permission": Permission.SYSTEM_REGISTER},
        operation_class=takes(ReasonBody),
        status_code=HTTP_200_OK,
        request_max_body_size=LARGEST_BODY,
    )
    async def withdraw(
        self,
        request: Request[Any, Any, State],
        request_id: FromPath[str],
        person: NamedDependency[Person],
        registry: NamedDependency[Registry],
    ) -> Response[RequestTold]:
        """Take back what one asked for oneself."""
        body, _ = await read(request, _REASON)
        how = Decided(by=person.id, at=registry.clock(), reason=words("/reason", body.reason))
        return Response(
            request_told(await registry.desk.withdraw(known_id(request_id), how)), headers=NO_STORE
        )
