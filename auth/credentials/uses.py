"""When each system was used last: kept to the minute, so that noting it costs next to nothing."""

from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime, timedelta

from msgspec import Struct
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from auth.credentials.tables import system_use
from auth.repository import answering

EVERY = timedelta(minutes=1)  # one row a minute for each system and worker, at most
_MOST_REMEMBERED = 10_000

LAST_EXCHANGES = text(
    "SELECT client_id, auth.last_exchange(client_id) AS day FROM unnest(CAST(:ids AS text[])) "
    "AS listed (client_id)"
)


class Use(Struct, frozen=True):
    """When a system was used last; None for never, as far as is known."""

    token_at: datetime | None = None
    exchange_day: date | None = None  # local day


NEVER = Use()


class Uses:
    """Notes uses and tells them.

    Args:
        transaction: opens one; it commits at the end, and rolls back on any error.
    """

    def __init__(
        self, transaction: Callable[[], AbstractAsyncContextManager[AsyncSession]]
    ) -> None:
        self._transaction = transaction
        self._noted: OrderedDict[str, datetime] = OrderedDict()

    async def note(self, client_id: str, at: datetime) -> None:
        """Remember that *client_id* got a token; a minute's others are one.

        Raises:
            RegistrationsUnavailable: the database did not answer; nobody has to care.
        """
        before = self._noted.get(client_id)
        if before is not None and at - before < EVERY:
            return
        self._noted[client_id] = at
        self._noted.move_to_end(client_id)
        if len(self._noted) > _MOST_REMEMBERED:
            self._noted.popitem(last=False)
        row = insert(system_use).values(client_id=client_id, last_token_at=at)
        newer = row.on_conflict_do_update(
            index_elements=[system_use.c.client_id],
            set_={"last_token_at": func.greatest(system_use.c.last_token_at, at)},
        )
        async with answering(), self._transaction() as session:
            await session.execute(newer)

    async def of(self, client_ids: tuple[str, ...]) -> dict[str, Use]:
        """Return when each was used last; the day of an exchange once the follower has counted it.

        Raises:
            RegistrationsUnavailable: the database did not answer.
        """
        tokens = select(system_use).where(system_use.c.client_id.in_(client_ids))
        async with answering(), self._transaction() as session:
            days = {
                row.client_id: row.day
                for row in await session.execute(LAST_EXCHANGES, {"ids": list(client_ids)})
            }
            clocks = {row.client_id: row.last_token_at for row in await session.execute(tokens)}
        return {each: Use(clocks.get(each), days.get(each)) for each in client_ids}
