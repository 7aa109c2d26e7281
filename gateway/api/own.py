"""Citizens: who looked at me, the proof of it, and the proof that nothing is missing."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.status_codes import HTTP_200_OK
from msgspec import Meta, Struct

from auth.people import Person
from auth.permissions import Permission
from gateway.api.bodies import invalid
from gateway.api.disclosed import (
    LARGEST_BODY,
    NO_STORE,
    bounded,
    by,
    number_of,
    read,
    refusing,
    template,
)
from gateway.api.operations import OfPeople, takes
from gateway.audit.acts import Acts
from gateway.audit.entry import Entry, Receipt
from gateway.audit.events import Event, Method
from gateway.audit.pseudonyms import Pseudonyms, Scheme
from gateway.clock import Clock
from gateway.consents.grants import Representation
from gateway.disclosure import sentences
from gateway.disclosure.counts import Summary
from gateway.disclosure.days import DayProof, Days
from gateway.disclosure.errors import Unknown
from gateway.disclosure.own import MOST_DAYS, MOST_LINES, Listed, Own
from gateway.search.rates import Rate
from gateway.tlog.proofs import SUFFIX

ACCESSES = "/v1/own/accesses"
SUMMARY = "/v1/own/summary"
PROOF = "/v1/own/accesses/{index:int}/proof"
REPRESENTED = "/v1/own/represented/accesses"
DAY = "/v1/own/days/{day:str}"
DAY_PROOF = "/v1/own/days/{day:str}/proof"

_READ = {"permission": Permission.OWN_READ}
_TEXT = "text/plain"
Append = Callable[[Entry], Awaitable[Receipt]]
FindRepresentation = Callable[[str], Awaitable[Representation | None]]


class RepresentedBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose list a representative asks for; the number stands in the body and nowhere else."""

    representation: Annotated[str, Meta(pattern=r"^[0-9a-f-]{36}\Z")]
    so_dinh_danh: Annotated[str, Meta(pattern=r"^[0-9]{12}\Z")]
    cursor: str | None = None
    limit: int = 50


class OwnReads:
    """Writes down that somebody reads about themselves, before it is answered.

    Each reading is a record, so nobody may read without end.
    """

    def __init__(self, acts: Acts, append: Append, rate: Rate) -> None:
        self._acts = acts
        self._append = append
        self._rate = rate

    def spend(self, person: Person) -> None:
        """Take one act from what *person* may do in a minute; raise RATE_LIMITED."""
        self._rate.spend(person.id)

    async def record(
        self, person: Person, route: str, number: str, method: Method = Method.GET
    ) -> None:
        """Return once it is durable that *person* reads the list of *number*.

        Raises:
            Refusal: RATE_LIMITED.
            AuditUnavailable: it could not be recorded; nothing may be sent.
        """
        self.spend(person)
        leaf = self._acts.leaf(
            Event.OWN_READ,
            by(person),
            route=template(route),
            method=method,
            subjects=((Scheme.CITIZEN, number),),
        )
        await self._append(Entry(body=leaf))


class Represents:
    """Says whether one person may read for another: by a live representation alone."""

    def __init__(self, find: FindRepresentation, pseudonyms: Pseudonyms, clock: Clock) -> None:
        self._find = find
        self._pseudonyms = pseudonyms
        self._clock = clock

    async def demand(self, record_id: str, representative: str, principal: str) -> None:
        """Demand that *record_id* lets *representative* act for *principal* now.

        Raises:
            Unknown: it does not, or there is none: both look the same.
        """
        found = await self._find(record_id)
        if found is None or found.valid_to <= self._clock():
            raise Unknown
        named = found.representative_ref, found.principal_ref
        if named != (self._pseudonyms.person(representative), self._pseudonyms.person(principal)):
            raise Unknown


_REPRESENTED = msgspec.json.Decoder(RepresentedBody)


