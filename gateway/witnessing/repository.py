"""What witnesses said, in the database: every worker and auditor reads the same."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from gateway.witnessing.outcomes import Outcome, Witnessed, WitnessLine
from gateway.witnessing.submission import Answer

# One statement, so that a cosignature is never counted without being kept.  The first cosignature
# of a key over a size stays: the earlier time bounds the records' own times more tightly.  The
# hour of the quorum may go back: it does when our clock was put right.
_RECORD = """
WITH kept AS (
  INSERT INTO audit.cosignature (size, witness, line, at)
  SELECT $1::bigint, * FROM unnest($2::text[], $3::text[], $4::timestamptz[])
  ON CONFLICT (size, witness) DO NOTHING
), gone AS (
  DELETE FROM audit.witness WHERE name <> ALL ($5::text[])
), said AS (
  INSERT INTO audit.witness AS w (name, outcome, size, since, asked_at, cosigned_at)
  SELECT name, outcome, size, $8::timestamptz, $8, CASE WHEN outcome = 'cosigned' THEN $8 END
  FROM unnest($5::text[], $6::text[], $7::bigint[]) AS a (name, outcome, size)
  ON CONFLICT (name) DO UPDATE SET
    outcome = excluded.outcome,
    size = excluded.size,
    since = CASE WHEN w.outcome = excluded.outcome THEN w.since ELSE excluded.since END,
    asked_at = excluded.asked_at,
    cosigned_at = coalesce(excluded.cosigned_at, w.cosigned_at)
)
UPDATE audit.witnessed SET size = $1, at = $8 WHERE $9::boolean AND size <= $1
"""
_WITNESSED = "SELECT size, at FROM audit.witnessed"
_LINES = """
SELECT name, outcome, size, since, asked_at, cosigned_at FROM audit.witness ORDER BY name
"""


class Rows(Protocol):
    """What is asked of a pool of driver connections."""

    async def fetch(self, query: str, *args: object) -> Sequence[Any]:
        """Return all rows."""
        ...

    async def execute(self, query: str, *args: object) -> str:
        """Run one statement."""
        ...


class WitnessRepository:
    """Keeps cosignatures, and what each witness said last."""

    def __init__(self, rows: Rows) -> None:
        """Use a pool of role ``motlan_sequencer`` to record; any reader of ``audit`` may look."""
        self._rows = rows

    async def record(
        self, size: int, answers: Mapping[str, Answer], *, at: datetime, quorum: bool
    ) -> None:
        """Keep what one round brought.

        Args:
            size: of the checkpoint that was offered.
            answers: by the witness's name in the policy; witnesses without one are forgotten.
            at: when that checkpoint was read as the newest.
            quorum: whether the policy is met by those who cosigned.
        """
        lines = {each.witness: each for answer in answers.values() for each in answer.cosignatures}
        await self._rows.execute(
            _RECORD,
            size,
            list(lines),
            [each.line for each in lines.values()],
            [datetime.fromtimestamp(each.time_s, UTC) for each in lines.values()],
            list(answers),
            [answer.outcome.value for answer in answers.values()],
            [answer.size for answer in answers.values()],
            at,
            quorum,
        )

    async def witnessed(self) -> Witnessed:
        """Return when a quorum last stood behind the newest checkpoint, and its size."""
        ((size, at),) = await self._rows.fetch(_WITNESSED)
        return Witnessed(size, at)

    async def lines(self) -> list[WitnessLine]:
        """Return what each witness said last, by name."""
        return [
            WitnessLine(
                name=name,
                outcome=Outcome(outcome),
                size=size,
                since=since,
                asked_at=asked_at,
                cosigned_at=cosigned_at,
            )
            for name, outcome, size, since, asked_at, cosigned_at in await self._rows.fetch(_LINES)
        ]
