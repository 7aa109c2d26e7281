"""Follows the log and hands every record on, in order: nothing is left out, some comes twice.

A record may come twice after an outage; (origin, index) says so.  Nothing is kept in memory but one
batch: a slow receiver slows the stream, and the log is the buffer.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Protocol

import structlog
from msgspec import Struct

from gateway.errors import Refusal
from gateway.exports.columns import record
from gateway.exports.sinks import Sink

MOST_WAIT_S = 30.0  # between two tries
FIRST_WAIT_S = 0.25
KEEP_S = 5.0  # between two moves of a stream that has nothing to send

_log = structlog.get_logger(__name__)


class Place(Struct, frozen=True):
    """How far a stream came."""

    sent: int = 0  # the next index to send
    settled: int = 0  # below it, the receiver surely has everything


class Stored(Protocol):
    """One record of the tree, as its repository gives it."""

    @property
    def index(self) -> int:
        """Return its place in the tree."""
        ...

    @property
    def entry(self) -> bytes:
        """Return it as it is stored."""
        ...


class Cursors(Protocol):
    """Where places are kept."""

    async def take(self, name: str, holder: str, /) -> Place | None:
        """Take the stream for a while; None when another process has it."""
        ...

    async def move(self, name: str, holder: str, place: Place, /) -> bool:
        """Keep *place*; False when another process has taken the stream meanwhile."""
        ...

    async def release(self, name: str, holder: str, /) -> None:
        """Let another process take the stream at once."""
        ...


Reads = Callable[[int, int], Awaitable[Sequence[Stored]]]  # first index, limit
Opens = Callable[[], Awaitable[Sink]]
Observes = Callable[[int], Awaitable[None]]  # the next index to send


class Stream(Struct, frozen=True, kw_only=True):
    """One receiver, and how it is served."""

    name: str
    holder: str  # this process
    read: Reads
    open: Opens
    cursors: Cursors
    batch_records: int = 500
    rewind_records: int = 10_000  # offered again after a connection broke, where none confirms
    idle_s: float = 0.25
    observe: Observes | None = None

    async def run(self) -> None:
        """Serve the receiver until cancelled; what fails is tried again, and logged once."""
        wait_s, silent = FIRST_WAIT_S, False
        while True:
            try:
                place = await self.cursors.take(self.name, self.holder)
                if place is not None:
                    session = Session(self, place, await self.open())
                    if silent:
                        _log.info("stream.resumed", stream=self.name, index=place.settled)
                    wait_s, silent = FIRST_WAIT_S, False
                    await session.run()
            except (OSError, Refusal) as lost:
                if not silent:
                    _log.warning("stream.silent", stream=self.name, error=type(lost).__name__)
                wait_s, silent = min(wait_s * 2, MOST_WAIT_S), True
            await asyncio.sleep(wait_s)


class Session:
    """One connection to the receiver, from what is settled on."""

    def __init__(self, stream: Stream, place: Place, sink: Sink) -> None:
        self._stream = stream
        self._sink = sink
        self._place = Place(place.settled, place.settled)
        self._kept_at = asyncio.get_running_loop().time()

    async def run(self) -> None:
        """Send until another process takes the stream; then, or on any failure, take leave."""
        try:
            while await self._step():
                pass
        finally:
            # Shielded: the farewell decides what is offered again after a restart.
            await asyncio.shield(self._leave())

    async def _step(self) -> bool:
        """Send one batch and keep the place; say whether the stream is still ours."""
        stream = self._stream
        stored = await stream.read(self._place.sent, stream.batch_records)
        records = [record(each.index, each.entry) for each in stored]
        await self._sink.send(records)
        if records:
            self._place = self._after(records[-1].index + 1)
            return await self._keep()
        await asyncio.sleep(stream.idle_s)
        overdue = asyncio.get_running_loop().time() - self._kept_at > KEEP_S
        return await self._keep() if overdue else True

    def _after(self, sent: int) -> Place:
        kept = 0 if self._sink.confirms else self._stream.rewind_records
        return Place(sent, max(self._place.settled, sent - kept))

    async def _keep(self) -> bool:
        stream = self._stream
        self._kept_at = asyncio.get_running_loop().time()
        if stream.observe is not None:
            await stream.observe(self._place.sent)
        return await stream.cursors.move(stream.name, stream.holder, self._place)

    async def _leave(self) -> None:
        if await self._sink.aclose():
            self._place = Place(self._place.sent, self._place.sent)
        with suppress(OSError, Refusal):  # the place of the last batch is kept already
            if await self._keep():
                await self._stream.cursors.release(self._stream.name, self._stream.holder)
