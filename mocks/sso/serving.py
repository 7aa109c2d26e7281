"""The provider on a socket: in this process for tests, from the command line for the demo."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from mocks.config import Sso
from mocks.server import Connection
from mocks.serving import LOOPBACK
from mocks.sso.doors import ProviderDoors
from mocks.sso.provider import Provider
from mocks.wire import Request

PORT = 9105


class PatientConnection(Connection):
    """One caller's connection; an answer may wait for keys that the caller publishes."""

    def __init__(self, provider: Provider, doors: ProviderDoors, open_now: set[Connection]) -> None:
        super().__init__(provider, doors, open_now)
        self._provider = provider
        self._reading: asyncio.Future[None] | None = None

    def _begun(self, request: Request, *, keep: bool) -> None:
        unread = self._provider.unread(request)
        if unread is None:
            self._answer(request, keep=keep)
            return
        self._held = True
        self._reading = asyncio.ensure_future(unread)
        self._reading.add_done_callback(lambda _: self._resume(request, keep=keep))

    def _resume(self, request: Request, *, keep: bool) -> None:
        self._held = False
        if not self.transport.is_closing():
            self._answer(request, keep=keep)
            self._serve()


@asynccontextmanager
async def serving(settings: Sso | None = None, *, port: int = 0) -> AsyncGenerator[str]:
    """Serve both realms on the loopback while the block runs; give the base URL.

    Args:
        settings: programs that may sign people on; none when left out, see the door for them.
        port: 0 takes any free one.
    """
    provider = Provider(settings or Sso())
    doors = ProviderDoors(provider)
    open_now: set[Connection] = set()
    server = await asyncio.get_running_loop().create_server(
        lambda: PatientConnection(provider, doors, open_now), LOOPBACK, port
    )
    base = f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}"
    provider.settle(base)
    try:
        yield base
    finally:
        server.close()
        for connection in tuple(open_now):
            connection.transport.abort()
        await server.wait_closed()
        provider.close()
