"""What was read at agencies' addresses, shared by all workers; rows and SQL stay in here."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any

from sqlalchemy import Row, case, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from auth.credentials.keysets import KeySet
from auth.credentials.tables import key_set
from auth.repository import answering


class KeySetRepository:
    """Published key sets; each question is a transaction of its own.

    Args:
        transaction: opens one; it commits at the end, and rolls back on any error.
    """

    def __init__(
        self, transaction: Callable[[], AbstractAsyncContextManager[AsyncSession]]
    ) -> None:
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


def _key_set(row: Row[Any]) -> KeySet:
    return KeySet(
        url=row.url,
        jwks=tuple(row.jwks),
        fetched_at=row.fetched_at,
        tried_at=row.tried_at,
        fault=row.fault,
    )
