"""One keep-alive HTTP/1.1 connection: one question under way at most, every read bounded."""

import asyncio
from collections.abc import Callable
from typing import NoReturn, TypeAlias, cast

import httptools

from adapters.client import HEAD_BYTES, HEAD_LINES, ClosedUnanswered, SourceReply
from adapters.errors import SourceError, SourceMalformed, SourceUnavailable

ReplyFuture: TypeAlias = "asyncio.Future[SourceReply]"

_OK = 200  # below it: interim, RFC 9110 section 15.2
_LONGEST_LENGTH = 15  # digits of a Content-Length worth reading
_HEADERS = frozenset(
    {b"content-type", b"content-length", b"transfer-encoding", b"content-encoding"}
)
# Headers that say nothing to us, as most servers write them: the shorter way past them.
_DULL = frozenset({b"Server", b"Date", b"Connection", b"Keep-Alive", b"server", b"date"})
_FRAMING = 16  # bytes on the wire for one byte of body: chunks of one byte, with some air


class Connection(asyncio.Protocol):
    """Speaks to a source; `idle` is called with it after a whole reply that leaves it open."""

    __slots__ = (
        "_answered",
        "_body",
        "_content_type",
        "_done",
        "_idle",
        "_in_body",
        "_keep",
        "_lines",
        "_max_bytes",
        "_parser",
        "_problem",
        "_received",
        "_size",
        "_source",
        "_transport",
        "_until_close",
        "_waiter",
        "idle_since",
    )

    def __init__(self, source: str, max_bytes: int, idle: Callable[["Connection"], None]) -> None:
        self._source = source
        self._max_bytes = max_bytes
        self._idle = idle
        self._transport: asyncio.Transport | None = None
        self._waiter: ReplyFuture | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._problem: SourceError | None = None
        self._answered = 0  # replies so far
        self._received = 0  # bytes since the question
        self.idle_since = 0.0  # loop time; the pool's
        self._begin()

    @property
    def usable(self) -> bool:
        """Whether a question may be put."""
        transport = self._transport
        return self._waiter is None and transport is not None and not transport.is_closing()

    def ask(self, data: bytes, waiter: ReplyFuture) -> None:
        """Write one request; *waiter* gets the reply or the error."""
        self._waiter = waiter
        self._received = 0
        self._begin()
        if self._transport is None or self._transport.is_closing():
            self.connection_lost(None)
        else:
            self._transport.write(data)

    def drop(self) -> None:
        """Close at once; who waited is told nothing any more."""
        self._waiter = None
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the way out (asyncio calls this)."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Feed the parser; stop at the first sign of nonsense (asyncio calls this)."""
        if self._waiter is None:  # nobody asked
            self.drop()
            return
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(self._problem or SourceMalformed(self._source, "not HTTP"))
            return
        if self._done:
            self._finish(keep=self._keep)
        elif self._received > (self._in_body and self._max_bytes * _FRAMING) + HEAD_BYTES:
            self._fail(SourceMalformed(self._source, "oversize answer"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Finish a reply that ends with its connection, or say what is missing (asyncio calls)."""
        self._transport = None
        if self._waiter is None:
            return
        if self._in_body and self._until_close and exc is None:
            self._finish(keep=False)
        elif self._received:
            self._fail(SourceMalformed(self._source, "truncated answer"))
        elif self._answered:
            self._fail(ClosedUnanswered(self._source, "kept connection closed"))
        else:
            self._fail(SourceUnavailable(self._source, "connection closed without an answer"))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep the headers that matter, count them all (httptools calls this, trailers too)."""
        self._lines += 1
        if name in _DULL:
            return
        name = name.lower()
        if name not in _HEADERS or self._in_body:
            return
        if name == b"content-type":
            self._content_type = value
        elif name == b"content-length":
            self._until_close = False
            if len(value) > _LONGEST_LENGTH or int(value) > self._max_bytes:
                self._refuse("oversize answer")
        elif name == b"transfer-encoding":
            self._until_close = False
        elif value.lower() != b"identity":
            self._refuse("compressed answer")

    def on_headers_complete(self) -> None:
        """From here on the body counts, not the head (httptools calls this)."""
        if self._lines > HEAD_LINES:
            self._refuse("oversize head")
        self._in_body = True

    def on_body(self, body: bytes) -> None:
        """Collect up to the limit (httptools calls this)."""
        self._size += len(body)
        if self._size > self._max_bytes:
            self._refuse("oversize answer")
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Take the reply as whole, unless it was an interim one (httptools calls this)."""
        if self._parser.get_status_code() < _OK:
            self._begin()
            return
        if self._done:
            self._refuse("more than one answer")
        if self._lines > HEAD_LINES:
            self._refuse("oversize head")
        self._done = True
        self._keep = self._parser.should_keep_alive()

    def _begin(self) -> None:
        self._content_type = b""
        self._body: list[bytes] = []
        self._size = 0
        self._lines = 0
        self._in_body = False
        self._until_close = True
        self._done = False
        self._keep = False

    def _refuse(self, fact: str) -> NoReturn:
        self._problem = SourceMalformed(self._source, fact)
        raise self._problem

    def _fail(self, error: SourceError) -> None:
        waiter = self._waiter
        self.drop()
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)

    def _finish(self, *, keep: bool) -> None:
        waiter, self._waiter = self._waiter, None
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        content_type = self._content_type.decode("latin-1")
        reply = SourceReply(self._parser.get_status_code(), content_type, body)
        self._answered += 1
        if keep and self.usable:
            self._idle(self)
        else:
            self.drop()
        if waiter is not None and not waiter.done():
            waiter.set_result(reply)
