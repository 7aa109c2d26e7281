"""What every connector asks of a transport, and what it may believe of a reply."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Protocol, TypeVar

import msgspec
from msgspec import Struct

from adapters.errors import SourceMalformed, SourceSchemaMismatch, SourceUnavailable

Shape = TypeVar("Shape")

HEAD_BYTES = 32 * 1024  # of one reply's status line and headers
HEAD_LINES = 100
JSON = "application/json"

_OK, _BUSY, _BROKEN = 200, 429, 500  # RFC 9110 section 15, RFC 6585 section 4
_REFUSALS = frozenset({400, 401, 403})
_PLAIN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class QuestionRefused(SourceUnavailable):
    """The source works and will not answer this: credentials, mapping or form not taken.

    Asking again would not help, and it says nothing about the source's health.
    """


class ClosedUnanswered(SourceUnavailable):
    """A kept connection was closed before any byte of an answer; a safe question may go again."""


class SourceReply(Struct, frozen=True):
    """One whole answer of a source; the body is at most `max_bytes` long and never compressed."""

    status: int
    content_type: str
    body: bytes


class SourceClient(Protocol):
    """A transport to one source: no redirects, no proxy, no cookies, no retries, bounded reads."""

    async def open(self) -> None:
        """Make ready; raise AdapterMisconfigured when the settings cannot work."""
        ...

    async def request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        trace: Mapping[str, str],
        deadline: float,
        safe: bool = False,
    ) -> SourceReply:
        """Send one request and return the whole reply, whatever its status.

        Args:
            method: GET, POST or the like; not HEAD, whose replies lie about their length.
            path: starts with a slash; every value in it already quoted.
            headers: without Host and Content-Length; never personal data.  The same ones come with
                question after question, so that a transport may remember how they are written.
            body: may be empty.
            trace: more headers, of this one question (`trace_headers`).
            deadline: event-loop time.
            safe: asking twice changes nothing, so a connection closed under us may be replaced.

        Raises:
            SourceTimeout: *deadline* passed.
            SourceUnavailable: refused or lost before an answer began.
            SourceMalformed: not HTTP, truncated, compressed or larger than agreed.
        """
        ...

    async def aclose(self) -> None:
        """Let go of connections; twice is harmless."""
        ...


def accepted(source: str, reply: SourceReply, media_type: str) -> bytes:
    """Return the body of a 200 of *media_type*; name every other reply.

    Raises:
        QuestionRefused: 400, 401 or 403.
        SourceUnavailable: 429 or 5xx.
        SourceMalformed: any other status, or another media type.
    """
    if reply.status != _OK:
        raise refused(source, reply.status)
    if essence(reply.content_type) != media_type:
        raise SourceMalformed(source, "answer of another media type")
    return reply.body


@lru_cache(maxsize=64)
def essence(content_type: str) -> str:
    """Return type and subtype alone, in lower case; a source writes the same line every time."""
    return content_type.partition(";")[0].strip().lower()


def json_reader(source: str, shape: msgspec.json.Decoder[Shape]) -> Callable[[SourceReply], Shape]:
    """Return what takes a 200 of JSON for *shape*; see `accepted` and `decoded` for its errors."""

    def read(reply: SourceReply) -> Shape:
        return decoded(source, accepted(source, reply, JSON), shape)

    return read


def refused(source: str, status: int) -> SourceUnavailable | SourceMalformed:
    """Return the error that a status other than 200 means, when the adapter knows no better."""
    if status in _REFUSALS:
        return QuestionRefused(source, f"answered {status}")
    if status == _BUSY or status >= _BROKEN:
        return SourceUnavailable(source, f"answered {status}")
    return SourceMalformed(source, f"answered {status}")


def decoded(source: str, body: bytes, shape: msgspec.json.Decoder[Shape]) -> Shape:
    """Return *body* as the agreed shape.

    Raises:
        SourceSchemaMismatch: JSON of another shape.
        SourceMalformed: not JSON.
    """
    try:
        return shape.decode(body)
    except msgspec.ValidationError:  # its text may quote a value: never chained
        raise SourceSchemaMismatch(source, "answer outside its contract") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise SourceMalformed(source, "answer is not JSON") from None


def trace_headers(exchange_id: str, traceparent: str | None) -> dict[str, str]:
    """Return the headers that let both sides find the same call; odd values are left out.

    Source: W3C Trace Context level 1 section 3.2 for traceparent.
    """
    headers: dict[str, str] = {}
    if _PLAIN_ID.fullmatch(exchange_id):
        headers["X-Correlation-Id"] = exchange_id
    if traceparent is not None and _TRACEPARENT.fullmatch(traceparent):
        headers["traceparent"] = traceparent
    return headers
