"""The short way of an exchange: from the parser to its handler and back in one write.

The server's general way builds an ASGI scope, an event and two messages for each call, and the
framework finds the route again; on the reference machine that is 44 of 60 microseconds.  A plain
`POST /v1/data/{service}` with a body of known length needs none of it.  Everything else, from a
chunked body to a pipelined request, goes the general way and meets the same handler there.
"""

import asyncio
import re
from typing import Any, Protocol, cast

import structlog
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from gateway.api.exchanges import PREFIX, Body, Call, Reply, call_of
from gateway.cli.protocol import ServiceProtocol

_PLAIN = re.compile(re.escape(PREFIX).encode("ascii") + rb"[a-z0-9._-]{1,120}").fullmatch
_UNUSUAL = frozenset({b"transfer-encoding", b"expect", b"upgrade", b"connection"})
_KEPT = (b"connection", b"keep-alive")
_AT_ONCE = 64 * 1024  # bytes of a body; the server stops reading beyond them

_log = structlog.get_logger(__name__)


class Answers(Protocol):
    """The exchange, as this port sees it."""

    async def answer(self, call: Call, body: Body) -> Reply:
        """Return a complete answer, whatever happens."""
        ...

    async def undelivered(self, reply: Reply) -> None:
        """Take note that it could not be handed over."""
        ...


class Unheard:
    """An event that nobody waits for."""

    __slots__ = ()

    def set(self) -> None:
        """Be told that something came, as the server's event is."""


class Turn:
    """One call on its short way, in the place of the server's own cycle."""

    __slots__ = ("body", "call", "disconnected", "keep_alive", "more_body", "response_complete")

    # One for all: the body is whole when the call begins, and a turn that held itself would keep
    # its call until the collector comes, some thousands of calls later.
    message_event = Unheard()

    def __init__(self, call: Call) -> None:
        self.call = call
        self.body = b""
        self.disconnected = False
        self.keep_alive = True
        self.more_body = True
        self.response_complete = False


class ShortcutProtocol(ServiceProtocol):
    """Serves plain exchanges by themselves, and everything else through the framework."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection, and see at which door (asyncio calls this)."""
        super().connection_made(transport)
        config: Any = self.config
        app = config.loaded_app
        here = getattr(app, "serves_exchanges", _at_every_door)
        self.answers = cast(
            "Answers | None", getattr(app, "exchange", None) if here(self.server) else None
        )

    def on_message_begin(self) -> None:
        """Begin a request; a scope is made only for those that need one (the parser calls)."""
        self.url = b""
        self.expect_100_continue = False
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep one header (the parser calls this)."""
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Choose the way (the parser calls this)."""
        if self.answers is not None and self._is_plain():
            call = call_of(
                method="POST",
                path=self.url.decode("ascii"),
                headers=self.headers,
                client=self.client,
            )
            self.cycle = Turn(call)  # type: ignore[assignment]
            return
        self._go_the_general_way()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body (the parser calls this)."""
        turn: Any = self.cycle
        if type(turn) is Turn:
            turn.body += body
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Begin the exchange once its body is whole (the parser calls this)."""
        turn: Any = self.cycle
        if type(turn) is not Turn or not turn.more_body:
            super().on_message_complete()
            return
        turn.more_body = False
        task = self.loop.create_task(self._exchange(turn))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _is_plain(self) -> bool:
        parser: Any = self.parser
        cycle: Any = self.cycle
        if cycle is not None and not cycle.response_complete:
            return False  # a pipelined request waits in the server's line
        if self.flow.write_paused:
            return False  # and so does one whose answers are not being read
        if parser.get_method() != b"POST" or parser.get_http_version() != "1.1":
            return False
        length = -1
        for name, value in self.headers:
            if name == b"content-length":
                length = int(value)
            elif name in _UNUSUAL and (name, value.lower()) != _KEPT:
                return False
        return 0 <= length <= _AT_ONCE and _PLAIN(self.url) is not None

    def _go_the_general_way(self) -> None:
        url, headers = self.url, self.headers
        super().on_message_begin()
        self.url = url
        for name, value in headers:
            super().on_header(name, value)
        super().on_headers_complete()

    async def _exchange(self, turn: Turn) -> None:
        answers = cast("Answers", self.answers)
        try:
            reply = await answers.answer(turn.call, turn.body)
            if turn.disconnected:
                await answers.undelivered(reply)
            else:
                self.transport.write(self._written(reply, turn))
        except Exception as fault:  # noqa: BLE001 - the handler answers everything; this is a bug
            _log.critical("exchange.unanswered", error=type(fault).__name__)
            self.transport.abort()
            return
        turn.response_complete = True
        if not turn.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _written(self, reply: Reply, turn: Turn) -> bytes:
        """Return the whole answer; its headers were made by us, name by name."""
        lines = [
            b"%b: %b\r\n" % line for line in (*self.server_state.default_headers, *reply.headers)
        ]
        if not turn.keep_alive:
            lines.append(b"connection: close\r\n")
        head = b"".join(lines)
        body = reply.body
        begin = STATUS_LINE[reply.status]
        return b"%b%bcontent-length: %d\r\n\r\n%b" % (begin, head, len(body), body)


def _at_every_door(_: tuple[str, int | None] | None) -> bool:
    """Serve exchanges wherever a connection came from: an application with one listener."""
    return True
