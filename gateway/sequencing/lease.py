"""Who folds: one holder at a time, for efficiency alone; and what the holder clears away."""

from datetime import datetime

from gateway.sequencing.rows import TreeHead
from gateway.sequencing.store import Driver

LEASE_S = 5.0  # a dead holder is followed after so long
RENEW_S = 1.5

_LEASE = """
UPDATE audit.lease SET holder = $1, until = statement_timestamp() + make_interval(secs => $2),
  term = CASE WHEN holder = $1 THEN term ELSE term + 1 END
WHERE holder = $1 OR until < statement_timestamp()
RETURNING term
"""
_RELEASE = """
UPDATE audit.lease SET until = statement_timestamp() - interval '1 second' WHERE holder = $1
"""
_TERM = "UPDATE audit.tree SET term = $1 WHERE term < $1"
_CLOCK = "UPDATE audit.tree SET at = $1 WHERE size = $2 AND root = $3"
_PRUNE = """
DELETE FROM audit.checkpoint AS c
WHERE c.at < $1 AND c.at > $1 - interval '7 days'
  AND c.size < (SELECT max(size) FROM audit.checkpoint)
  AND NOT EXISTS (SELECT FROM audit.cosignature AS s WHERE s.size = c.size)
  AND EXISTS (SELECT FROM audit.checkpoint AS l WHERE l.size > c.size
    AND (l.at AT TIME ZONE 'UTC')::date = (c.at AT TIME ZONE 'UTC')::date)
"""


class Lease:
    """The lease in one holder's hands; its term grows with each new holder."""

    def __init__(self, connection: Driver, holder: str) -> None:
        self._connection = connection
        self._holder = holder

    async def take(self, seconds: float = LEASE_S) -> int | None:
        """Take or keep the lease; return its term, None while another holds it.

        A new term is written into the tree's row at once: whoever folds under an older one fails.
        """
        async with self._connection.transaction():
            rows = await self._connection.fetch(_LEASE, self._holder, seconds)
            if not rows:
                return None
            await self._connection.execute(_TERM, rows[0][0])
            return rows[0][0]

    async def release(self) -> None:
        """Give the lease back, so that another need not wait for its end."""
        await self._connection.execute(_RELEASE, self._holder)


async def set_clock(connection: Driver, head: TreeHead, at: datetime) -> bool:
    """Let the tree's row say that *head* was signed at *at*; False when it has grown meanwhile."""
    return await connection.execute(_CLOCK, at, head.size, head.root) == "UPDATE 1"


async def prune(connection: Driver, before: datetime) -> None:
    """Delete checkpoints older than *before* that nobody can need.

    The newest stays, what a witness cosigned, and the last of each UTC day.
    """
    await connection.execute(_PRUNE, before)
