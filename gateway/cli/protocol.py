"""HTTP of the service port: an answer's head and body leave in one write.

The server writes them apart, which costs a system call and a packet for each answer; on the
reference machine that is 10 to 19 of about 60 microseconds.
"""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.cli.unread import refusal
from gateway.errors import Code

MOST_HEAD_BYTES = 65_536  # of what comes of a request beside its body: line, fields, framing
SLOWEST_S = 30.0  # seconds that a request may take to come, head and body; the first one as well


class Together(asyncio.Transport):
    """A transport that joins what is written within one turn of the event loop."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes | bytearray | memoryview] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep *data* until this turn ends."""
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(data)

    def send(self, data: bytes) -> None:
        """Send *data* now, after what was kept: a whole answer waits for no more parts."""
        if self._parts:
            self._flush()
        self._transport.write(data)

    def _flush(self) -> None:
        parts, self._parts = self._parts, []
        if parts:
            self._transport.write(parts[0] if len(parts) == 1 else b"".join(parts))

    def close(self) -> None:
        """Send what was kept, then close."""
        self._flush()
        self._transport.close()

    def abort(self) -> None:
        """Drop what was kept, and the connection."""
        self._parts = []
        self._transport.abort()

    def is_closing(self) -> bool:
        """Say whether the connection is closing or closed."""
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: object = None) -> object:
        """Return what the connection knows of itself, such as ``peername``."""
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """Let the peer wait."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        self._transport.resume_reading()

    def get_write_buffer_size(self) -> int:
        """Return the bytes that wait, those kept here included."""
        kept = sum(len(part) for part in self._parts)
        return kept + self._transport.get_write_buffer_size()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Hand the connection to another protocol."""
        self._transport.set_protocol(protocol)


class ServiceProtocol(HttpToolsProtocol):
    """The server's own protocol over a transport that writes together, and of bounded patience.

    The server arms a timer with each answer and cancels it with each request, and waits for ever
    for one that has begun.  Here a connection has one timer, which looks when it fires how long
    the caller has been waited for: between requests, or for a request to be whole.
    """

    patience_s = SLOWEST_S

    # An interpreter shares the names of thirty attributes among instances, and the server has
    # nearly as many; each one beyond would make all of them slower.
    __slots__ = ("coming", "heard", "joined", "waits_since")

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection (asyncio calls this)."""
        self.joined = Together(transport, self.loop)
        super().connection_made(cast("asyncio.Transport", self.joined))
        self.coming = False  # whether a request has begun and is not whole
        self.heard = 0  # bytes of it so far, those of its body left out
        self.waits_since: float | None = None  # the loop's seconds; None while an answer is due
        self._begins()

    def data_received(self, data: bytes) -> None:
        """Take what came, and no head without end (asyncio calls this)."""
        super().data_received(data)
        if self.coming:
            self.heard += len(data)
            if self.heard > MOST_HEAD_BYTES and not self.transport.is_closing():
                self._turn_away(Code.HEAD_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """Demand the one Host of RFC 9112 section 3.2 (the parser calls this)."""
        parser: Any = self.parser
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts != 1 and parser.get_http_version() == "1.1":
            raise ValueError("a request names one host")
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of a body, which has a bound of its own (the parser calls this)."""
        self.heard -= len(body)
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        """Say in the words of every other problem that this is not HTTP (the server calls)."""
        del msg
        self._turn_away(Code.NOT_HTTP)

    def _turn_away(self, code: Code) -> None:
        self.transport.write(refusal(code, self.server_state.default_headers))
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """End it (asyncio calls this)."""
        super().connection_lost(exc)
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()

    def on_response_complete(self) -> None:
        """Begin the request that waits, or rest (the server calls this)."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        if not self.coming:
            self.waits_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._look_in(self.timeout_keep_alive)

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection whose caller was waited for long enough (the loop calls this)."""
        self.timeout_keep_alive_task = None
        if self.waits_since is None:
            return  # the next answer arms it again
        most_s = self.patience_s if self.coming else self.timeout_keep_alive
        left_s = self.waits_since + most_s - self.loop.time()
        if left_s > 0:
            self._look_in(left_s)
        else:
            self.transport.close()

    def _look_in(self, seconds: float) -> None:
        """Look again then, or sooner: a request that is whole by then may be followed by a rest."""
        self.timeout_keep_alive_task = self.loop.call_later(
            min(seconds, self.timeout_keep_alive), self.timeout_keep_alive_handler
        )

    def on_message_begin(self) -> None:
        """Begin a request (the parser calls this)."""
        self._begins()
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """Take a request as whole; one that was answered before is a rest (the parser calls)."""
        self._is_whole()
        super().on_message_complete()
        if getattr(self.cycle, "response_complete", False):  # none for a wish to upgrade
            self.waits_since = self.loop.time()

    def _begins(self) -> None:
        self.coming = True
        self.heard = 0
        self.waits_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._look_in(self.patience_s)

    def _is_whole(self) -> None:
        self.coming = False
        self.waits_since = None

    def _unset_keepalive_if_required(self) -> None:
        """Do nothing, which the server asks for with each piece: only a request ends a rest."""
