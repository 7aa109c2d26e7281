"""Seals: asked for, approved by a second person, opened; and the numbers that anybody may know."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.status_codes import HTTP_200_OK
from msgspec import Meta, Struct

from auth.people import Person, Role
from auth.permissions import Permission
from gateway.api.bodies import invalid
from gateway.api.disclosed import LARGEST_BODY, NO_STORE, bounded, read, refusing, said
from gateway.api.operations import OfAnybody, OfPeople, takes
from gateway.clock import Clock
from gateway.disclosure.numbers import PublicNumbers, SealNumbers
from gateway.disclosure.seal_repository import MOST_LISTED, SealRepository
from gateway.disclosure.sealing import Sealing, Wanted
from gateway.disclosure.seals import GROUNDS, Basis, Kind, Seal

SEALS = "/v1/seals"
GROUNDS_PATH = "/v1/seals/grounds"
DECISION = "/v1/seals/{seal:str}/decision"
OPENING = "/v1/seals/{seal:str}/opening"
PUBLIC = "/v1/public/seals"

_PUBLIC = {"permission": Permission.PUBLIC}
_KEPT = {"Cache-Control": "public, max-age=60", "Access-Control-Allow-Origin": "*"}
Reason = Annotated[str, Meta(max_length=1_000)]
KnownTargets = Callable[[Kind], Collection[str]]


class SealBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody asks to be closed; people's numbers stand here and are not kept."""

    ground: Annotated[str, Meta(max_length=64)]
    kind: Kind
    targets: Annotated[tuple[Annotated[str, Meta(max_length=120)], ...], Meta(max_length=16)]
    first: Annotated[datetime, Meta(tz=True)]
    last: Annotated[datetime, Meta(tz=True)]
    opens_at: Annotated[datetime, Meta(tz=True)]
    reason: Reason


class DecisionBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the second person decides."""

    approve: bool
    reason: Reason


class OpeningBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a seal is opened before its time."""

    reason: Reason


class SealTold(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A seal as those see it who may; targets are codes or pseudonyms, never numbers."""

    id: str
    state: str
    ground: str
    kind: Kind
    targets: tuple[str, ...]
    first: datetime
    last: datetime
    opens_at: datetime
    agency: str
    asked_by: str
    reason: str
    asked_at: datetime
    approved_at: datetime | None = None
    refused_at: datetime | None = None
    opened_at: datetime | None = None


class SealsListed(Struct, frozen=True, kw_only=True):
    """One page of seals, newest first."""

    items: tuple[SealTold, ...]
    next_cursor: str | None


_SEAL = msgspec.json.Decoder(SealBody)
_DECISION = msgspec.json.Decoder(DecisionBody)
_OPENING = msgspec.json.Decoder(OpeningBody)


class SealsController(Controller):
    """Nobody seals alone, nothing stays sealed for ever, and how much is sealed is public."""

    tags: Sequence[str] | None = ("Seals",)

    @get(PUBLIC, opt=_PUBLIC, operation_class=OfAnybody)
    async def numbers(self, seal_numbers: NamedDependency[SealNumbers]) -> Response[PublicNumbers]:
        """Return how many seals and how many sealed records there are; numbers and no more."""
        return Response(await seal_numbers.now(), headers=_KEPT)

    @get(GROUNDS_PATH, opt=_PUBLIC, operation_class=OfAnybody)
    async def grounds(self) -> Response[tuple[Basis, ...]]:
        """Return the grounds that a seal may rest on, each with how sure we are of the rule."""
        return Response(tuple(GROUNDS.values()), headers=_KEPT)

    @post(
        SEALS,
        opt={"permission": Permission.SEAL_ASK},
        operation_class=takes(SealBody),
        request_max_body_size=LARGEST_BODY,
    )
    async def ask(
        self,
        request: Request[Any, Any, State],
        person: NamedDependency[Person],
        sealing: NamedDependency[Sealing],
        seal_targets: NamedDependency[KnownTargets],
        clock: NamedDependency[Clock],
    ) -> Response[SealTold]:
        """Ask for a seal; it closes nothing before a second person approves it."""
        body, raw = await read(request, _SEAL)
        wanted = Wanted(**{name: getattr(body, name) for name in body.__struct_fields__})
        with refusing():
            seal = await sealing.ask(said(person, SEALS, raw), wanted, seal_targets(wanted.kind))
        return Response(_told(seal, clock()), headers=NO_STORE)

    @get(SEALS, opt={"permission": Permission.SEAL_READ}, operation_class=OfPeople)
    async def listed(
        self,
        person: NamedDependency[Person],
        sealing: NamedDependency[Sealing],
        clock: NamedDependency[Clock],
        cursor: FromQuery[str | None] = None,
        limit: FromQuery[int] = 50,
    ) -> Response[SealsListed]:
        """Return seals, newest first: all for an auditor, those of the own agency otherwise."""
        rows, mine = bounded(limit, MOST_LISTED), None
        if Role.AUDITOR not in person.roles and (mine := person.agency) is None:
            raise invalid("/agency")
        found = await _listed(sealing.seals, cursor, rows, mine)
        more = found[-1].id if len(found) == rows else None
        told = tuple(_told(each, clock()) for each in found)
        return Response(SealsListed(items=told, next_cursor=more), headers=NO_STORE)

    @post(
        DECISION,
        opt={"permission": Permission.SEAL_APPROVE},
        operation_class=takes(DecisionBody),
        status_code=HTTP_200_OK,
        request_max_body_size=LARGEST_BODY,
    )
    async def decide(
        self,
        request: Request[Any, Any, State],
        seal: FromPath[str],
        person: NamedDependency[Person],
        sealing: NamedDependency[Sealing],
        clock: NamedDependency[Clock],
    ) -> Response[SealTold]:
        """Approve or refuse a seal that somebody else asked for."""
        body, raw = await read(request, _DECISION)
        act = said(person, DECISION, raw)
        with refusing():
            found = await sealing.decide(act, seal, approved=body.approve, reason=body.reason)
        return Response(_told(found, clock()), headers=NO_STORE)

    @post(
        OPENING,
        opt={"permission": Permission.SEAL_APPROVE},
        operation_class=takes(OpeningBody),
        status_code=HTTP_200_OK,
        request_max_body_size=LARGEST_BODY,
    )
    async def open(
        self,
        request: Request[Any, Any, State],
        seal: FromPath[str],
        person: NamedDependency[Person],
        sealing: NamedDependency[Sealing],
        clock: NamedDependency[Clock],
    ) -> Response[SealTold]:
        """Open a seal before its time; people see the accesses at once, and for good."""
        body, raw = await read(request, _OPENING)
        with refusing():
            found = await sealing.open(said(person, OPENING, raw), seal, body.reason)
        return Response(_told(found, clock()), headers=NO_STORE)


async def _listed(
    seals: SealRepository, cursor: str | None, limit: int, agency: str | None
) -> list[Seal]:
    return await seals.listed(before=cursor, limit=limit, agency=agency)


def _told(seal: Seal, now: datetime) -> SealTold:
    members = {name: getattr(seal, name) for name in seal.__struct_fields__}
    return SealTold(state=seal.state(now).value, **members)
