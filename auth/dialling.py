"""Dials: one question over httpx, to the very address that was judged.

Only `auth.outbound` uses it, and loads it with its first question.
"""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from ipaddress import ip_address

import httpx

from auth.outbound import Address, Fetched, Network, Rules, Unreachable, acceptable

_PORTS = range(1, 65_536)
_IDENTITY = frozenset({"", "identity"})


async def ask(
    rules: Rules, method: str, url: str, headers: Mapping[str, str], body: bytes | None
) -> Fetched:
    """Put one question; see `Outbound`.

    Raises:
        Unreachable: the address is refused, or no whole answer came in time.
    """
    where = _read(url)
    try:
        async with asyncio.timeout(rules.timeout_s):
            addresses = _judged(where, await _resolved(where), rules.networks)
            return await _first(rules, addresses, where, method, (headers, body))
    except TimeoutError:
        raise Unreachable("no answer in time") from None


async def _first(
    rules: Rules,
    addresses: tuple[Address, ...],
    where: httpx.URL,
    method: str,
    said: tuple[Mapping[str, str], bytes | None],
) -> Fetched:
    """Ask the first address that takes a connection."""
    for address in addresses:
        try:
            return await _dial(rules, address, where, method, said)
        except httpx.ConnectError:
            continue
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError, ValueError):
            # Without a cause: the library's words may hold the address or the answer.
            raise Unreachable("the connection broke, or the answer is not HTTP") from None
    raise Unreachable("no connection, or none that could be trusted")


async def _dial(
    rules: Rules,
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
            verify=rules.context,
            trust_env=False,
            follow_redirects=False,
            timeout=rules.timeout_s,
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
            await _body(rules, reply),
        )


async def _body(rules: Rules, reply: httpx.Response) -> bytes:
    if reply.headers.get("content-encoding", "").lower() not in _IDENTITY:
        raise Unreachable("a compressed answer")
    body = bytearray()
    async for chunk in reply.aiter_raw():
        body += chunk
        if len(body) > rules.largest_bytes:
            raise Unreachable("the answer is too long")
    return bytes(body)


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
