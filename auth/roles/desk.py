"""What people do with roles: ask, decide, take away; each call is one transaction."""

from datetime import datetime

import uuid_utils
from sqlalchemy.ext.asyncio import AsyncSession

from auth.accounts.accounts import Account
from auth.accounts.repository import AccountRepository
from auth.people import Role
from auth.roles import grants
from auth.roles.errors import GrantUnknown, MoveRefused, RolesExclude
from auth.roles.forbidden import forbidden
from auth.roles.grants import Cause, Grant, Scope, Wanted
from auth.roles.names import demand_others
from auth.roles.reasons import reason_of
from auth.roles.repository import GrantRepository, answering
from auth.transactions import Transaction

ENOUGH = 2  # administrators: from then on they are the ones who grant


class RoleDesk:
    """Grants as administration uses them.

    Args:
        transaction: opens one; it commits at the end, and rolls back on any error.
    """

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def ask(self, wanted: Wanted, *, by: str, scope: Scope, now: datetime) -> Grant:
        """Ask that an account be given a role; it holds nothing before a second person approves.

        Raises:
            GrantRefused: the role, the range or the reason is not of its form.
            GrantUnknown, AccountUnknown: there is no such account within the caller's scope.
            OutsideScope: the role is not the caller's to ask for.
            RolesExclude: the account holds a role that excludes this one.
            RolesUnavailable: the database did not answer.
        """
        async with answering(), self._transaction() as asked:
            account = await _within(asked, wanted.account_id, scope)
            return await _asked(asked, account, wanted, by=by, scope=scope, now=now)

    async def decide(
        self, grant_id: str, *, by: str, scope: Scope, approved: bool, reason: str, now: datetime
    ) -> Grant:
        """Approve or refuse what another person asked for.

        Refusing one's own request takes it back.

        Raises:
            SecondPersonMissing: the one who asked, or who would hold the role, cannot approve.
            RolesExclude: the account holds, or will hold, a role that excludes this one.
            MoveRefused: it was decided before, the role is held already, or its time is over.
            GrantUnknown, OutsideScope, GrantRefused, RolesUnavailable: as `ask`.
        """
        plain = reason_of(reason)
        async with answering(), self._transaction() as asked:
            grant = await _grant_within(asked, grant_id, scope)
            if approved:
                await demand_others(asked, by, grant.asked_by, grant.account_id)
            rows = GrantRepository(asked)
            await rows.decide(grant, by=by, approved=approved, reason=plain, at=now)
            return await rows.find(grant_id)

    async def revoke(
        self, grant_id: str, *, by: str, scope: Scope, reason: str, now: datetime
    ) -> Grant:
        """Take a role away; the account's sessions end with the commit.

        Raises:
            MoveRefused: it was never granted, or has ended.
            GrantUnknown, OutsideScope, GrantRefused, RolesUnavailable: as `ask`.
        """
        plain = reason_of(reason)
        async with answering(), self._transaction() as asked:
            grant = await _grant_within(asked, grant_id, scope)
            rows = GrantRepository(asked)
            await rows.end(grant, by=by, cause=Cause.REVOKED, reason=plain, at=now)
            return await rows.find(grant_id)

    async def listed(
        self,
        scope: Scope,
        *,
        account: str | None = None,
        undecided: bool = False,
        before: str | None = None,
        limit: int = 50,
    ) -> tuple[Grant, ...]:
        """Return grants within *scope*, newest first; see `GrantRepository.listed`."""
        async with answering(), self._transaction() as asked:
            return await GrantRepository(asked).listed(
                agency=scope.agency,
                account=account,
                undecided=undecided,
                before=before,
                limit=limit,
            )

    async def demand_beginning(self, *, emergency: bool) -> None:
        """Demand that a command at the machine may approve.

        Raises:
            MoveRefused: two operators decide from now on, and the last resort is not open.
        """
        async with answering(), self._transaction() as asked:
            await _demand_beginning(GrantRepository(asked), emergency=emergency)

    async def held(self, account_id: str) -> frozenset[Role]:
        """Return the roles that an account holds at this instant."""
        async with answering(), self._transaction() as asked:
            return await GrantRepository(asked).held(account_id)

    async def holders(self, role: Role) -> int:
        """Return how many accounts are granted *role*, also from a later day on."""
        async with answering(), self._transaction() as asked:
            return await GrantRepository(asked).holders(role)

    async def first(
        self, wanted: Wanted, *, by: str, approved_by: str, emergency: bool, now: datetime
    ) -> Grant:
        """Make one of the first two operators, on the word of two people at the machine.

        Args:
            wanted: for whom, and why; the role is the operator's.
            by: staff id of who asks.
            approved_by: staff id of who approves.
            emergency: whether the last resort is open; then two operators are no hindrance.
            now: the present instant.

        Raises:
            MoveRefused: two accounts hold the role, so that they decide from now on.
            SecondPersonMissing, RolesExclude, AccountUnknown, GrantRefused: as `ask`.
        """
        async with answering(), self._transaction() as asked:
            rows = GrantRepository(asked)
            await _demand_beginning(rows, emergency=emergency)
            account = await _within(asked, wanted.account_id, grants.EVERYTHING)
            grant = await _asked(asked, account, wanted, by=by, scope=grants.EVERYTHING, now=now)
            await demand_others(asked, approved_by, by, grant.account_id)
            await rows.decide(grant, by=approved_by, approved=True, reason=grant.reason, at=now)
            return await rows.find(grant.id)


async def _demand_beginning(rows: GrantRepository, *, emergency: bool) -> None:
    """Demand that the machine may grant: before there are two operators, or in an emergency."""
    if not emergency and await rows.holders(Role.OPERATOR) >= ENOUGH:
        raise MoveRefused


async def _within(asked: AsyncSession, account_id: str, scope: Scope) -> Account:
    """Return an account that the caller may see; another's is as unknown as none."""
    account = await AccountRepository(asked).find(account_id)
    if not scope.covers(account.agency):
        raise GrantUnknown
    return account


async def _grant_within(asked: AsyncSession, grant_id: str, scope: Scope) -> Grant:
    grant = await GrantRepository(asked).find(grant_id)
    account = await _within(asked, grant.account_id, scope)
    scope.demand(grant.role, account.agency)
    return grant


async def _asked(
    asked: AsyncSession, account: Account, wanted: Wanted, *, by: str, scope: Scope, now: datetime
) -> Grant:
    scope.demand(wanted.role, account.agency)
    grant = grants.asked(
        wanted, grant_id=str(uuid_utils.uuid7()), works_at=account.agency, by=by, now=now
    )
    rows = GrantRepository(asked)
    if forbidden(grant.role, await rows.held(account.id)):
        raise RolesExclude
    await rows.ask(grant)
    return grant