class OwnController(Controller):
    """The person's own side of the log; whose it is comes from the sign-on alone."""

    tags: Sequence[str] | None = ("Own",)

    @get(ACCESSES, opt=_READ, operation_class=OfPeople)
    async def accesses(
        self,
        person: NamedDependency[Person],
        own: NamedDependency[Own],
        own_reads: NamedDependency[OwnReads],
        cursor: FromQuery[str | None] = None,
        limit: FromQuery[int] = 50,
    ) -> Response[Listed]:
        """Return who looked at the person's data, newest first; sealed accesses as closed lines."""
        number, rows = number_of(person), bounded(limit, MOST_LINES)
        await own_reads.record(person, ACCESSES, number)
        with refusing():
            found = await own.listed(await own.owner(number), cursor, rows)
        return Response(found, headers=NO_STORE)

    @get(SUMMARY, opt=_READ, operation_class=OfPeople)
    async def summary(
        self,
        person: NamedDependency[Person],
        own: NamedDependency[Own],
        own_reads: NamedDependency[OwnReads],
        days: FromQuery[int] = 30,
    ) -> Response[Summary]:
        """Return how often each agency asked, and for what, in the last days."""
        if not 1 <= days <= MOST_DAYS:
            raise invalid("/days")
        number = number_of(person)
        await own_reads.record(person, SUMMARY, number)
        return Response(await own.summary(await own.owner(number), days), headers=NO_STORE)

    @get(PROOF, opt=_READ, operation_class=OfPeople, media_type=_TEXT)
    async def proof(
        self,
        index: FromPath[int],
        person: NamedDependency[Person],
        own: NamedDependency[Own],
        own_reads: NamedDependency[OwnReads],
    ) -> Response[str]:
        """Return the proof of one line (C2SP tlog-proof), with the record itself inside."""
        number = number_of(person)
        await own_reads.record(person, PROOF, number)
        with refusing():
            found = await own.proof(await own.owner(number), index)
        return Response(found, headers=_attachment(f"{index}"), media_type=_TEXT)

    @get(DAY, opt=_READ, operation_class=OfPeople)
    async def day(
        self,
        day: FromPath[str],
        person: NamedDependency[Person],
        own: NamedDependency[Own],
        own_reads: NamedDependency[OwnReads],
        own_days: NamedDependency[Days],
    ) -> Response[DayProof]:
        """Return the proof that the list of one UTC day is whole, or that there is none."""
        wanted, number = _day(day), number_of(person)
        await own_reads.record(person, DAY, number)
        with refusing():
            found = await own_days.proof(await own.owner(number), wanted)
        return Response(found, headers=NO_STORE)

    @get(DAY_PROOF, opt=_READ, operation_class=OfPeople, media_type=_TEXT)
    async def day_proof(
        self,
        day: FromPath[str],
        person: NamedDependency[Person],
        own_reads: NamedDependency[OwnReads],
        own_days: NamedDependency[Days],
    ) -> Response[str]:
        """Return the proof of the record that states a day's root; it names nobody."""
        wanted = _day(day)
        await own_reads.record(person, DAY_PROOF, number_of(person))
        with refusing():
            found = await own_days.stated(wanted)
        return Response(found, headers=_attachment(wanted.isoformat()), media_type=_TEXT)

    @post(
        REPRESENTED,
        opt=_READ,
        operation_class=takes(RepresentedBody),
        status_code=HTTP_200_OK,
        request_max_body_size=LARGEST_BODY,
    )
    async def represented(
        self,
        request: Request[Any, Any, State],
        person: NamedDependency[Person],
        own: NamedDependency[Own],
        own_reads: NamedDependency[OwnReads],
        represents: NamedDependency[Represents],
    ) -> Response[Listed]:
        """Return the list of a person whom the caller represents, as parent or guardian."""
        body, _ = await read(request, _REPRESENTED)
        rows = bounded(body.limit, MOST_LINES)
        with refusing():
            await represents.demand(body.representation, number_of(person), body.so_dinh_danh)
            await own_reads.record(person, REPRESENTED, body.so_dinh_danh, Method.POST)
            owner = await own.owner(body.so_dinh_danh, sentences.REPRESENTED)
            found = await own.listed(owner, body.cursor, rows)
        return Response(found, headers=NO_STORE)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise invalid("/day") from None


def _attachment(name: str) -> dict[str, str]:
    return NO_STORE | {"Content-Disposition": f'attachment; filename="{name}{SUFFIX}"'}
