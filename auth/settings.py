"""Settings of identity: the shape, with bounds; the gateway's settings hold one of these."""

import ipaddress
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, IPvAnyNetwork

from auth.identity import Identity
from auth.keys import SigningKeyRing
from auth.settings_possession import PossessionSettings


def _origin(url: str) -> str:
    """Demand scheme and host alone: paths of ours are appended, and texts are compared exactly."""
    parts = urlsplit(url)
    if not parts.hostname or url != f"{parts.scheme}://{parts.netloc}" or "@" in parts.netloc:
        message = "must be an address without path, query and trailing slash"
        raise ValueError(message)
    if parts.scheme != "https" and not (parts.scheme == "http" and _loopback(parts.hostname)):
        message = "must be https; http is for loopback only"
        raise ValueError(message)
    return url


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class IdentitySettings(PossessionSettings, frozen=True, extra="forbid"):
    """Who signs tokens, for whom, how long, and where the keys are."""

    issuer: Annotated[str, AfterValidator(_origin)] = "http://127.0.0.1:8100"
    audience: str | None = None  # default: the issuer, because gateway and issuer are one
    keys_dir: Path = Path(".motlan/keys/signing")
    algorithm: Literal["ES256", "EdDSA"] = "ES256"
    token_life_s: Annotated[int, Field(ge=30, le=300)] = 300
    assertion_life_s: Annotated[int, Field(ge=30, le=60)] = 60
    clock_ahead_s: Annotated[int, Field(ge=10, le=60)] = 60  # FAPI 2.0 section 5.3.2.1
    # Origin of the token endpoint's twin that asks for client certificates (RFC 8705 section 5).
    certificate_origin: Annotated[str, AfterValidator(_origin)] | None = None
    cache_tokens: Annotated[int, Field(ge=100, le=1_000_000)] = 10_000
    # Private ranges where agencies publish their keys; public addresses may be asked anyway.
    key_networks: tuple[IPvAnyNetwork, ...] = ()
    key_ca_file: Path | None = None  # PEM: who certifies them; None: the store of the host
    # At least as long as anyone keeps the JWK set, which we let be kept for 300 s.
    rotation_lead_s: Annotated[int, Field(ge=300, le=604_800)] = 600
    # One to three years for a key that signs (NIST SP 800-57 part 1, 5.3.6); the shorter is ours.
    rotate_after_days: Annotated[int, Field(ge=1, le=1_095)] = 365  # then doctor asks for the next

    def identity(self) -> Identity:
        """Return the values that issuing and verifying need."""
        return Identity(
            issuer=self.issuer,
            audience=self.audience or self.issuer,
            token_life_s=self.token_life_s,
            assertion_life_s=self.assertion_life_s,
            ahead_s=self.clock_ahead_s,
            certificate_origin=self.certificate_origin,
        )

    def keep(self) -> timedelta:
        """Return how long a retired key verifies: a token's whole life, and clocks that differ."""
        return timedelta(seconds=self.token_life_s + 2 * self.clock_ahead_s)

    def rotate_after(self) -> timedelta:
        """Return how long one key of ours signs before an operator is asked for the next."""
        return timedelta(days=self.rotate_after_days)

    def ring(self) -> SigningKeyRing:
        """Return the keys that tokens are signed with; nothing is read yet."""
        return SigningKeyRing(self.keys_dir, keep=self.keep(), algorithm=self.algorithm)
