"""Where people administer systems: what one may do is done, what takes two is asked for first."""

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncSession

from auth import registrations
from auth.approvals.asked import (
    Ask,
    Decided,
    Request,
    RequestState,
    Wanted,
    demand_decidable,
    new_id,
    outcome,
    same,
)
from auth.approvals.errors import MoveRefused, VersionMismatch
from auth.approvals.repository import RequestRepository
from auth.credentials.environments import demand_fitting
from auth.errors import SecondPersonNeeded, SystemUnknown
from auth.repository import SystemRepository, answering
from auth.roles.errors import SecondPersonMissing
from auth.roles.names import demand_others
from auth.systems import Note, System
from auth.transactions import Transaction

Move = Callable[[System, Note], System]


class Done(Struct, frozen=True, kw_only=True):
    """What became of an act."""

    system: System | None  # as it stands now; None when it is not registered yet
    request: Request | None = None  # what a second person has to decide
    changed: bool = True


class RegistrationDesk:
    """Acts of people, each in one transaction.

    Args:
        transaction: opens one; it commits at the end, and rolls back on any error.
    """

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def listed(self, agency: str | None) -> tuple[System, ...]:
        """Return every system as it stands, or those of one agency, by client id.

        Raises:
            RegistrationsUnavailable: the database did not answer.
        """
        async with answering(), self._transaction() as session:
            found = await SystemRepository(session).listed()
        return tuple(each for each in found if agency in {None, each.registration.agency})

    async def history(self, client_id: str) -> tuple[System, ...]:
        """Return every version of one system, oldest first.

        Raises:
            SystemUnknown: there is none of that id.
            RegistrationsUnavailable: the database did not answer.
        """
        async with answering(), self._transaction() as session:
            found = await SystemRepository(session).history(client_id)
        if not found:
            raise SystemUnknown
        return found

    async def open(self, client_id: str, wanted: Wanted, base: int | None, note: Note) -> Done:
        """Do what *wanted* says, or ask a second person for it when the system is live.

        Args:
            client_id: which system.
            wanted: what shall become of it.
            base: the version that the caller saw; None when the system must not exist yet.
            note: who, why, when; alone.

        Raises:
            VersionMismatch: the system is at another version, or exists.
            SystemUnknown: it does not exist.
            MoveRefused: somebody else's request is open.
            SystemBlocked, KeyRefused, RegistrationConflict: as the moves themselves.
        """
        async with answering(), self._transaction() as session:
            rows, requests = SystemRepository(session), RequestRepository(session)
            known = await _found(rows, client_id)
            if known is None and base is not None:
                raise SystemUnknown
            if _repeated(known, wanted, note):
                return Done(system=known, changed=False)
            version = 0 if known is None else known.version
            if version != (base or 0):
                raise VersionMismatch
            result = outcome(known, wanted, note)
            if result is known:
                return Done(system=known, changed=False)
            if not result.takes_two():
                await registrations.appended(rows, known, result)
                return Done(system=result)
            demand_fitting(result.registration)
            return await _asked(requests, known, result, wanted, note)

    async def close(self, client_id: str, move: Move, base: int, note: Note) -> Done:
        """Suspend, block, or take a credential away: one person may, and it holds at once.

        Raises:
            SystemUnknown: it does not exist.
            VersionMismatch: it is at another version.
            SystemBlocked, KeyRefused, CredentialUnknown, RegistrationConflict: as the move itself.
        """
        async with answering(), self._transaction() as session:
            rows = SystemRepository(session)
            known = await rows.find(client_id)
            if known.version == base + 1 and known.note.by == note.by:
                before = (await rows.history(client_id))[-2]
                if _alike(move(before, note), known):
                    return Done(system=known, changed=False)
            if known.version != base:
                raise VersionMismatch
            after = move(known, note)
            applied = await registrations.appended(rows, known, after)
        return Done(system=applied.system, changed=applied.changed)

    async def requests(
        self, *, agency: str | None, state: RequestState | None, before: str | None, limit: int
    ) -> tuple[Request, ...]:
        """Return requests, newest first; see `RequestRepository.listed`.

        Raises:
            RegistrationsUnavailable: the database did not answer.
        """
        async with answering(), self._transaction() as session:
            return await RequestRepository(session).listed(
                agency=agency, state=state, before=before, limit=limit
            )

    async def request(self, request: str) -> Request:
        """Return one request.

        Raises:
            RequestUnknown: there is none of that id.
            RegistrationsUnavailable: the database did not answer.
        """
        async with answering(), self._transaction() as session:
            return await RequestRepository(session).find(request)

    async def decide(self, request: str, how: Decided, *, approve: bool) -> Done:
        """Approve or refuse what somebody else asked for; an approval takes effect at once.

        Raises:
            RequestUnknown: there is none of that id.
            MoveRefused: it was decided already.
            SecondPersonNeeded: whoever asked does not decide, with another account either.
            RegistrationConflict: the system was changed since; it has to be asked for anew.
            SystemBlocked, KeyRefused: the system can no longer become what was asked for.
        """
        async with answering(), self._transaction() as session:
            rows, requests = SystemRepository(session), RequestRepository(session)
            asked = await requests.find(request, locked=True)
            known = await _found(rows, asked.client_id)
            if not approve:
                return Done(system=known, request=await _refused(requests, asked, how))
            demand_decidable(asked, known, how.by)
            await _demand_another(session, how.by, asked.asked_by)
            note = Note(by=asked.asked_by, reason=asked.reason, at=how.at, approved_by=how.by)
            ended = replace(asked, state=RequestState.APPROVED, decided=how)
            await requests.decide(ended)
            result = outcome(known, asked.wanted, note)
            applied = await registrations.appended(rows, known, result)
        return Done(system=applied.system, request=ended, changed=applied.changed)

    async def withdraw(self, request: str, how: Decided) -> Request:
        """Take back what one asked for oneself.

        Raises:
            RequestUnknown: there is none of that id that this person asked for.
            MoveRefused: it was decided already.
        """
        async with answering(), self._transaction() as session:
            requests = RequestRepository(session)
            asked = await requests.find(request, locked=True)
            if asked.asked_by != how.by or asked.state is not RequestState.OPEN:
                raise MoveRefused
            ended = replace(asked, state=RequestState.WITHDRAWN, decided=how)
            await requests.decide(ended)
            return ended


