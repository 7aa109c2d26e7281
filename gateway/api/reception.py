"""Who comes in: from a proven person to an open session, and out again; each on record."""

from contextlib import suppress

from auth.accounts.accounts import Account
from auth.accounts.errors import SessionEnded, SignInBarred
from auth.accounts.sessions import Session
from auth.accounts.signing_in import Accounts
from auth.accounts.visits import Opened, Visits, new_session_id
from auth.signon.signed_on import LoggedOut, SignedOn
from gateway.api.comings import Comings
from gateway.clock import Clock


class Reception:
    """What the routes of sign-on do once a provider has spoken.

    Args:
        accounts: whose account it is.
        visits: opens and ends sessions.
        comings: writes it down.
        clock: the present instant.
    """

    def __init__(
        self,
        accounts: Accounts,
        visits: Visits,
        comings: Comings,
        *,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._visits = visits
        self._comings = comings
        self._clock = clock

    async def welcome(self, signed_on: SignedOn, cookie: str, route: str) -> Opened:
        """Open a session, or renew the browser's own one; its old cookie is dead either way.

        Args:
            signed_on: whom a provider has proven.
            cookie: of the session that the browser brought; empty for none.
            route: template of the path, for the record.

        Raises:
            SignInBarred: nobody here is that person, or may not come in; it is on record.
            AuditUnavailable: it could not be recorded, so nobody comes in.
            AccountsUnavailable: the database did not answer.
        """
        now = self._clock()
        try:
            account = await self._accounts.sign_in(signed_on, now)
            session = await self._own(account, signed_on, cookie)
            if session is not None:
                await self._comings.strengthened(session, signed_on, route)
                with suppress(SessionEnded):  # it ended this moment: a new one begins
                    return await self._visits.rotate(session, cookie, signed_on, now)
            named = new_session_id()
            await self._comings.came(account, signed_on, named, route)
            return await self._visits.open(
                account, signed_on, now, session_id=named, instead_of=cookie
            )
        except SignInBarred as barred:
            await self._comings.turned_away(barred, signed_on, route)
            raise

    async def leave(self, session: Session, cookie: str, route: str) -> None:
        """End the session of *cookie*."""
        await self._visits.end(cookie)
        await self._comings.left(session, (session.id,), route)

    async def leave_one(self, session: Session, session_id: str, route: str) -> bool:
        """End another session of the same person; say whether there was one."""
        if not await self._visits.end_one(session.account_id, session_id):
            return False
        await self._comings.left(session, (session_id,), route)
        return True

    async def leave_all(self, session: Session, *, but_cookie: str, route: str) -> int:
        """End every session of the person but that of *but_cookie*; return how many."""
        ended = await self._visits.end_all(session.account_id, but_cookie=but_cookie)
        await self._comings.left(session, ended, route)
        return len(ended)

    async def sent_away(self, told: LoggedOut, route: str) -> int:
        """End what a provider says is over; return how many sessions."""
        ended = await self._visits.logged_out(told)
        await self._comings.sent_away(tuple(session_id for session_id, _ in ended), route)
        return len(ended)

    async def _own(self, account: Account, signed_on: SignedOn, cookie: str) -> Session | None:
        """Return the open session of *cookie* when it is the same person's and no stronger."""
        if not cookie:
            return None
        try:
            session = await self._visits.look(cookie, self._clock())
        except SessionEnded:
            return None
        is_same = session.account_id == account.id
        return session if is_same and session.level <= signed_on.level else None
