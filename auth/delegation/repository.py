"""Tokens that were taken back, and assertions that were used; rows and SQL stay in here."""

import hashlib
from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert as insert_or_not

from auth.delegation.tables import revoked_token
from auth.errors import RegistrationsUnavailable
from auth.repository import answering
from auth.transactions import Transaction

_CLEANING_LOCK = 7_009_202_611_210_015  # whoever cleans holds it; the number means nothing

# The table is that of `auth.repository`; this is the one statement of every token request.
_FIRST = """
INSERT INTO auth.used_assertion (client_id, jti_hash, expires_at) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING RETURNING true
"""


class Runs(Protocol):
    """What is used of the driver's connections, each statement a transaction of its own."""

    async def fetchval(self, query: str, *args: object) -> Any:  # noqa: ANN401 - a column's value
        """Return the first column of the first row, None without one."""
        ...


class UsedAssertions:
    """Which client assertions were used, over all workers.

    Args:
        runs: driver connections whose commits are durable: half the CPU of a token request would
            otherwise be spent around this statement.
    """

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    async def remember(self, client_id: str, jti: str, expires_at: float) -> bool:
        """Say, once it is committed, whether this is the first use of an assertion.

        When two workers ask at the same instant, one waits for the other and then hears False.

        Args:
            client_id: who made it.
            jti: its id; a caller's free text, so only its SHA-256 is kept.
            expires_at: Unix seconds; how long it could be presented again.

        Raises:
            RegistrationsUnavailable: the database did not answer; treat the assertion as used.
        """
        digest, until = (
            hashlib.sha256(jti.encode()).digest(),
            datetime.fromtimestamp(expires_at, UTC),
        )
        try:
            return await self._runs.fetchval(_FIRST, client_id, digest, until) is not None
        except Exception as silent:  # whatever it is, nobody may be let in
            raise RegistrationsUnavailable from silent


class RevokedTokens:
    """Which tokens were taken back, over all workers; each question is its own transaction.

    Args:
        transaction: opens one; it commits at the end, and rolls back on any error.
    """

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def revoke(self, token_id: str, client_id: str, expires_at: float) -> None:
        """Take a token back; once this returns, no release that rests on it is recorded.

        Args:
            token_id: its `jti`.
            client_id: whose it was.
            expires_at: Unix seconds; until then it could live.

        Raises:
            RegistrationsUnavailable: the database did not say that it is so.
        """
        row = {
            "token_id": token_id,
            "client_id": client_id,
            "expires_at": datetime.fromtimestamp(expires_at, UTC),
        }
        async with answering(), self._transaction() as session:
            await session.execute(insert_or_not(revoked_token).values(row).on_conflict_do_nothing())

    async def is_revoked(self, token_id: str) -> bool:
        """Say whether a token was taken back.

        Raises:
            RegistrationsUnavailable: the database did not answer.
        """
        named = select(revoked_token.c.token_id).where(revoked_token.c.token_id == token_id)
        async with answering(), self._transaction() as session:
            return await session.scalar(named) is not None

    async def forget(self, before: datetime, *, at_most: int = 1000) -> int:
        """Drop a batch of those that expired before *before*; return how many.

        One worker cleans at a time; the others find nothing to do.

        Raises:
            RegistrationsUnavailable: the database did not answer.
        """
        over = (
            select(revoked_token.c.token_id)
            .where(revoked_token.c.expires_at < before)
            .order_by(revoked_token.c.expires_at)
            .limit(at_most)
        )
        drop = (
            delete(revoked_token)
            .where(revoked_token.c.token_id.in_(over))
            .returning(revoked_token.c.token_id)
        )
        alone = select(func.pg_try_advisory_xact_lock(_CLEANING_LOCK))
        async with answering(), self._transaction() as session:
            if not await session.scalar(alone):
                return 0
            return len((await session.execute(drop)).all())
