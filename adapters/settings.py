"""How one source is reached: address, credentials, limits, TLS."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Annotated, Literal, Self, TypeAlias
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator

Seconds: TypeAlias = Annotated[float, Field(gt=0, le=60)]

# the last label begins with a letter: "127.1" and "0x7f" are addresses to some resolvers
_HOST_NAME = re.compile(r"(?=.{1,253}\Z)([A-Za-z0-9_-]+\.)*[A-Za-z][A-Za-z0-9_-]*\.?")


class TlsSettings(BaseModel, frozen=True, extra="forbid"):
    """What proves the source to us, and us to the source; TLS 1.2 or newer always."""

    ca_file: Path | None = None  # PEM; None: the system's own trust store
    cert_file: Path | None = None  # PEM, our client certificate
    key_file: Path | None = None  # PEM; None: the key is in cert_file
    key_password: SecretStr | None = None
    server_name: str | None = None  # name to prove, when it is not the host of base_url

    @model_validator(mode="after")
    def _key_needs_certificate(self) -> Self:
        if self.cert_file is None and (self.key_file or self.key_password):
            msg = "a client key without its certificate"
            raise ValueError(msg)
        return self


class BreakerSettings(BaseModel, frozen=True, extra="forbid"):
    """When to stop asking a source that fails, and when to try again."""

    failures: Annotated[int, Field(ge=1, le=1000)] = 5  # in a row
    reset_s: Annotated[float, Field(gt=0, le=600)] = 5.0


class SourceSettings(BaseModel, frozen=True, extra="forbid"):
    """One source.  Options are the adapter's own and are judged when it opens."""

    base_url: str
    credentials: dict[str, SecretStr] = {}
    transport: Literal["fast", "httpx", "auto"] = "auto"  # auto: fast for http, httpx for https
    concurrency: Annotated[int, Field(ge=1, le=1000)] = 64  # questions under way at once
    waiting: Annotated[int, Field(ge=0, le=100_000)] = 1024  # questions that may wait for a place
    timeout_s: Seconds = 3.0  # for one question, retries included; the caller may allow less
    connect_timeout_s: Seconds = 1.0
    idle_s: Annotated[float, Field(gt=0, le=600)] = 15.0  # an unused connection closes by then
    max_bytes: Annotated[int, Field(ge=1024, le=64 * 1024 * 1024)] = 1024 * 1024  # of one body
    retries: Annotated[int, Field(ge=0, le=2)] = 1  # of safe questions only
    breaker: BreakerSettings = BreakerSettings()
    tls: TlsSettings = TlsSettings()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()  # empty: any unicast address
    options: dict[str, object] = {}

    @field_validator("base_url")
    @classmethod
    def _plain_address(cls, value: str) -> str:
        """Accept scheme, host, port and path prefix; nothing that hides an address or a secret."""
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            msg = "must be http:// or https:// and a host"
            raise ValueError(msg)
        if parts.username or parts.password or parts.query or parts.fragment:
            msg = "must hold no credentials, query or fragment"
            raise ValueError(msg)
        if not (_is_address(parts.hostname) or _HOST_NAME.fullmatch(parts.hostname)):
            msg = "host must be a name or an address in its usual form"
            raise ValueError(msg)
        if parts.port == 0 or not re.fullmatch(r"[!-~]*", value):
            msg = "must have a usable port and no blanks"
            raise ValueError(msg)
        return value.rstrip("/")

    @model_validator(mode="after")
    def _fast_is_plain(self) -> Self:
        if self.transport == "fast" and self.base_url.startswith("https:"):
            msg = "the fast transport speaks plain HTTP; leave transport at auto"
            raise ValueError(msg)
        return self


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
