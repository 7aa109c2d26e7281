"""When each system was used last: kept to the minute, so that noting it costs next to nothing."""

from collections import OrderedDict
from datetime import date, datetime, timedelta
from typing import Protocol

from msgspec import Struct

EVERY = timedelta(minutes=1)  # one row a minute for each system and worker, at most
_MOST_REMEMBERED = 10_000


class Use(Struct, frozen=True):
    """When a system was used last; None for never, as far as is known."""

    token_at: datetime | None = None
    exchange_day: date | None = None  # local day


NEVER = Use()


class UseRows(Protocol):
    """What is asked of the rows; see `auth.credentials.repository`."""

    async def keep(self, client_id: str, at: datetime) -> None:
        """Keep an instant, unless a later one stands there."""
        ...

    async def of(self, client_ids: tuple[str, ...]) -> dict[str, Use]:
        """Return when each was used last."""
        ...


class Uses:
    """Notes uses and tells them.

    Args:
        rows: what all workers know.
    """

    def __init__(self, rows: UseRows) -> None:
        self._rows = rows
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
        await self._rows.keep(client_id, at)

    async def of(self, client_ids: tuple[str, ...]) -> dict[str, Use]:
        """Return when each was used last; the day of an exchange once the follower has counted it.

        Raises:
            RegistrationsUnavailable: the database did not answer.
        """
        return await self._rows.of(client_ids)
