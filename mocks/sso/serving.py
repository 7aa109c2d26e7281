"""The provider on a socket: in this process for tests, from the command line for the demo."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from mocks.config import Sso
from mocks.server import Connection
from mocks.serving import LOOPBACK
from mocks.sso.doors import ProviderDoors
from mocks.sso.provider import Provider

PORT = 9105


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
        lambda: Connection(provider, doors, open_now), LOOPBACK, port
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
