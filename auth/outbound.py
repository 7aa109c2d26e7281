"""The one way out of auth: HTTP to providers and to the addresses where keys are published."""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlencode

import httpx
from msgspec import Struct

from auth.errors import PartyError

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

LARGEST_BYTES = 262_144  # 256 KiB of body
TIMEOUT_S = 5.0  # for one question: name, connection, TLS, answer
FORM = "application/x-www-form-urlencoded"
_PORTS = range(1, 65_536)
_IDENTITY = frozenset({"", "identity"})
# Addresses that carry an IPv4 address inside: what they lead to is judged by nobody.
_NAT64 = ip_network("64:ff9b::/96")


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
        self._networks = networks
        self._context = _context(ca_file)
        self._timeout_s = timeout_s
        self._largest = largest_bytes

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
        where = _read(url)
        try:
            async with asyncio.timeout(self._timeout_s):
                found = await _resolved(where)
                return await self._first(
                    _judged(where, found, self._networks), where, method, (headers, body)
                )
        except TimeoutError:
            raise Unreachable("no answer in time") from None

    async def _first(
        self,
        addresses: tuple[Address, ...],
        where: httpx.URL,
        method: str,
        said: tuple[Mapping[str, str], bytes | None],
    ) -> Fetched:
        """Ask the first address that takes a connection."""
        for address in addresses:
            try:
                return await self._dial(address, where, method, said)
            except httpx.ConnectError:
                continue
            except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError, ValueError):
                # Without a cause: the library's words may hold the address or the answer.
                raise Unreachable("the connection broke, or the answer is not HTTP") from None
        raise Unreachable("no connection, or none that could be trusted")

    async def _dial(
        self,
        address: Address,
        where: httpx.URL,
        method: str,
        said: tuple[Mapping[str, str], bytes | None],
    ) -> Fetched:
        headers, body = said
        sent = {
            **headers,
            "Host": where.netloc.decode("ascii"),
            "Accept-Encoding": "identity",
            "Connection": "close",
        }
        name = where.raw_host.decode("ascii")
        async with (
            httpx.AsyncClient(
                verify=self._context,
                trust_env=False,
                follow_redirects=False,
                timeout=self._timeout_s,
            ) as client,
            client.stream(
                method,
                where.copy_with(host=str(address)),
                headers=sent,
                content=body,
                extensions={"sni_hostname": name},
            ) as reply,
        ):
            return Fetched(
                reply.status_code,
                {key.lower(): value for key, value in reply.headers.items()},
                await self._body(reply),
            )

    async def _body(self, reply: httpx.Response) -> bytes:
        if reply.headers.get("content-encoding", "").lower() not in _IDENTITY:
            raise Unreachable("a compressed answer")
        body = bytearray()
        async for chunk in reply.aiter_raw():
            body += chunk
            if len(body) > self._largest:
                raise Unreachable("the answer is too long")
        return bytes(body)


def acceptable(address: Address, networks: tuple[Network, ...]) -> bool:
    """Tell whether *address* may be dialled: a public one, or one of *networks*."""
    if any(address in network for network in networks if network.version == address.version):
        return True
    if isinstance(address, IPv6Address) and (
        address.ipv4_mapped or address.sixtofour or address.teredo or address in _NAT64
    ):
        return False
    return address.is_global and not address.is_multicast


def _read(url: str) -> httpx.URL:
    try:
        where = httpx.URL(url)
    except (httpx.InvalidURL, ValueError, TypeError):
        raise Unreachable("the address is not an address") from None
    named = bool(where.raw_host) and (where.port is None or where.port in _PORTS)
    if where.scheme not in {"https", "http"} or not named or where.userinfo:
        raise Unreachable("the address is not one of the web")
    return where.copy_with(fragment=None)


async def _resolved(where: httpx.URL) -> tuple[Address, ...]:
    port = where.port or (443 if where.scheme == "https" else 80)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            where.raw_host.decode("ascii"), port, type=socket.SOCK_STREAM
        )
    except (OSError, UnicodeError, OverflowError):
        raise Unreachable("the name does not resolve") from None
    names = dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found)
    return tuple(ip_address(name) for name in names)


def _judged(
    where: httpx.URL, found: tuple[Address, ...], networks: tuple[Network, ...]
) -> tuple[Address, ...]:
    allowed = tuple(address for address in found if acceptable(address, networks))
    if not allowed:
        raise Unreachable("the address is a private one, and not among those allowed")
    if where.scheme == "http" and not all(address.is_loopback for address in allowed):
        raise Unreachable("http is for this host alone")
    return allowed


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
