"""One writer's connection to the record: the statements it may run, and what is proved of it."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Protocol

import asyncpg  # pyright: ignore[reportMissingTypeStubs]
from msgspec import Struct

from gateway.audit.appending import DECIDING, MOST_PLAIN, given, named, storing
from gateway.audit.chain import Linked, Position
from gateway.audit.leaf import Last
from gateway.rights import Right

RANKS = ("off", "local", "remote_write", "on", "remote_apply")  # synchronous_commit, weak to strong

_OFFER = """
INSERT INTO audit.entry (day, writer, seq, entry, leaf)
SELECT $1, $2, $3::bigint + e.place - 1, e.entry, e.leaf
FROM unnest($4::bytea[], $5::bytea[]) WITH ORDINALITY AS e (entry, leaf, place)
ON CONFLICT DO NOTHING
"""
_STORED = """
SELECT seq, leaf FROM audit.entry
WHERE day = $1 AND writer = $2 AND seq >= $3 AND seq < $4
"""
_PRIOR = """
SELECT e.writer, e.seq, e.leaf
FROM (SELECT day, writer, started_at FROM audit.writer WHERE node = $1
      ORDER BY started_at DESC LIMIT 8) AS w
CROSS JOIN LATERAL (
  SELECT writer, seq, leaf FROM audit.entry
  WHERE day = w.day AND writer = w.writer ORDER BY seq DESC LIMIT 1
) AS e
ORDER BY w.started_at DESC LIMIT 1
"""
_PROMISE = """
SELECT current_setting('fsync'), current_setting('full_page_writes'),
  current_setting('synchronous_commit')
