"""Desks of roles, reviews and emergencies over a real database, for tests."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import asyncpg
from msgspec import Struct
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.accounts.accounts import Account, prepared
from auth.accounts.signing_in import Accounts
from auth.accounts.visits import Visits
from auth.people import Role
from auth.roles.desk import RoleDesk
from auth.roles.emergencies import EmergencyDesk
from auth.roles.grants import EVERYTHING, Grant, Wanted
from auth.roles.reviewing import ReviewDesk
from auth.roles.reviews import Pace
from auth.roles.terms import Terms
from gateway import database
from gateway.clock import utc_now
from tests.account_builders import office

ASKER, APPROVER, REVIEWER = "qt-nguoi-xin", "qt-nguoi-duyet", "qt-nguoi-ra-soat"
HERE, ELSEWHERE = "H99.30.01", "H99.31"
REASON = "phân công công tác"
TERMS = Terms(enabled=True, life=timedelta(minutes=15))


class Hall(Struct, frozen=True):
    """Every desk that decides about rights, over one database."""

    dsn: str
    engine: AsyncEngine
    accounts: Accounts
    visits: Visits
    roles: RoleDesk
    reviews: ReviewDesk
    emergencies: EmergencyDesk

    async def an_official(self, number: str = "CB-0001", agency: str = HERE) -> Account:
        """Prepare an official's account."""
        account = prepared(
            name="Trần Thị Bình",
            agency=agency,
            staff_number=number,
            by=ASKER,
            reason=REASON,
            now=utc_now(),
        )
        await self.accounts.prepare(account)
        return account

    async def asked(self, account: Account, role: Role, **bounds: Any) -> Grant:
        """Ask for a role."""
        wanted = Wanted(account_id=account.id, role=role, reason=REASON, **bounds)
        return await self.roles.ask(wanted, by=ASKER, scope=EVERYTHING, now=utc_now())

    async def decided(self, grant: Grant, *, by: str = APPROVER, approved: bool = True) -> Grant:
        """Decide about a request."""
        return await self.roles.decide(
            grant.id, by=by, scope=EVERYTHING, approved=approved, reason=REASON, now=utc_now()
        )

    async def granted(self, account: Account, role: Role, **bounds: Any) -> Grant:
        """Grant a role: one person asks, another approves."""
        return await self.decided(await self.asked(account, role, **bounds))

    async def fetch(self, query: str, *values: object) -> list[asyncpg.Record]:
        """Ask the database, as its owner."""
        connection = await asyncpg.connect(self.dsn, timeout=10)
        try:
            return await connection.fetch(query, *values)
        finally:
            await connection.close()

    async def held(self, account: Account) -> set[str]:
        """Return the roles that sessions of *account* have at this instant."""
        query = "SELECT role FROM auth.role_held WHERE account_id = $1"
        return {row["role"] for row in await self.fetch(query, account.id)}

    async def owed(self) -> list[tuple[str, str]]:
        """Return what the record is owed about rights: event and code, in order."""
        rows = await self.fetch(
            "SELECT event, code FROM audit.change_due "
            "WHERE kind IN ('role', 'review', 'breakglass') ORDER BY id"
        )
        return [(row["event"], row["code"]) for row in rows]


@asynccontextmanager
async def hall(
    dsn: str,
    *,
    pace: Pace | None = None,
    terms: Terms = TERMS,
    role: str | None = None,
) -> AsyncGenerator[Hall]:
    """Open every desk over the database at *dsn*, acting as *role*; None for the owner."""
    engine = database.engine(dsn, pool_connections=8, role=role)

    def transaction() -> Any:
        return database.transaction(engine)

    async with office(dsn) as inside:
        yield Hall(
            dsn,
            engine,
            inside.accounts,
            inside.visits,
            RoleDesk(transaction),
            ReviewDesk(transaction, pace or Pace()),
            EmergencyDesk(transaction, terms),
        )
    await engine.dispose()


def later(minutes: float) -> datetime:
    """Return an instant so many minutes from now."""
    return utc_now() + timedelta(minutes=minutes)
