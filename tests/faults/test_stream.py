"""The stream to a watcher, while watchers break off, keepers die, and records keep coming."""

import asyncio
import random
import re
from contextlib import suppress
from pathlib import Path

from gateway import database
from gateway.exports.repository import StreamRepository
from gateway.exports.sinks import Address, Sink, open_syslog
from gateway.exports.stream import Stream
from gateway.exports.syslog import Sender
from gateway.sequencing.repository import TreeRepository
from tests.audit_builders import an_entry
from tests.audit_rows import a_writer, connected, until
from tests.export_builders import Receiver, listening
from tests.tree_rows import a_log, a_sequencer, fold_all

INDEX = re.compile(rb' index="(\d+)"')
RECORDS = 400


def stream_to(receiver: Receiver, pool: database.Pool, holder: str) -> Stream:
    """Return a keeper's stream to *receiver*."""

    async def opened() -> Sink:
        address = Address(host="127.0.0.1", port=receiver.port, tls=False)
        return await open_syslog(address, Sender(origin="motlan.test", host="gw"), patience_s=5)

    return Stream(
        name="syslog", holder=holder, read=TreeRepository(pool).entries, open=opened,
        cursors=StreamRepository(pool), batch_records=20, rewind_records=60, idle_s=0.02,
    )  # fmt: skip


async def grow(dsn: str, folder: Path) -> None:
    """Let records come and join the tree, a few at a time."""
    of = a_log(folder)
    async with a_sequencer(dsn, of) as sequencer, a_writer(dsn) as writer:
        for _ in range(RECORDS // 20):
            await asyncio.gather(*(writer.append(an_entry()) for _ in range(20)))
            await fold_all(sequencer)
            await asyncio.sleep(0.02)


async def test_no_record_is_missing_whatever_dies(database_url: str, tmp_path: Path) -> None:
    """At least once, in the order of the tree, with the index to tell repetitions by."""
    chance = random.Random(20261121)
    cuts = [chance.randrange(1_000, 60_000) for _ in range(12)]
    pool = await database.raw_pool(database_url, "motlan_follower", 4)
    async with pool, listening(Receiver(cut_after=cuts)) as receiver:
        growing = asyncio.ensure_future(grow(database_url, tmp_path))
        while not growing.done():  # keepers are cut down at random moments
            task = asyncio.ensure_future(stream_to(receiver, pool, "k1").run())
            await asyncio.sleep(chance.uniform(0.05, 0.6))
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await growing
        async with connected(database_url) as connection:
            size = await connection.fetchval("SELECT size FROM audit.tree")
        last = asyncio.ensure_future(stream_to(receiver, pool, "k1").run())
        await until(lambda: _heard(receiver, size), within_s=30)
        last.cancel()
        await asyncio.wait({last})
    indexes = _indexes(receiver)

    assert size > RECORDS
    assert set(range(size)) == set(indexes)
    assert receiver.connections > 5
    firsts = list(dict.fromkeys(indexes))
    assert sorted(firsts) == firsts  # each came first in its turn


async def _heard(receiver: Receiver, size: int) -> bool:
    return set(range(size)) <= set(_indexes(receiver))


def _indexes(receiver: Receiver) -> list[int]:
    return [int(found[1]) for text in receiver.messages if (found := INDEX.search(text))]
