"""The last resort: entered with a one-time secret, closed, and judged by others afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIMediaType, RequestBody
from litestar.params import FromPath, FromQuery
from litestar.status_codes import HTTP_200_OK
from msgspec import Meta, Struct

from auth.accounts.accounts import Account
from auth.accounts.csrf import is_own
from auth.accounts.visits import Opened
from auth.people import Person
from auth.permissions import Permission
from auth.roles.break_glass import ACR, ISSUER, PROVIDER, Emergency, Stage
from auth.roles.emergencies import EmergencyDesk
from auth.roles.errors import DoorLocked, NothingOpen, SecretRefused
from auth.roles.grants import Scope
from auth.signon.signed_on import Realm, SignedOn
from gateway.api import cookies
from gateway.api.administration import (
    LARGEST_BODY,
    MOST_LISTED,
    NO_STORE,
    SCOPE,
    Emergencies,
    Reason,
    refusing,
)
from gateway.api.arrivals import Arrivals
from gateway.api.disclosed import bounded, read
from gateway.api.openapi import schema_of
from gateway.api.operations import OfAnybody, OfPeople, inlined, problems, takes
from gateway.api.people import CookieDoor
from gateway.audit.entry import Entry
from gateway.audit.events import Decision, Event, Method
from gateway.audit.leaf import Ground
from gateway.clock import Clock
from gateway.errors import Code, Refusal

ENTER = "/break-glass"
LISTED = "/v1/break-glass"
CLOSING = "/v1/break-glass/closing"
JUDGEMENT = "/v1/break-glass/{emergency:str}/judgement"
STRONG = 2  # the level of whoever was handed a secret at the machine

_READ = {"permission": Permission.BREAK_GLASS_READ}


class SecretBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The one-time secret that the machine printed."""

    secret: Annotated[str, Meta(min_length=1, max_length=100)]


class JudgementBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether it was an emergency, and why."""

    justified: bool
    reason: Reason


class EmergencyTold(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One emergency as those see it who judge it."""

    id: str
    account: str
    stage: Stage
    opened_by: str
    reason: str
    opened_at: datetime
    ends_at: datetime
    judge_by: datetime
    overdue: bool
    used_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    judged_by: str | None = None
    justified: bool | None = None
    judged_at: datetime | None = None
    verdict: str | None = None


class EmergenciesListed(Struct, frozen=True, kw_only=True):
    """One page of emergencies, newest first."""

    items: tuple[EmergencyTold, ...]
    next_cursor: str | None


@dataclass
class Entering(OfAnybody):
    """The route that takes the secret."""

    def __post_init__(self) -> None:
        """Name the body, and every way in which it opens nothing."""
        super().__post_init__()
        media = OpenAPIMediaType(schema=schema_of(inlined(SecretBody)))
        self.request_body = RequestBody(content={"application/json": media}, required=True)
        self.responses = {**(self.responses or {}), **problems(_REFUSED)}


@dataclass
class Closing(OfPeople):
    """The route that closes what may be closed already."""

    def __post_init__(self) -> None:
        """Name the refusal that is its own."""
        super().__post_init__()
        self.responses = {**(self.responses or {}), **problems((Code.MOVE_REFUSED,))}


_REFUSED = (
    Code.VALIDATION_FAILED, Code.MALFORMED_JSON, Code.BODY_TOO_LARGE, Code.BREAK_GLASS_REFUSED,
    Code.BREAK_GLASS_LOCKED, Code.CSRF_REFUSED, Code.NOT_FOUND, Code.METHOD_NOT_ALLOWED,
    Code.RATE_LIMITED, Code.INTERNAL, Code.AUDIT_UNAVAILABLE, Code.DATABASE_UNAVAILABLE,
)  # fmt: skip
_SECRET = msgspec.json.Decoder(SecretBody)
_JUDGEMENT = msgspec.json.Decoder(JudgementBody)


class EnterController(Controller):
    """Where the secret is presented; whoever has none learns nothing here."""

    tags: Sequence[str] | None = ("Break-glass",)

    @post(
        ENTER, opt={"permission": Permission.BREAK_GLASS_ENTER}, operation_class=Entering,
        status_code=HTTP_200_OK, request_max_body_size=LARGEST_BODY,
    )  # fmt: skip
    async def enter(
        self,
        *,
        request: Request[Any, Any, State],
        emergency_desk: NamedDependency[EmergencyDesk],
        emergencies: NamedDependency[Emergencies],
        arrivals: NamedDependency[Arrivals],
        cookie_door: NamedDependency[CookieDoor],
        clock: NamedDependency[Clock],
    ) -> Response[EmergencyTold]:
        """Sign on with the one-time secret; the session ends with the emergency."""
        _demand_own(request, cookie_door)
        body, _ = await read(request, _SECRET)
        try:
            with refusing():
                emergency, account = await emergency_desk.enter(body.secret, clock())
        except (NothingOpen, DoorLocked) as refused:
            arrivals.refused(request, refused.code)
            raise
        except Refusal as refused:
            arrivals.refused(request, refused.code.value)
            raise
        except SecretRefused:
            await _record_failure(emergencies)
            raise
        opened = await _opened(cookie_door, request, emergency, account, clock())
        return Response(
            told(emergency, clock(), emergency_desk),
            headers=NO_STORE,
            cookies=[cookies.session(opened.secret)],
        )


