"""HTTP for strangers: a connection that does not finish a request's head in time is closed.

The server counts silent connections against its limit, so a few of them would shut everybody out.
"""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_S = 5.0


class TimelyProtocol(HttpToolsProtocol):
    """The server's own protocol, with a bound on the wait for a request."""

    head_s = HEAD_S
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection (asyncio calls this)."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take bytes; those that begin a request start the clock (asyncio calls this)."""
        super().data_received(data)
        if self._late is None and self._between():
            self._watch()

    def on_headers_complete(self) -> None:
        """Stop the clock: the body has a bound of its own (httptools calls this)."""
        self._forget()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the clock (asyncio calls this)."""
        self._forget()
        super().connection_lost(exc)

    def _watch(self) -> None:
        self._late = self.loop.call_later(self.head_s, self._close)

    def _forget(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _close(self) -> None:
        self._late = None
        if self._between():
            self.transport.close()

    def _between(self) -> bool:
        """Tell whether no request is being answered."""
        return not self.cycle or self.cycle.response_complete
