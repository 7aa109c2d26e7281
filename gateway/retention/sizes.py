"""How much room the database takes; rows and SQL stay in here."""

from datetime import date

from msgspec import Struct

from gateway.retention.repository import Rows

USE = """
SELECT pg_database_size(current_database()) AS database_bytes,
  coalesce((SELECT sum(pg_total_relation_size(i.inhrelid)) FROM pg_inherits AS i
            WHERE i.inhparent = 'audit.entry'::regclass), 0)::bigint AS record_bytes,
  coalesce((SELECT sum(pg_total_relation_size(i.inhrelid))
            FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
            WHERE i.inhparent = 'audit.entry'::regclass
              AND to_date(right(c.relname, 8), 'YYYYMMDD') BETWEEN $1 AND $2), 0)::bigint
    AS lately_bytes
"""


class Use(Struct, frozen=True):
    """How much room is taken, bytes."""

    database: int  # everything
    records: int  # the record's days
    lately: int  # of which the days asked about


class SizeRepository:
    """Sizes, as role ``motlan_retention``."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def use(self, first: date, last: date) -> Use:
        """Return how much room is taken; *lately* is that of the days from *first* to *last*."""
        (row,) = await self._rows.fetch(USE, first, last)
        return Use(row["database_bytes"], row["record_bytes"], row["lately_bytes"])