class BreakGlassController(Controller):
    """Whoever judges the record judges also what was done with the last resort."""

    tags: Sequence[str] | None = ("Break-glass",)
    dependencies: Mapping[str, Any] | None = SCOPE  # type: ignore[assignment]

    @get(LISTED, opt=_READ, operation_class=OfPeople)
    async def listed(
        self,
        *,
        person: NamedDependency[Person],
        within: NamedDependency[Scope],
        emergency_desk: NamedDependency[EmergencyDesk],
        clock: NamedDependency[Clock],
        cursor: FromQuery[str | None] = None,
        limit: FromQuery[int] = 20,
    ) -> Response[EmergenciesListed]:
        """Return emergencies, newest first: what was opened, by whom, and who judged it."""
        del person, within
        rows = bounded(limit, MOST_LISTED)
        found = await emergency_desk.listed(before=cursor, limit=rows)
        more = found[-1].id if len(found) == rows else None
        items = tuple(told(each, clock(), emergency_desk) for each in found)
        return Response(EmergenciesListed(items=items, next_cursor=more), headers=NO_STORE)

    @post(
        CLOSING, opt={"permission": Permission.BREAK_GLASS_CLOSE}, operation_class=Closing,
        status_code=HTTP_200_OK,
    )  # fmt: skip
    async def close(
        self,
        *,
        person: NamedDependency[Person],
        within: NamedDependency[Scope],
        emergency_desk: NamedDependency[EmergencyDesk],
        clock: NamedDependency[Clock],
    ) -> Response[EmergencyTold]:
        """Close the open emergency before its time; its session is over."""
        del within
        closed = await emergency_desk.close(by=person.id, now=clock())
        return Response(told(closed, clock(), emergency_desk), headers=NO_STORE)

    @post(
        JUDGEMENT, opt={"permission": Permission.BREAK_GLASS_JUDGE},
        operation_class=takes(JudgementBody), status_code=HTTP_200_OK,
        request_max_body_size=LARGEST_BODY,
    )  # fmt: skip
    async def judge(
        self,
        *,
        request: Request[Any, Any, State],
        emergency: FromPath[str],
        person: NamedDependency[Person],
        within: NamedDependency[Scope],
        emergency_desk: NamedDependency[EmergencyDesk],
        clock: NamedDependency[Clock],
    ) -> Response[EmergencyTold]:
        """Say, once it is over, whether it was an emergency."""
        del within
        body, _ = await read(request, _JUDGEMENT)
        with refusing():
            judged = await emergency_desk.judge(
                emergency,
                by=person.id,
                justified=body.justified,
                reason=body.reason,
                now=clock(),
            )
        return Response(told(judged, clock(), emergency_desk), headers=NO_STORE)


def told(emergency: Emergency, now: datetime, desk: EmergencyDesk) -> EmergencyTold:
    """Return *emergency* as it is shown; the secret is no part of it."""
    within: timedelta = desk.terms.judged_within
    named = set(EmergencyTold.__struct_fields__) & set(Emergency.__struct_fields__)
    members: dict[str, Any] = {name: getattr(emergency, name) for name in named}
    return EmergencyTold(
        account=emergency.account_id,
        stage=emergency.stage(now),
        judge_by=(emergency.closed_at or emergency.ends_at) + within,
        overdue=emergency.is_overdue(now, within),
        **members,
    )


def _demand_own(request: Request[Any, Any, State], door: CookieDoor) -> None:
    """Demand that no other site makes a browser sign on here; a command line names no site.

    Raises:
        Refusal: CSRF_REFUSED.
    """
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if (origin or site) and not is_own(origin, site, door.origins):
        raise Refusal(Code.CSRF_REFUSED)


async def _record_failure(emergencies: Emergencies) -> None:
    """Put a wrong secret on record; there are five at most until another person unlocks the door.

    Attempts whose secret nobody looked at are counted instead, because anybody can make them
    without end, and each record takes its place for good.
    """
    leaf = emergencies.acts.leaf(Event.BREAKGLASS_FAIL, None, route=ENTER, method=Method.POST)
    ground = Ground(decision=Decision.DENY, reasons=(Code.BREAK_GLASS_REFUSED,))
    await emergencies.append(Entry(body=msgspec.structs.replace(leaf, basis=ground)))


async def _opened(
    door: CookieDoor,
    request: Request[Any, Any, State],
    emergency: Emergency,
    account: Account,
    now: datetime,
) -> Opened:
    """Open the session of an emergency; it lives no longer than that."""
    proven = SignedOn(
        provider=PROVIDER,
        realm=Realm.STAFF,
        issuer=ISSUER,
        sub=account.id,
        link=account.id,
        acr=ACR,
        level=STRONG,
        auth_time=now.timestamp(),
        id_token="",
    )
    brought = cookies.value(request.headers, cookies.SESSION)
    return await door.visits.open(
        account, proven, now, instead_of=brought, ends_at=emergency.ends_at
    )
