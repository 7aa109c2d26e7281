"""Agency systems: have the form of a procedure filled."""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

import msgspec
from litestar import Controller, MediaType, Request, Response, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPI, OpenAPIMediaType, RequestBody
from litestar.params import FromPath
from litestar.status_codes import HTTP_200_OK
from msgspec.structs import replace

from auth.permissions import Permission
from auth.possession.shown import Shown
from gateway.api.bodies import Limits, deadline_s, decoded, demand_json, traceparent_of, unread
from gateway.api.credentials import Credentials, token_of
from gateway.api.openapi import schema_of
from gateway.api.signing import Signs, presented
from gateway.api.subjects import normalised
from gateway.api.wire import header_map, peer_of
from gateway.clock import Clock
from gateway.errors import Refusal
from gateway.prefill.fill import ROUTE, Prefill
from gateway.prefill.fill import Request as Form
from gateway.prefill.schemas import PrefillBody, Prefilled

LARGEST_BODY = 65_536  # bytes
_DECODER = msgspec.json.Decoder(PrefillBody)


class PrefillController(Controller):
    """Once-only: what the state knows is not asked of the person again."""

    tags: Sequence[str] | None = ("Prefill",)

    @post(
        "/v1/prefill/{procedure:str}",
        status_code=HTTP_200_OK,
        opt={"permission": Permission.PREFILL_ASK},
        request_max_body_size=LARGEST_BODY,
    )
    async def fill(
        self,
        request: Request[object, object, State],
        *,
        procedure: FromPath[str],
        prefill: NamedDependency[Prefill],
        clock: NamedDependency[Clock],
        limits: NamedDependency[Limits],
        credentials: NamedDependency[Credentials],
        signs: NamedDependency[Signs],
    ) -> Response[Prefilled]:
        """Return the form field by field: value, source and basis, or the reason why not.

        Each source is asked by an exchange of its own, which decides and records by itself; a
        source that refuses or fails leaves its own fields empty and the others as they are.
        """
        headers = header_map(list(request.scope["headers"]))
        shown = credentials.shown(
            headers,
            method=request.method,
            path=request.scope["path"],
            peer=peer_of(request.client),
        )
        at, raw = clock(), b""
        try:
            demand_json(headers)
            raw = await request.body()
            form = _form(headers, raw, procedure=procedure, at=at, limits=limits, shown=shown)
            filled = await prefill(form)
        except Refusal as refused:  # before any question was put: nothing of it is in the log
            nothing = unread(
                headers,
                exchange_id=prefill.new_id(),
                request_id=request_id(headers),
                at=at,
                raw=raw,
                route=ROUTE,
                shown=shown,
            )
            await prefill.turn_away(nothing, refused)
            raise
        return _replied(filled, form, signs)


def _replied(filled: Prefilled, form: Form, signs: Signs) -> Response[Prefilled]:
    """Return the form on its way, with what the caller showed that it expects."""
    named = {"Cache-Control": "no-store", "Lgsp-Request-Id": form.request_id}
    if form.shown.nonce is not None:
        named["DPoP-Nonce"] = form.shown.nonce
    content = msgspec.json.encode(filled)
    signed = signs(form.signed, HTTP_200_OK, content)
    named |= {name.decode("ascii"): value.decode("ascii") for name, value in signed}
    # Encoded here, because the signature covers these very bytes.
    reply = Response(content, headers=named, media_type=MediaType.JSON)
    return cast("Response[Prefilled]", reply)


def _form(
    headers: Mapping[bytes, bytes],
    raw: bytes,
    *,
    procedure: str,
    at: datetime,
    limits: Limits,
    shown: Shown,
) -> Form:
    body = decoded(_DECODER, raw, limits.json_depth)
    subject = normalised(body.subject, at.date())
    wait_s = deadline_s(headers, limits)
    return Form(
        procedure=procedure,
        body=replace(body, subject=subject, fields=tuple(dict.fromkeys(body.fields))),
        token=token_of(headers),
        shown=shown,
        request_id=request_id(headers),
        at=at,
        deadline=asyncio.get_running_loop().time() + wait_s,
        traceparent=traceparent_of(headers),
        raw=raw,
        peer=shown.origin,
        signed=presented(headers, method=shown.method, url=shown.url, body=raw),
    )


def request_id(headers: Mapping[bytes, bytes]) -> str:
    """Return the caller's request id when it is a UUID, else a new one."""
    try:
        return str(uuid.UUID(headers.get(b"lgsp-request-id", b"").decode("ascii")))
    except (ValueError, UnicodeDecodeError):
        return str(uuid.uuid4())


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
