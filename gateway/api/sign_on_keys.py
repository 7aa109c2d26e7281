"""The keys by which we prove ourselves to OpenID providers, for their registration of us."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeAlias

from litestar import Controller, Response, get
from litestar.di import NamedDependency

from auth.permissions import Permission
from gateway.api.operations import OfAnybody
from gateway.clock import Clock

PATH = "/sign-on/jwks"
MEDIA_TYPE = "application/jwk-set+json"  # RFC 7517 section 8.5

Jwks: TypeAlias = dict[str, list[dict[str, str]]]

# Shorter than the time that a new key is published before its first use.
_KEPT = {"Cache-Control": "public, max-age=300"}


class SignOnKeysController(Controller):
    """What a provider reads when it is told our `jwks_uri` (RFC 7591 section 2)."""

    tags: Sequence[str] | None = ("Sign-on",)

    @get(
        PATH,
        opt={"permission": Permission.PUBLIC},
        operation_class=OfAnybody,
        media_type=MEDIA_TYPE,
    )
    async def jwks(
        self,
        sign_on_keys: NamedDependency[Callable[[datetime], Jwks]],
        clock: NamedDependency[Clock],
    ) -> Response[Jwks]:
        """Return the public keys of our client assertions that are good now or soon."""
        return Response(sign_on_keys(clock()), headers=_KEPT, media_type=MEDIA_TYPE)