async def _demand_another(session: AsyncSession, by: str, first: str) -> None:
    try:
        await demand_others(session, by, first)
    except SecondPersonMissing:
        raise SecondPersonNeeded from None


async def _found(rows: SystemRepository, client_id: str) -> System | None:
    try:
        return await rows.find(client_id)
    except SystemUnknown:
        return None


def _repeated(known: System | None, wanted: Wanted, note: Note) -> bool:
    """Say whether the caller's own act of this content stands already: an answer got lost."""
    if known is None or known.note.by != note.by:
        return False
    if wanted.act is Ask.REGISTER:
        return known.registration == wanted.registration
    return outcome(known, wanted, note) is known


def _alike(after: System, known: System) -> bool:
    return (after.registration, after.state, after.act) == (
        known.registration,
        known.state,
        known.act,
    )


async def _asked(
    requests: RequestRepository, known: System | None, result: System, wanted: Wanted, note: Note
) -> Done:
    """Keep the request; asking for the same again finds the first one."""
    base = 0 if known is None else known.version
    before = await requests.open_of(result.client_id)
    if before is not None:
        if same(before, wanted, base, note.by):
            return Done(system=known, request=before, changed=False)
        if before.base == base:
            raise MoveRefused
        late = Decided(by=note.by, at=note.at, reason="superseded")
        await requests.decide(replace(before, state=RequestState.SUPERSEDED, decided=late))
    request = Request(
        id=new_id(),
        client_id=result.client_id,
        agency=result.registration.agency,
        base=base,
        wanted=wanted,
        asked_by=note.by,
        asked_at=note.at,
        reason=note.reason,
    )
    await requests.add(request)
    return Done(system=known, request=request)


async def _refused(requests: RequestRepository, asked: Request, how: Decided) -> Request:
    if asked.state is not RequestState.OPEN:
        raise MoveRefused
    if how.by.strip() == asked.asked_by.strip():
        raise SecondPersonNeeded
    ended = replace(asked, state=RequestState.REFUSED, decided=how)
    await requests.decide(ended)
    return ended
