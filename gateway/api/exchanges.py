"""Agency systems: ask for data about one subject.  One raw ASGI handler, for speed (ADR 0006)."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from functools import partial
from time import perf_counter
from typing import Annotated, NamedTuple, Protocol, TypeAlias

import msgspec
import structlog
import uuid_utils
from litestar.types import Receive, Scope, Send
from msgspec import Meta, Struct
from opentelemetry.trace import Span

from adapters.protocol import Subject
from auth.possession.shown import Shown
from catalog.entries import ServiceState, ServiceVersion
from gateway.api.bodies import Limits, deadline_s, decoded, demand_json, traceparent_of, unread
from gateway.api.credentials import Credentials, token_of
from gateway.api.signing import Signs, presented, unsigned
from gateway.api.subjects import normalised
from gateway.api.wire import (
    JSON,
    NO_STORE,
    Headers,
    has_left,
    header_map,
    peer_of,
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


class Reply(NamedTuple):
    """One complete answer."""

    status: int
    headers: Headers  # without the length
    body: bytes
    recorded: Recorded | None = None  # None: a refusal, nobody's data


class Opening(Struct, frozen=True):
    """What a request's head says; a connection that repeats its head repeats this."""

    service: str
    peer: str
    method: str
    headers: dict[bytes, bytes]
    traceparent: str | None
    request_id: str | None  # the caller's own


class Call(Struct, frozen=True):
    """One call as the transport sees it, before its body."""

    opening: Opening
    exchange_id: str
    request_id: str
    began: float


Body: TypeAlias = bytes | Callable[[], Awaitable[bytes]]
# How one call ended: service, agency, "ok" or a code, status, seconds in all, of the source.
# Every word is of a closed vocabulary: codes of the catalog, or "unknown".
Observe: TypeAlias = Callable[[str, str, str, int, float, float], None]

_DEPRECATED = ServiceState.DEPRECATED  # a name costs less than a look into the enumeration

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

    async def undelivered(self, recorded: Recorded) -> None:
        """Record that the caller was gone."""
        ...


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
        observe: Observe,
        spans: Traces,
        credentials: Credentials,
        signs: Signs = unsigned,
    ) -> None:
        self._exchange = exchange
        self._knows = knows
        self._limits = limits
        self._clock = clock
        self._observe = observe
        self._spans = spans
        self._credentials = credentials
        self._signs = signs
        self._in_flight = 0

    @property
    def in_flight(self) -> int:
        """How many calls are being answered now."""
        return self._in_flight

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call of the framework's server interface (ASGI)."""
        opening = opening_of(
            method=scope["method"],  # type: ignore[typeddict-item]
            path=scope["path"],
            headers=scope["headers"],  # type: ignore[arg-type]
            client=scope["client"],
        )
        body = partial(read_body, receive, opening.headers, self._limits.body_bytes)
        reply = await self.answer(call_of(opening), body)
        if await has_left(receive):
            await self.undelivered(reply)
            return
        await send_json(send, reply.status, reply.headers, reply.body)

    async def answer(self, call: Call, body: Body) -> Reply:
        """Answer one call; every way it can end is a complete JSON answer.

        Args:
            call: what is known before the body.
            body: all of it, or what reads it within the limit.

        The one who sends it tells `undelivered` when that was not possible.
        """
        span = self._spans.start("exchange", call.opening.traceparent, request_id=call.exchange_id)
        asked: Asked | None = None
        self._in_flight += 1
        try:
            asked = await self._asked(call, body)
            reply = self._answered(call, await self._exchange(asked), span)
        except Refusal as refused:
            reply = self._refused(call, refused, span)
        finally:
            self._in_flight -= 1
        if asked is not None:
            self._accompany(reply, asked)
        return reply

    def _accompany(self, reply: Reply, asked: Asked) -> None:
        """Add what the caller showed that it expects: our signature, a nonce for its next proof."""
        if asked.shown.nonce is not None:
            reply.headers.append((b"dpop-nonce", asked.shown.nonce.encode("ascii")))
        if asked.signed is not None:
            reply.headers.extend(self._signs(asked.signed, reply.status, reply.body))

    async def undelivered(self, reply: Reply) -> None:
        """Take note that *reply* could not be handed over; a refusal held nothing."""
        if reply.recorded is not None:
            await self._exchange.undelivered(reply.recorded)

    def _answered(self, call: Call, recorded: Recorded, span: Span | None) -> Reply:
        answered = recorded.released.answered
        headers = _answer_headers(recorded)
        body = respond(recorded)
        agency = answered.consented.identified.principal.agency
        self._ended(call, headers, span, 200, agency, "ok", answered.source_ms / 1000)
        return Reply(200, headers, body, recorded)

    def _refused(self, call: Call, refused: Refusal, span: Span | None) -> Reply:
        english = wants_english(call.opening.headers)
        status, headers, body = problem_reply(
            refused, call.exchange_id, call.opening.traceparent, english=english
        )
        total_s = self._ended(call, headers, span, status, UNKNOWN, refused.code.value, 0.0)
        _tell(refused, call, self._label(call.opening.service), total_s)
        return Reply(status, headers, body)

    def _ended(  # noqa: PLR0917 - every fact of one call, in the order of its metrics
        self,
        call: Call,
        headers: Headers,
        span: Span | None,
        status: int,
        agency: str,
        code: str,
        source_s: float,
    ) -> float:
        """Count the call, name it in its headers and its span; return how long it took."""
        total_s = perf_counter() - call.began
        _trace_headers(headers, call, total_s, source_s)
        service = self._label(call.opening.service)
        self._observe(service, agency, code, status, total_s, source_s)
        if span is not None:
            span.set_attributes({"motlan.dataset": service, "motlan.code": code})
            span.end()
        return total_s

    def _label(self, service: str) -> str:
        return service if self._knows(service) else UNKNOWN

    async def _asked(self, call: Call, body: Body) -> Asked:
        """Read and check the question; a refusal is recorded by whoever the token proves."""
        raw = b""
        try:
            self._demand(call.opening)
            raw = body if isinstance(body, bytes) else await body()
            return self._question(call, raw)
        except Refusal as refused:
            await self._exchange.turn_away(self._unread(call, raw), refused)
            raise

    def _unread(self, call: Call, raw: bytes) -> Asked:
        opening = call.opening
        return unread(
            opening.headers,
            exchange_id=call.exchange_id,
            request_id=call.request_id,
            at=self._clock(),
            raw=raw,
            route=ROUTE,
            shown=self._shown(opening),
        )

    def _shown(self, of: Opening) -> Shown:
        return self._credentials.shown(
            of.headers, method=of.method, path=PREFIX + of.service, peer=of.peer
        )

    def _demand(self, of: Opening) -> None:
        """Refuse what no body could mend."""
        if self._in_flight > self._limits.in_flight:
            raise Refusal(Code.OVERLOADED)
        if of.method != "POST":
            raise Refusal(Code.METHOD_NOT_ALLOWED)
        demand_json(of.headers)

    def _question(self, call: Call, raw: bytes) -> Asked:
        opening = call.opening
        at, shown, headers = self._clock(), self._shown(opening), opening.headers
        body = decoded(_DECODER, raw, self._limits.json_depth)
        return Asked(
            exchange_id=call.exchange_id,
            request_id=call.request_id,
            token=token_of(headers),
            service=opening.service,
            subject=normalised(body.subject, at.date()),
            purpose=body.purpose,
            procedure=body.procedure,
            dossier=body.dossier,
            fields=tuple(dict.fromkeys(body.fields)) if body.fields else (),
            representative=body.representative,
            at=at,
            deadline=asyncio.get_running_loop().time() + deadline_s(headers, self._limits),
            traceparent=opening.traceparent,
            raw=raw,
            peer=shown.origin,
            shown=shown,
            signed=presented(headers, method=opening.method, url=shown.url, body=raw),
        )


