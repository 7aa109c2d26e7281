"""The log as strangers read it: checkpoint, hash tiles and keys for anybody, entries for auditors.

Paths and contents are those of C2SP tlog-tiles, so that tools which are not ours can follow.
"""

import asyncio
import gzip
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from litestar import Controller, MediaType, Request, Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Struct

from auth.people import Person
from auth.permissions import Permission
from gateway.api.operations import OfAnybody, OfPeople, problems
from gateway.audit.acts import Acts, By
from gateway.audit.entry import Entry, Receipt
from gateway.audit.events import Event
from gateway.audit.leaf import Result
from gateway.clock import Clock
from gateway.errors import Code, Refusal
from gateway.sequencing.repository import TreeRepository
from gateway.sequencing.rows import EntriesGone
from gateway.tlog.tiles import WIDTH, TileInvalid, TilePlace, bundle, parse_path

PREFIX = "/audit/log"
CHECKPOINT_PATH = f"{PREFIX}/checkpoint"
KEYS_PATH = f"{PREFIX}/keys"
TILE_PATH = f"{PREFIX}/tile/{{place:path}}"
ENTRIES_PATH = f"{PREFIX}/tile/entries/{{place:path}}"
ENTRIES_ROUTE = f"{PREFIX}/tile/entries/{{place}}"

_ANYBODY = {"Access-Control-Allow-Origin": "*"}  # a verifier in a browser may read it too
_FULL = {"Cache-Control": "public, max-age=31536000, immutable", **_ANYBODY}
_PARTIAL = {"Cache-Control": "public, max-age=60", **_ANYBODY}
_NEWEST = {"Cache-Control": "no-cache", **_ANYBODY}
_BYTES = "application/octet-stream"

Append: TypeAlias = Callable[[Entry], Awaitable[Receipt]]


@dataclass
class OfPublicTree(OfAnybody):
    """A place of the tree that anybody may read, and that may not be there yet."""

    def __post_init__(self) -> None:
        """Say so."""
        super().__post_init__()
        self.responses = {**(self.responses or {}), **problems((Code.NOT_FOUND,))}


class PublicKey(Struct, frozen=True, kw_only=True):
    """One key of the log, as a verifier needs it (C2SP signed-note)."""

    vkey: str
    algorithm: str
    state: str  # next, active or retired; a retired one still verifies what it signed
    active_from: datetime
    retired_from: datetime | None


class LogKeysNow(Struct, frozen=True):
    """The keys of the log, oldest first."""

    origin: str
    keys: list[PublicKey]


KeysNow: TypeAlias = Callable[[datetime], Awaitable[LogKeysNow]]


class Reads:
    """Writes down who read records, before they are sent."""

    def __init__(self, acts: Acts, append: Append) -> None:
        self._acts = acts
        self._append = append

    async def record(self, person: Person, place: str, rows: int) -> None:
        """Return once it is durable that *person* reads *rows* records at *place*.

        Raises:
            AuditUnavailable: it could not be recorded; nothing may be sent.
        """
        leaf = self._acts.leaf(
            Event.AUDIT_EXPORT,
            By(id=person.id, agency=person.agency, acr=person.acr),
            route=ENTRIES_ROUTE,
            request=place.encode("utf-8"),
            result=Result(status=200, rows=rows),
        )
        await self._append(Entry(body=leaf))


class LogController(Controller):
    """The log at the paths of C2SP tlog-tiles."""

    tags: Sequence[str] | None = ("Log",)

    @get(
        CHECKPOINT_PATH,
        opt={"permission": Permission.PUBLIC},
        media_type=MediaType.TEXT,  # the framework adds UTF-8
        operation_class=OfPublicTree,
    )
    async def checkpoint(self, log_tree: NamedDependency[TreeRepository]) -> Response[str]:
        """Return the newest signed checkpoint with the cosignatures received for it."""
        found = await log_tree.checkpoint()
        if found is None:
            raise Refusal(Code.NOT_FOUND)
        return Response(found.note, headers=_NEWEST, media_type=MediaType.TEXT)

    @get(KEYS_PATH, opt={"permission": Permission.PUBLIC}, operation_class=OfAnybody)
    async def keys(
        self, log_keys: NamedDependency[KeysNow], clock: NamedDependency[Clock]
    ) -> Response[LogKeysNow]:
        """Return every key that signs, signed, or will sign checkpoints.

        A verifier keeps keys from a place it trusts; this list is for comparing with that.
        """
        return Response(await log_keys(clock()), headers=_NEWEST)

    @get(
        TILE_PATH,
        opt={"permission": Permission.PUBLIC},
        media_type=_BYTES,
        operation_class=OfPublicTree,
    )
    async def tile(
        self, place: FromPath[str], log_tree: NamedDependency[TreeRepository]
    ) -> Response[bytes]:
        """Return hashes of the tree, 32 bytes each; leaves are salted, so they tell nothing."""
        at = _place(place)
        if at.level is None:
            raise Refusal(Code.NOT_FOUND)
        found = await log_tree.tile(at.level, at.n, at.width)
        if found is None:
            raise Refusal(Code.NOT_FOUND)
        headers = _FULL if at.width == WIDTH else _PARTIAL
        return Response(found, headers=headers, media_type=_BYTES)

    @get(
        ENTRIES_PATH,
        opt={"permission": Permission.TREE_READ},
        media_type=_BYTES,
        operation_class=OfPeople,
    )
    async def entries(
        self,
        request: Request[Any, Any, State],
        place: FromPath[str],
        person: NamedDependency[Person],
        log_records: NamedDependency[TreeRepository],
        log_reads: NamedDependency[Reads],
    ) -> Response[bytes]:
        """Return up to 256 records of the log, each behind its length; who read them is recorded.

        A day that has left for the archive is not here any more: it is in the archive.
        """
        at = _place(f"entries{place}")
        try:
            found = await log_records.entries(at.n * WIDTH, at.width)
        except EntriesGone:
            raise Refusal(Code.NOT_FOUND) from None
        if len(found) != at.width:
            raise Refusal(Code.NOT_FOUND)
        await log_reads.record(person, place, len(found))
        return await _packed(request, bundle(one.entry for one in found))


def _place(path: str) -> TilePlace:
    try:
        return parse_path(f"tile/{path.lstrip('/')}")
    except TileInvalid:
        raise Refusal(Code.NOT_FOUND) from None


async def _packed(request: Request[Any, Any, State], content: bytes) -> Response[bytes]:
    """Return *content*, compressed for whoever understands it."""
    headers = {"Cache-Control": "no-store", "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        content = await asyncio.to_thread(gzip.compress, content, 6)
        headers["Content-Encoding"] = "gzip"
    return Response(content, headers=headers, media_type=_BYTES)
