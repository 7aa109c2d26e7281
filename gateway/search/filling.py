"""Copies rows into the search tables: one transaction for each batch, cursor included."""

from collections.abc import Sequence
from typing import Any

import asyncpg
import msgspec
from msgspec import Struct

from gateway import database
from gateway.search.projection import COLUMNS, PART_BITS, Indexed, spans

ROLE = "motlan_follower"
PART = 1 << PART_BITS
PATIENCE_S = 60.0  # for one statement; counting a part may take a while on a slow disk

_CURSOR = "SELECT next_index, floor FROM search.cursor FOR UPDATE SKIP LOCKED"
_ADVANCE = """
WITH spans AS (
  INSERT INTO search.span (block, min_ts, max_ts)
  SELECT * FROM unnest($2::bigint[], $3::bigint[], $4::bigint[])
  ON CONFLICT (block) DO UPDATE SET
    min_ts = least(span.min_ts, excluded.min_ts), max_ts = greatest(span.max_ts, excluded.max_ts))
UPDATE search.cursor SET next_index = $1, at = statement_timestamp()
"""
_OLDEST = "SELECT min(day) FROM audit.entry"
_LEFT = """
SELECT max(first_index + n) FROM audit.run
WHERE first_index >= $1 AND first_index < $2 AND day < $3
"""
_PLACE = "SELECT next_index, floor FROM search.cursor"
_COUNTED = "SELECT count(*) FROM search.ix WHERE leaf_index >= $1 AND leaf_index < $2"


class Place(Struct, frozen=True):
    """How far the projection reaches: from *floor*, included, to *next_index*, excluded."""

    next_index: int
    floor: int

    def part_end(self) -> int:
        """Return the first index that the part of `next_index` no longer holds."""
        return ((self.next_index >> PART_BITS) + 1) << PART_BITS


class Filling:
    """One connection of the follower, and the transaction it is in."""

    def __init__(self, connection: "asyncpg.Connection[Any]") -> None:
        self._connection = connection
        self._part = -1  # of the tables, the last that was made sure of

    async def place(self) -> Place | None:
        """Return where to go on, held until the transaction ends; None while another follows."""
        row = await self._connection.fetchrow(_CURSOR)
        return None if row is None else Place(row["next_index"], row["floor"])

    def transaction(self) -> Any:  # noqa: ANN401 - the driver's context manager
        """Open the transaction of one batch."""
        return self._connection.transaction()

    async def add(self, rows: Sequence[Indexed], place: Place) -> None:
        """Store *rows*, which begin at the place's index and stay within its part."""
        connection = self._connection
        await self._ensure(place.next_index >> PART_BITS)
        await connection.copy_records_to_table(
            "ix", schema_name="search", columns=COLUMNS, records=map(msgspec.structs.astuple, rows)
        )
        await connection.copy_records_to_table(
            "subject",
            schema_name="search",
            columns=("p", "leaf_index"),
            records=[(p, row.leaf_index) for row in rows for p in dict.fromkeys(row.subjects)],
        )
        found = spans(rows)
        lows, highs = ([each[end] for each in found.values()] for end in (0, 1))
        await connection.execute(_ADVANCE, rows[-1].leaf_index + 1, list(found), lows, highs)

    async def _ensure(self, part: int) -> None:
        """Make *part* of the tables once; whoever fails after that begins on a new connection."""
        if part != self._part:
            await self._connection.execute("SELECT search.ensure_part($1)", part)
            self._part = part

    async def parts(self) -> range:
        """Return the numbers of the parts that hold something; there is always one."""
        reach = await self._reach()
        return range(reach.floor >> PART_BITS, (reach.next_index >> PART_BITS) + 1)

    async def damaged(self, part: int) -> bool:
        """Tell whether *part* does not hold every leaf it should."""
        before = await self._reach()
        first = max(part << PART_BITS, before.floor)
        end = min((part + 1) << PART_BITS, before.next_index)
        if await self._connection.fetchval(_COUNTED, first, end) == max(0, end - first):
            return False
        after = await self._reach()  # somebody may be at it: then the next look will tell
        return after.floor == before.floor and after.next_index >= before.next_index

    async def _reach(self) -> Place:
        row = await self._connection.fetchrow(_PLACE)
        if row is None:
            raise LookupError("search.cursor")
        return Place(row["next_index"], row["floor"])

    async def let_go(self) -> int:
        """Forget what lies before the oldest day that is still in the record; return the floor.

        Days leave the record as a whole, days of writers overlap for seconds around midnight:
        whatever of the oldest day stands before the end of one that left, goes with it.
        """
        oldest = await self._connection.fetchval(_OLDEST)
        floor = at = int(await self._connection.fetchval("SELECT floor FROM search.cursor"))
        if oldest is None:
            return floor
        raised = floor
        while (end := await self._connection.fetchval(_LEFT, at, at + PART, oldest)) is not None:
            raised, at = end, at + PART
        if raised > floor:
            await self._connection.execute("SELECT search.raise_floor($1)", raised)
        return raised

    async def rewind(self, part: int) -> int:
        """Forget everything from *part* on; return the index to go on from."""
        return int(await self._connection.fetchval("SELECT search.rewind($1)", part))

    async def aclose(self) -> None:
        """Close the connection."""
        await self._connection.close(timeout=5)


async def opened(dsn: str) -> Filling:
    """Connect as the follower.

    Commits are not waited for: what a crash takes away, the log gives again.

    Raises:
        OSError, asyncpg.PostgresError: the database is away or refuses us.
    """
    settings = database.server_settings(
        ROLE, "motlan search follower", statement_timeout_ms=int(PATIENCE_S * 1000)
    )
    connection = await asyncpg.connect(
        dsn,
        timeout=10,
        command_timeout=PATIENCE_S,
        server_settings={**settings, "synchronous_commit": "off"},
    )
    return Filling(connection)
