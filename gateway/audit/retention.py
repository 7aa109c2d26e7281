"""Keeps partitions ahead of time; the archive of old days comes with the export."""

from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from gateway.audit.journal import days_from
from gateway.audit.repository import ensure_days


async def ensure_partitions(session: AsyncSession, today: date) -> None:
    """Create the partitions of *today* and the two days after it, where missing.

    Writers do the same each day; this call after a migration makes the first of them quick.
    """
    await ensure_days(session, days_from(today))
