"""What people do with the last resort; each call is one transaction, but for the secret's check."""

import asyncio
from datetime import datetime

import uuid_utils
from sqlalchemy.ext.asyncio import AsyncSession

from auth.accounts import accounts
from auth.accounts.accounts import Account, AccountState, Act
from auth.accounts.repository import AccountRepository
from auth.roles.break_glass import (
    ACCOUNT_NAME,
    AGENCY,
    DOOR,
    Emergency,
    Stage,
    hashed,
    new_secret,
    opens,
)
from auth.roles.break_glass_repository import EmergencyRepository
from auth.roles.errors import (
    BreakGlassOff,
    DoorLocked,
    DoorPaused,
    MoveRefused,
    NothingOpen,
    SecretRefused,
)
from auth.roles.guess_repository import GuessRepository
from auth.roles.names import demand_others
from auth.roles.reasons import reason_of
from auth.roles.repository import answering
from auth.roles.terms import Terms
from auth.transactions import Transaction

BY_TIME = "keeper:break-glass"
OVER = "hết giờ / its time was over"


class EmergencyDesk:
    """The last resort: opened at the machine, entered once, closed, judged.

    Args:
        transaction: opens one; it commits at the end, and rolls back on any error.
        terms: whether it may be opened, and for how long.
    """

    def __init__(self, transaction: Transaction, terms: Terms) -> None:
        self._transaction = transaction
        self.terms = terms

    async def open(self, *, by: str, reason: str, now: datetime) -> tuple[Emergency, str]:
        """Begin an emergency; return it with its secret, which nobody can read again.

        Raises:
            BreakGlassOff: the settings turn it off.
            DoorLocked: five wrong secrets came, and nobody has unlocked it.
            MoveRefused: another one is not over.
            GrantRefused: the reason is not of its form.
            RolesUnavailable: the database did not answer.
        """
        if not self.terms.enabled:
            raise BreakGlassOff
        plain, secret = reason_of(reason), new_secret()
        secret_hash = await asyncio.to_thread(hashed, secret)
        async with answering(), self._transaction() as asked:
            if await GuessRepository(asked).is_locked():
                raise DoorLocked
            rows = EmergencyRepository(asked)
            await _close_over(asked, now)
            account = _account(by, plain, now)
            await AccountRepository(asked).add(account)
            ends = now + self.terms.life
            new = Emergency(
                id=str(uuid_utils.uuid7()),
                account_id=account.id,
                opened_by=by,
                reason=plain,
                opened_at=now,
                ends_at=ends,
            )
            await rows.open(new, secret_hash)
        return new, secret

    async def enter(self, secret: str, now: datetime) -> tuple[Emergency, Account]:
        """Use the secret up; return the emergency and the account to sign on with.

        The attempt is counted, and committed, before the secret is looked at.

        Raises:
            BreakGlassOff: the settings turn it off.
            NothingOpen: no secret would open anything, and this one was not looked at.
            SecretRefused: it opens nothing.
            DoorPaused: a wrong one came a moment ago.
            DoorLocked: five wrong ones came.
            RolesUnavailable: the database did not answer.
        """
        if not self.terms.enabled:
            raise BreakGlassOff
        async with answering(), self._transaction() as asked:
            waiting = await EmergencyRepository(asked).waiting(now)
            if waiting is None:
                raise NothingOpen
            may = await GuessRepository(asked).begin_guess(now)
        if may != "try":
            raise DoorLocked if may == "locked" else DoorPaused
        if not await asyncio.to_thread(opens, secret, waiting[1]):
            raise SecretRefused
        async with answering(), self._transaction() as asked:
            rows = EmergencyRepository(asked)
            if not await rows.use(waiting[0], now):
                raise SecretRefused
            await GuessRepository(asked).end_guess()
            emergency = await rows.find(waiting[0])
            return emergency, await AccountRepository(asked).find(emergency.account_id)

    async def close(self, *, by: str, now: datetime) -> Emergency:
        """Close what is open, its sessions with it; raise MoveRefused when nothing is."""
        async with answering(), self._transaction() as asked:
            rows = EmergencyRepository(asked)
            open_now = await rows.unclosed()
            if open_now is None:
                raise MoveRefused
            await _close(asked, open_now, by=by, now=now)
            return await rows.find(open_now.id)

    async def close_over(self, now: datetime) -> bool:
        """Close what time has ended; say whether there was anything."""
        async with answering(), self._transaction() as asked:
            return await _close_over(asked, now)

    async def judge(
        self, emergency_id: str, *, by: str, justified: bool, reason: str, now: datetime
    ) -> Emergency:
        """Say whether an emergency was one.

        Raises:
            SecondPersonMissing: the one who opened it does not judge it.
            MoveRefused: it is not over, or was judged before.
            GrantUnknown: there is none of that id.
            GrantRefused: the reason is not of its form.
            RolesUnavailable: the database did not answer.
        """
        plain = reason_of(reason)
        async with answering(), self._transaction() as asked:
            rows = EmergencyRepository(asked)
            await _close_over(asked, now)
            emergency = await rows.find(emergency_id)
            await demand_others(asked, by, emergency.opened_by, emergency.account_id)
            await rows.judge(emergency, by=by, justified=justified, reason=plain, at=now)
            return await rows.find(emergency_id)

    async def listed(self, *, before: str | None = None, limit: int = 50) -> tuple[Emergency, ...]:
        """Return emergencies, newest first."""
        async with answering(), self._transaction() as asked:
            return await EmergencyRepository(asked).listed(before=before, limit=limit)

    async def is_open(self, now: datetime) -> bool:
        """Say whether somebody has signed on with the last resort, and it is not over."""
        async with answering(), self._transaction() as asked:
            found = await EmergencyRepository(asked).unclosed()
        return found is not None and found.stage(now) is Stage.USED

    async def overdue(self, now: datetime) -> int:
        """Return how many emergencies should have been judged by *now*."""
        async with answering(), self._transaction() as asked:
            waiting = await EmergencyRepository(asked).unjudged()
        return sum(each.is_overdue(now, self.terms.judged_within) for each in waiting)

    async def unlock(self, *, by: str) -> None:
        """Unlock the door after five wrong secrets; the record is owed it.

        Raises:
            SecondPersonMissing: the one who opened the last emergency has another do it.
            MoveRefused: it is not locked.
            RolesUnavailable: the database did not answer.
        """
        async with answering(), self._transaction() as asked:
            door = GuessRepository(asked)
            if not await door.is_locked():
                raise MoveRefused
            last = await EmergencyRepository(asked).listed(before=None, limit=1)
            await demand_others(asked, by, *(each.opened_by for each in last))
            await door.end_guess()
            await door.owe_unlock(by)


def _account(by: str, reason: str, now: datetime) -> Account:
    """Return the account of one emergency; no provider ever links to it."""
    return accounts.prepared(
        name=ACCOUNT_NAME,
        agency=AGENCY,
        staff_number=accounts.new_id(DOOR),
        by=by,
        reason=reason,
        now=now,
    )


async def _close_over(asked: AsyncSession, now: datetime) -> bool:
    open_now = await EmergencyRepository(asked).unclosed()
    if open_now is None or now < open_now.ends_at:
        return False
    await _close(asked, open_now, by=BY_TIME, now=now)
    return True


async def _close(asked: AsyncSession, emergency: Emergency, *, by: str, now: datetime) -> None:
    """Close *emergency* and disable its account; sessions end with it."""
    await EmergencyRepository(asked).close(emergency.id, by=by, now=now)
    rows = AccountRepository(asked)
    account = await rows.find(emergency.account_id, holding=True)
    if account.state is not AccountState.DISABLED:
        await rows.change(accounts.moved(account, Act.DISABLED, by=by, reason=OVER, now=now))
