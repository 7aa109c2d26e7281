"""A small HTTP/1.1 server for registers: faults must reach below HTTP, and benchmarks wait on it.

It speaks to one register, answers in order on each connection, and keeps connections alive.
"""

import asyncio
from collections import deque
from http import HTTPStatus
from typing import cast

import httptools

from mocks.doors import PREFIX, Doors
from mocks.faults import SILENT_S, SLOW_S, Fault, drifted, inflated, noise
from mocks.wire import Register, Reply, Request, json

LONGEST_BODY_BYTES = 64 * 1024
ELSEWHERE = "http://127.0.0.1:9/elsewhere"  # port 9 is "discard": nobody follows there by accident
_PHRASES = {status.value: status.phrase for status in HTTPStatus}


class Connection(asyncio.Protocol):
    """One caller's connection."""

    def __init__(self, register: Register, doors: Doors, open_now: set["Connection"]) -> None:
        self._register = register
        self._doors = doors
        self._open_now = open_now
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[tuple[Request, bool]] = deque()
        self._held = False  # a slow or silent answer is due; later ones keep their turn
        self._begin()

    def _begin(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._size = 0

    # Called by asyncio.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        # TCP always gives a full transport; uvloop's does not say so by its class.
        self.transport = cast("asyncio.Transport", transport)
        self._open_now.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        del exc
        self._open_now.discard(self)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; whoever speaks no HTTP is told so and left."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(400)
        except httptools.HttpParserError:
            self._refuse(400)

    # Called by the parser.

    def on_url(self, url: bytes) -> None:
        """Keep the target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep one header."""
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body, up to the limit."""
        self._size += len(body)
        if self._size <= LONGEST_BODY_BYTES:
            self._body.append(body)

    def on_message_complete(self) -> None:
        """Answer, or queue behind an answer that is being held."""
        if self._size > LONGEST_BODY_BYTES:
            self._refuse(413)
            return
        path, _, query = self._url.decode("latin-1").partition("?")
        method = self._parser.get_method().decode()
        request = Request(method, path, query, self._headers, b"".join(self._body))
        self._waiting.append((request, self._parser.should_keep_alive()))
        self._begin()
        self._serve()

    # Ours.

    def _serve(self) -> None:
        while self._waiting and not self._held and not self.transport.is_closing():
            request, keep = self._waiting.popleft()
            if request.path.startswith(PREFIX):
                self._write(self._doors.answer(request), keep=keep)
            else:
                self._begun(request, keep=keep)

    def _begun(self, request: Request, *, keep: bool) -> None:
        """Answer; a subclass may have to await something first."""
        self._answer(request, keep=keep)

    def _answer(self, request: Request, *, keep: bool) -> None:
        plain = request.path in self._register.plain
        fault = None if plain else self._doors.mischief.take(request.path)
        if fault in {Fault.BUSY, Fault.ERROR_500}:
            self._write(self._register.failure(503 if fault is Fault.BUSY else 500), keep=keep)
            return
        reply = self._register.answer(request, stranger=fault is Fault.WRONG_PERSON)
        self._doors.note(request, reply)
        self._misbehave(fault, reply, keep=keep)

    def _misbehave(self, fault: Fault | None, reply: Reply, *, keep: bool) -> None:
        kind, body = reply.content_type, reply.body
        match fault:
            case Fault.SILENT:
                self._hold(SILENT_S, None, keep=False)
            case Fault.SLOW:
                self._hold(SLOW_S, reply, keep=keep)
            case Fault.HALF_CLOSED:
                self.transport.close()
            case Fault.TRUNCATED:
                self.transport.write(_head(reply, len(body), keep=False) + body[: len(body) // 2])
                self.transport.close()
            case Fault.GARBLED:
                self._write(Reply(200, noise(len(body)), kind), keep=keep)
            case Fault.OVERSIZE:
                self._write(Reply(200, inflated(body, kind), kind), keep=keep)
            case Fault.WRONG_CONTENT_TYPE:
                self._write(Reply(reply.status, body, "text/html; charset=utf-8"), keep=keep)
            case Fault.REDIRECT:
                self._write(Reply(302, b"", kind, (("Location", ELSEWHERE),)), keep=keep)
            case Fault.SCHEMA_DRIFT:
                self._write(Reply(200, drifted(body, self._register.drift), kind), keep=keep)
            case _:
                self._write(reply, keep=keep)

    def _hold(self, seconds: float, reply: Reply | None, *, keep: bool) -> None:
        """Answer, or hang up when there is no *reply*, after *seconds*; everything behind waits."""
        self._held = True
        asyncio.get_running_loop().call_later(seconds, lambda: self._release(reply, keep=keep))

    def _release(self, reply: Reply | None, *, keep: bool) -> None:
        self._held = False
        if self.transport.is_closing():
            return
        if reply is None:
            self.transport.close()
            return
        self._write(reply, keep=keep)
        self._serve()

    def _write(self, reply: Reply, *, keep: bool) -> None:
        self.transport.write(_head(reply, len(reply.body), keep=keep) + reply.body)
        if not keep:
            self.transport.close()

    def _refuse(self, status: int) -> None:
        if not self.transport.is_closing():
            self._write(Reply(status, json({"error": _PHRASES[status]})), keep=False)


def _head(reply: Reply, length: int, *, keep: bool) -> bytes:
    extra = "".join(f"{name}: {value}\r\n" for name, value in reply.headers)
    close = "" if keep else "Connection: close\r\n"
    status = f"{reply.status} {_PHRASES[reply.status]}"
    typed = f"Content-Type: {reply.content_type}\r\nContent-Length: {length}\r\n"
    return f"HTTP/1.1 {status}\r\n{typed}{extra}{close}\r\n".encode("latin-1")
