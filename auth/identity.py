"""Who we are as an authorization server: issuer, audience, lifetimes, addresses."""

import msgspec

from auth.claims import LONGEST_LIFE_S

TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path
JWKS_PATH = "/oauth/jwks"
METADATA_PATH = "/.well-known/oauth-authorization-server"


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """One authorization server and the one resource it issues tokens for."""

    issuer: str  # https URL without path; http only on loopback
    audience: str  # `aud` of every token: the resource server, RFC 8707
    token_life_s: int = LONGEST_LIFE_S
    assertion_life_s: float = 300
    ahead_s: float = 60

    @property
    def token_endpoint(self) -> str:
        """Where tokens are asked for."""
        return self.issuer + TOKEN_PATH
