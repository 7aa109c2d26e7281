"""One worker process: `python -m gateway.cli.worker SOCKET LIFELINE GRACE_S`; `serve` starts it."""

import asyncio
import socket
import sys

import uvicorn
import uvloop

from gateway.cli.workers import STARTUP_FAILED

FACTORY = "gateway.app:create"
KEEP_ALIVE_S = 75  # longer than the 60 s of the usual proxies, so that they close first


def main(arguments: list[str]) -> int:
    """Serve on an inherited socket until told to stop, or until the parent is gone.

    Args:
        arguments: descriptor of the socket, descriptor of the pipe whose end means that the
            parent is gone, seconds that open exchanges may take to finish.

    Returns:
        0 after serving, 3 when the application did not start.
    """
    listening, lifeline, grace_s = int(arguments[0]), int(arguments[1]), float(arguments[2])
    server = uvicorn.Server(
        uvicorn.Config(
            FACTORY,
            factory=True,
            http="httptools",
            ws="none",
            lifespan="on",
            access_log=False,
            log_config=None,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=max(1, round(grace_s)),
        )
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(server, socket.socket(fileno=listening), lifeline))
    return 0 if server.started else STARTUP_FAILED


async def _serve(server: uvicorn.Server, listener: socket.socket, lifeline: int) -> None:
    loop = asyncio.get_running_loop()

    def orphaned() -> None:
        loop.remove_reader(lifeline)
        server.should_exit = True

    loop.add_reader(lifeline, orphaned)
    await server.serve([listener])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