"""
_REGISTER = """
INSERT INTO audit.writer (writer, day, node, started_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (writer) DO NOTHING
"""


class Statement(Protocol):
    """A prepared statement of the driver, which carries no types of its own."""

    async def fetch(self, *arguments: object) -> Sequence[Sequence[Any]]:
        """Run once and return all rows."""
        ...

    def get_statusmsg(self) -> str:
        """Return what the server said of the last run, such as ``INSERT 0 3``."""
        ...


class Connection(Protocol):
    """What is used of a driver's connection."""

    async def prepare(self, query: str) -> Statement:
        """Plan a statement on the server."""
        ...

    async def fetch(self, query: str, *arguments: object) -> Sequence[Sequence[Any]]:
        """Run a query and return all rows."""
        ...

    async def execute(self, query: str, *arguments: object) -> str:
        """Run a statement and return its status."""
        ...

    async def close(self, *, timeout: float) -> None:  # noqa: ASYNC109 - the driver's word
        """Say goodbye."""
        ...

    def terminate(self) -> None:
        """Cut."""
        ...


class UnsafeDatabase(Exception):
    """The database does not promise what the record needs; says which setting."""


class Diverged(Exception):
    """A number of ours holds other bytes than we wrote: history is not what we were told."""


class Promise(Struct, frozen=True):
    """What the database states about its durability."""

    fsync: str
    full_page_writes: str
    synchronous_commit: str

    def check(self, wanted: str) -> None:
        """Raise UnsafeDatabase when a power cut can lose a commit, or it is weaker than asked."""
        if self.fsync != "on" or self.full_page_writes != "on":
            raise UnsafeDatabase("fsync and full_page_writes must be on")
        if RANKS.index(self.synchronous_commit) < max(RANKS.index(wanted), RANKS.index("local")):
            raise UnsafeDatabase(f"synchronous_commit is weaker than {wanted}")


class Lane:
    """A dedicated connection as role ``motlan_append``; each change is one autocommit statement."""

    def __init__(self, connection: Connection, promise: Promise) -> None:
        self._connection = connection
        self.promise = promise
        self._storing: dict[int, Statement] = {}  # by the size of a batch

    @classmethod
    async def connect(
        cls, dsn: str, *, node: str, synchronous_commit: str, timeout_s: float
    ) -> "Lane":
        """Connect and read what the database promises; the caller judges the promise.

        Raises:
            OSError, asyncpg.PostgresError, TimeoutError: no connection.
        """
        settings = {
            "role": "motlan_append",
            "application_name": f"motlan audit {node}",
            "synchronous_commit": synchronous_commit,
            "enable_seqscan": "off",  # the plan must not depend on how small a table once was
            "jit": "off",
            "plan_cache_mode": "force_generic_plan",
        }
        driver: Any = asyncpg
        connection: Connection = await driver.connect(
            dsn, timeout=timeout_s, server_settings=settings
        )
        try:
            (row,) = await connection.fetch(_PROMISE)
        except BaseException:
            connection.terminate()
            raise
        return cls(connection, Promise(*row))

    def terminate(self) -> None:
        """Cut the connection at once; harmless when it is gone."""
        self._connection.terminate()

    async def append(self, linked: Linked, rights: Sequence[Right]) -> list[int]:
        """Store *linked* unless one of *rights* is dead.

        Returns:
            Places in *rights* of the dead ones; empty when all was stored.

        Raises:
            Diverged: something else was stored than all or, because of a dead right, nothing.
        """
        judged = named(tuple(rights))
        stored = await self._store(linked, judged)
        dead: list[int] = []
        if not stored:
            stored, dead = await self._decide(linked, judged)
        if stored != (0 if dead else len(linked.entries)):
            raise Diverged("the database stored another number of records than it was given")
        return [place - 1 for place in dead]

    async def _store(self, linked: Linked, judged: tuple[str, str]) -> int:
        """Run the one statement that judges and stores; return how many records it stored."""
        first, size = linked.first, min(len(linked.entries), MOST_PLAIN + 1)
        try:
            statement = self._storing.get(size)
            if statement is None:
                statement = self._storing[size] = await self._connection.prepare(storing(size))
            await statement.fetch(first.day, first.writer, first.seq, *judged, *given(linked))
        except asyncpg.PostgresError:
            self._storing.clear()  # a plan may be what was refused
            raise
        return int(statement.get_statusmsg().rpartition(" ")[2])

    async def _decide(self, linked: Linked, judged: tuple[str, str]) -> tuple[int, list[int]]:
        """Judge anew and store; return how many records, and the places (from 1) of the dead."""
        first = linked.first
        ((stored, dead),) = await self._connection.fetch(
            DECIDING, first.day, first.writer, first.seq, *judged, linked.entries, linked.leaves
        )
        return stored, dead

    async def offer(self, linked: Linked) -> int:
        """Store those of *linked* that are absent, then demand that all are there byte for byte.

        A statement of ours that is still running when we ask is waited for: both want the same key.

        Returns:
            How many were absent.

        Raises:
            Diverged: one of the numbers holds other bytes.
        """
        first = linked.first
        status = await self._connection.execute(
            _OFFER, first.day, first.writer, first.seq, linked.entries, linked.leaves
        )
        rows = await self._connection.fetch(
            _STORED, first.day, first.writer, first.seq, first.seq + len(linked.leaves)
        )
        found = {row[0]: row[1] for row in rows}
        if found != dict(enumerate(linked.leaves, first.seq)):
            raise Diverged("a number of this writer holds other bytes")
        return int(status.rsplit(" ", 1)[1])

    async def holds(self, after: Position) -> bool:
        """Tell whether the record just before *after* is there, with the leaf it must have."""
        rows = await self._connection.fetch(
            _STORED, after.day, after.writer, after.seq - 1, after.seq
        )
        return bool(rows) and bytes(rows[0][1]).hex() == after.prev

    async def probe(self) -> None:
        """Exercise the disk and the flush without a record."""
        await self._connection.execute("UPDATE audit.probe SET at = statement_timestamp()")

    async def ensure_days(self, days: list[date]) -> None:
        """Create the partitions of *days* that are missing."""
        await self._connection.execute(
            "SELECT audit.ensure_day(d) FROM unnest($1::date[]) AS d", days
        )

    async def prior(self, node: str) -> Last | None:
        """Return where the newest writer of *node* that wrote anything stood, if there is one."""
        rows = await self._connection.fetch(_PRIOR, node)
        return Last(id=rows[0][0], seq=rows[0][1], leaf=rows[0][2].hex()) if rows else None

    async def register(self, position: Position, node: str, at: datetime) -> None:
        """Announce a new writer; harmless when it was announced before."""
        await self._connection.execute(_REGISTER, position.writer, position.day, node, at)

    async def mark_closed(self, writer: str, seq: int) -> None:
        """State the last number of a writer; harmless when it was stated before."""
        await self._connection.execute(
            "UPDATE audit.writer SET closed_seq = $2 WHERE writer = $1 AND closed_seq IS NULL",
            writer,
            seq,
        )

    async def close(self) -> None:
        """Say goodbye to the server, within one second."""
        await self._connection.close(timeout=1.0)
