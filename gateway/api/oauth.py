"""Sign-on for systems: the token endpoint and its neighbours, metadata, and public keys."""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.status_codes import HTTP_200_OK
from msgspec import Struct

from auth.delegation.neighbours import Neighbours
from auth.forms import LARGEST_BODY, Post
from auth.identity import (
    INTROSPECTION_PATH,
    JWKS_PATH,
    METADATA_PATH,
    RESOURCE_PATH,
    REVOCATION_PATH,
    TOKEN_PATH,
)
from auth.issuer import Issuer
from auth.keys import SigningKeyRing
from auth.permissions import Permission
from auth.replies import TokenReply
from gateway.api.credentials import Credentials
from gateway.api.wire import header_map, peer_of
from gateway.clock import Clock

_log = structlog.get_logger(__name__)

# Shorter than the time that a new key is published before its first use.
_KEPT = {"Cache-Control": "public, max-age=300"}
_PUBLIC = {"permission": Permission.PUBLIC}


class Published(Struct, frozen=True):
    """Documents that clients configure themselves by."""

    server: Mapping[str, Any]  # RFC 8414
    resource: Mapping[str, Any]  # RFC 9728


class OAuthController(Controller):
    """Where an agency's system gets its access token (RFC 6749, RFC 8414, RFC 7517)."""

    tags: Sequence[str] | None = ("OAuth",)

    @post(TOKEN_PATH, status_code=HTTP_200_OK, opt=_PUBLIC, request_max_body_size=LARGEST_BODY)
    async def token(
        self,
        request: Request[object, object, State],
        oauth_issuer: NamedDependency[Issuer],
        credentials: NamedDependency[Credentials],
    ) -> Response[dict[str, Any]]:
        """Give a proven system an access token of at most 300 seconds, bound to its key."""
        return _answered("token", await oauth_issuer.token(await _posted(request, credentials)))

    @post(
        INTROSPECTION_PATH,
        status_code=HTTP_200_OK,
        opt=_PUBLIC,
        request_max_body_size=LARGEST_BODY,
    )
    async def introspect(
        self,
        request: Request[object, object, State],
        oauth_neighbours: NamedDependency[Neighbours],
        credentials: NamedDependency[Credentials],
    ) -> Response[dict[str, Any]]:
        """Tell a proven system whether a token of its own would be accepted now."""
        reply = await oauth_neighbours.introspect(await _posted(request, credentials))
        return _answered("token.introspection", reply)

    @post(REVOCATION_PATH, status_code=HTTP_200_OK, opt=_PUBLIC, request_max_body_size=LARGEST_BODY)
    async def revoke(
        self,
        request: Request[object, object, State],
        oauth_neighbours: NamedDependency[Neighbours],
        credentials: NamedDependency[Credentials],
    ) -> Response[dict[str, Any]]:
        """Take back a token of the proven system; nothing is released on it from then on."""
        reply = await oauth_neighbours.revoke(await _posted(request, credentials))
        return _answered("token.revocation", reply)

    @get(METADATA_PATH, opt=_PUBLIC)
    async def metadata(
        self, oauth_published: NamedDependency[Published]
    ) -> Response[dict[str, Any]]:
        """Return the metadata that clients configure themselves by."""
        return Response(dict(oauth_published.server), headers=_KEPT)

    @get(RESOURCE_PATH, opt=_PUBLIC)
    async def resource(
        self, oauth_published: NamedDependency[Published]
    ) -> Response[dict[str, Any]]:
        """Say which server issues the tokens that are good here, and how they are bound."""
        return Response(dict(oauth_published.resource), headers=_KEPT)

    @get(JWKS_PATH, opt=_PUBLIC)
    async def jwks(
        self, signing_keys: NamedDependency[SigningKeyRing], clock: NamedDependency[Clock]
    ) -> Response[dict[str, list[dict[str, str]]]]:
        """Return the public keys of the tokens that are good now or soon."""
        return Response(
            signing_keys.export_jwks(clock()), headers=_KEPT, media_type="application/jwk-set+json"
        )


async def _posted(request: Request[object, object, State], credentials: Credentials) -> Post:
    shown = credentials.shown(
        header_map(list(request.scope["headers"])),
        method=request.method,
        path=request.url.path,
        peer=peer_of(request.client),
    )
    return Post(
        body=await request.body(),
        content_type=request.headers.get("content-type", ""),
        authorization=request.headers.get("authorization"),
        address=shown.origin or None,
        proof=shown.proof,
        certificate=shown.certificate,
    )


def _answered(what: str, reply: TokenReply) -> Response[dict[str, Any]]:
    """Return *reply*, and say in the log who asked; the text of a token is never said."""
    if reply.code is not None:
        _log.info(f"{what}.refused", code=reply.code, system=reply.client_id)
    if reply.event is not None:
        _log.info(reply.event, system=reply.client_id)
    return Response(reply.body, status_code=reply.status, headers=dict(reply.headers))
