"""What is asked of live systems and what became of it; rows and SQL stay in here."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Row, and_, func, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from auth.approvals.asked import Decided, Request, RequestState, Wanted
from auth.approvals.errors import MoveRefused, RequestUnknown
from auth.approvals.tables import system_request
from auth.repository import answering

MOST_LISTED = 200


class RequestRepository:
    """Requests, in the transaction of *session*."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, request: str, *, locked: bool = False) -> Request:
        """Return one request; with *locked* nobody else decides it before this transaction ends.

        Raises:
            RequestUnknown: there is none of that id.
            RegistrationsUnavailable: the database did not answer.
        """
        one = select(system_request).where(system_request.c.id == request)
        async with answering():
            row = (
                await self._session.execute(one.with_for_update() if locked else one)
            ).one_or_none()
        if row is None:
            raise RequestUnknown
        return _request(row)

    async def open_of(self, client_id: str) -> Request | None:
        """Return the one open request of a system, locked; None when there is none.

        Raises:
            RegistrationsUnavailable: the database did not answer.
        """
        one = select(system_request).where(
            system_request.c.client_id == client_id,
            system_request.c.state == RequestState.OPEN.value,
        )
        async with answering():
            row = (await self._session.execute(one.with_for_update())).one_or_none()
        return None if row is None else _request(row)

    async def listed(
        self,
        *,
        agency: str | None,
        state: RequestState | None,
        before: str | None,
        limit: int,
    ) -> tuple[Request, ...]:
        """Return at most *limit* (1 to 200) requests, newest first, those asked for before one.

        Raises:
            RegistrationsUnavailable: the database did not answer.
        """
        rows = system_request.c
        query = select(system_request).order_by(rows.asked_at.desc(), rows.id.desc())
        if agency is not None:
            query = query.where(rows.agency == agency)
        if state is not None:
            query = query.where(rows.state == state.value)
        if before is not None:
            last = select(rows.asked_at).where(rows.id == before).scalar_subquery()
            query = query.where(tuple_(rows.asked_at, rows.id) < tuple_(last, before))
        bounded = min(max(limit, 1), MOST_LISTED)
        async with answering():
            found = await self._session.execute(query.limit(bounded))
            return tuple(_request(row) for row in found)

    async def add(self, request: Request) -> None:
        """Keep a new request.

        Raises:
            MoveRefused: another one of that system is open; the transaction is lost.
            RegistrationsUnavailable: the database did not answer.
        """
        async with answering():
            try:
                await self._session.execute(insert(system_request).values(_row(request)))
            except IntegrityError as taken:
                raise MoveRefused from taken

    async def decide(self, request: Request) -> None:
        """Keep how an open request ended; nothing of it is written twice.

        Raises:
            MoveRefused: it was decided meanwhile.
            RegistrationsUnavailable: the database did not answer.
        """
        how = request.decided
        ended = (
            update(system_request)
            .where(
                and_(
                    system_request.c.id == request.id,
                    system_request.c.state == RequestState.OPEN.value,
                )
            )
            .values(
                state=request.state.value,
                decided_by=how.by if how else None,
                decided_at=how.at if how else func.clock_timestamp(),
                decision=how.reason if how else None,
            )
            .returning(system_request.c.id)
        )
        async with answering():
            if (await self._session.execute(ended)).one_or_none() is None:
                raise MoveRefused


def _row(request: Request) -> Mapping[str, Any]:
    return {
        "id": request.id,
        "client_id": request.client_id,
        "agency": request.agency,
        "base": request.base,
        "wanted": msgspec.to_builtins(request.wanted),
        "asked_by": request.asked_by,
        "asked_at": request.asked_at,
        "reason": request.reason,
        "state": request.state.value,
    }


def _request(row: Row[Any]) -> Request:
    decided = None
    if row.decided_by is not None:
        decided = Decided(by=row.decided_by, at=row.decided_at, reason=row.decision or "")
    return Request(
        id=row.id,
        client_id=row.client_id,
        agency=row.agency,
        base=row.base,
        wanted=msgspec.convert(row.wanted, Wanted),
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        reason=row.reason,
        state=RequestState(row.state),
        decided=decided,
    )
