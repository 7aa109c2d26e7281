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
_FRAMING = 16  # bytes on the wire for one byte of body: chunks of one byte, with some air


class Connection(asyncio.Protocol):
    """Speaks to a source; `idle` is called with it after a whole reply that leaves it open."""

    __slots__ = (
        "_answered",
        "_body",
        "_content_type",
        "_head",
        "_idle",
        "_keep",
        "_max_bytes",
        "_open_ended",
        "_parser",
        "_problem",
        "_received",
        "_source",
        "_transport",
        "_waiter",
        "on_body",
        "on_header",
        "rested",
    )

    def __init__(self, source: str, max_bytes: int, idle: Callable[["Connection"], None]) -> None:
        self._source = source
        self._max_bytes = max_bytes
        self._idle = idle
        self._transport: asyncio.Transport | None = None
        self._waiter: ReplyFuture | None = None
        self._problem: SourceError | None = None
        self._answered = False  # ever
        self._received = 0  # bytes since the question, of an answer that is not whole
        self.rested = False  # idle when the pool last looked
        self._head: dict[bytes, bytes] = {}  # the last line of each name; trailers too
        self._body = bytearray()
        self._content_type = b""
        self._open_ended: bool | None = None  # until its connection ends; None: no whole head yet
        self._keep: bool | None = None  # the connection, after it; None: not whole yet
        # The parser stores what it reads without a step of ours, and we judge it afterwards.
        self.on_header = self._head.__setitem__
        self.on_body = self._body.extend
        self._parser = httptools.HttpResponseParser(self)

    @property
    def usable(self) -> bool:
        """Whether a question may be put."""
        transport = self._transport
        return self._waiter is None and transport is not None and not transport.is_closing()

    def ask(self, data: bytes, waiter: ReplyFuture) -> None:
        """Write one request; *waiter* gets the reply or the error."""
        self._waiter = waiter
        self._received = 0
        self._keep = None
        if self._transport is None:
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
        waiter = self._waiter
        if waiter is None:  # nobody asked
            self.drop()
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(self._problem or SourceMalformed(self._source, "not HTTP"))
            return
        if len(self._body) > self._max_bytes or len(self._head) > HEAD_LINES:
            self._fail(SourceMalformed(self._source, "oversize answer"))
        elif self._keep is not None:
            self._finish(waiter, keep=self._keep)
        else:
            self._await_more(len(data))

    def connection_lost(self, exc: Exception | None) -> None:
        """Finish a reply that ends with its connection, or say what is missing (asyncio calls)."""
        self._transport = None
        waiter = self._waiter
        if waiter is None:
            return
        if self._open_ended and exc is None:
            self._finish(waiter, keep=False)
        elif self._received:
            self._fail(SourceMalformed(self._source, "truncated answer"))
        elif self._answered:
            self._fail(ClosedUnanswered(self._source, "kept connection closed"))
        else:
            self._fail(SourceUnavailable(self._source, "connection closed without an answer"))

    def on_message_begin(self) -> None:
        """Forget what was heard before: nothing, or an interim answer (httptools calls this)."""
        if self._keep is not None:
            self._refuse("more than one answer")
        self._open_ended = None
        self._head.clear()
        self._body.clear()

    def on_headers_complete(self) -> None:
        """Judge the head before any of the body (httptools calls this)."""
        head = dict(zip(map(bytes.lower, self._head), self._head.values(), strict=True))
        length = head.get(b"content-length")
        if length is not None and (len(length) > _LONGEST_LENGTH or int(length) > self._max_bytes):
            self._refuse("oversize answer")
        if b"content-encoding" in head and head[b"content-encoding"].lower() != b"identity":
            self._refuse("compressed answer")
        self._content_type = head.get(b"content-type", b"")
        self._open_ended = length is None and b"transfer-encoding" not in head

    def on_message_complete(self) -> None:
        """Take the reply as whole, unless it was an interim one (httptools calls this)."""
        if self._parser.get_status_code() >= _OK:
            self._keep = self._parser.should_keep_alive()

    def _await_more(self, heard: int) -> None:
        self._received += heard
        begun = self._open_ended is not None
        if self._received > (begun and self._max_bytes * _FRAMING) + HEAD_BYTES:
            self._fail(SourceMalformed(self._source, "oversize answer"))

    def _refuse(self, fact: str) -> NoReturn:
        self._problem = SourceMalformed(self._source, fact)
        raise self._problem

    def _fail(self, error: SourceError) -> None:
        waiter = self._waiter
        self.drop()
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)

    def _finish(self, waiter: ReplyFuture, *, keep: bool) -> None:
        self._waiter = None
        self._answered = True
        status, content_type = self._parser.get_status_code(), self._content_type.decode("latin-1")
        reply = SourceReply(status, content_type, bytes(self._body))
        if keep:
            self._idle(self)
        else:
            self.drop()
        if not waiter.done():
            waiter.set_result(reply)
