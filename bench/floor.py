"""The floor under every figure: our loop, parser and source client, without a single stage.

What an exchange costs beyond this is what it decides and records; what this costs beyond nginx is
what the language costs.  It asks the upstream the gateway's own question and hands on what it says.
"""

import asyncio
import json
import sys
from typing import cast

import httptools
import uvloop

from adapters.fast import FastClient
from adapters.settings import SourceSettings
from bench.servers import LAND_HEADERS, LAND_QUESTION

PATH = "/api/v1/thua-dat/tim-kiem"
PATIENCE_S = 3.0


class Line(asyncio.Protocol):
    """One kept connection; whoever asks waits for the answer before asking again."""

    def __init__(self, client: FastClient) -> None:
        self._client = client
        self._parser = httptools.HttpRequestParser(self)
        self._body = json.dumps(LAND_QUESTION).encode()
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin (asyncio calls this)."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take a part of a request (asyncio calls this)."""
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """Answer (the parser calls this)."""
        self._task = self._loop.create_task(self._answer())

    async def _answer(self) -> None:
        reply = await self._client.request(
            "POST", PATH, LAND_HEADERS, self._body, trace={},
            deadline=self._loop.time() + PATIENCE_S,
        )  # fmt: skip
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        if not self._transport.is_closing():
            self._transport.write(head % len(reply.body) + reply.body)


async def serve(port: int, upstream: str) -> None:
    """Serve on *port* until killed."""
    client = FastClient("land", SourceSettings(base_url=upstream))
    await client.open()
    server = await asyncio.get_running_loop().create_server(lambda: Line(client), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), sys.argv[2]))
