"""Bytes in, bytes out: what the raw handlers share with every problem reply."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec
from litestar.status_codes import HTTP_401_UNAUTHORIZED, HTTP_503_SERVICE_UNAVAILABLE
from litestar.types import Receive, Send

from auth.signatures.messages import COVERED, PROOF, REQUEST_TAG
from gateway.api.challenges import challenges
from gateway.api.credentials import SINGLE
from gateway.errors import Code, Refusal
from gateway.problems import PROBLEMS, problem_body

Headers: TypeAlias = list[tuple[bytes, bytes]]

# W3C Trace Context 1.  A caller makes these ids up, and they travel on to sources: one that could
# carry a person's number, a zero and eleven digits or a trace of digits alone, is no trace (P6).
TRACEPARENT = re.compile(r"(?!.*0\d{11})(?!00-\d{32})00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
PROBLEM_JSON = (b"content-type", b"application/problem+json")
JSON = (b"content-type", b"application/json")
NO_STORE = (b"cache-control", b"no-store")
QUOTE, BACKSLASH = 0x22, 0x5C
RETRY_AFTER_S = 2  # for failures that pass by themselves

# RFC 9421 section 5.1: how a caller learns what to sign.
ACCEPT_SIGNATURE = (
    b"accept-signature",
    f"sig=({' '.join(f'{chr(34)}{name}{chr(34)}' for name in (*COVERED, PROOF))})"
    f';created;keyid;tag="{REQUEST_TAG}"'.encode("ascii"),
)
DEMANDS = frozenset({Code.SIGNATURE_MISSING, Code.SIGNATURE_INVALID, Code.SIGNATURE_REPLAYED})

# RFC 9110 sections 12.5.1 and 12.5.3: in an answer, what a next question may come as.
TAKEN = ((b"accept", b"application/json"), (b"accept-encoding", b"identity"))

_ENCODER = msgspec.json.Encoder()


def peer_of(client: tuple[str, int] | None) -> str:
    """Return the address of the other end of a connection, empty when nobody knows it."""
    return "" if client is None else client[0]


def header_map(raw: Headers) -> dict[bytes, bytes]:
    """Return the headers by lower-case name; of a repeated one the last.

    Of credentials that are repeated, all of them in one value: which one counts is not left open.
    """
    named = dict(raw)
    if len(named) != len(raw):
        for name in SINGLE & named.keys():
            named[name] = b", ".join(value for each, value in raw if each == name)
    return named


async def read_body(receive: Receive, headers: Mapping[bytes, bytes], limit: int) -> bytes:
    """Return the whole body, at most *limit* bytes.

    Raises:
        Refusal: BODY_TOO_LARGE, as soon as the limit is known to be passed.
    """
    length = headers.get(b"content-length", b"0")
    if length.isdigit() and int(length) > limit:
        raise Refusal(Code.BODY_TOO_LARGE)
    message = await receive()
    body: bytes = message.get("body", b"")  # type: ignore[assignment]
    if not message.get("more_body", False):
        return _within(body, limit)
    parts = [body]
    size = len(body)
    while message.get("more_body", False):
        message = await receive()
        parts.append(message.get("body", b""))  # type: ignore[arg-type]
        size += len(parts[-1])
        if size > limit:
            raise Refusal(Code.BODY_TOO_LARGE)
    return b"".join(parts)


async def has_left(receive: Receive) -> bool:
    """Say whether the caller is known to be gone, after the body was read; nobody is waited for."""
    word = asyncio.ensure_future(receive())
    await asyncio.sleep(0)
    if not word.done():
        word.cancel()
        return False
    return word.result()["type"] == "http.disconnect"


def _within(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise Refusal(Code.BODY_TOO_LARGE)
    return body


def deeper_than(body: bytes, limit: int) -> bool:
    """Say whether *body* nests more than *limit* levels; strings are skipped, escapes honoured.

    The common case is decided by counting brackets, without looking at single bytes.
    """
    if body.count(b"{") + body.count(b"[") <= limit:
        return False
    depth = 0
    inside = escaped = False
    for byte in body:
        if inside:
            inside, escaped = _string_state(byte, escaped=escaped)
        elif byte == QUOTE:
            inside = True
        elif byte in b"{[":
            depth += 1
            if depth > limit:
                return True
        elif byte in b"}]":
            depth -= 1
    return False


def _string_state(byte: int, *, escaped: bool) -> tuple[bool, bool]:
    if escaped:
        return True, False
    return byte != QUOTE, byte == BACKSLASH


def wants_english(headers: Mapping[bytes, bytes]) -> bool:
    """Say whether the caller's first language is English; Vietnamese is the default."""
    return headers.get(b"accept-language", b"")[:2].lower() == b"en"


def trace_of(traceparent: str | None, exchange_id: str) -> str:
    """Return the caller's trace id, or one made of the exchange id, 32 hexadecimal digits."""
    match = None if traceparent is None else TRACEPARENT.fullmatch(traceparent)
    return exchange_id.replace("-", "") if match is None else match.group(1)


async def send_json(send: Send, status: int, headers: Headers, body: bytes) -> None:
    """Send one complete answer; HEAD and streaming have no place on these routes."""
    headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def problem_reply(
    refused: Refusal, exchange_id: str, traceparent: str | None, *, english: bool
) -> tuple[int, Headers, bytes]:
    """Return status, headers and body of the problem that *refused* becomes (RFC 9457)."""
    problem = PROBLEMS[refused.code]
    trace_id = trace_of(traceparent, exchange_id)
    document: dict[str, Any] = problem_body(
        refused.code,
        exchange_id=exchange_id,
        facts=refused.facts,
        trace_id=trace_id,
        vietnamese=not english,
    )
    headers: Headers = [PROBLEM_JSON, NO_STORE, (b"content-language", b"en" if english else b"vi")]
    passing = RETRY_AFTER_S if problem.status == HTTP_503_SERVICE_UNAVAILABLE else None
    after = refused.facts.get("retry_after_s", passing)
    if after is not None:
        headers.append((b"retry-after", str(after).encode()))
    if problem.status == HTTP_401_UNAUTHORIZED:
        headers.extend(challenges(refused))
    if refused.code in DEMANDS:
        headers.append(ACCEPT_SIGNATURE)
    if refused.code is Code.METHOD_NOT_ALLOWED:
        headers.append((b"allow", b"POST"))
    if refused.code is Code.UNSUPPORTED_MEDIA_TYPE:
        headers.extend(TAKEN)
    return problem.status, headers, _ENCODER.encode(document)
