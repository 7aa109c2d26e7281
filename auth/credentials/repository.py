"""What was read at agencies' addresses, and last uses; rows and SQL stay in here."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, case, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from auth.credentials.keysets import KeySet
from auth.credentials.tables import key_set, system_use
from auth.credentials.uses import Use
from auth.repository import answering
from auth.transactions import Transaction

_LAST_EXCHANGES = text(
    "SELECT client_id, auth.last_exchange(client_id) AS day "
    "FROM unnest(CAST(:ids AS text[])) AS listed (client_id)"
)


class KeySetRepository:
    """Published key sets; each question is a transaction of its own.

    Args:
        transaction: opens one; it commits at the end, and rolls back on any error.
    """

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def known(self, client_id: str) -> KeySet | None:
        """Return what was read for one system, None when nobody has tried yet.

        Raises:
            RegistrationsUnavailable: the database did not answer.
        """
        one = select(key_set).where(key_set.c.client_id == client_id)
        async with answering(), self._transaction() as session:
            row = (await session.execute(one)).one_or_none()
        return None if row is None else _key_set(row)

    async def listed(self) -> dict[str, KeySet]:
        """Return what was read, by client id.

        Raises:
            RegistrationsUnavailable: the database did not answer.
        """
        async with answering(), self._transaction() as session:
            rows = await session.execute(select(key_set))
            return {row.client_id: _key_set(row) for row in rows}

    async def claim(
        self, client_id: str, url: str, now: datetime, tried_before: datetime
    ) -> KeySet | None:
        """Take the next try for oneself; None when somebody tried after *tried_before*.

        All workers agree, so one address is asked once in that time however many want it.  Another
        address than before begins with nothing, and may be tried at once.

        Raises:
            RegistrationsUnavailable: the database did not answer; nobody tries.
        """
        fresh = insert(key_set).values(
            client_id=client_id, url=url, jwks=[], fetched_at=None, tried_at=now, fault=None
        )
        moved = key_set.c.url != fresh.excluded.url
        taken = fresh.on_conflict_do_update(
            index_elements=[key_set.c.client_id],
            set_={
                "url": fresh.excluded.url,
                "tried_at": fresh.excluded.tried_at,
                "jwks": case((moved, fresh.excluded.jwks), else_=key_set.c.jwks),
                "fetched_at": case((moved, None), else_=key_set.c.fetched_at),
                "fault": case((moved, None), else_=key_set.c.fault),
            },
            where=or_(moved, key_set.c.tried_at <= tried_before),
        ).returning(key_set)
        async with answering(), self._transaction() as session:
            row = (await session.execute(taken)).one_or_none()
        return None if row is None else _key_set(row)

    async def store(self, client_id: str, found: KeySet) -> None:
        """Keep what a try brought, unless the address was changed or tried again meanwhile.

        Raises:
            RegistrationsUnavailable: the database did not answer; nothing was kept.
        """
        kept = (
            update(key_set)
            .where(
                key_set.c.client_id == client_id,
                key_set.c.url == found.url,
                key_set.c.tried_at == found.tried_at,
            )
            .values(jwks=list(found.jwks), fetched_at=found.fetched_at, fault=found.fault)
        )
        async with answering(), self._transaction() as session:
            await session.execute(kept)


class UseRepository:
    """When systems were used last; each question is a transaction of its own.

    Args:
        transaction: opens one; it commits at the end, and rolls back on any error.
    """

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def keep(self, client_id: str, at: datetime) -> None:
        """Keep the instant of a token, unless a later one stands there.

        Raises:
            RegistrationsUnavailable: the database did not answer.
        """
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
            found = await session.execute(_LAST_EXCHANGES, {"ids": list(client_ids)})
            days = {row.client_id: row.day for row in found}
            clocks = {row.client_id: row.last_token_at for row in await session.execute(tokens)}
        return {each: Use(clocks.get(each), days.get(each)) for each in client_ids}


def _key_set(row: Row[Any]) -> KeySet:
    return KeySet(
        url=row.url,
        jwks=tuple(row.jwks),
        fetched_at=row.fetched_at,
        tried_at=row.tried_at,
        fault=row.fault,
    )
