"""httpx over the aiohttp transport: TLS, and whatever the fast transport does not speak.

httpx's own pool is on no path that carries calls (design section 9): it is quadratic in waiting
requests and hands out closed connections (encode/httpcore 1035, 1110).
"""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from functools import partial
from urllib.parse import urlsplit

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from httpx_aiohttp import AiohttpTransport

from adapters.addresses import Pin
from adapters.client import HEAD_BYTES, SourceReply
from adapters.errors import (
    AdapterMisconfigured,
    SourceError,
    SourceMalformed,
    SourceTimeout,
    SourceUnavailable,
)
from adapters.settings import SourceSettings, TlsSettings

_PORTS = {"http": 80, "https": 443}
_IDENTITY = {"", "identity"}


class _PinnedResolver(AbstractResolver):
    """Gives aiohttp the pinned addresses and nothing else."""

    def __init__(self, pin: Pin) -> None:
        self._pin = pin

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        del family  # the pin decides
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in await self._pin.addresses()
        ]

    async def close(self) -> None:
        """Nothing to let go of."""


class _WaryHandler(ResponseHandler):
    """A connection that is over once its source says something unasked.

    aiohttp looks for left-over bytes when it puts a connection back, not when it takes it out
    again; a late second answer would become the next caller's.
    """

    def is_connected(self) -> bool:
        return super().is_connected() and not self._buffer and not self._tail


class _WaryConnector(aiohttp.TCPConnector):
    """Makes wary connections."""

    def __init__(self, resolver: AbstractResolver, context: ssl.SSLContext, idle_s: float) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType] - its own socket factory
            resolver=resolver,
            use_dns_cache=False,  # the pin is the cache
            ssl=context,
            limit=0,  # the guard's gate is the limit
            keepalive_timeout=idle_s,
        )
        self._factory = partial(_WaryHandler, loop=self._loop)


class HttpxClient:
    """`SourceClient` over httpx and aiohttp."""

    def __init__(self, source: str, settings: SourceSettings) -> None:
        parts = urlsplit(settings.base_url)
        self._source = source
        self._settings = settings
        self._secure = parts.scheme == "https"
        port = parts.port or _PORTS[parts.scheme]
        self._pin = Pin(source, parts.hostname or "", port, settings.networks)
        self._http: httpx.AsyncClient | None = None

    async def open(self) -> None:
        """Read the TLS files; raise AdapterMisconfigured when they cannot be used."""
        context = _tls_context(self._source, self._settings.tls)
        await self._judge_literal()
        session = aiohttp.ClientSession(
            connector=_WaryConnector(_PinnedResolver(self._pin), context, self._settings.idle_s),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            max_line_size=HEAD_BYTES,
            max_field_size=HEAD_BYTES,
        )
        self._http = httpx.AsyncClient(
            transport=AiohttpTransport(client=session, verify=context, trust_env=False),
            base_url=self._settings.base_url,
            trust_env=False,
            follow_redirects=False,
            headers={"Accept-Encoding": "identity", "User-Agent": "motlan"},
            timeout=httpx.Timeout(None, connect=self._settings.connect_timeout_s),
        )

    async def request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        trace: Mapping[str, str],
        deadline: float,
        safe: bool = False,
    ) -> SourceReply:
        """Send one request and return the whole reply; see `SourceClient.request`."""
        try:
            async with asyncio.timeout_at(deadline):
                try:
                    return await self._exchange(method, path, {**headers, **trace}, body)
                except aiohttp.ServerDisconnectedError:
                    if not safe:
                        raise
                    return await self._exchange(method, path, {**headers, **trace}, body)
        except aiohttp.ServerTimeoutError:  # a TimeoutError too, of the connecting alone
            raise SourceUnavailable(self._source, "no connection in time") from None
        except TimeoutError:
            raise SourceTimeout(self._source, "no answer before the deadline") from None
        except (aiohttp.ClientError, httpx.HTTPError, OSError, ValueError) as odd:
            raise self._named(odd) from None

    async def aclose(self) -> None:
        """Close every connection; twice is harmless."""
        http, self._http = self._http, None
        if http is not None:
            await http.aclose()

    async def _exchange(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> SourceReply:
        if self._http is None:
            raise SourceUnavailable(self._source, "closed")
        request = self._http.build_request(method, path, headers=dict(headers), content=body)
        name = self._settings.tls.server_name
        if self._secure and name is not None:
            request.extensions = {**request.extensions, "sni_hostname": name}
        try:
            reply = await self._http.send(request, stream=True)
            try:
                return SourceReply(
                    reply.status_code,
                    reply.headers.get("content-type", ""),
                    await self._body(reply),
                )
            finally:
                await reply.aclose()
        except httpx.HTTPError as mapped:
            raise _cause(mapped) from None

    async def _body(self, reply: httpx.Response) -> bytes:
        if reply.headers.get("content-encoding", "").lower() not in _IDENTITY:
            raise SourceMalformed(self._source, "compressed answer")
        most = self._settings.max_bytes
        if int(reply.headers.get("content-length", "0")) > most:
            raise SourceMalformed(self._source, "oversize answer")
        body = bytearray()
        async for chunk in reply.aiter_raw():
            body += chunk
            if len(body) > most:
                raise SourceMalformed(self._source, "oversize answer")
        return bytes(body)

    async def _judge_literal(self) -> None:
        """Refuse at start an address that aiohttp would dial without asking the resolver."""
        try:
            await self._pin.addresses()
        except SourceUnavailable as refused:
            if "networks" in refused.fact:
                raise AdapterMisconfigured(str(refused)) from None

    def _named(self, odd: Exception) -> SourceError:
        """Return our name for what the libraries raised."""
        if isinstance(odd, aiohttp.ClientSSLError):
            return SourceUnavailable(self._source, "TLS could not be agreed")
        if isinstance(odd, aiohttp.ClientConnectorError):
            self._pin.forget()
            return SourceUnavailable(self._source, "connection refused")
        if isinstance(odd, aiohttp.ClientConnectionError | OSError):
            return SourceUnavailable(self._source, "connection lost")
        if isinstance(odd, aiohttp.ClientPayloadError):
            return SourceMalformed(self._source, "truncated answer")
        return SourceMalformed(self._source, "not HTTP")


def _cause(mapped: httpx.HTTPError) -> Exception:
    """Return aiohttp's own error: httpx-aiohttp calls every lost connection a connect timeout."""
    cause = mapped.__cause__
    return cause if isinstance(cause, Exception) else mapped


def _tls_context(source: str, tls: TlsSettings) -> ssl.SSLContext:
    """Return a client context that reads nothing from the environment but the system's roots."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    password = tls.key_password.get_secret_value() if tls.key_password else None
    try:
        if tls.ca_file is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(cafile=tls.ca_file)
        if tls.cert_file is not None:
            # an empty password makes OpenSSL fail instead of asking on the terminal
            context.load_cert_chain(tls.cert_file, tls.key_file, password or "")
    except (OSError, ValueError):
        raise AdapterMisconfigured(f"{source}: TLS files cannot be used") from None
    return context
