"""The witness as a plain ASGI application: `add-checkpoint`, and what it has seen, for anybody.

Source: C2SP tlog-witness.  Nobody signs on: a request is worth what its log's signature is worth.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypeAlias

from msgspec import Struct

from gateway.tlog.checkpoints import Checkpoint, parse_checkpoint
from gateway.tlog.notes import parse_note
from gateway.tlog.vkeys import VKey
from gateway.witnessing import requests
from gateway.witnessing.decisions import NotCosigned, Offered, Why, admitted
from gateway.witnessing.files import StoreUnusable
from gateway.witnessing.logs import LogsFile
from gateway.witnessing.store import CHECKPOINT, ClockBack, WitnessStore, origin_hash

Scope: TypeAlias = Mapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Mapping[str, Any]]]
Send: TypeAlias = Callable[[dict[str, Any]], Awaitable[None]]

BODY_S = 10.0  # a request that is not whole by then is dropped
TEXT = "text/plain; charset=utf-8"

STATUS: Mapping[Why, HTTPStatus] = {
    Why.MALFORMED: HTTPStatus.BAD_REQUEST,
    Why.LOG_UNKNOWN: HTTPStatus.NOT_FOUND,
    Why.KEY_UNKNOWN: HTTPStatus.FORBIDDEN,
    Why.SIZES_REVERSED: HTTPStatus.BAD_REQUEST,
    Why.SIZE_OTHER: HTTPStatus.CONFLICT,
    Why.ROOT_OTHER: HTTPStatus.CONFLICT,
    Why.PROOF_WRONG: HTTPStatus.UNPROCESSABLE_ENTITY,
}

_MONITORED = re.compile(rf"/([0-9a-f]{{64}})/{CHECKPOINT}")


class Reply(Struct, frozen=True):
    """One answer."""

    status: HTTPStatus
    body: bytes
    media_type: str = TEXT


class Decided(Struct, frozen=True):
    """What was done with one request, for whoever watches the witness."""

    origin: str | None  # None when the request did not say it in due form
    size: int | None
    result: str  # ``cosigned``, a word of `Why`, or what failed here


class WitnessServer:
    """Answers logs, and whoever wants to compare what two people were shown."""

    def __init__(
        self,
        keys: Sequence[VKey],
        store: WitnessStore,
        logs: LogsFile,
        tell: Callable[[Decided], None],
    ) -> None:
        """Answer with what *store* decides; *tell* hears of every request to cosign."""
        self._keys = keys
        self._store = store
        self._logs = logs
        self._tell = tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        reply = await self._answered(scope["method"], scope["path"], receive)
        body = b"" if scope["method"] == "HEAD" else reply.body
        headers = [
            (b"content-type", reply.media_type.encode()),
            (b"content-length", str(len(reply.body)).encode()),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answered(self, method: str, path: str, receive: Receive) -> Reply:
        if path == requests.PATH:
            if method != "POST":
                return _words(HTTPStatus.METHOD_NOT_ALLOWED, "POST")
            body = await _body(receive)
            if body is None:
                return _words(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too long, or too slow")
            return await asyncio.to_thread(self._decided, body)
        if method not in {"GET", "HEAD"}:
            return _words(HTTPStatus.METHOD_NOT_ALLOWED, "GET")
        try:
            return await asyncio.to_thread(self._shown, path)
        except (StoreUnusable, OSError):
            return _words(HTTPStatus.SERVICE_UNAVAILABLE, "this witness cannot read what it holds")

    def _decided(self, body: bytes) -> Reply:
        """Cosign, or say why not."""
        offered = None
        try:
            offered = admitted(body, self._logs.current())
            lines = self._store.advance(offered)
        except NotCosigned as refused:
            self._tell(_decision(offered, refused.why.value))
            return _refusal(refused)
        except (ClockBack, StoreUnusable, OSError) as broken:
            self._tell(_decision(offered, f"{type(broken).__name__}: {broken}"))
            return _words(HTTPStatus.SERVICE_UNAVAILABLE, "this witness cannot sign now")
        self._tell(_decision(offered, "cosigned"))
        return Reply(HTTPStatus.OK, "".join(each.line() for each in lines).encode())

    def _shown(self, path: str) -> Reply:
        """Show a log's newest cosigned checkpoint, or all of them in words."""
        if path == "/":
            return Reply(HTTPStatus.OK, self._page().encode())
        monitored = _MONITORED.fullmatch(path)
        note = self._store.checkpoint(monitored[1]) if monitored else None
        if note is None:
            return _words(HTTPStatus.NOT_FOUND, "no such page")
        return Reply(HTTPStatus.OK, note.encode())

    def _page(self) -> str:
        lines = [
            "Bên làm chứng nhật ký / witness of logs",
            "",
            "Khoá công khai / public keys:",
            *(f"  {key}" for key in self._keys),
            "",
            "Đã xác nhận gần nhất / last cosigned:",
        ]
        for origin in sorted(self._logs.current()):
            lines += ["", f"  {origin}", *self._said_of(origin)]
        return "\n".join(lines) + "\n"

    def _said_of(self, origin: str) -> list[str]:
        place = origin_hash(origin)
        note = self._store.checkpoint(place)
        if note is None:
            return ["    chưa có / nothing yet"]
        seen: Checkpoint = parse_checkpoint(parse_note(note).text)
        lines = [
            f"    số bản ghi / records: {seen.size}",
            f"    gốc cây / root: {seen.root.hex()}",
            f"    /{place}/{CHECKPOINT}",
        ]
        if against := self._store.contradictions(origin):
            lines.append(f"    MÂU THUẪN / CONTRADICTIONS: {against}")
        return lines


async def _body(receive: Receive) -> bytes | None:
    """Read the whole body; None when it is longer than a request can be, or too slow."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            while True:
                part = await receive()
                body += part.get("body", b"")
                if len(body) > requests.LONGEST_REQUEST_BYTES or part["type"] != "http.request":
                    return None
                if not part.get("more_body", False):
                    return bytes(body)
    except TimeoutError:
        return None


def _refusal(refused: NotCosigned) -> Reply:
    status = STATUS[refused.why]
    if refused.held is not None:
        return Reply(status, requests.encode_size(refused.held), requests.SIZE_TYPE)
    return _words(status, refused.why.value)


def _words(status: HTTPStatus, words: str) -> Reply:
    return Reply(status, f"{words}\n".encode())


def _decision(offered: Offered | None, result: str) -> Decided:
    if offered is None:
        return Decided(None, None, result)
    return Decided(offered.checkpoint.origin, offered.checkpoint.size, result)
