"""One worker process, which `serve` starts with what it inherits."""

import asyncio
import os
import socket

import uvicorn
import uvloop

from gateway.cli.shortcut import ShortcutProtocol
from gateway.cli.slices import run_in_short_slices
from gateway.cli.workers import STARTUP_FAILED

KEEP_ALIVE_S = 75  # longer than the 60 s of the usual proxies, so that they close first


class Telling(uvicorn.Server):
    """A server that tells its parent when it serves."""

    def __init__(self, config: uvicorn.Config, ready: int) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets)
        if self.started:
            os.write(self._ready, b".")


def main(arguments: list[str]) -> int:
    """Serve on inherited sockets until told to stop, or until the parent is gone.

    Args:
        arguments: the application's factory; seconds that open exchanges may take to finish; and
            descriptors: of the pipe whose end means that the parent is gone, of the pipe to tell
            through, and of each socket.

    Returns:
        0 after serving, 3 when the application did not start.
    """
    factory, grace_s = arguments[0], float(arguments[1])
    lifeline, ready, *listening = map(int, arguments[2:])
    config = uvicorn.Config(
        factory,
        factory=True,
        http=ShortcutProtocol,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=max(1, round(grace_s)),
    )
    server = Telling(config, ready)
    run_in_short_slices()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sockets = [socket.socket(fileno=each) for each in listening]
        runner.run(_serve(server, sockets, lifeline))
    return 0 if server.started else STARTUP_FAILED


async def _serve(server: uvicorn.Server, sockets: list[socket.socket], lifeline: int) -> None:
    loop = asyncio.get_running_loop()

    def orphaned() -> None:
        loop.remove_reader(lifeline)
        server.should_exit = True

    loop.add_reader(lifeline, orphaned)
    await server.serve(sockets)
