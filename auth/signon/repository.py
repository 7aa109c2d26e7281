"""Sign-on attempts that wait for their browser: values in and out; rows and SQL stay in here."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from auth.signon.refusals import Ending, SignOnRefused
from auth.signon.tables import sign_on_attempt
from auth.transactions import SILENCE, Transaction

MOST_WAITING = 20_000
TIDY_EVERY = timedelta(seconds=1)


class Attempts:
    """Keeps attempts for the browsers of all workers; each question in a transaction of its own.

    Whoever opens attempts without end pushes out the oldest ones, and shuts nobody out for good.

    Args:
        transaction: opens one; it commits at the end, and rolls back on any error.
        most: how many may wait at once, give or take what arrives within a second.
    """

    def __init__(self, transaction: Transaction, most: int = MOST_WAITING) -> None:
        self._transaction = transaction
        self._most = most
        self._tidied_at: datetime | None = None

    async def keep(self, key: bytes, box: bytes, *, now: datetime, life_s: float) -> None:
        """Keep a sealed attempt for *life_s* seconds.

        Raises:
            SignOnRefused: DATABASE_UNAVAILABLE.
        """
        row = {"key": key, "sealed": box, "expires_at": now + timedelta(seconds=life_s)}
        async with _answering(), self._transaction() as session:
            await session.execute(insert(sign_on_attempt).values(row))
            if self._tidied_at is None or not timedelta() <= now - self._tidied_at < TIDY_EVERY:
                self._tidied_at = now
                await self._tidy(session, now)

    async def take(self, key: bytes, now: datetime) -> bytes | None:
        """Take an attempt out, once and for all; None when it is not there or too old.

        Raises:
            SignOnRefused: DATABASE_UNAVAILABLE; the attempt may be gone all the same.
        """
        taken = (
            delete(sign_on_attempt)
            .where(sign_on_attempt.c.key == key)
            .returning(sign_on_attempt.c.sealed, sign_on_attempt.c.expires_at)
        )
        async with _answering(), self._transaction() as session:
            row = (await session.execute(taken)).one_or_none()
        return row.sealed if row is not None and row.expires_at > now else None

    async def _tidy(self, session: AsyncSession, now: datetime) -> None:
        expires_at = sign_on_attempt.c.expires_at
        newest_too_many = (
            select(expires_at).order_by(expires_at.desc()).offset(self._most).limit(1)
        ).scalar_subquery()
        # Two workers that tidy at the same instant take different rows, and wait for nobody.
        spent = (
            select(sign_on_attempt.c.key)
            .where(or_(expires_at <= now, expires_at <= newest_too_many))
            .with_for_update(skip_locked=True)
        )
        await session.execute(delete(sign_on_attempt).where(sign_on_attempt.c.key.in_(spent)))


@asynccontextmanager
async def _answering() -> AsyncGenerator[None]:
    """Translate whatever the driver says into the one thing that it means to us."""
    try:
        yield
    except SILENCE:
        raise SignOnRefused(
            Ending.DATABASE_UNAVAILABLE, "attempts cannot be read or written"
        ) from None
