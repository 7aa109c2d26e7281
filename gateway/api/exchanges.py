"""Agency systems: ask for data about one subject.  One raw ASGI handler, for speed (ADR 0006)."""

import asyncio
import re
from collections.abc import Callable
from time import perf_counter
from typing import Annotated, Protocol, TypeAlias

import msgspec
import structlog
import uuid_utils
from litestar.types import Receive, Scope, Send
from msgspec import Meta, Struct
from opentelemetry.trace import Span

from adapters.protocol import Subject
from catalog.entries import ServiceState
from gateway.api.bodies import Limits, bearer, deadline_s, decoded, traceparent_of, unread
from gateway.api.subjects import normalised
from gateway.api.wire import (
    JSON,
    NO_STORE,
    Headers,
    header_map,
    problem_reply,
    read_body,
    send_json,
    wants_english,
)
from gateway.clock import Clock
from gateway.errors import Code, Refusal
from gateway.problems import PROBLEMS, Origin
from gateway.stages.evidence import Asked, Recorded
from gateway.stages.respond import respond

PREFIX = "/v1/data/"
ROUTE = "/v1/data/{service}"
UNKNOWN = "unknown"  # metrics label of whatever is not in the catalog

Word: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,64}\Z")]
ProcedureWord: TypeAlias = Annotated[
    str, Meta(pattern=r"^[0-9]\.[0-9]{6}(\.[0-9A-Za-z.]{1,24})?\Z")
]
DossierWord: TypeAlias = Annotated[str, Meta(pattern=r"^[0-9A-Za-z./_-]{1,64}\Z")]
FieldWord: TypeAlias = Annotated[str, Meta(pattern=r"^[a-z0-9_]{1,40}\Z")]
RecordId: TypeAlias = Annotated[str, Meta(pattern=r"^[0-9a-f-]{36}\Z")]

_UUID = re.compile(rb"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class ExchangeBody(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The body of one question; everything about the person is in here, never in the URL."""

    subject: Subject
    purpose: Word
    procedure: ProcedureWord | None = None
    dossier: DossierWord | None = None
    fields: Annotated[tuple[FieldWord, ...], Meta(max_length=64)] = ()
    representative: RecordId | None = None


class Call(Struct, kw_only=True):
    """One call as the transport sees it; filled while it goes on."""

    exchange_id: str
    request_id: str
    service: str
    peer: str
    headers: dict[bytes, bytes]
    traceparent: str | None
    began: float


_log = structlog.get_logger(__name__)
_DECODER = msgspec.json.Decoder(ExchangeBody)


class Runs(Protocol):
    """What carries a question through the stages."""

    async def __call__(self, asked: Asked) -> Recorded:
        """Answer, or raise Refusal."""
        ...

    async def turn_away(self, asked: Asked, refused: Refusal) -> None:
        """Record a refusal that came before the stages."""
        ...


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
        observe: Callable[[Outcome], None],
        spans: Traces,
    ) -> None:
        self._exchange = exchange
        self._knows = knows
        self._limits = limits
        self._clock = clock
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
        _tell(ended, call, service, total_s)
        if span is not None:
            span.set_attributes({"motlan.dataset": service, "motlan.code": code})
            span.end()
        await send_json(send, status, headers, body)

    def _label(self, service: str) -> str:
        return service if self._knows(service) else UNKNOWN

    async def _asked(self, scope: Scope, receive: Receive, call: Call) -> Asked:
        """Read and check the question; a refusal is recorded by whoever the token proves."""
        raw = b""
        try:
            self._demand_room()
            raw = await self._body(scope, receive, call)
            return self._question(call, raw)
        except Refusal as refused:
            method = str(scope["method"])  # type: ignore[typeddict-item]
            await self._exchange.turn_away(self._unread(call, raw, method), refused)
            raise

    def _unread(self, call: Call, raw: bytes, method: str) -> Asked:
        return unread(
            call.headers,
            exchange_id=call.exchange_id,
            request_id=call.request_id,
            at=self._clock(),
            raw=raw,
            peer=call.peer,
            route=ROUTE,
            method=method,
        )

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
        body = decoded(_DECODER, raw, self._limits.json_depth)
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
            deadline=asyncio.get_running_loop().time() + deadline_s(call.headers, self._limits),
            traceparent=call.traceparent,
            raw=raw,
            peer=call.peer,
        )


def _call(scope: Scope) -> Call:
    headers = header_map(scope["headers"])  # type: ignore[arg-type]
    exchange_id = str(uuid_utils.uuid7())
    wanted = headers.get(b"lgsp-request-id", b"")
    client = scope["client"]
    return Call(
        exchange_id=exchange_id,
        request_id=wanted.decode().lower() if _UUID.fullmatch(wanted) else exchange_id,
        service=scope["path"].removeprefix(PREFIX).strip("/"),
        peer="" if client is None else client[0],
        headers=headers,
        traceparent=traceparent_of(headers),
        began=perf_counter(),
    )


def _tell(ended: Recorded | Refusal, call: Call, service: str, total_s: float) -> None:
    """Write a log line for refusals and faults; an answer has its record, and needs none."""
    if not isinstance(ended, Refusal):
        return
    facts = {
        "code": ended.code.value,
        "service": service,
        "exchange_id": call.exchange_id,
        "duration_ms": round(total_s * 1000, 1),
    }
    if ended.code is Code.INTERNAL:
        _log.error("exchange.fault", exc_info=ended.__cause__, **facts)
    elif PROBLEMS[ended.code].origin is Origin.CALLER:
        _log.info("exchange.refused", **facts)
    else:
        _log.warning("exchange.failed", **facts)


def _answer_headers(recorded: Recorded) -> Headers:
    authorised = recorded.released.answered.consented.authorised
    headers: Headers = [JSON, NO_STORE]
    balance = authorised.balance
    if balance is not None:  # draft-ietf-httpapi-ratelimit-headers-11
        name, limit, left = balance.policy, balance.limit, balance.left
        headers.append((b"ratelimit-policy", f'"{name}";q={limit}'.encode()))
        headers.append((b"ratelimit", f'"{name}";r={left};t={balance.resets_s}'.encode()))
    service = authorised.resolved.service
    if service.state is ServiceState.DEPRECATED and service.deprecated_at is not None:
        since = int(service.deprecated_at.timestamp())
        headers.append((b"deprecation", b"@%d" % since))  # RFC 9745
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
