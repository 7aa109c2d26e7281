"""Sessions as the edge uses them: opened, looked up, made stronger, listed, ended."""

from datetime import datetime
from typing import Any

from msgspec import Struct

from auth.accounts import sealing
from auth.accounts.accounts import Account, new_id
from auth.accounts.errors import SessionEnded
from auth.accounts.links import demand_usable
from auth.accounts.repository import (
    AccountRepository,
    SessionRepository,
    Which,
    answering,
)
from auth.accounts.sealing import Secret
from auth.accounts.sessions import (
    SEEN_EVERY,
    Bounds,
    Listed,
    Payload,
    Row,
    Session,
    idle_of,
    idle_until,
    is_over,
    person_of,
)
from auth.accounts.signing_in import Blind
from auth.people import Role
from auth.signon.signed_on import LoggedOut, SignedOn
from auth.transactions import Transaction


class Opened(Struct, frozen=True):
    """A session that has just been opened or rotated, and the secret of its cookie."""

    secret: str
    id: str
    ends_at: datetime

    def __repr__(self) -> str:
        """Show the session, and not what opens it."""
        return f"Opened(id={self.id!r})"


class Visits:
    """Every session of every person; each call is one transaction.

    Args:
        transaction: opens one; it commits at the end, and rolls back on any error.
        blind: as `Accounts` takes it.
        bounds: how long sessions last.
    """

    def __init__(self, transaction: Transaction, blind: Blind, bounds: Bounds) -> None:
        self._transaction = transaction
        self._blind = blind
        self.bounds = bounds

    async def look(self, cookie: str, now: datetime) -> Session:
        """Return the session that *cookie* opens, with its account's roles of this instant.

        Raises:
            SessionEnded: there is none, or it is over.
            AccountsUnavailable: the database did not answer.
        """
        secret = sealing.read(cookie)
        async with answering(), self._transaction() as asked:
            sessions = SessionRepository(asked)
            row = await sessions.look(secret.key)
            if row is None or is_over(row, self.bounds, now):
                raise SessionEnded
            if now - row.seen_at >= SEEN_EVERY:
                await sessions.touch(secret.key, now)
        return self._session(secret, row)

    async def open(
        self,
        account: Account,
        signed_on: SignedOn,
        now: datetime,
        *,
        session_id: str | None = None,
        instead_of: str = "",
        ends_at: datetime | None = None,
    ) -> Opened:
        """Open a session; the oldest of the account ends when there are too many.

        Args:
            account: whose it is.
            signed_on: how the person proved who they are.
            now: the present instant.
            session_id: its public id when it has been said already; None for a new one.
            instead_of: the cookie that the browser brought; whatever session it opens is over.
            ends_at: an earlier end than the settings give.

        Raises:
            SignInBarred: the account was disabled or locked meanwhile.
            AccountsUnavailable: the database did not answer.
        """
        secret = sealing.drawn()
        named = session_id or new_session_id()
        latest = now + self.bounds.absolute
        until = latest if ends_at is None else min(ends_at, latest)
        values = self._values(secret, named, signed_on, now) | {
            "id": named,
            "account_id": account.id,
            "opened_at": now,
            "ends_at": until,
        }
        async with answering(), self._transaction() as asked:
            demand_usable(await AccountRepository(asked).find(account.id, holding=True))
            sessions = SessionRepository(asked)
            await _end_cookie(sessions, instead_of)
            await sessions.add(values, at_most=self.bounds.per_account)
        return Opened(secret.text, named, until)

    async def rotate(
        self, session: Session, cookie: str, signed_on: SignedOn, now: datetime
    ) -> Opened:
        """Give *session* a new secret after its person signed on again; its end stays.

        Raises:
            SessionEnded: it is over, or another request rotated it first.
            AccountsUnavailable: the database did not answer.
        """
        old, secret = sealing.read(cookie), sealing.drawn()
        values = self._values(secret, session.id, signed_on, now)
        async with answering(), self._transaction() as asked:
            if not await SessionRepository(asked).rotate(old.key, session.account_id, values):
                raise SessionEnded
        return Opened(secret.text, session.id, session.ends_at)

    async def listed(
        self, account_id: str, now: datetime, roles: frozenset[Role] = frozenset()
    ) -> tuple[Listed, ...]:
        """Return the open sessions of an account with *roles*, newest first."""
        async with answering(), self._transaction() as asked:
            found = await SessionRepository(asked).listed(account_id)
        fresh = now - idle_of(roles, self.bounds)
        return tuple(each for each in found if each.ends_at > now and each.seen_at > fresh)

    async def end(self, cookie: str) -> None:
        """End the session of *cookie*; nothing happens when there is none."""
        async with answering(), self._transaction() as asked:
            await _end_cookie(SessionRepository(asked), cookie)

    async def end_one(self, account_id: str, session_id: str) -> bool:
        """End one session of an account; say whether there was one."""
        return bool(await self._end(Which(account_id=account_id, id=session_id)))

    async def end_all(self, account_id: str, *, but_cookie: str = "") -> tuple[str, ...]:
        """End every session of an account but that of *but_cookie*; return their ids."""
        but = sealing.read(but_cookie).key if but_cookie else None
        ended = await self._end(Which(account_id=account_id, but_key=but))
        return tuple(session_id for session_id, _ in ended)

    async def logged_out(self, told: LoggedOut) -> tuple[tuple[str, str], ...]:
        """End what a provider says is over; return ids of sessions with their accounts.

        Source: OpenID Connect Back-Channel Logout 1.0 section 2.7: a session id names one session,
        a subject alone names all of theirs.
        """
        sub, sid = told.sub, told.sid
        which = Which(
            subject_ref=None if sub is None else self._blind("subject", f"{told.issuer}\0{sub}"),
            sid_ref=None if sid is None else self._blind("sid", f"{told.issuer}\0{sid}"),
        )
        return await self._end(which)

    async def forget(self, now: datetime) -> int:
        """Remove sessions that are over whatever their roles, some at a time; return how many."""
        async with answering(), self._transaction() as asked:
            return await SessionRepository(asked).forget(now, now - self.bounds.idle)

    async def _end(self, which: Which) -> tuple[tuple[str, str], ...]:
        async with answering(), self._transaction() as asked:
            return await SessionRepository(asked).end(which)

    def _values(
        self, secret: Secret, session_id: str, signed_on: SignedOn, now: datetime
    ) -> dict[str, Any]:
        payload = Payload(
            acr=signed_on.acr,
            id_token=signed_on.id_token,
            name=signed_on.name,
            so_dinh_danh=signed_on.so_dinh_danh,
            amr=signed_on.amr,
        )
        issuer, sid = signed_on.issuer, signed_on.sid
        return {
            "key": secret.key,
            "provider": signed_on.provider,
            "subject_ref": self._blind("subject", f"{issuer}\0{signed_on.sub}"),
            "sid_ref": None if sid is None else self._blind("sid", f"{issuer}\0{sid}"),
            "level": signed_on.level,
            "authenticated_at": datetime.fromtimestamp(signed_on.auth_time, now.tzinfo),
            "seen_at": now,
            "sealed": secret.seal(payload, bound_to=session_id),
        }

    def _session(self, secret: Secret, row: Row) -> Session:
        payload = secret.open(row.sealed, bound_to=row.id)
        return Session(
            id=row.id,
            account_id=row.account_id,
            person=person_of(row, payload),
            provider=row.provider,
            level=row.level,
            opened_at=row.opened_at,
            seen_at=row.seen_at,
            ends_at=row.ends_at,
            idle_until=idle_until(row, self.bounds),
            csrf=secret.csrf(row.id),
            id_token=payload.id_token,
        )


def new_session_id() -> str:
    """Return a new public id of a session."""
    return new_id("s")


async def _end_cookie(sessions: SessionRepository, cookie: str) -> None:
    """End the session of *cookie*, whoever's it is; a text that is no secret opens none."""
    if not cookie:
        return
    try:
        key = sealing.read(cookie).key
    except SessionEnded:
        return
    await sessions.end(Which(key=key))
