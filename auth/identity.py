"""Who we are as an authorization server: issuer, audience, lifetimes, addresses."""

import msgspec

from auth.claims import LONGEST_LIFE_S

TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path
JWKS_PATH = "/oauth/jwks"
INTROSPECTION_PATH = "/oauth/introspect"
REVOCATION_PATH = "/oauth/revoke"
METADATA_PATH = "/.well-known/oauth-authorization-server"
RESOURCE_PATH = "/.well-known/oauth-protected-resource"


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """One authorization server and the one resource it issues tokens for."""

    issuer: str  # https URL without path; http only on loopback
    audience: str  # `aud` of every token: the resource server, RFC 8707
    token_life_s: int = LONGEST_LIFE_S
    assertion_life_s: float = 60
    ahead_s: float = 60
    # Origin of the same endpoints behind a door that asks for client certificates (RFC 8705
    # section 5); None when there is none of its own.
    certificate_origin: str | None = None

    @property
    def token_endpoint(self) -> str:
        """Where tokens are asked for."""
        return self.issuer + TOKEN_PATH

    @property
    def assertion_audiences(self) -> tuple[str, ...]:
        """Whom a client assertion may be meant for: our name first (FAPI 2.0 section 5.3.2.1)."""
        aliases = () if self.certificate_origin is None else (self.certificate_origin + TOKEN_PATH,)
        return (self.issuer, self.token_endpoint, *aliases)
