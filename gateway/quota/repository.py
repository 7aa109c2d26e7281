"""Counters that all workers share; rows and SQL stay in here."""

from datetime import datetime
from typing import Protocol

from gateway.database import Pool


class Counters(Protocol):
    """What the ledger asks of the shared counters; a test may keep them in memory."""

    async def lease(self, key: str, start: datetime, limit: int, want: int) -> tuple[int, int]:
        """Take up to *want* units below *limit*; return units granted and units taken in all."""
        ...

    async def admit(self, key: str, start: datetime, person: str, limit: int) -> bool:
        """Say whether *person* is among the first *limit* of the period; remember them if so."""
        ...

    async def give_back(self, key: str, start: datetime, units: int) -> None:
        """Return units that a stopping worker did not use."""
        ...


class CounterRepository:
    """Counters in PostgreSQL: one row for each key and period, one function call for each lease."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def lease(self, key: str, start: datetime, limit: int, want: int) -> tuple[int, int]:
        """Take up to *want* units below *limit*; the row lock makes the sum exact."""
        row = await self._pool.fetchrow(
            "SELECT granted, total FROM gateway.lease_quota($1, $2, $3, $4)",
            key,
            start,
            limit,
            want,
        )
        return (0, limit) if row is None else (int(row["granted"]), int(row["total"]))

    async def admit(self, key: str, start: datetime, person: str, limit: int) -> bool:
        """Admit *person* (a keyed pseudonym) while fewer than *limit* others were admitted."""
        admitted = await self._pool.fetchval(
            "SELECT gateway.admit_person($1, $2, $3, $4)", key, start, person, limit
        )
        return bool(admitted)

    async def give_back(self, key: str, start: datetime, units: int) -> None:
        """Return unused units to the period's counter."""
        await self._pool.execute("SELECT gateway.return_quota($1, $2, $3)", key, start, units)

    async def forget(self, before: datetime) -> None:
        """Drop counters of periods that ended before *before*."""
        await self._pool.execute("SELECT gateway.forget_quota($1)", before)
