"""The memory of used proofs that all workers share; SQL stays in here.

Why an unlogged table is enough, and safe: a use counts for about a minute, so nothing of it needs
to outlive a crash, if only the loss is noticed.  PostgreSQL empties every unlogged table when it
recovers, after a crash, an immediate stop, a kill of one of its processes, on a standby that takes
over, and on a restored base backup; all of them at once.  So beside the uses stands one row, the
beginning of the memory, in an unlogged table as well: where the uses are lost, that row is lost
with them.  Each claim reads it in its own statement.  Without it nothing is claimed; who finds it
missing writes a new beginning, and whatever can have been used before that beginning is refused.
Against a logged table this spares each batch the wait for the disk; see `docs/possession.md`.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from auth.errors import MemoryUnavailable
from auth.possession.once import Answer, Mark
from auth.transactions import SILENCE

_DIGEST_BYTES = 32

# All digests of a batch travel as one value, there and back: the driver looks at each element of an
# array, which costs it half as much as everything else that is done for a claim.
_CLAIM = """
WITH memory AS MATERIALIZED (SELECT since FROM auth.proof_memory),
claimed AS (
  INSERT INTO auth.used_proof (digest, expires_at)
  SELECT substring($1::bytea FROM first FOR 32), $2::float8
  FROM generate_series(1, octet_length($1::bytea), 32) AS first
  WHERE EXISTS (SELECT FROM memory)
  ON CONFLICT DO NOTHING
  RETURNING digest
)
SELECT (SELECT since FROM memory), (SELECT string_agg(digest, '') FROM claimed)
"""
_BEGIN = """
INSERT INTO auth.proof_memory (since)
VALUES (extract(epoch FROM clock_timestamp())) ON CONFLICT DO NOTHING RETURNING since
"""
_FORGET = "SELECT auth.forget_proofs($1, $2)"


class Runs(Protocol):
    """What is used of a database's connections; each call is a transaction of its own."""

    async def fetchrow(self, query: str, *args: object) -> Any:  # noqa: ANN401 - a driver's row
        """Return the first row."""
        ...

    async def fetchval(self, query: str, *args: object) -> Any:  # noqa: ANN401 - a column's value
        """Return the first column of the first row."""
        ...


class ProofRepository:
    """Uses in PostgreSQL: one row for each until it can come no more."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    async def claim(self, marks: Sequence[Mark]) -> Answer:
        """Remember *marks*, in one statement, and say which of them are new.

        All are remembered for as long as the one of them that could come again the longest.  When
        two workers claim the same mark at the same instant, one waits for the other's commit and
        then hears that it is not new.

        Raises:
            MemoryUnavailable: the database did not answer.
        """
        digests = b"".join([mark.digest for mark in marks])
        expires_at = max(mark.expires_at for mark in marks)
        try:
            since, first = await self._runs.fetchrow(_CLAIM, digests, expires_at)
            if since is None:  # the memory was lost
                await self._runs.fetchval(_BEGIN)
                since, first = await self._runs.fetchrow(_CLAIM, digests, expires_at)
        except SILENCE as silent:
            raise MemoryUnavailable from silent
        if since is None:
            raise MemoryUnavailable
        return Answer(float(since), frozenset(_each(first or b"")))

    async def forget(self, before: float, *, at_most: int = 5_000) -> int:
        """Drop uses that expired before *before* (Unix seconds); return how many.

        One worker cleans at a time; the others find nothing to do.

        Raises:
            MemoryUnavailable: the database did not answer.
        """
        try:
            return int(await self._runs.fetchval(_FORGET, before, at_most))
        except SILENCE as silent:
            raise MemoryUnavailable from silent


def _each(digests: bytes) -> list[bytes]:
    return [digests[at : at + _DIGEST_BYTES] for at in range(0, len(digests), _DIGEST_BYTES)]
