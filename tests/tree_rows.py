"""A sequencer to test with, and what a test asks of the tree behind its back."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gateway.clock import Clock, utc_now
from gateway.sequencing.guard import Guard
from gateway.sequencing.inspection import Log
from gateway.sequencing.keys import LogKeys
from gateway.sequencing.repository import TreeRepository
from gateway.sequencing.sequencer import Sequencer, Step
from gateway.sequencing.store import Store
from gateway.sequencing.watch import Watch
from gateway.tlog.checkpoints import parse_checkpoint
from gateway.tlog.merkle import leaf_hash, root_at
from gateway.tlog.notes import open_note
from tests.audit_builders import an_entry
from tests.audit_rows import a_writer, connected

ORIGIN = "motlan.test/audit/1"
OVERLAP = timedelta(hours=1)


def a_log(folder: Path, *, origin: str = ORIGIN, keys: bool = True) -> Log:
    """Return a log with a key ring and a guard file in *folder*."""
    ring = LogKeys(folder / "keys", origin, overlap=OVERLAP)
    if keys:
        ring.ensure(utc_now())
    return Log(origin, ring, Guard(folder / "guard.json"))


@asynccontextmanager
async def a_sequencer(
    dsn: str,
    of: Log,
    *,
    clock: Clock = utc_now,
    passed: Callable[[Step], None] = lambda _step: None,
    watch: Watch | None = None,
    round_records: int = 5_000,
) -> AsyncGenerator[Sequencer]:
    """Give a sequencer with a connection of its own, before `open`; no lease is asked for."""
    store = await Store.connect(dsn)
    try:
        yield Sequencer(
            store,
            of,
            clock,
            watch=watch or Watch(),
            round_records=round_records,
            passed=passed,
        )
    finally:
        await store.close()


async def append(dsn: str, records: int, *, writers: int = 1, names: tuple[str, ...] = ()) -> None:
    """Store records of several writers, by node, that then close: two more for each."""
    for node in names or tuple(f"gw{n}.0" for n in range(writers)):
        async with a_writer(dsn, node=node) as writer:
            await asyncio.gather(*(writer.append(an_entry()) for _ in range(records)))


async def read(dsn: str, query: str) -> list[Any]:
    """Return rows of any query."""
    async with connected(dsn) as connection:
        return list(await connection.fetch(query))


async def owner_changes(dsn: str, *statements: str) -> None:
    """Do what no role of ours may: change the record, its guards switched off."""
    async with connected(dsn) as connection, connection.transaction():
        await connection.execute("ALTER TABLE audit.entry DISABLE TRIGGER USER")
        await connection.execute("ALTER TABLE audit.writer DISABLE TRIGGER USER")
        for statement in statements:
            await connection.execute(statement)
        await connection.execute("ALTER TABLE audit.entry ENABLE TRIGGER USER")
        await connection.execute("ALTER TABLE audit.writer ENABLE TRIGGER USER")


TREE_TABLES = ("tree", "cursor", "run", "tile", "checkpoint")


async def tree_tables(dsn: str) -> dict[str, list[Any]]:
    """Return everything the sequencer has written: a backup of it."""
    async with connected(dsn) as connection:
        return {
            name: [tuple(row) for row in await connection.fetch(f"SELECT * FROM audit.{name}")]
            for name in TREE_TABLES
        }


async def back_to(dsn: str, backup: dict[str, list[Any]], *, but_keep_records: bool = True) -> None:
    """Restore an older state of the tree; with its records, unless they are to be lost as well."""
    async with connected(dsn) as connection, connection.transaction():
        for name, rows in backup.items():
            await connection.execute(f"DELETE FROM audit.{name}")
            if rows:
                places = ", ".join(f"${n}" for n in range(1, len(rows[0]) + 1))
                await connection.executemany(f"INSERT INTO audit.{name} VALUES ({places})", rows)
    if not but_keep_records:
        known = [row[0] for row in backup["cursor"]]
        names = ", ".join(f"'{writer}'" for writer in known)
        await owner_changes(
            dsn,
            f"DELETE FROM audit.entry WHERE writer NOT IN ({names})",
            f"DELETE FROM audit.writer WHERE writer NOT IN ({names})",
        )


async def fold_all(sequencer: Sequencer) -> int:
    """Fold until nothing comes any more; return how many records joined."""
    total = 0
    while joined := await sequencer.round():
        total += joined
    return total


async def violations_of_tree(dsn: str, of: Log, *, since: int = 0) -> list[str]:
    """Name everything that is wrong with the stored tree, recomputed from the records.

    Every record stands in the tree at most once, runs cover every index once, each writer's are in
    order, and the kept checkpoints of more than *since* records are the roots that they lead to.
    """
    found: list[str] = []
    async with connected(dsn) as connection:
        tree = TreeRepository(connection)
        head = await tree.head()
        entries = [one async for one in _entries(tree, head.size)]
        rows = await connection.fetch(
            "SELECT writer, seq FROM audit.cursor, LATERAL generate_series(0, next_seq - 1) AS seq"
        )
        checkpoints = await connection.fetch(
            "SELECT size, root, note FROM audit.checkpoint WHERE size > $1", since
        )
    if [one.index for one in entries] != list(range(head.size)):
        found.append("indexes are not 0 to n without holes")
    places = [(one.writer, one.seq) for one in entries]
    if sorted(places) != sorted((row[0], row[1]) for row in rows):
        found.append("the cursors and the tree do not hold the same records")
    for writer in {writer for writer, _ in places}:
        numbers = [seq for each, seq in places if each == writer]
        if numbers != list(range(len(numbers))):
            found.append(f"{writer} is not in order")
    leaves = [leaf_hash(one.entry) for one in entries]
    for size, root, note in checkpoints:
        signed = parse_checkpoint(open_note(note, of.keys.verifiers()).text)
        if (signed.origin, signed.size, signed.root) != (of.origin, size, root):
            found.append(f"the checkpoint of {size} says something else")
        if plain_root(leaves[:size]) != root:
            found.append(f"the checkpoint of {size} is not over these records")
    if head.size and head.size not in {row[0] for row in checkpoints}:
        found.append("the newest tree has no checkpoint")
    return found


async def violations_once_folded(dsn: str) -> list[str]:
    """Fold what is on record with a log made for it, then name everything that is wrong."""
    with TemporaryDirectory() as folder:
        of = a_log(Path(folder))
        async with a_sequencer(dsn, of) as sequencer:
            await fold_all(sequencer)
        return await violations_of_tree(dsn, of)


def plain_root(leaves: list[bytes]) -> bytes:
    """Return the root over leaf hashes, computed without tiles."""

    def read(subtrees: list[tuple[int, int]]) -> list[bytes]:
        return [_subtree(leaves[n << level : (n + 1) << level]) for level, n in subtrees]

    return root_at(len(leaves), read)


def _subtree(leaves: list[bytes]) -> bytes:
    if len(leaves) == 1:
        return leaves[0]
    half = len(leaves) // 2
    left, right = _subtree(leaves[:half]), _subtree(leaves[half:])
    return sha256(b"\x01" + left + right).digest()


async def _entries(tree: TreeRepository, size: int) -> AsyncGenerator[Any]:
    for first in range(0, size, 1_000):
        for one in await tree.entries(first, min(1_000, size - first)):
            yield one
