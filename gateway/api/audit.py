"""Auditors: search the record, read one, tell a story, keep a search; each look is recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.spec import Operation
from litestar.params import FromPath
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED, HTTP_204_NO_CONTENT

from auth.people import Person
from auth.permissions import Permission
from gateway.api.bodies import Limits, invalid
from gateway.api.characters import storable
from gateway.api.operations import OfPeople, problems, takes
from gateway.api.subjects import FORMS
from gateway.clock import Clock
from gateway.errors import Code, Refusal
from gateway.search.desk import (
    INQUIRY_ROUTE,
    PROOF_ROUTE,
    RECORD_ROUTE,
    SEARCH_ROUTE,
    TIMELINE_ROUTE,
    Desk,
    understood,
)
from gateway.search.language import holds_number
from gateway.search.saved import SavedSearch, SavedSearches
from gateway.search.schemas import (
    Ask,
    Found,
    IndexNow,
    Inquiry,
    Keep,
    Named,
    Record,
    TimelineAsk,
)
from gateway.tlog.proofs import SUFFIX

INDEX_ROUTE = "/v1/audit/index"
SAVED_ROUTE = "/v1/audit/saved-searches"
LARGEST_BODY = 16_384  # bytes
_UNKEPT = {"Cache-Control": "no-store"}
_SEARCH = {"permission": Permission.AUDIT_SEARCH}
_READ = {"permission": Permission.AUDIT_READ}
_PERSON = {"permission": Permission.AUDIT_PERSON}

_LOOKING = (Code.SEARCH_TOO_WIDE, Code.RATE_LIMITED)

_ask = msgspec.json.Decoder(Ask)
_inquiry = msgspec.json.Decoder(Inquiry)
_timeline = msgspec.json.Decoder(TimelineAsk)
_keep = msgspec.json.Decoder(Keep)


def looking(operation: type[Operation]) -> type[Operation]:
    """Return *operation* as one that looks at the record: it may take too long, or too often."""

    @dataclass
    class Looking(operation):
        """A route that looks at the record."""

        def __post_init__(self) -> None:
            """Name what may come instead of an answer."""
            super().__post_init__()  # type: ignore[misc]
            self.responses = {**(self.responses or {}), **problems(_LOOKING)}

    return Looking


class AuditController(Controller):
    """The record as auditors see it.  Nobody is looked for in an address, only in a body."""

    tags: Sequence[str] | None = ("Audit",)

    @post(
        SEARCH_ROUTE,
        status_code=HTTP_200_OK,
        opt=_SEARCH,
        request_max_body_size=LARGEST_BODY,
        operation_class=looking(takes(Ask)),
    )
    async def search(
        self,
        request: Request[Any, Any, State],
        person: NamedDependency[Person],
        audit_desk: NamedDependency[Desk],
        limits: NamedDependency[Limits],
    ) -> Response[Found]:
        """Return records that fit a query of qualifiers, newest first."""
        raw = await request.body()
        ask = storable(_ask, raw or b"{}", limits.json_depth)
        return Response(await audit_desk.search(person, ask, raw), headers=_UNKEPT)

    @post(
        INQUIRY_ROUTE,
        status_code=HTTP_200_OK,
        opt=_PERSON,
        request_max_body_size=LARGEST_BODY,
        operation_class=looking(takes(Inquiry)),
    )
    async def inquire(
        self,
        request: Request[Any, Any, State],
        person: NamedDependency[Person],
        audit_desk: NamedDependency[Desk],
        limits: NamedDependency[Limits],
    ) -> Response[Found]:
        """Return the records about one person; needs a case and a reason, and stores no number."""
        raw = await request.body()
        inquiry = storable(_inquiry, raw, limits.json_depth)
        demand_forms(inquiry.identifiers)
        return Response(await audit_desk.inquire(person, inquiry, raw), headers=_UNKEPT)

    @post(
        TIMELINE_ROUTE,
        status_code=HTTP_200_OK,
        opt=_PERSON,
        request_max_body_size=LARGEST_BODY,
        operation_class=looking(takes(TimelineAsk)),
    )
    async def timeline(
        self,
        request: Request[Any, Any, State],
        person: NamedDependency[Person],
        audit_desk: NamedDependency[Desk],
        limits: NamedDependency[Limits],
    ) -> Response[Found]:
        """Return the story of one dossier, agreement, official or person in one list."""
        raw = await request.body()
        ask = storable(_timeline, raw, limits.json_depth)
        demand_forms(ask.identifiers)
        return Response(await audit_desk.timeline(person, ask, raw), headers=_UNKEPT)

    @get(
        RECORD_ROUTE.replace("{index}", "{index:int}"),
        opt=_READ,
        operation_class=looking(OfPeople),
    )
    async def record(
        self,
        index: FromPath[int],
        person: NamedDependency[Person],
        audit_desk: NamedDependency[Desk],
    ) -> Response[Record]:
        """Return one record exactly as it is stored, and where it stands."""
        return Response(await audit_desk.record(person, _place(index)), headers=_UNKEPT)

    @get(
        PROOF_ROUTE.replace("{index}", "{index:int}"),
        opt=_READ,
        media_type="text/plain",
        operation_class=looking(OfPeople),
    )
    async def proof(
        self,
        index: FromPath[int],
        person: NamedDependency[Person],
        audit_desk: NamedDependency[Desk],
    ) -> Response[str]:
        """Return the proof that one record stands in the log (C2SP tlog-proof)."""
        found = await audit_desk.proof(person, _place(index))
        named = f'attachment; filename="record-{index}{SUFFIX}"'
        headers = {**_UNKEPT, "Content-Disposition": named}
        return Response(str(found), headers=headers, media_type="text/plain")

    @get(INDEX_ROUTE, opt=_SEARCH, operation_class=OfPeople)
    async def index(
        self, person: NamedDependency[Person], audit_desk: NamedDependency[Desk]
    ) -> Response[IndexNow]:
        """Return how far the search reaches, beside how far the log does."""
        del person  # asking how far the search reaches shows nothing of the record
        return Response(await audit_desk.index(), headers=_UNKEPT)


class SavedSearchController(Controller):
    """Searches that an auditor keeps: texts of queries, never a person's number."""

    tags: Sequence[str] | None = ("Audit",)

    @get(SAVED_ROUTE, opt=_SEARCH, operation_class=OfPeople)
    async def all(
        self, person: NamedDependency[Person], saved_searches: NamedDependency[SavedSearches]
    ) -> Response[list[SavedSearch]]:
        """Return one's own saved searches by name."""
        return Response(await saved_searches.of(person.id), headers=_UNKEPT)

    @post(
        SAVED_ROUTE,
        status_code=HTTP_201_CREATED,
        opt=_SEARCH,
        request_max_body_size=LARGEST_BODY,
        operation_class=takes(Keep),
    )
    async def add(
        self,
        request: Request[Any, Any, State],
        person: NamedDependency[Person],
        saved_searches: NamedDependency[SavedSearches],
        clock: NamedDependency[Clock],
        limits: NamedDependency[Limits],
    ) -> Response[SavedSearch]:
        """Keep a search under a name of one's own; at most 100."""
        keep = storable(_keep, await request.body(), limits.json_depth)
        if holds_number(keep.name):
            raise invalid("/name")
        understood(keep.query, clock())
        saved = await saved_searches.add(person.id, keep.name, keep.query)
        if saved is None:
            raise Refusal(Code.MOVE_REFUSED)
        return Response(saved, headers=_UNKEPT)

    @delete(
        f"{SAVED_ROUTE}/{{saved:uuid}}",
        status_code=HTTP_204_NO_CONTENT,
        opt=_SEARCH,
        operation_class=OfPeople,
    )
    async def remove(
        self,
        saved: FromPath[UUID],
        person: NamedDependency[Person],
        saved_searches: NamedDependency[SavedSearches],
    ) -> None:
        """Forget one of one's own."""
        if not await saved_searches.remove(person.id, saved):
            raise Refusal(Code.NOT_FOUND)


def demand_forms(identifiers: Sequence[Named]) -> None:
    """Refuse an identifier that has not the form of its scheme; its value is not repeated.

    Raises:
        Refusal: VALIDATION_FAILED with the place.
    """
    for at, each in enumerate(identifiers):
        form = FORMS.get(each.scheme)
        if form is not None and form[0].fullmatch(each.value) is None:
            raise invalid(f"/identifiers/{at}/value")


def _place(index: int) -> int:
    if not 0 <= index < 2**63:
        raise Refusal(Code.NOT_FOUND)
    return index
