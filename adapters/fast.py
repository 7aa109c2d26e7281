"""The purpose-built transport: a keep-alive pool for one plain HTTP source.

One coarse timer serves every deadline of the pool, idle connections are taken last in first out,
and a reply costs one parser run and one future.  The pool has no ceiling of its own: the guard's
gate admits at most `concurrency` questions, so no more connections than that exist.
"""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import TypeAlias, cast
from urllib.parse import urlsplit

from adapters.addresses import Pin
from adapters.client import ClosedUnanswered, QuestionRefused, SourceReply
from adapters.deadlines import Deadlines
from adapters.errors import AdapterMisconfigured, SourceTimeout, SourceUnavailable
from adapters.settings import SourceSettings
from adapters.wire import Connection, ReplyFuture

_HTTP_PORT = 80
_BLANKS = 2  # in a request line
_HEADS = 256  # kinds of question of which the head is remembered

Kind: TypeAlias = tuple[str | tuple[str, str], ...]  # method, path, headers


class FastClient:
    """`SourceClient` over plain HTTP on asyncio and httptools."""

    def __init__(self, source: str, settings: SourceSettings) -> None:
        parts = urlsplit(settings.base_url)
        if parts.scheme != "http" or parts.hostname is None:
            raise AdapterMisconfigured(f"{source}: the fast transport speaks plain HTTP")
        self._source = source
        self._settings = settings
        self._port = parts.port or _HTTP_PORT
        self._pin = Pin(source, parts.hostname, self._port, settings.networks)
        self._prefix = parts.path
        self._host = parts.netloc
        self._heads: dict[Kind, bytes] = {}
        self._idle: list[Connection] = []
        self._deadlines: Deadlines | None = None
        self._reaper: asyncio.TimerHandle | None = None

    async def open(self) -> None:
        """Start the deadline timer's home; no connection is made yet."""
        self._deadlines = Deadlines(self._late)

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
        data = self._encoded((method, path, *headers.items()), trace, body)
        connection = self._kept() or await self._dial(deadline)
        while True:
            waiter = self._watched(deadline)
            connection.ask(data, waiter)
            try:
                return await waiter
            except ClosedUnanswered:  # never said of a fresh connection, so this ends
                if not safe:
                    raise
            except BaseException:  # late, cancelled or failed: what comes later is nobody's
                connection.drop()
                raise
            finally:
                self._forget(waiter)
            connection = await self._dial(deadline)

    async def aclose(self) -> None:
        """Close idle connections and stop the timers; a question under way ends as late."""
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.drop()
        if self._reaper is not None:
            self._reaper.cancel()
            self._reaper = None
        deadlines, self._deadlines = self._deadlines, None
        if deadlines is not None:
            deadlines.close()

    def _encoded(self, kind: Kind, trace: Mapping[str, str], body: bytes) -> bytes:
        head = self._heads.get(kind) or self._remembered(kind)
        lines = self._lines(trace.items())
        return b"%b%bContent-Length: %d\r\n\r\n%b" % (head, lines, len(body), body)

    def _remembered(self, kind: Kind) -> bytes:
        """Write what questions of one kind begin with, once."""
        method, path, *headers = kind
        host, lines = self._host, self._lines(cast("list[tuple[str, str]]", headers))
        begin = f"{method} {self._prefix}{path} HTTP/1.1"
        plain = begin.isascii() and begin.isprintable() and begin.count(" ") == _BLANKS
        if not plain or path[:1] != "/":
            raise QuestionRefused(self._source, "a question the wire cannot carry")
        head = f"{begin}\r\nHost: {host}\r\nAccept-Encoding: identity\r\n".encode("ascii") + lines
        if len(self._heads) >= _HEADS:  # a credential changes now and then: begin anew
            self._heads.clear()
        self._heads[kind] = head
        return head

    def _lines(self, headers: Collection[tuple[str, str]]) -> bytes:
        """Return *headers* as lines; a line break inside a value would show in their number."""
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers])
        breaks = len(headers)
        if lines.count("\n") != breaks or lines.count("\r") != breaks or not lines.isascii():
            raise QuestionRefused(self._source, "a question the wire cannot carry")
        return lines.encode("ascii")

    def _kept(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
        return None

    def _watched(self, deadline: float) -> ReplyFuture:
        deadlines = self._deadlines
        if deadlines is None:
            raise SourceUnavailable(self._source, "closed")
        waiter: ReplyFuture = asyncio.get_running_loop().create_future()
        deadlines.watch(waiter, deadline)
        return waiter

    def _forget(self, waiter: ReplyFuture) -> None:
        if self._deadlines is not None:
            self._deadlines.forget(waiter)

    async def _dial(self, deadline: float) -> Connection:
        loop = asyncio.get_running_loop()
        patience = min(deadline, loop.time() + self._settings.connect_timeout_s)
        try:
            async with asyncio.timeout_at(patience):
                return await self._connect(await self._pin.addresses())
        except TimeoutError:
            self._pin.forget()
            if loop.time() >= deadline:
                raise self._late() from None
            raise SourceUnavailable(self._source, "no connection in time") from None

    async def _connect(self, addresses: tuple[str, ...]) -> Connection:
        loop = asyncio.get_running_loop()
        for address in addresses:
            with suppress(OSError):
                _, connection = await loop.create_connection(self._fresh, address, self._port)
                return connection
        self._pin.forget()
        raise SourceUnavailable(self._source, "connection refused")

    def _fresh(self) -> Connection:
        return Connection(self._source, self._settings.max_bytes, self._keep)

    def _keep(self, connection: Connection) -> None:
        if self._deadlines is None:
            connection.drop()
            return
        loop = asyncio.get_running_loop()
        connection.idle_since = loop.time()
        self._idle.append(connection)
        if self._reaper is None:
            self._reaper = loop.call_later(self._settings.idle_s, self._reap)

    def _reap(self) -> None:
        """Close what was not used for `idle_s`; the oldest stand first in the list."""
        loop = asyncio.get_running_loop()
        oldest = loop.time() - self._settings.idle_s
        stale = [each for each in self._idle if each.idle_since <= oldest or not each.usable]
        for connection in stale:
            connection.drop()
            self._idle.remove(connection)
        self._reaper = (
            loop.call_later(self._settings.idle_s / 2, self._reap) if self._idle else None
        )

    def _late(self) -> SourceTimeout:
        return SourceTimeout(self._source, "no answer before the deadline")
