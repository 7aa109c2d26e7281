"""Findings as auditors read and judge them; SQL stays in here."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Protocol
from uuid import UUID

from msgspec import Struct

from gateway.findings.finding import Finding, Judgement, State
from gateway.findings.rules import Found, Rule, Severity
from gateway.findings.tallies import Scope

MOST_LISTED = 200

_COLUMNS = """
SELECT id, rule, scope, actor, agency, about, first_day, last_day, value, usual, threshold,
  support, severity, sample, raised_at, state, judged_by, judged_at, reason, entry
FROM findings.finding
"""
PAGE = (
    _COLUMNS
    + """
WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR rule = $2)
  AND ($3::text IS NULL OR scope = $3) AND ($4::text IS NULL OR actor = $4)
  AND ($5::text IS NULL OR agency = $5) AND ($6::text IS NULL OR severity = $6)
  AND ($7::date IS NULL OR last_day >= $7) AND ($8::date IS NULL OR first_day < $8)
  AND ($9::date IS NULL OR (last_day, id) < ($9, $10::uuid))
ORDER BY last_day DESC, id DESC LIMIT $11
"""
)
ONE = _COLUMNS + "WHERE id = $1"
JUDGE = """
UPDATE findings.finding SET state = $2, judged_by = $3, judged_at = $4, reason = $5, entry = $6
WHERE id = $1 AND state = 'open'
"""


class Wanted(Struct, frozen=True, kw_only=True):
    """What a list is about; None means any."""

    state: State | None = None
    rule: Rule | None = None
    scope: Scope | None = None
    actor: str | None = None  # an official's pseudonym, a client id, or an agreement's code
    agency: str | None = None
    severity: Severity | None = None
    after: date | None = None  # still seen on this local day or later
    before: date | None = None  # first seen before this local day


class Rows(Protocol):
    """What is asked of a pool or connection of the auditors' role."""

    async def fetch(self, query: str, *args: object) -> Sequence[Mapping[str, Any]]:
        """Return all rows."""
        ...

    async def fetchrow(self, query: str, *args: object) -> Mapping[str, Any] | None:
        """Return the first row, or None."""
        ...

    async def execute(self, query: str, *args: object) -> str:
        """Run one statement and return its status."""
        ...


class FindingRepository:
    """What the rules found; each method is one statement."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def page(
        self, wanted: Wanted, *, below: tuple[date, UUID] | None, limit: int
    ) -> list[Finding]:
        """Return at most *limit* (1 to 200) findings, newest day first, those below the pair."""
        day, key = below or (None, None)
        values = [getattr(wanted, name) for name in Wanted.__struct_fields__]
        bounded = min(max(limit, 1), MOST_LISTED)
        rows = await self._rows.fetch(PAGE, *values, day, key, bounded)
        return [_finding(row) for row in rows]

    async def one(self, key: UUID) -> Finding | None:
        """Return one finding, None when there is none of that id."""
        row = await self._rows.fetchrow(ONE, key)
        return None if row is None else _finding(row)

    async def judge(self, key: UUID, state: State, judgement: Judgement) -> bool:
        """Close an open finding; return False when somebody has judged it before."""
        by = judgement.by, judgement.at, judgement.reason, judgement.entry
        status = await self._rows.execute(JUDGE, key, state.value, *by)
        return status.endswith(" 1")

    async def evidence(self, finding: str) -> tuple[int, ...] | None:
        """Return the leaf indexes that a finding rests on, None when there is no such finding."""
        try:
            found = await self.one(UUID(finding))
        except ValueError:
            return None
        return None if found is None else found.found.sample


def _finding(row: Mapping[str, Any]) -> Finding:
    return Finding(
        id=row["id"],
        found=Found(
            rule=Rule(row["rule"]),
            scope=Scope(row["scope"]),
            actor=row["actor"],
            agency=row["agency"],
            about=row["about"],
            first_day=row["first_day"],
            last_day=row["last_day"],
            value=row["value"],
            usual=row["usual"],
            threshold=row["threshold"],
            support=row["support"],
            severity=Severity(row["severity"]),
            sample=tuple(row["sample"]),
        ),
        raised_at=row["raised_at"],
        state=State(row["state"]),
        judgement=None if row["judged_at"] is None else _judgement(row),
    )


def _judgement(row: Mapping[str, Any]) -> Judgement:
    return Judgement(
        by=row["judged_by"], at=row["judged_at"], reason=row["reason"], entry=row["entry"]
    )
