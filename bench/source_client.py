"""CPU per call of the two transports, and of each connector's own work.

    .venv/bin/python bench/source_client.py [--calls 20000] [--at-once 32]

A source in a process of its own answers a fixed 200 at once; what is printed is the CPU time of
this process only, in microseconds per call, the median of interleaved rounds.
"""

import argparse
import asyncio
import gc
import multiprocessing
import statistics
import time
from multiprocessing.connection import Connection

import httptools
import uvloop

from adapters.client import SourceClient, SourceReply
from adapters.fast import FastClient
from adapters.guard import GuardedClient, Question
from adapters.settings import SourceSettings
from adapters.through_httpx import HttpxClient

BODY = b'{"tongSo": 0, "duLieu": []}' + b" " * 700
REPLY = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Ma-Truy-Vet: dd-000000000001\r\n"
    b"Content-Length: %d\r\n\r\n" % len(BODY)
) + BODY
HEADERS = {
    "Content-Type": "application/json",
    "Accept": "application/json",
    "X-API-Key": "bench-key",
    "X-Correlation-Id": "0192f0c1-7e1a-7c40-9c1c-3d8f0f5a2b11",
}
QUESTION = b'{"soGiayTo":"003190000123","trang":1,"kichThuoc":100}'
ROUNDS = 5


class Source(asyncio.Protocol):
    """Answers every whole request with the same reply."""

    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Feed the parser."""
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """Answer."""
        if self._transport is not None:
            self._transport.write(REPLY)


def serve(tell: Connection) -> None:
    """Run the source until the parent ends it."""

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Source, "127.0.0.1", 0)
        tell.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    uvloop.run(run())


async def bare(client: SourceClient, calls: int) -> None:
    """Put *calls* questions one after another, straight to a transport."""
    loop = asyncio.get_running_loop()
    for _ in range(calls):
        await client.request(
            "POST", "/q", HEADERS, QUESTION, trace={}, deadline=loop.time() + 3, safe=True
        )


async def guarded(client: GuardedClient, calls: int) -> None:
    """Put *calls* questions one after another, with all guards on."""
    loop = asyncio.get_running_loop()
    question = Question(path="/q", headers=HEADERS, body=QUESTION)
    for _ in range(calls):
        await client.ask(question, _same, deadline=loop.time() + 3)


def _same(reply: SourceReply) -> SourceReply:
    return reply


async def measured(url: str, calls: int, at_once: int) -> dict[str, list[float]]:
    """Return microseconds of CPU per call, by what was measured, one figure for each round."""
    plain = SourceSettings(base_url=url)
    slow = SourceSettings(base_url=url, transport="httpx")
    fast, through_httpx = FastClient("bench", plain), HttpxClient("bench", slow)
    watched = GuardedClient("bench", plain)
    runs = {
        "fast, bare": (bare, fast, 1),
        "fast, guarded": (guarded, watched, 1),
        "httpx-aiohttp, bare": (bare, through_httpx, 10),
    }
    for _, client, _ in runs.values():
        await client.open()
    figures: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(ROUNDS + 1):  # the first warms up
        for name, (work, client, less) in runs.items():
            each = max(1, calls // less // at_once)
            begun = time.process_time()
            await asyncio.gather(*(work(client, each) for _ in range(at_once)))  # type: ignore[arg-type]
            spent = time.process_time() - begun
            if turn:
                figures[name].append(spent / (each * at_once) * 1e6)
    for _, client, _ in runs.values():
        await client.aclose()
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--at-once", type=int, default=32)
    given = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    source = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    source.start()
    try:
        url = f"http://127.0.0.1:{ours.recv()}"
        gc.freeze()
        figures = uvloop.run(measured(url, given.calls, given.at_once))
    finally:
        source.terminate()
        source.join(10)
    for name, rounds in figures.items():
        print(f"{name:22} {statistics.median(rounds):8.1f} µs per call  (best {min(rounds):.1f})")


if __name__ == "__main__":
    main()
