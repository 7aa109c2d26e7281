"""Who is the same person under two names: account, staff number, and the last resort's opener."""

from sqlalchemy.ext.asyncio import AsyncSession

from auth.accounts.errors import AccountUnknown
from auth.accounts.repository import AccountRepository
from auth.roles.break_glass_repository import EmergencyRepository
from auth.roles.errors import SecondPersonMissing


async def demand_others(asked: AsyncSession, by: str, *first: str) -> None:
    """Demand that *by* is none of those who were *first*.

    A command at the machine names people by their staff numbers, a session by its account; and the
    account of an emergency stands for whoever opened it.

    Raises:
        SecondPersonMissing: it is one of them, under whichever name.
    """
    mine = await _names(asked, by)
    for each in first:
        if not mine.isdisjoint(await _names(asked, each)):
            raise SecondPersonMissing


async def _names(asked: AsyncSession, who: str) -> frozenset[str]:
    opener = await EmergencyRepository(asked).opener(who)
    own = await _own_names(asked, who)
    return own if opener is None else own | await _own_names(asked, opener)


async def _own_names(asked: AsyncSession, who: str) -> frozenset[str]:
    try:
        account = await AccountRepository(asked).find(who)
    except AccountUnknown:
        return frozenset({who.casefold()})
    return frozenset({who, (account.staff_number or who).casefold()})
