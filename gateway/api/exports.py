"""Auditors: take records out, as lines, as a sheet, or as a bundle that proves itself."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, Response, delete, get, post
from litestar.datastructures import State as AppState
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, Parameter
from litestar.response import File
from litestar.status_codes import HTTP_202_ACCEPTED, HTTP_204_NO_CONTENT
from msgspec import Struct

from auth.people import Person
from auth.permissions import Permission
from gateway.api.audit import demand_forms
from gateway.api.bodies import Limits
from gateway.api.characters import storable
from gateway.api.operations import OfPeople, takes
from gateway.exports.asking import FILE_ROUTE, ROUTE, AskExport, Asking
from gateway.exports.jobs import Format, Job, State, file_name

LARGEST_BODY = 16_384  # bytes
MEDIA_TYPE = "application/zip"
_UNKEPT = {"Cache-Control": "no-store"}
_EXPORT = {"permission": Permission.AUDIT_EXPORT}
_ask = msgspec.json.Decoder(AskExport)

Rows = Annotated[int, Parameter(ge=1, le=100)]


class Export(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One export, as its owner sees it."""

    id: UUID
    format: Format
    query: str  # cases and officials as pseudonyms
    state: State
    record: str  # id of the leaf that says it was asked for
    asked_at: datetime
    records: int  # written so far
    tree_size: int | None = None
    size_bytes: int | None = None
    sha256: str | None = None  # of the file, hex
    fault: str | None = None
    ended_at: datetime | None = None
    expires_at: datetime | None = None
    file: str | None = None  # where it is fetched, once it is done


class ExportsController(Controller):
    """What is taken out is on record before it is made, and again before it leaves."""

    tags: Sequence[str] | None = ("Audit",)

    @post(
        ROUTE,
        status_code=HTTP_202_ACCEPTED,
        opt=_EXPORT,
        request_max_body_size=LARGEST_BODY,
        operation_class=takes(AskExport),
    )
    async def ask(
        self,
        request: Request[Any, Any, AppState],
        person: NamedDependency[Person],
        exports: NamedDependency[Asking],
        limits: NamedDependency[Limits],
    ) -> Response[Export]:
        """Ask for everything that fits a query; it is made beside the exchanges."""
        raw = await request.body()
        ask = storable(_ask, raw, limits.json_depth)
        demand_forms(ask.identifiers)
        job = await exports.ask(person, ask, raw)
        return Response(shown(job), headers={**_UNKEPT, "Location": f"{ROUTE}/{job.id}"})

    @get(ROUTE, opt=_EXPORT, operation_class=OfPeople)
    async def all(
        self,
        person: NamedDependency[Person],
        exports: NamedDependency[Asking],
        rows: FromQuery[Rows] = 20,
        after: FromQuery[UUID | None] = None,
    ) -> Response[list[Export]]:
        """Return one's own exports, newest first; *after* names the last of the page before."""
        found = await exports.all(person, rows, after)
        return Response([shown(job) for job in found], headers=_UNKEPT)

    @get(f"{ROUTE}/{{job:uuid}}", opt=_EXPORT, operation_class=OfPeople)
    async def one(
        self,
        job: FromPath[UUID],
        person: NamedDependency[Person],
        exports: NamedDependency[Asking],
    ) -> Response[Export]:
        """Return how far one of one's own exports is."""
        return Response(shown(await exports.one(person, job)), headers=_UNKEPT)

    @delete(
        f"{ROUTE}/{{job:uuid}}",
        status_code=HTTP_204_NO_CONTENT,
        opt=_EXPORT,
        operation_class=OfPeople,
    )
    async def take_back(
        self,
        job: FromPath[UUID],
        person: NamedDependency[Person],
        exports: NamedDependency[Asking],
    ) -> None:
        """End one of one's own exports, and delete its file."""
        await exports.take_back(person, job)

    @get(
        FILE_ROUTE.replace("{id}", "{job:uuid}"),
        opt=_EXPORT,
        media_type=MEDIA_TYPE,
        operation_class=OfPeople,
    )
    async def file(
        self,
        job: FromPath[UUID],
        person: NamedDependency[Person],
        exports: NamedDependency[Asking],
    ) -> File:
        """Return the file of a finished export: an archive with a signed manifest."""
        found, path = await exports.file(person, job)
        return File(
            path,
            filename=file_name(found),
            media_type=MEDIA_TYPE,
            headers={**_UNKEPT, **_digest(found)},
        )


def shown(job: Job) -> Export:
    """Return *job* as its owner sees it."""
    done = job.state is State.DONE
    return Export(
        id=job.id,
        format=job.format,
        query=job.query,
        state=job.state,
        record=job.leaf,
        asked_at=job.asked_at,
        records=job.records,
        tree_size=job.tree_size,
        size_bytes=job.size_bytes,
        sha256=job.sha256,
        fault=job.fault,
        ended_at=job.ended_at,
        expires_at=job.expires_at,
        file=FILE_ROUTE.format(id=job.id) if done else None,
    )


def _digest(job: Job) -> dict[str, str]:
    """Return the digest as RFC 9530 spells it."""
    if job.sha256 is None:
        return {}
    encoded = msgspec.json.encode(bytes.fromhex(job.sha256)).decode().strip('"')
    return {"Repr-Digest": f"sha-256=:{encoded}:"}
