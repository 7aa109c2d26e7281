"""The purpose-built transport: a keep-alive pool for one plain HTTP source.

One coarse timer serves every deadline of the pool, idle connections are taken last in first out,
and a reply costs one parser run and one future.  The pool has no ceiling of its own: the guard's
gate admits at most `concurrency` questions, so no more connections than that exist.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import TypeAlias
from urllib.parse import urlsplit

from msgspec import Struct

from adapters.addresses import Pin
from adapters.client import ClosedUnanswered, QuestionRefused, SourceReply
from adapters.deadlines import Deadlines
from adapters.errors import AdapterMisconfigured, SourceTimeout, SourceUnavailable
from adapters.settings import SourceSettings
from adapters.wire import Connection

_HTTP_PORT = 80
_BLANKS = 2  # in a request line
_FORMS = 256  # kinds of question of which the head is remembered

Kind: TypeAlias = tuple[str, ...]  # method, path, names of the trace


class Form(Struct, frozen=True):
    """What questions of one kind begin with, as long as they come with the same headers."""

    headers: dict[str, str]
    text: str  # with room for the trace's values and the body's length


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
        self._forms: dict[Kind, Form] = {}
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
        data = self._head(method, path, headers, trace, len(body)) + body
        connection = self._kept() or await self._dial(deadline)
        while True:
            deadlines = self._deadlines
            if deadlines is None:
                raise SourceUnavailable(self._source, "closed")
            waiter = deadlines.future(deadline)
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
                deadlines.forget(waiter)
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

    def _head(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        trace: Mapping[str, str],
        length: int,
    ) -> bytes:
        """Return all that goes before the body; no value of a question adds a line to it."""
        kind: Kind = (method, path, *trace)
        form = self._forms.get(kind)
        if form is None or form.headers != headers:  # a credential changes now and then
            form = self._remembered(kind, headers)
        values = trace.values()
        if not _plain("".join(values)):
            raise self._unspeakable()
        return (form.text % (*values, length)).encode("ascii")

    def _remembered(self, kind: Kind, headers: Mapping[str, str]) -> Form:
        """Write what questions of one kind begin with, once, with room for the values."""
        method, path, *trace = kind
        begin = f"{method} {self._prefix}{path} HTTP/1.1"
        lines = [begin, f"Host: {self._host}", "Accept-Encoding: identity"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if path[:1] != "/" or begin.count(" ") != _BLANKS or not _plain("".join((*lines, *trace))):
            raise self._unspeakable()
        fixed = [line.replace("%", "%%") for line in lines]
        rooms = [name.replace("%", "%%") + ": %s" for name in trace]
        text = "\r\n".join((*fixed, *rooms, "Content-Length: %d\r\n\r\n"))
        if len(self._forms) >= _FORMS:
            self._forms.clear()
        self._forms[kind] = form = Form(dict(headers), text)
        return form

    def _kept(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
        return None

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
        connection.rested = False
        self._idle.append(connection)
        if self._reaper is None:
            self._reap_later()

    def _reap_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._reaper = loop.call_later(self._settings.idle_s / 2, self._reap)

    def _reap(self) -> None:
        """Close what was idle at the last look and since: for `idle_s` at most."""
        self._reaper = None
        waiting, self._idle = self._idle, []
        for connection in waiting:
            if connection.rested or not connection.usable:
                connection.drop()
            else:
                connection.rested = True
                self._idle.append(connection)
        if self._idle:
            self._reap_later()

    def _unspeakable(self) -> QuestionRefused:
        return QuestionRefused(self._source, "a question the wire cannot carry")

    def _late(self) -> SourceTimeout:
        return SourceTimeout(self._source, "no answer before the deadline")


def _plain(text: str) -> bool:
    """Tell whether *text* is printable ASCII: a line break would be a line of the wire's own."""
    return text.isascii() and text.isprintable()