def opening_of(
    *, method: str, path: str, headers: Headers, client: tuple[str, int] | None
) -> Opening:
    """Return the head that a server read from the wire.

    Args:
        method: as sent.
        path: decoded, with or without the prefix.
        headers: names in lower case.
        client: address and port of the other end.
    """
    named = header_map(headers)
    wanted = named.get(b"lgsp-request-id")
    return Opening(
        path.removeprefix(PREFIX).strip("/"),
        peer_of(client),
        method,
        named,
        traceparent_of(named),
        wanted.decode().lower() if wanted and _UUID.fullmatch(wanted) else None,
    )


def call_of(opening: Opening) -> Call:
    """Return a call that begins now."""
    exchange_id = str(uuid_utils.uuid7())
    return Call(opening, exchange_id, opening.request_id or exchange_id, perf_counter())


def _tell(refused: Refusal, call: Call, service: str, total_s: float) -> None:
    """Write a log line for a refusal or a fault; an answer has its record, and needs none."""
    facts = {
        "code": refused.code.value,
        "service": service,
        "exchange_id": call.exchange_id,
        "duration_ms": round(total_s * 1000, 1),
    }
    if refused.code is Code.INTERNAL:
        _log.error("exchange.fault", exc_info=refused.__cause__, **facts)
    elif PROBLEMS[refused.code].origin is Origin.CALLER:
        _log.info("exchange.refused", **facts)
    else:
        _log.warning("exchange.failed", **facts)


def _answer_headers(recorded: Recorded) -> Headers:
    consented = recorded.released.answered.consented
    headers: Headers = [JSON, NO_STORE]
    balance = consented.balance
    if balance is not None:  # draft-ietf-httpapi-ratelimit-headers-11
        name, limit, left = balance.policy, balance.limit, balance.left
        headers.append((b"ratelimit-policy", f'"{name}";q={limit}'.encode()))
        headers.append((b"ratelimit", f'"{name}";r={left};t={balance.resets_s}'.encode()))
    service = consented.decision.service
    if service.state is _DEPRECATED:
        _warn(headers, service)
    return headers


def _warn(headers: Headers, service: ServiceVersion) -> None:
    """Say since when a version is not to be built upon, and until when it answers."""
    if service.deprecated_at is not None:
        since = int(service.deprecated_at.timestamp())
        headers.append((b"deprecation", b"@%d" % since))  # RFC 9745
    if service.sunset is not None:
        stamp = service.sunset.strftime("%a, %d %b %Y %H:%M:%S GMT").encode()
        headers.append((b"sunset", stamp))  # RFC 8594


def _trace_headers(headers: Headers, call: Call, spent: float, source_s: float) -> None:
    headers.append((b"lgsp-request-id", call.request_id.encode()))
    headers.append((b"lgsp-exchange-id", call.exchange_id.encode()))
    traceparent = call.opening.traceparent
    if traceparent is not None:
        headers.append((b"traceparent", traceparent.encode()))
    own, source = (spent - source_s) * 1000, source_s * 1000
    headers.append((b"server-timing", b"gateway;dur=%.2f, source;dur=%.2f" % (own, source)))
