"""The one way out of auth: HTTP to providers and to the addresses where keys are published."""

import ssl
from collections.abc import Mapping
from importlib import import_module
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_network,
)
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlencode

from msgspec import Struct

from auth.errors import PartyError

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

LARGEST_BYTES = 262_144  # 256 KiB of body
TIMEOUT_S = 5.0  # for one question: name, connection, TLS, answer
FORM = "application/x-www-form-urlencoded"
# Where IANA gives public IPv6 addresses from; outside it lie old private ones (fec0::/10), and such
# as carry an IPv4 address inside (::/96, ::ffff:0:0:0/96, 64:ff9b::/96).
_PUBLIC_V6 = ip_network("2000::/3")


class Unreachable(PartyError):
    """Nothing usable came back; *fact* says why, and never names what was asked."""

    code = "provider_unavailable"

    def __init__(self, fact: str) -> None:
        super().__init__(fact)
        self.fact = fact


class Fetched(Struct, frozen=True):
    """One answer, whatever its status; redirects are answers, and are not followed."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    def __repr__(self) -> str:
        """Show how it ended and not what it says: it may be about a person."""
        return f"Fetched(status={self.status})"


class Rules(Struct, frozen=True):
    """What every question keeps to."""

    networks: tuple[Network, ...]
    context: ssl.SSLContext
    timeout_s: float
    largest_bytes: int


class Outbound:
    """Asks over https, or over http where the host is this one.

    A name is resolved once for each question, judged, and dialled as that very address, so that no
    second answer of the resolver leads elsewhere.  No proxy and no certificate store comes from the
    environment, no redirect is followed, no cookie kept, and no connection kept open.

    Args:
        networks: private ranges that may be dialled; every other address must be a public one.
        ca_file: PEM, who may certify the other side; None for the system's own trust store.
        timeout_s: for one question.
        largest_bytes: of one answer's body.

    Raises:
        Unreachable: *ca_file* cannot be used.

    Source: audit-security-reliability.md section 3, row "Outbound calls"; OWASP API7.
    """

    def __init__(
        self,
        *,
        networks: tuple[Network, ...] = (),
        ca_file: Path | None = None,
        timeout_s: float = TIMEOUT_S,
        largest_bytes: int = LARGEST_BYTES,
    ) -> None:
        self._rules = Rules(networks, _context(ca_file), timeout_s, largest_bytes)

    async def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> Fetched:
        """Get *url*.

        Raises:
            Unreachable: the address is refused, or no whole answer came in time.
        """
        return await self._ask("GET", url, headers or {}, None)

    async def post(
        self,
        url: str,
        *,
        form: Mapping[str, str] | None = None,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Fetched:
        """Post *form*, or *body* as it is.

        Raises:
            Unreachable: the address is refused, or no whole answer came in time.
        """
        named = dict(headers or {})
        if form is not None:
            body, named["Content-Type"] = urlencode(form).encode("ascii"), FORM
        return await self._ask("POST", url, named, body)

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Fetched:
        # Loaded with the first question: the library takes some 8 MiB of a process, and a worker
        # where nobody signs on asks nothing.
        dialling: Any = import_module("auth.dialling")
        fetched: Fetched = await dialling.ask(self._rules, method, url, headers, body)
        return fetched


def acceptable(address: Address, networks: tuple[Network, ...]) -> bool:
    """Tell whether *address* may be dialled: a public one, or one of *networks*."""
    if any(address in network for network in networks if network.version == address.version):
        return True
    if isinstance(address, IPv6Address) and (
        address not in _PUBLIC_V6 or address.sixtofour or address.teredo
    ):
        return False  # 6to4 and Teredo: what the IPv4 address inside leads to is judged by nobody
    return address.is_global and not address.is_multicast


def _context(ca_file: Path | None) -> ssl.SSLContext:
    """Return a client context that reads nothing from the environment but the system's roots."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if ca_file is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(cafile=ca_file)
    except (OSError, ValueError):
        raise Unreachable("the certificate authority's file cannot be used") from None
    return context
