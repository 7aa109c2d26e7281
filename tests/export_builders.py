"""Numbered records to take out, and a receiver that behaves badly."""

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from gateway.audit.chain import link
from gateway.audit.leaf import Leaf, body
from gateway.exports.columns import Record, record
from gateway.exports.stream import Place
from gateway.sequencing.rows import Sequenced
from tests.audit_builders import DAY, a_position, an_access


def entries_of(*leaves: Leaf) -> list[bytes]:
    """Return *leaves* as one writer would store them."""
    return link(a_position(), [body(leaf) for leaf in leaves]).entries


def some_records(count: int) -> list[Record]:
    """Return *count* records, with indexes from 0 on."""
    entries = entries_of(*(an_access() for _ in range(count)))
    return [record(index, entry) for index, entry in enumerate(entries)]


class Log:
    """A log in memory: what a stream reads."""

    def __init__(self, entries: Sequence[bytes]) -> None:
        self.entries = list(entries)

    async def read(self, first: int, limit: int) -> list[Sequenced]:
        """Return the records from *first* on."""
        writer = a_position().writer
        found = self.entries[first : first + limit]
        return [Sequenced(at, DAY, writer, at, entry) for at, entry in enumerate(found, first)]


@dataclass
class Kept:
    """Places of streams in memory."""

    place: Place = field(default_factory=Place)
    holder: str | None = None
    moves: list[Place] = field(default_factory=list[Place])

    async def take(self, _name: str, holder: str) -> Place | None:
        """Give the place to its holder alone."""
        if self.holder not in (None, holder):
            return None
        self.holder = holder
        return self.place

    async def move(self, _name: str, holder: str, place: Place) -> bool:
        """Keep the place of its holder."""
        if self.holder != holder:
            return False
        self.place = place
        self.moves.append(place)
        return True

    async def release(self, _name: str, holder: str) -> None:
        """Let go."""
        if self.holder == holder:
            self.holder = None


@dataclass
class Receiver:
    """A syslog receiver on a real port: keeps whole messages, hangs up when told to."""

    cut_after: list[int] = field(default_factory=list[int])  # bytes, connection by connection
    messages: list[bytes] = field(default_factory=list[bytes])
    connections: int = 0
    port: int = 0

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read frames until the end, or until enough was heard; then break the connection."""
        left = self.cut_after[self.connections] if self.connections < len(self.cut_after) else None
        self.connections += 1
        try:
            while (text := await _frame(reader)) is not None:
                self.messages.append(text)
                if left is not None:
                    left -= len(text)
                    if left <= 0:
                        _reset(writer)
                        return
        finally:
            writer.close()


async def _frame(reader: asyncio.StreamReader) -> bytes | None:
    try:
        length = await reader.readuntil(b" ")
        return await reader.readexactly(int(length))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


def _reset(writer: asyncio.StreamWriter) -> None:
    """Break off without a farewell: what was not read yet is lost."""
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


@asynccontextmanager
async def listening(receiver: Receiver, **options: object) -> AsyncGenerator[Receiver]:
    """Serve *receiver* on a free port of this machine."""
    server = await asyncio.start_server(
        receiver.hear,
        "127.0.0.1",
        receiver.port,
        **options,  # type: ignore[arg-type]
    )
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        await server.wait_closed()
