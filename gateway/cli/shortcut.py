"""The short way of an exchange: from the parser to its handler and back in one write.

The server's general way builds an ASGI scope, an event and two messages for each call, and the
framework finds the route again; on the reference machine that is 44 of 60 microseconds.  A plain
`POST /v1/data/{service}` with a body of known length needs none of it.  Everything else, from a
chunked body to a pipelined request, goes the general way and meets the same handler there.

A connection has one task, which answers its exchanges one after the other: a task for each costs
as much as the parser does.
"""

import asyncio
import re
from typing import Any, Protocol

import structlog

from gateway.api.exchanges import PREFIX, Body, Call, Opening, Reply, call_of, opening_of
from gateway.cli.protocol import ServiceProtocol
from gateway.cli.repeated import begins_alike, is_all
from gateway.cli.turns import Turn, written

_PLAIN = re.compile(re.escape(PREFIX).encode("ascii") + rb"[a-z0-9._-]{1,120}").fullmatch
_UNUSUAL = frozenset({b"transfer-encoding", b"expect", b"upgrade"})
_KEPT = b"keep-alive"
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


class ShortcutProtocol(ServiceProtocol):
    """Serves plain exchanges by themselves, and everything else through the framework."""

    __slots__ = ("answers", "between", "last", "opening", "piece", "turn", "whole")

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection, and see at which door (asyncio calls this)."""
        super().connection_made(transport)
        config: Any = self.config
        app = config.loaded_app
        here = getattr(app, "serves_exchanges", _at_every_door)
        self.answers: Answers | None = getattr(app, "exchange", None) if here(self.server) else None
        self.turn: Turn | None = None  # the one whose body is being read
        self.between = True  # whether the parser is, of two requests
        self.piece = b""  # what is being fed, if the parser was between two requests by then
        self.last = b""  # what was fed last, if it was one short request and nothing else
        # The next one that is whole, or nothing once the connection is lost.
        self.whole: asyncio.Future[Turn | None] = self.loop.create_future()
        if self.answers is not None:
            task = self.loop.create_task(self._answer_in_turn(self.answers))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    def connection_lost(self, exc: Exception | None) -> None:
        """End it, and its task once it has answered (asyncio calls this)."""
        super().connection_lost(exc)
        if not self.whole.done():
            self.whole.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Take what came; the head of the last request is not read again (asyncio calls this)."""
        if self.last and self._is_free():
            cycle: Any = self.cycle
            size = len(cycle.body)
            if begins_alike(data, self.last, size):
                self.waits_since = None
                self.last = data
                self.whole.set_result(self._begun(data[len(data) - size :]))
                return
        self.last = b""  # for the parser is to stand where it stood after that very request
        self.piece = data if self.between else b""
        super().data_received(data)
        self.piece = b""

    def on_message_begin(self) -> None:
        """Begin a request; a scope is made only for those that need one (the parser calls)."""
        self._begins()
        self.last = b""  # nor may another one have begun behind it
        self.between = False
        self.turn = None
        self.url = b""
        self.expect_100_continue = False
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep one header (the parser calls this)."""
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Choose the way (the parser calls this)."""
        if self.answers is None or not (self._is_free() and self._is_plain()):
            self._go_the_general_way()
            return
        self.opening: Opening = opening_of(
            method="POST",
            path=self.url.decode("ascii"),
            headers=self.headers,
            client=self.client,
        )
        self.turn = self._begun(b"")

    def on_body(self, body: bytes) -> None:
        """Take a part of the body (the parser calls this)."""
        if self.turn is None:
            super().on_body(body)
        else:
            self.heard -= len(body)
            self.turn.body += body

    def on_message_complete(self) -> None:
        """Begin the exchange once its body is whole (the parser calls this)."""
        self.between = True
        turn = self.turn
        if turn is None:
            super().on_message_complete()
            return
        self._is_whole()
        self.turn = None
        # A second request of the same piece never comes here: the first one has no answer yet.
        if is_all(self.piece):
            self.last = self.piece
        self.whole.set_result(turn)

    def _begun(self, body: bytes) -> Turn:
        """Begin a call with the head that was read last."""
        turn = Turn(call_of(self.opening), body)
        self.cycle = turn  # type: ignore[assignment]
        return turn

    def _is_free(self) -> bool:
        """Say no while an answer is due, or is not being read: what comes waits in the line."""
        cycle: Any = self.cycle
        return (cycle is None or cycle.response_complete) and not self.flow.write_paused

    def _is_plain(self) -> bool:
        parser: Any = self.parser
        if parser.get_method() != b"POST" or parser.get_http_version() != "1.1":
            return False
        named = dict(self.headers)
        return (
            len(named) == len(self.headers)  # of a repeated one, the general way knows which counts
            and _UNUSUAL.isdisjoint(named)
            and b"host" in named
            and named.get(b"connection", _KEPT).lower() == _KEPT
            and 0 <= int(named.get(b"content-length", -1)) <= _AT_ONCE
            and _PLAIN(self.url) is not None
        )

    def _go_the_general_way(self) -> None:
        url, headers = self.url, self.headers
        super().on_message_begin()
        self.url = url
        for name, value in headers:
            super().on_header(name, value)
        super().on_headers_complete()

    async def _answer_in_turn(self, answers: Answers) -> None:
        """Answer one exchange after the other until the connection is lost."""
        try:
            while (turn := await self.whole) is not None:
                self.whole = self.loop.create_future()
                reply = await answers.answer(turn.call, turn.body)
                if turn.disconnected:
                    await answers.undelivered(reply)
                    return
                self._send(reply, turn)
        except Exception as fault:  # noqa: BLE001 - the handler answers everything; this is a bug
            _log.critical("exchange.unanswered", error=type(fault).__name__)
            self.transport.abort()

    def _send(self, reply: Reply, turn: Turn) -> None:
        ours = self.server_state.default_headers
        self.joined.send(written(reply, ours, keep_alive=turn.keep_alive))
        turn.response_complete = True
        if not turn.keep_alive:
            self.transport.close()
        self.on_response_complete()


def _at_every_door(_: tuple[str, int | None] | None) -> bool:
    """Serve exchanges wherever a connection came from: an application with one listener."""
    return True
