"""How a caller shows that a token is its own: with a proof for each request, or otherwise."""

from collections.abc import Callable, Mapping
from typing import Protocol

from auth.client import dpop_proof


class Binding(Protocol):
    """What a token is bound to, and how the caller shows that it holds it."""

    scheme: str  # of the Authorization header

    def headers(self, method: str, url: str, token: str | None) -> dict[str, str]:
        """Return what goes beside the token; None asks for the token itself."""
        ...

    def learn(self, headers: Mapping[str, str]) -> None:
        """Take from an answer what the next request needs."""
        ...


class Proofs:
    """A proof for each request, made with a key (RFC 9449)."""

    scheme = "DPoP"

    def __init__(
        self, private: dict[str, str], clock: Callable[[], float], *, nonce: str | None = None
    ) -> None:
        """Use *private*, a JWK; *clock* gives Unix seconds; *nonce* is the last one heard."""
        self.nonce = nonce
        self._private = private
        self._clock = clock

    def headers(self, method: str, url: str, token: str | None) -> dict[str, str]:
        """Return a new proof for one request."""
        made = dpop_proof(
            self._private, method=method, url=url, now=self._clock(), token=token, nonce=self.nonce
        )
        return {"DPoP": made}

    def learn(self, headers: Mapping[str, str]) -> None:
        """Keep the newest nonce (RFC 9449 section 8.2)."""
        self.nonce = headers.get("dpop-nonce", self.nonce)
