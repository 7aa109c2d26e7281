"""Streams: nothing is left out, whatever the receiver does."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from gateway.exports.sinks import Address, Sink, open_syslog
from gateway.exports.stream import Place, Stream
from gateway.exports.syslog import Sender
from tests.audit_builders import an_access
from tests.audit_rows import until
from tests.export_builders import Kept, Log, Receiver, entries_of, listening

SENDER = Sender(origin="motlan.example/audit/1", host="gw-1")
INDEX = re.compile(rb' index="(\d+)"')


def indexes(receiver: Receiver) -> list[int]:
    """Return the indexes that were heard, in order."""
    return [int(found[1]) for text in receiver.messages if (found := INDEX.search(text))]


def a_log(count: int) -> Log:
    """Return a log of *count* records."""
    return Log(entries_of(*(an_access() for _ in range(count))))


def a_stream(log: Log, kept: Kept, receiver: Receiver, **options: Any) -> Stream:
    """Return a stream to *receiver* in small batches."""

    async def opened() -> Sink:
        address = Address(host="127.0.0.1", port=receiver.port, tls=False)
        return await open_syslog(address, SENDER, patience_s=5)

    settings: dict[str, Any] = {"batch_records": 7, "rewind_records": 20, **options}
    return Stream(
        name="siem", holder="k1", read=log.read, open=opened, cursors=kept, idle_s=0.01, **settings
    )


@asynccontextmanager
async def running(stream: Stream) -> AsyncGenerator[None]:
    """Run *stream* beside the test."""
    task = asyncio.ensure_future(stream.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def heard_all(receiver: Receiver, count: int) -> bool:
    """Say whether every index below *count* was heard."""
    return set(range(count)) <= set(indexes(receiver))


async def test_every_record_arrives_once_and_in_order() -> None:
    """On a good day a watcher sees the log as it is."""
    kept = Kept()
    async with listening(Receiver()) as receiver, running(a_stream(a_log(50), kept, receiver)):
        await until(lambda: heard_all(receiver, 50))

    assert list(range(50)) == indexes(receiver)


@pytest.mark.parametrize("cuts", [[1], [4_000, 9_000, 2_000], [20_000] * 6])
async def test_a_receiver_that_breaks_off_misses_nothing(cuts: list[int]) -> None:
    """TCP loses what a dead program had not read; the log does not."""
    async with listening(Receiver(cut_after=cuts)) as receiver:
        stream = a_stream(a_log(120), Kept(), receiver)
        async with running(stream):
            await until(lambda: heard_all(receiver, 120))

    assert len(cuts) < receiver.connections + 1
    assert list(range(120)) == sorted(set(indexes(receiver)))


async def test_after_an_outage_the_stream_goes_on_from_its_place() -> None:
    """A watcher that was away for a night does not get the whole log again."""
    kept, log = Kept(), a_log(100)
    async with listening(Receiver()) as receiver, running(a_stream(log, kept, receiver)):
        await until(lambda: heard_all(receiver, 100))
    log.entries += a_log(30).entries
    async with listening(Receiver()) as later, running(a_stream(log, kept, later)):
        await until(lambda: heard_after(later, 100, 130))

    assert list(range(100, 130)) == indexes(later)


async def heard_after(receiver: Receiver, first: int, end: int) -> bool:
    """Say whether the indexes from *first* to *end* were heard."""
    return set(range(first, end)) <= set(indexes(receiver))


async def test_a_death_without_farewell_offers_the_last_part_again() -> None:
    """What the kernel took may never have been read."""
    kept, log = Kept(place=Place(sent=100, settled=80)), a_log(101)
    async with listening(Receiver()) as receiver, running(a_stream(log, kept, receiver)):
        await until(lambda: heard_after(receiver, 80, 101))

    assert list(range(80, 101)) == indexes(receiver)


async def test_nobody_listening_is_waited_for() -> None:
    """A watcher that restarts must not stop the keeper."""
    receiver = Receiver()
    async with listening(receiver):
        pass
    async with running(a_stream(a_log(3), Kept(), receiver)):
        await asyncio.sleep(0.1)
        async with listening(receiver):
            await until(lambda: heard_all(receiver, 3))

    assert [0, 1, 2] == indexes(receiver)


async def test_of_two_processes_one_serves_a_receiver() -> None:
    """Two keepers run; the watcher hears each record once."""
    async with listening(Receiver()) as receiver:
        kept = Kept(holder="k2")
        async with running(a_stream(a_log(3), kept, receiver)):
            await asyncio.sleep(0.1)
            before = receiver.connections
            kept.holder = None
            await until(lambda: heard_all(receiver, 3))

    assert 0 == before


async def test_a_slow_receiver_holds_the_stream_back() -> None:
    """Memory is bounded by one batch; the log is the buffer."""
    slow = asyncio.Event()
    reads: list[int] = []
    log = a_log(400)

    async def mute(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await slow.wait()
        writer.close()

    class Watched(Log):
        async def read(self, first: int, limit: int):  # noqa: ANN202
            reads.append(first)
            return await super().read(first, limit)

    server = await asyncio.start_server(mute, "127.0.0.1", 0, limit=1_024)
    receiver = Receiver(port=server.sockets[0].getsockname()[1])
    kept = Kept()
    async with running(a_stream(Watched(log.entries * 50), kept, receiver, batch_records=200)):
        await asyncio.sleep(0.5)
        first = len(reads)
        await asyncio.sleep(0.3)
        then = len(reads)
        slow.set()
    server.close()

    assert first == then
