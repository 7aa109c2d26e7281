"""Agency systems: ask for data about one subject.  One raw ASGI handler, for speed (ADR 0006)."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter
from typing import Annotated, Protocol, TypeAlias

import msgspec
import uuid_utils
from litestar.types import Receive, Scope, Send
from msgspec import Meta, Struct
from opentelemetry.trace import Span

from adapters.protocol import Subject
from catalog.entries import ServiceState
from gateway.api.subjects import normalised
from gateway.api.wire import (
    JSON,
    NO_STORE,
    TRACEPARENT,
    Headers,
    deeper_than,
    header_map,
    problem_reply,
    read_body,
    send_json,
    wants_english,
)
from gateway.clock import Clock
from gateway.errors import Code, Refusal
from gateway.stages.evidence import Asked, Recorded
from gateway.stages.respond import respond

DEEPEST_JSON = 16  # levels; refused before decoding
PREFIX = "/v1/data/"
LONGEST_WAIT_MS = 600_000  # what a caller may ask for; the limit holds all the same
UNKNOWN = "unknown"  # metrics label of whatever is not in the catalog

Word: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,64}\Z")]
ProcedureWord: TypeAlias = Annotated[
    str, Meta(pattern=r"^[0-9]\.[0-9]{6}(\.[0-9A-Za-z.]{1,24})?\Z")
]
DossierWord: TypeAlias = Annotated[str, Meta(pattern=r"^[0-9A-Za-z./_-]{1,64}\Z")]
FieldWord: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z0-9_]{1,40}\Z")]
RecordId: TypeAlias = Annotated[str, Meta(pattern=r"^[0-9a-f-]{36}\Z")]

_UUID = re.compile(rb"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_PLACE = re.compile(r"at `\$([^`]*)`")


class ExchangeBody(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The body of one question; everything about the person is in here, never in the URL."""

    subject: Subject
    purpose: Word
    procedure: ProcedureWord | None = None
    dossier: DossierWord | None = None
    fields: Annotated[tuple[FieldWord, ...], Meta(max_length=64)] = ()
    representative: RecordId | None = None


class Limits(Struct, frozen=True, kw_only=True):
    """What one worker takes on."""

    body_bytes: int = 65_536
    deadline_ms: int = 3_000
    in_flight: int = 1_000


class Call(Struct, kw_only=True):
    """One call as the transport sees it; filled while it goes on."""

    exchange_id: str
    request_id: str
    service: str
    peer: str
    headers: dict[bytes, bytes]
    traceparent: str | None
    began: float


_DECODER = msgspec.json.Decoder(ExchangeBody)
Runs: TypeAlias = Callable[[Asked], Awaitable[Recorded]]


class Outcome(Struct, frozen=True, kw_only=True):
    """How one call ended, for the meters; every word is of a closed vocabulary."""

    service: str  # catalog code, or "unknown"
    agency: str  # code of a caller that was answered, or "unknown"
    code: str  # "ok", or the code of the refusal
    status: int
    total_s: float
    source_s: float


class Traces(Protocol):
    """Where spans of sampled calls are begun."""

    def start(self, name: str, traceparent: str | None = None, **attributes: str) -> Span | None:
        """Begin a span, or nothing for a call that is not sampled."""
        ...


