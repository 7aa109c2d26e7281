"""A tiny server that says exactly the bytes it was told to, for faults no real server makes."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias

Behaviour: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


async def question(reader: asyncio.StreamReader) -> bytes:
    """Read one whole request and return its head; raise IncompleteReadError at the end."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        ),
        0,
    )
    await reader.readexactly(length)
    return head


def saying(*parts: bytes, pause_s: float = 0.0, close: bool = False) -> Behaviour:
    """Answer every question with *parts*, with a pause before each but the first."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await question(reader)
            for number, part in enumerate(parts):
                if number and pause_s:
                    await asyncio.sleep(pause_s)
                writer.write(part)
                await writer.drain()
            if close:
                return

    return behave


def one_after_another(*behaviours: Behaviour) -> Behaviour:
    """Behave on each new connection like the next of *behaviours*; the last one stays."""
    turn = 0

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal turn
        mine, turn = behaviours[min(turn, len(behaviours) - 1)], turn + 1
        await mine(reader, writer)

    return behave


class Hostile:
    """A running server: where it is, and how many connections it has seen."""

    def __init__(self, port: int, scheme: str) -> None:
        self.port = port
        self._scheme = scheme
        self.url = self.url_for("127.0.0.1")
        self.connections = 0
        self.open_now = 0

    def url_for(self, host: str) -> str:
        """Return the address by another name of the loopback."""
        return f"{self._scheme}://{host}:{self.port}"


@asynccontextmanager
async def hostile(behave: Behaviour, tls: ssl.SSLContext | None = None) -> AsyncGenerator[Hostile]:
    """Run *behave* for each connection on a free loopback port."""
    seen: list[Hostile] = []
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        seen[0].connections += 1
        seen[0].open_now += 1
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                await behave(reader, writer)
        finally:
            seen[0].open_now -= 1
            tasks.discard(task)
            writer.close()
            with suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    seen.append(Hostile(server.sockets[0].getsockname()[1], "https" if tls else "http"))
    try:
        yield seen[0]
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


def framed(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    """Return a whole reply with a right length."""
    lines: Sequence[bytes] = (
        b"HTTP/1.1 " + status,
        b"Content-Type: application/json",
        b"Content-Length: %d" % len(body),
        *headers,
    )
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
