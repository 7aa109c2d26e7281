"""Seals in, seals out; rows and SQL stay in here."""

from datetime import datetime

import asyncpg
from msgspec import Struct

from gateway.disclosure.errors import (
    MoveRefused,
    SecondPersonMissing,
    TermsRefused,
    TextRefused,
    Unknown,
)
from gateway.disclosure.rows import Row, Rows, rule_of
from gateway.disclosure.seals import Kind, Seal

MOST_LISTED = 200

SEALS = """
SELECT s.id, s.ground, s.kind, s.targets, s.first, s.last, s.opens_at, s.asked_by, s.agency,
       s.reason, s.asked_at, d.approved, d.at AS decided_at, o.at AS opened_at
FROM disclosure.seal s
LEFT JOIN disclosure.seal_decision d ON d.seal_id = s.id
LEFT JOIN disclosure.seal_opening o ON o.seal_id = s.id
"""
ONE = f"{SEALS} WHERE s.id = $1"
LISTED = f"""{SEALS} WHERE ($1::text IS NULL OR s.id < $1) AND ($3::text IS NULL OR s.agency = $3)
ORDER BY s.id DESC LIMIT $2"""
LIVE = f"{SEALS} WHERE d.approved AND o.seal_id IS NULL AND s.opens_at > $1 ORDER BY s.id"
ENDED = (
    f"{SEALS} WHERE d.approved AND o.seal_id IS NULL AND s.opens_at <= $1 ORDER BY s.id LIMIT 50"
)
ASK = """
INSERT INTO disclosure.seal (id, ground, kind, targets, first, last, opens_at, asked_by, agency,
  reason, asked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
DECIDE = """
INSERT INTO disclosure.seal_decision (seal_id, asked_by, decided_by, approved, reason, at)
SELECT s.id, s.asked_by, $2, $3, $4, $5 FROM disclosure.seal s
WHERE s.id = $1 AND (NOT $3 OR s.opens_at > $5)
"""
OPEN = """
INSERT INTO disclosure.seal_opening (seal_id, approved, opened_by, reason, at)
SELECT d.seal_id, d.approved, $2, $3, $4 FROM disclosure.seal_decision d
WHERE d.seal_id = $1 AND d.approved
"""
COUNTS = """
SELECT count(*) FILTER (WHERE d.seal_id IS NULL AND s.opens_at > $1) AS asked,
       count(*) FILTER (WHERE NOT d.approved) AS refused,
       count(*) FILTER (WHERE d.approved AND o.seal_id IS NULL AND s.opens_at > $1) AS live,
       count(*) FILTER (WHERE d.approved AND (o.seal_id IS NOT NULL OR s.opens_at <= $1)) AS opened
FROM disclosure.seal s
LEFT JOIN disclosure.seal_decision d ON d.seal_id = s.id
LEFT JOIN disclosure.seal_opening o ON o.seal_id = s.id
"""


class Counts(Struct, frozen=True):
    """How many seals there are, by where they stand."""

    asked: int
    refused: int
    live: int
    opened: int


class SealRepository:
    """Each act is one statement: whole, or not at all."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def ask(self, seal: Seal) -> None:
        """Store a request; it covers nothing yet.

        Raises:
            TermsRefused: the database refuses its range or targets.
            TextRefused: the reason is empty or holds nine digits in a row.
        """
        try:
            await self._rows.execute(
                ASK,
                seal.id,
                seal.ground,
                seal.kind.value,
                list(seal.targets),
                seal.first,
                seal.last,
                seal.opens_at,
                seal.asked_by,
                seal.agency,
                seal.reason,
                seal.asked_at,
            )
        except asyncpg.IntegrityConstraintViolationError as refused:
            if rule_of(refused) == "seal_reason_check":
                raise TextRefused("digits") from None
            raise TermsRefused(rule_of(refused)) from None

    async def decide(
        self, seal_id: str, *, by: str, approved: bool, reason: str, at: datetime
    ) -> None:
        """Approve or refuse a request, once.

        Raises:
            SecondPersonMissing: who asked approves; the database refuses it by itself.
            MoveRefused: it was decided before, or its time is over.
            Unknown: no such seal.
        """
        await self.one(seal_id)
        try:
            done = await self._rows.execute(DECIDE, seal_id, by, approved, reason, at)
        except asyncpg.IntegrityConstraintViolationError as refused:
            if rule_of(refused) == "seal_decision_two_people":
                raise SecondPersonMissing from None
            if rule_of(refused) == "seal_decision_reason_check":
                raise TextRefused("digits") from None
            raise MoveRefused from None
        if done != "INSERT 0 1":
            raise MoveRefused

    async def open(self, seal_id: str, *, by: str | None, reason: str, at: datetime) -> bool:
        """Open an approved seal for good; False when it was open already.

        Args:
            seal_id: which.
            by: who opens it; None for time.
            reason: why, without a number of a person.
            at: the instant.

        Raises:
            MoveRefused: it was never approved.
            Unknown: no such seal.
        """
        await self.one(seal_id)
        try:
            done = await self._rows.execute(OPEN, seal_id, by, reason, at)
        except asyncpg.UniqueViolationError:
            return False
        except asyncpg.IntegrityConstraintViolationError:
            raise TextRefused("digits") from None
        if done != "INSERT 0 1":
            raise MoveRefused
        return True

    async def one(self, seal_id: str) -> Seal:
        """Return one seal; raise Unknown when there is none."""
        row = await self._rows.fetchrow(ONE, seal_id)
        if row is None:
            raise Unknown
        return _seal(row)

    async def listed(
        self, *, before: str | None, limit: int, agency: str | None = None
    ) -> list[Seal]:
        """Return seals, newest first, at most 200, those asked before the one named."""
        rows = await self._rows.fetch(LISTED, before, min(max(limit, 1), MOST_LISTED), agency)
        return [_seal(row) for row in rows]

    async def live(self, now: datetime) -> list[Seal]:
        """Return every seal that closes records at *now*."""
        return [_seal(row) for row in await self._rows.fetch(LIVE, now)]

    async def ended(self, now: datetime) -> list[Seal]:
        """Return seals that time has opened and that no act says so of; at most 50."""
        return [_seal(row) for row in await self._rows.fetch(ENDED, now)]

    async def counts(self, now: datetime) -> Counts:
        """Return the public numbers."""
        row = await self._rows.fetchrow(COUNTS, now)
        if row is None:  # pragma: no cover - a count always answers
            raise Unknown
        return Counts(row["asked"], row["refused"], row["live"], row["opened"])


def _seal(row: Row) -> Seal:
    decided = row["decided_at"]
    return Seal(
        id=row["id"],
        ground=row["ground"],
        kind=Kind(row["kind"]),
        targets=tuple(row["targets"]),
        first=row["first"],
        last=row["last"],
        opens_at=row["opens_at"],
        asked_by=row["asked_by"],
        agency=row["agency"],
        reason=row["reason"],
        asked_at=row["asked_at"],
        approved_at=decided if row["approved"] else None,
        refused_at=decided if row["approved"] is False else None,
        opened_at=row["opened_at"],
    )
