"""Grants and reviews: values in and out; rows and SQL stay in here."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from auth.people import Role
from auth.roles.errors import (
    GrantRefused,
    GrantUnknown,
    MoveRefused,
    RolesExclude,
    RolesUnavailable,
    SecondPersonMissing,
)
from auth.roles.grants import Cause, Grant
from auth.transactions import SILENCE

T = TypeVar("T")
MOST_LISTED = 200

# What the database says no with, and what that means.
REFUSALS: dict[str, type[Exception]] = {
    "role_forbidden_pair": RolesExclude,
    "role_decision_four_eyes": SecondPersonMissing,
    "review_decision_four_eyes": SecondPersonMissing,
    "break_glass_judgement_four_eyes": SecondPersonMissing,
    "role_grant_account_fkey": GrantUnknown,
    "role_decision_of_fkey": GrantUnknown,
    "review_decision_of_fkey": GrantUnknown,
    "break_glass_judgement_of_fkey": GrantUnknown,
}

GRANTS = """
SELECT g.id, g.account_id, g.role, g.agency, g.valid_from, g.valid_to, g.asked_by, g.reason,
  g.asked_at, d.approved, d.decided_by, d.at AS decided_at, e.cause, e.ended_by, e.at AS ended_at
FROM auth.role_grant g
JOIN auth.account a ON a.id = g.account_id
LEFT JOIN auth.role_decision d ON d.grant_id = g.id
LEFT JOIN auth.role_end e ON e.grant_id = g.id
"""
ONE = f"{GRANTS} WHERE g.id = :id"
LISTED = f"""{GRANTS}
WHERE (CAST(:before AS text) IS NULL OR g.id < :before)
  AND (CAST(:agency AS text) IS NULL OR a.agency = :agency)
  AND (CAST(:account AS text) IS NULL OR g.account_id = :account)
  AND (NOT :open OR d.grant_id IS NULL)
ORDER BY g.id DESC LIMIT :limit
"""
HELD = "SELECT role FROM auth.role_held WHERE account_id = :account"
HOLDERS = """
SELECT count(DISTINCT account_id) FROM auth.role_granted WHERE role = :role
"""
ASK = """
INSERT INTO auth.role_grant
  (id, account_id, role, agency, valid_from, valid_to, asked_by, reason, asked_at)
VALUES (:id, :account_id, :role, :agency, :valid_from, :valid_to, :asked_by, :reason, :asked_at)
"""
DECIDE = """
INSERT INTO auth.role_decision (grant_id, account_id, asked_by, decided_by, approved, reason, at)
VALUES (:id, :account_id, :asked_by, :by, :approved, :reason, :at)
"""
END = """
INSERT INTO auth.role_end (grant_id, account_id, approved, cause, ended_by, reason, at)
VALUES (:id, :account_id, true, :cause, :by, :reason, :at)
"""


@asynccontextmanager
async def answering() -> AsyncGenerator[None]:
    """Translate what the database says no with, and that it says nothing.

    Raises:
        PartyError: the one that the broken rule means.
        RolesUnavailable: the database did not answer.
    """
    try:
        yield
    except IntegrityError as refused:
        raise _meaning(refused) from None
    except SILENCE as silent:
        raise RolesUnavailable from silent


class GrantRepository:
    """Grants as rows: what was asked, what was decided, what ended it."""

    def __init__(self, asked: AsyncSession) -> None:
        self._asked = asked

    async def find(self, grant_id: str) -> Grant:
        """Return one grant; raise GrantUnknown when there is none."""
        row = (await self._asked.execute(text(ONE), {"id": grant_id})).mappings().one_or_none()
        if row is None:
            raise GrantUnknown
        return valued(row, Grant)

    async def listed(
        self,
        *,
        agency: str | None = None,
        account: str | None = None,
        undecided: bool = False,
        before: str | None = None,
        limit: int = 50,
    ) -> tuple[Grant, ...]:
        """Return grants, newest first, at most 200.

        Args:
            agency: of those who work there alone.
            account: of this account alone.
            undecided: only those that wait for a second person.
            before: the last id of the page before.
            limit: the most to return.
        """
        bounds = {"before": before, "agency": agency, "account": account, "open": undecided}
        asked = {**bounds, "limit": min(max(limit, 1), MOST_LISTED)}
        rows = (await self._asked.execute(text(LISTED), asked)).mappings()
        return tuple(valued(row, Grant) for row in rows)

    async def held(self, account_id: str) -> frozenset[Role]:
        """Return the roles that an account holds at this instant."""
        rows = await self._asked.scalars(text(HELD), {"account": account_id})
        return frozenset(Role(role) for role in rows)

    async def holders(self, role: Role) -> int:
        """Return how many accounts are granted *role*, also from a later day on."""
        return int(await self._asked.scalar(text(HOLDERS), {"role": role.value}) or 0)

    async def ask(self, grant: Grant) -> None:
        """Store what somebody asks for.

        Raises:
            RolesExclude: the account is a citizen's.
            GrantUnknown: there is no such account.
        """
        named = (
            "id", "account_id", "agency", "valid_from", "valid_to", "asked_by", "reason",
            "asked_at",
        )  # fmt: skip
        values: dict[str, Any] = {name: getattr(grant, name) for name in named}
        await self._asked.execute(text(ASK), values | {"role": grant.role.value})

    async def decide(
        self, grant: Grant, *, by: str, approved: bool, reason: str, at: datetime
    ) -> None:
        """Store the second person's word.

        Raises:
            SecondPersonMissing: it is the first person's, or the one's who would hold the role.
            RolesExclude: the account holds, or will hold, a role that excludes this one.
            MoveRefused: somebody decided before, the role is held already, or its time is over.
        """
        values = {
            "id": grant.id, "account_id": grant.account_id, "asked_by": grant.asked_by,
            "by": by, "approved": approved, "reason": reason, "at": at,
        }  # fmt: skip
        await self._asked.execute(text(DECIDE), values)

    async def end(self, grant: Grant, *, by: str, cause: Cause, reason: str, at: datetime) -> None:
        """Take a grant away; sessions of the account end in the same transaction.

        Raises:
            MoveRefused: it was never granted, or has ended.
        """
        values = {
            "id": grant.id, "account_id": grant.account_id, "cause": cause.value,
            "by": by, "reason": reason, "at": at,
        }  # fmt: skip
        await self._asked.execute(text(END), values)


def valued(row: Mapping[Any, Any], kind: type[T]) -> T:
    """Return a driver's row as *kind*, whose members the columns are named after."""
    return msgspec.convert(dict(row), kind)


def _meaning(refused: IntegrityError) -> Exception:
    """Return what the broken rule means; the driver has its name from the server."""
    cause = getattr(refused.orig, "__cause__", None)
    rule = str(getattr(cause, "constraint_name", "") or "")
    if rule in REFUSALS:
        return REFUSALS[rule]()
    if rule.endswith(("_check", "_range_check")):
        return GrantRefused(rule.removesuffix("_check").rpartition("_")[2])
    return MoveRefused()
