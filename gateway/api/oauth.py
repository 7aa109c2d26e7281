"""Sign-on for systems: the token endpoint, its metadata and its public keys."""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.status_codes import HTTP_200_OK

from auth.forms import LARGEST_BODY
from auth.identity import JWKS_PATH, METADATA_PATH, TOKEN_PATH
from auth.issuer import Issuer, Post
from auth.keys import SigningKeyRing
from auth.permissions import Permission
from gateway.clock import Clock

_log = structlog.get_logger(__name__)

# Shorter than the time that a new key is published before its first use.
_KEPT = {"Cache-Control": "public, max-age=300"}
_PUBLIC = {"permission": Permission.PUBLIC}


class OAuthController(Controller):
    """Where an agency's system gets its access token (RFC 6749, RFC 8414, RFC 7517)."""

    tags: Sequence[str] | None = ("OAuth",)

    @post(TOKEN_PATH, status_code=HTTP_200_OK, opt=_PUBLIC, request_max_body_size=LARGEST_BODY)
    async def token(
        self, request: Request[object, object, State], oauth_issuer: NamedDependency[Issuer]
    ) -> Response[dict[str, Any]]:
        """Exchange a client assertion for an access token of at most 300 seconds."""
        reply = await oauth_issuer.token(await _posted(request))
        if reply.code is not None:
            _log.info("token.refused", code=reply.code, client_id=reply.client_id)
        return Response(reply.body, status_code=reply.status, headers=dict(reply.headers))

    @get(METADATA_PATH, opt=_PUBLIC)
    async def metadata(
        self, oauth_metadata: NamedDependency[Mapping[str, Any]]
    ) -> Response[dict[str, Any]]:
        """Return the metadata that clients configure themselves by."""
        return Response(dict(oauth_metadata), headers=_KEPT)

    @get(JWKS_PATH, opt=_PUBLIC)
    async def jwks(
        self, signing_keys: NamedDependency[SigningKeyRing], clock: NamedDependency[Clock]
    ) -> Response[dict[str, list[dict[str, str]]]]:
        """Return the public keys of the tokens that are good now or soon."""
        return Response(
            signing_keys.export_jwks(clock()), headers=_KEPT, media_type="application/jwk-set+json"
        )


async def _posted(request: Request[object, object, State]) -> Post:
    return Post(
        body=await request.body(),
        content_type=request.headers.get("content-type", ""),
        authorization=request.headers.get("authorization"),
        address=request.client.host if request.client else None,
    )
