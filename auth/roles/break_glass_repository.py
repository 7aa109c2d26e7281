"""Emergencies as rows; SQL stays in here."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from auth.roles.break_glass import Emergency
from auth.roles.errors import GrantUnknown, MoveRefused
from auth.roles.repository import MOST_LISTED, valued

EMERGENCIES = """
SELECT b.id, b.account_id, b.opened_by, b.reason, b.opened_at, b.ends_at, b.used_at, b.closed_at,
  b.closed_by, j.judged_by, j.justified, j.at AS judged_at, j.reason AS verdict
FROM auth.break_glass b
LEFT JOIN auth.break_glass_judgement j ON j.break_glass_id = b.id
"""
ONE = f"{EMERGENCIES} WHERE b.id = :id"
OPENER = "SELECT opened_by FROM auth.break_glass WHERE account_id = :account"
LISTED = f"""{EMERGENCIES}
WHERE CAST(:before AS text) IS NULL OR b.id < :before ORDER BY b.id DESC LIMIT :limit
"""
UNJUDGED = f"{EMERGENCIES} WHERE j.break_glass_id IS NULL ORDER BY b.id LIMIT {MOST_LISTED}"
UNCLOSED = f"{EMERGENCIES} WHERE b.closed_at IS NULL"
WAITING = """
SELECT id, secret_hash FROM auth.break_glass
WHERE closed_at IS NULL AND used_at IS NULL AND ends_at > :now
"""
OPEN = """
INSERT INTO auth.break_glass (id, account_id, opened_by, reason, opened_at, ends_at, secret_hash)
VALUES (:id, :account, :by, :reason, :at, :ends, :hash)
"""
USE = """
UPDATE auth.break_glass SET used_at = :now, secret_hash = NULL
WHERE id = :id AND used_at IS NULL AND closed_at IS NULL AND ends_at > :now RETURNING id
"""
CLOSE = """
UPDATE auth.break_glass SET closed_at = :now, closed_by = :by, secret_hash = NULL
WHERE id = :id AND closed_at IS NULL RETURNING id
"""
JUDGE = """
INSERT INTO auth.break_glass_judgement
  (break_glass_id, account_id, opened_by, judged_by, justified, reason, at)
VALUES (:id, :account, :opened_by, :by, :justified, :reason, :at)
"""


class EmergencyRepository:
    """Openings of the last resort."""

    def __init__(self, asked: AsyncSession) -> None:
        self._asked = asked

    async def find(self, emergency_id: str) -> Emergency:
        """Return one emergency; raise GrantUnknown when there is none."""
        found = await self._all(ONE, id=emergency_id)
        if not found:
            raise GrantUnknown
        return found[0]

    async def opener(self, account_id: str) -> str | None:
        """Return who opened the emergency of an account; None when it is of none."""
        return await self._asked.scalar(text(OPENER), {"account": account_id})

    async def listed(self, *, before: str | None, limit: int) -> tuple[Emergency, ...]:
        """Return emergencies, newest first, at most 200."""
        return await self._all(LISTED, before=before, limit=min(max(limit, 1), MOST_LISTED))

    async def unjudged(self) -> tuple[Emergency, ...]:
        """Return emergencies that nobody has judged, oldest first."""
        return await self._all(UNJUDGED)

    async def unclosed(self) -> Emergency | None:
        """Return the emergency that no act has closed; time may have."""
        found = await self._all(UNCLOSED)
        return found[0] if found else None

    async def waiting(self, now: datetime) -> tuple[str, str] | None:
        """Return id and hash of the secret that nobody has used yet."""
        row = (await self._asked.execute(text(WAITING), {"now": now})).one_or_none()
        return None if row is None else (row.id, row.secret_hash)

    async def open(self, new: Emergency, secret_hash: str) -> None:
        """Store a new emergency; raise MoveRefused while another is not closed."""
        values = {
            "id": new.id, "account": new.account_id, "by": new.opened_by, "reason": new.reason,
            "at": new.opened_at, "ends": new.ends_at, "hash": secret_hash,
        }  # fmt: skip
        await self._asked.execute(text(OPEN), values)

    async def use(self, emergency_id: str, now: datetime) -> bool:
        """Use the secret up; False when another call was first, or time was."""
        used = await self._asked.scalar(text(USE), {"id": emergency_id, "now": now})
        return used is not None

    async def close(self, emergency_id: str, *, by: str, now: datetime) -> None:
        """Close an emergency for good; raise MoveRefused when it was."""
        values = {"id": emergency_id, "by": by, "now": now}
        if await self._asked.scalar(text(CLOSE), values) is None:
            raise MoveRefused

    async def judge(
        self, emergency: Emergency, *, by: str, justified: bool, reason: str, at: datetime
    ) -> None:
        """Store what an auditor or privacy officer says of it.

        Raises:
            SecondPersonMissing: the one who opened it does not judge it.
            MoveRefused: it is not closed, or was judged before.
        """
        values = {
            "id": emergency.id, "account": emergency.account_id, "by": by, "at": at,
            "opened_by": emergency.opened_by, "justified": justified, "reason": reason,
        }  # fmt: skip
        await self._asked.execute(text(JUDGE), values)

    async def _all(self, query: str, **values: object) -> tuple[Emergency, ...]:
        rows = (await self._asked.execute(text(query), values)).mappings()
        return tuple(valued(row, Emergency) for row in rows)
