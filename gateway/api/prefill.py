"""Agency systems: have the form of a procedure filled."""

import asyncio
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import msgspec
from litestar import Controller, Request, Response, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPI, OpenAPIMediaType, RequestBody
from litestar.params import FromPath
from litestar.status_codes import HTTP_200_OK
from msgspec.structs import replace

from auth.permissions import Permission
from gateway.api.exchanges import DEEPEST_JSON, Limits, bearer
from gateway.api.openapi import schema_of
from gateway.api.subjects import normalised
from gateway.api.wire import TRACEPARENT, deeper_than, header_map
from gateway.clock import Clock
from gateway.errors import Code, Refusal
from gateway.prefill.fill import ROUTE, Prefill
from gateway.prefill.fill import Request as Form
from gateway.prefill.schemas import PrefillBody, Prefilled

LARGEST_BODY = 65_536  # bytes
LONGEST_DEADLINE_MS = 600_000
_DECODER = msgspec.json.Decoder(PrefillBody)
_PLACE = re.compile(r"at `\$([a-z_.]*)")
_MISSING = re.compile(r"missing required field `([a-z_]+)`")


class PrefillController(Controller):
    """Once-only: what the state knows is not asked of the person again."""

    tags: Sequence[str] | None = ("Prefill",)

    @post(
        "/v1/prefill/{procedure:str}",
        status_code=HTTP_200_OK,
        opt={"permission": Permission.PREFILL_ASK},
        request_max_body_size=LARGEST_BODY,
    )
    async def fill(  # noqa: PLR0917 - Litestar names what it hands over
        self,
        request: Request[object, object, State],
        procedure: FromPath[str],
        prefill: NamedDependency[Prefill],
        clock: NamedDependency[Clock],
        limits: NamedDependency[Limits],
        noise: NamedDependency[Callable[[str, str], None]],
    ) -> Response[Prefilled]:
        """Return the form field by field: value, source and basis, or the reason why not.

        Each source is asked by an exchange of its own, which decides and records by itself; a
        source that refuses or fails leaves its own fields empty and the others as they are.
        """
        peer = "" if request.client is None else request.client.host
        try:
            form = _form(
                header_map(list(request.scope["headers"])),
                await request.body(),
                procedure=procedure,
                at=clock(),
                limits=limits,
                peer=peer,
            )
            filled = await prefill(form)
        except Refusal as refused:  # before any question was put: nothing of it is in the log
            noise(refused.code.value, peer)
            raise
        headers = {"Cache-Control": "no-store", "Lgsp-Request-Id": form.request_id}
        return Response(filled, headers=headers)


def _form(
    headers: Mapping[bytes, bytes],
    raw: bytes,
    *,
    procedure: str,
    at: datetime,
    limits: Limits,
    peer: str,
) -> Form:
    body = decode(raw)
    subject = normalised(body.subject, at.date())
    traceparent = headers.get(b"traceparent", b"").decode("latin-1")
    wait_s = deadline_s(headers.get(b"lgsp-deadline-ms"), limits)
    return Form(
        procedure=procedure,
        body=replace(body, subject=subject, fields=tuple(dict.fromkeys(body.fields))),
        token=bearer(headers),
        request_id=request_id(headers.get(b"lgsp-request-id", b"")),
        at=at,
        deadline=asyncio.get_running_loop().time() + wait_s,
        traceparent=traceparent if TRACEPARENT.fullmatch(traceparent) else None,
        raw=raw,
        peer=peer,
    )


def decode(raw: bytes) -> PrefillBody:
    """Return the body as its struct.

    Raises:
        Refusal: MALFORMED_JSON when it is not JSON or too deep; VALIDATION_FAILED with the place,
            never the value, when it has not the agreed shape.
    """
    if deeper_than(raw, DEEPEST_JSON):
        raise Refusal(Code.MALFORMED_JSON)
    try:
        return _DECODER.decode(raw)
    except msgspec.ValidationError as wrong:
        raise _invalid(_pointer(str(wrong))) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refusal(Code.MALFORMED_JSON) from None


def deadline_s(wanted: bytes | None, limits: Limits) -> float:
    """Return how long the whole form may take: the caller's wish, never more than the limit.

    Raises:
        Refusal: VALIDATION_FAILED unless *wanted* is 1 to 600,000 milliseconds.
    """
    if wanted is None:
        return limits.deadline_ms / 1000
    if not wanted.isdigit() or not 1 <= int(wanted) <= LONGEST_DEADLINE_MS:
        raise _invalid("/headers/lgsp-deadline-ms")
    return min(limits.deadline_ms, int(wanted)) / 1000


def request_id(wanted: bytes) -> str:
    """Return the caller's request id when it is a UUID, else a new one."""
    try:
        return str(uuid.UUID(wanted.decode("ascii")))
    except (ValueError, UnicodeDecodeError):
        return str(uuid.uuid4())


def _pointer(message: str) -> str:
    """Return where the decoder stopped; its own words may quote what the caller sent."""
    place, missing = _PLACE.search(message), _MISSING.search(message)
    path = "" if place is None else place.group(1).rstrip(".").replace(".", "/")
    return path + ("" if missing is None else f"/{missing.group(1)}") or "/"


def _invalid(pointer: str) -> Refusal:
    return Refusal(
        Code.VALIDATION_FAILED,
        errors=[
            {
                "pointer": pointer,
                "code": "format",
                "message_vi": "Thành phần thiếu, thừa hoặc sai dạng.",
                "message_en": "A member is missing, unknown or has not its form.",
            }
        ],
    )


def describe(document: OpenAPI) -> None:
    """Add the body of the question to *document*; Litestar knows the rest of the route."""
    (body,), parts = msgspec.json.schema_components(
        (PrefillBody,), ref_template="#/components/schemas/{name}"
    )
    known = {name: schema_of(part) for name, part in parts.items()}
    document.components.schemas.update(known)  # type: ignore[arg-type]
    path = (document.paths or {}).get(ROUTE)
    if path is not None and path.post is not None:
        media = OpenAPIMediaType(schema=schema_of(body))
        path.post.request_body = RequestBody(content={"application/json": media}, required=True)