class ExchangeHandler:
    """`POST /v1/data/{service}` as an ASGI application."""

    def __init__(
        self,
        *,
        exchange: Runs,
        knows: Callable[[str], bool],
        limits: Limits,
        clock: Clock,
        noise: Callable[[str, str], None],
        observe: Callable[[Outcome], None],
        spans: Traces,
    ) -> None:
        self._exchange = exchange
        self._knows = knows
        self._limits = limits
        self._clock = clock
        self._noise = noise
        self._observe = observe
        self._spans = spans
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call; every way it can end is a complete JSON answer."""
        call = _call(scope)
        span = self._spans.start("exchange", call.traceparent, request_id=call.exchange_id)
        self._in_flight += 1
        ended: Recorded | Refusal
        try:
            ended = await self._exchange(await self._asked(scope, receive, call))
        except Refusal as refused:
            ended = refused
        finally:
            self._in_flight -= 1
        await self._answer(send, call, ended, span)

    async def _answer(
        self, send: Send, call: Call, ended: Recorded | Refusal, span: Span | None
    ) -> None:
        source_s, agency, code = 0.0, UNKNOWN, "ok"
        if isinstance(ended, Refusal):
            english = wants_english(call.headers)
            code = ended.code.value
            status, headers, body = problem_reply(
                ended, call.exchange_id, call.traceparent, english=english
            )
        else:
            answered = ended.released.answered
            source_s = answered.source_ms / 1000
            agency = answered.consented.authorised.resolved.identified.principal.agency
            status, headers, body = 200, _answer_headers(ended), respond(ended)
        total_s = perf_counter() - call.began
        _trace_headers(headers, call, total_s, source_s)
        service = self._label(call.service)
        self._observe(
            Outcome(
                service=service,
                agency=agency,
                code=code,
                status=status,
                total_s=total_s,
                source_s=source_s,
            )
        )
        if span is not None:
            span.set_attributes({"motlan.dataset": service, "motlan.code": code})
            span.end()
        await send_json(send, status, headers, body)

    def _label(self, service: str) -> str:
        return service if self._knows(service) else UNKNOWN

    async def _asked(self, scope: Scope, receive: Receive, call: Call) -> Asked:
        """Read and check the question; what fails here has not proven who asks."""
        try:
            self._demand_room()
            raw = await self._body(scope, receive, call)
            return self._question(call, raw)
        except Refusal as refused:
            self._noise(refused.code.value, call.peer)
            raise

    def _demand_room(self) -> None:
        if self._in_flight > self._limits.in_flight:
            raise Refusal(Code.OVERLOADED)

    async def _body(self, scope: Scope, receive: Receive, call: Call) -> bytes:
        if scope["method"] != "POST":  # type: ignore[typeddict-item]
            raise Refusal(Code.METHOD_NOT_ALLOWED)
        media = call.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if media != b"application/json":
            raise Refusal(Code.UNSUPPORTED_MEDIA_TYPE)
        return await read_body(receive, call.headers, self._limits.body_bytes)

    def _question(self, call: Call, raw: bytes) -> Asked:
        at = self._clock()
        body = decode(raw)
        return Asked(
            exchange_id=call.exchange_id,
            request_id=call.request_id,
            token=bearer(call.headers),
            service=call.service,
            subject=normalised(body.subject, at.date()),
            purpose=body.purpose,
            procedure=body.procedure,
            dossier=body.dossier,
            fields=tuple(dict.fromkeys(body.fields)),
            representative=body.representative,
            at=at,
            deadline=asyncio.get_running_loop().time() + self._deadline_s(call.headers),
            traceparent=call.traceparent,
            raw=raw,
            peer=call.peer,
        )

    def _deadline_s(self, headers: Mapping[bytes, bytes]) -> float:
        wanted = headers.get(b"lgsp-deadline-ms")
        if wanted is None:
            return self._limits.deadline_ms / 1000
        if not wanted.isdigit() or not 1 <= int(wanted) <= LONGEST_WAIT_MS:
            raise Refusal(Code.VALIDATION_FAILED, errors=[_invalid("/headers/lgsp-deadline-ms")])
        return min(self._limits.deadline_ms, int(wanted)) / 1000


def decode(raw: bytes) -> ExchangeBody:
    """Return the body as its struct.

    Raises:
        Refusal: MALFORMED_JSON when it is not JSON or too deep; PURPOSE_MISSING or
            VALIDATION_FAILED with the place, never the value, when it has not the agreed shape.
    """
    if deeper_than(raw, DEEPEST_JSON):
        raise Refusal(Code.MALFORMED_JSON)
    try:
        return _DECODER.decode(raw)
    except msgspec.ValidationError as wrong:
        raise _shape_refusal(str(wrong)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refusal(Code.MALFORMED_JSON) from None


def _shape_refusal(message: str) -> Refusal:
    """Turn the decoder's message into places; its own words may quote what the caller sent."""
    if "missing required field `purpose`" in message:
        return Refusal(Code.PURPOSE_MISSING)
    place = _PLACE.search(message)
    path = "" if place is None else re.sub(r"\[(\d+|\.\.\.)\]", r"/\1", place.group(1))
    missing = re.search(r"missing required field `([a-z_]+)`", message)
    pointer = path.replace(".", "/") + ("" if missing is None else f"/{missing.group(1)}")
    return Refusal(Code.VALIDATION_FAILED, errors=[_invalid(pointer or "/")])


def _invalid(pointer: str) -> dict[str, str]:
    return {
        "pointer": pointer,
        "code": "format",
        "message_vi": "Thành phần thiếu, thừa hoặc sai dạng.",
        "message_en": "A member is missing, unknown or has not its form.",
    }


def bearer(headers: Mapping[bytes, bytes]) -> str:
    """Return the bearer token, empty when there is none (RFC 6750 section 2.1)."""
    kind, _, token = headers.get(b"authorization", b"").partition(b" ")
    return token.strip().decode("latin-1") if kind.lower() == b"bearer" else ""


def _call(scope: Scope) -> Call:
    headers = header_map(scope["headers"])  # type: ignore[arg-type]
    exchange_id = str(uuid_utils.uuid7())
    wanted = headers.get(b"lgsp-request-id", b"")
    trace = headers.get(b"traceparent", b"").decode("latin-1")
    client = scope["client"]
    return Call(
        exchange_id=exchange_id,
        request_id=wanted.decode().lower() if _UUID.fullmatch(wanted) else exchange_id,
        service=scope["path"].removeprefix(PREFIX).strip("/"),
        peer="" if client is None else client[0],
        headers=headers,
        traceparent=trace if TRACEPARENT.fullmatch(trace) else None,
        began=perf_counter(),
    )


def _answer_headers(recorded: Recorded) -> Headers:
    authorised = recorded.released.answered.consented.authorised
    headers: Headers = [JSON, NO_STORE]
    balance = authorised.balance
    if balance is not None:  # draft-ietf-httpapi-ratelimit-headers-11
        name, limit, left = balance.policy, balance.limit, balance.left
        headers.append((b"ratelimit-policy", f'"{name}";q={limit}'.encode()))
        headers.append((b"ratelimit", f'"{name}";r={left};t={balance.resets_s}'.encode()))
    service = authorised.resolved.service
    if service.state is ServiceState.DEPRECATED and service.sunset is not None:
        stamp = service.sunset.strftime("%a, %d %b %Y %H:%M:%S GMT").encode()
        headers.append((b"sunset", stamp))  # RFC 8594
    return headers


def _trace_headers(headers: Headers, call: Call, spent: float, source_s: float) -> None:
    headers.append((b"lgsp-request-id", call.request_id.encode()))
    headers.append((b"lgsp-exchange-id", call.exchange_id.encode()))
    if call.traceparent is not None:
        headers.append((b"traceparent", call.traceparent.encode()))
    own, source = (spent - source_s) * 1000, source_s * 1000
    headers.append((b"server-timing", b"gateway;dur=%.2f, source;dur=%.2f" % (own, source)))
