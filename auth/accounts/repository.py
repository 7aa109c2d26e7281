"""Accounts, links and sessions: values in and out; rows and SQL stay in here."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import ColumnElement, Select, delete, func, insert, or_, select, update
from sqlalchemy import Row as Found
from sqlalchemy.dialects.postgresql import insert as insert_or_not
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from auth.accounts.accounts import Account, AccountState, Act
from auth.accounts.errors import AccountConflict, AccountExists, AccountsUnavailable, AccountUnknown
from auth.accounts.sessions import Listed, Row
from auth.accounts.tables import account, account_link, role_held, session
from auth.people import Role
from auth.signon.signed_on import Realm
from auth.transactions import SILENCE

MOST_LISTED = 200
_KNOWN_ROLES = frozenset(role.value for role in Role)
_NOT_DISABLED = account.c.state != AccountState.DISABLED.value


@asynccontextmanager
async def answering() -> AsyncGenerator[None]:
    """Translate whatever the driver says into the one thing that it means to us."""
    try:
        yield
    except SILENCE as silent:
        raise AccountsUnavailable from silent


class AccountRepository:
    """Accounts, and which sign-on each belongs to."""

    def __init__(self, asked: AsyncSession) -> None:
        self._asked = asked

    async def find(self, account_id: str, *, holding: bool = False) -> Account:
        """Return one account.

        Args:
            account_id: its id.
            holding: whether nobody else may change it before the transaction ends.

        Raises:
            AccountUnknown: there is none of that id.
        """
        found = await self._one(select(account).where(account.c.id == account_id), holding=holding)
        if found is None:
            raise AccountUnknown
        return found

    async def linked(self, ref: str) -> Account | None:
        """Return the account that the sign-on *ref* belongs to."""
        both = account.join(account_link, account_link.c.account_id == account.c.id)
        return await self._one(
            select(account).select_from(both).where(account_link.c.ref == ref), holding=False
        )

    async def prepared(self, agency: str, staff_number: str) -> Account | None:
        """Return, and hold, the official's usable account, else the newest disabled one."""
        named = (
            select(account)
            .where(account.c.agency == agency, account.c.staff_number == staff_number)
            .order_by(_NOT_DISABLED.desc(), account.c.created_at.desc())
            .limit(1)
        )
        return await self._one(named, holding=True)

    async def link_of(self, account_id: str) -> str | None:
        """Return the sign-on that an account belongs to; None before the first."""
        of = select(account_link.c.ref).where(account_link.c.account_id == account_id)
        return await self._asked.scalar(of)

    async def of_person(self, person_ref: str) -> Account | None:
        """Return a citizen's account by the pseudonym of the number."""
        return await self._one(
            select(account).where(account.c.person_ref == person_ref), holding=False
        )

    async def add(self, new: Account, person_ref: str | None = None) -> bool:
        """Store a new account; False when the person has one already.

        Raises:
            AccountExists: an official's agency has one under that staff number.
        """
        values = {**_row(new), "person_ref": person_ref}
        if person_ref is None:
            try:
                await self._asked.execute(insert(account).values(values))
            except IntegrityError as taken:
                raise AccountExists from taken
            return True
        first = insert_or_not(account).values(values).on_conflict_do_nothing()
        return (await self._asked.scalar(first.returning(account.c.id))) is not None

    async def change(self, after: Account, *, ref: str | None = None) -> None:
        """Store the next version of an account; the leaf is owed in the same transaction.

        Args:
            after: the account as it is from now on.
            ref: the sign-on that it belongs to from now on, for good; None for no new one.

        Raises:
            AccountConflict: another version came first, or the sign-on is another account's.
        """
        earlier = (account.c.id == after.id, account.c.version == after.version - 1)
        kept = ("version", "state", "act", "name", "by", "reason", "changed_at")
        values = {name: value for name, value in _row(after).items() if name in kept}
        try:
            if ref is not None:
                new = {"ref": ref, "account_id": after.id, "at": after.changed_at}
                await self._asked.execute(insert(account_link).values(new))
            changed = update(account).where(*earlier).values(values).returning(account.c.id)
            if await self._asked.scalar(changed) is None:
                raise AccountConflict
        except IntegrityError as taken:
            raise AccountConflict from taken

    async def seen(self, account_id: str, at: datetime) -> None:
        """Remember that the person signed on."""
        of = account.c.id == account_id
        await self._asked.execute(update(account).where(of).values(last_seen_at=at))

    async def listed(
        self, *, agency: str | None = None, after: str = "", limit: int = 50
    ) -> tuple[Account, ...]:
        """Return officials' accounts, by id; *agency* narrows, *after* is the last id seen."""
        rows = select(account).where(account.c.realm == Realm.STAFF.value, account.c.id > after)
        if agency is not None:
            rows = rows.where(account.c.agency == agency)
        page = rows.order_by(account.c.id).limit(min(limit, MOST_LISTED))
        return tuple(_account(row) for row in await self._asked.execute(page))

    async def unused(self, before: datetime, *, limit: int = 100) -> tuple[Account, ...]:
        """Return active officials' accounts that nobody used or changed since *before*."""
        last = func.greatest(account.c.last_seen_at, account.c.created_at, account.c.changed_at)
        rows = (
            select(account)
            .where(account.c.realm == Realm.STAFF.value, last < before)
            .where(account.c.state == AccountState.ACTIVE.value)
            .order_by(account.c.id)
            .limit(limit)
        )
        return tuple(_account(row) for row in await self._asked.execute(rows))

    async def _one(self, wanted: "Select[Any]", *, holding: bool) -> Account | None:
        asked = wanted.with_for_update() if holding else wanted
        row = (await self._asked.execute(asked)).one_or_none()
        return None if row is None else _account(row)


class Which(Struct, frozen=True, kw_only=True):
    """Which sessions are meant: those that fit every member that is given; none fit none."""

    key: bytes | None = None
    account_id: str | None = None
    id: str | None = None
    subject_ref: str | None = None  # a person as a provider names them
    sid_ref: str | None = None  # a session as a provider names it
    but_key: bytes | None = None  # narrows the others


_NAMING = tuple(name for name in Which.__struct_fields__ if name != "but_key")


class SessionRepository:
    """Sessions as the database keeps them: a hash, a ciphertext, and when they end."""

    def __init__(self, asked: AsyncSession) -> None:
        self._asked = asked

    async def look(self, key: bytes) -> Row | None:
        """Return a session with the state and the roles of its account as they are now.

        A role counts when it is held everywhere, or in the account's own agency.
        """
        held = (
            select(func.array_agg(role_held.c.role))
            .where(role_held.c.account_id == account.c.id)
            .where(or_(role_held.c.agency.is_(None), role_held.c.agency == account.c.agency))
            .scalar_subquery()
        )
        both = session.join(account, account.c.id == session.c.account_id)
        wanted = (
            select(
                session,
                account.c.realm,
                account.c.agency,
                account.c.name.label("account_name"),
                account.c.state,
                held.label("roles"),
            )
            .select_from(both)
            .where(session.c.key == key)
        )
        found = (await self._asked.execute(wanted)).one_or_none()
        return None if found is None else _session(found)

    async def touch(self, key: bytes, at: datetime) -> None:
        """Remember that a session was used; a later instant is kept."""
        earlier = (session.c.key == key, session.c.seen_at < at)
        await self._asked.execute(update(session).where(*earlier).values(seen_at=at))

    async def add(self, values: Mapping[str, Any], *, at_most: int) -> None:
        """Store a new session, and end the oldest of the account beyond *at_most*.

        Whoever calls holds the account's row, so that two sign-ons at once cannot both be last.
        """
        await self._asked.execute(insert(session).values(values))
        mine = session.c.account_id == values["account_id"]
        newest = session.c.id == values["id"]  # also when two were opened at one instant
        kept = (
            select(session.c.id)
            .where(mine)
            .order_by(newest.desc(), session.c.opened_at.desc(), session.c.id.desc())
            .limit(at_most)
        )
        await self._remove(mine, session.c.id.not_in(kept))

    async def rotate(self, key: bytes, account_id: str, values: Mapping[str, Any]) -> bool:
        """Give a session of *account_id* another secret and another sign-on; say whether it was."""
        mine = (session.c.key == key, session.c.account_id == account_id)
        changed = update(session).where(*mine).values(values).returning(session.c.id)
        return await self._asked.scalar(changed) is not None

    async def listed(self, account_id: str) -> tuple[Listed, ...]:
        """Return the sessions of an account, newest first; some may be over by rest."""
        columns = [session.c[name] for name in Listed.__struct_fields__]
        mine = select(*columns).where(session.c.account_id == account_id)
        rows = await self._asked.execute(mine.order_by(session.c.opened_at.desc(), session.c.id))
        return tuple(Listed(**row) for row in rows.mappings())

    async def end(self, which: Which) -> tuple[tuple[str, str], ...]:
        """Remove the sessions that every member of *which* fits; return ids and their accounts."""
        said = asdict(which)
        conditions = [session.c[name] == said[name] for name in _NAMING if said[name] is not None]
        if not conditions:
            return ()
        if which.but_key is not None:
            conditions.append(session.c.key != which.but_key)
        return await self._remove(*conditions)

    async def _remove(self, *conditions: ColumnElement[bool]) -> tuple[tuple[str, str], ...]:
        """Remove sessions, locked in the order that `auth.end_sessions` locks them in, too.

        By their ids, which stay: one whose secret changes at this moment ends all the same.
        """
        meant = select(session.c.id).where(*conditions).order_by(session.c.id).with_for_update()
        found = meant.cte("meant").prefix_with("MATERIALIZED")
        gone = delete(session).where(session.c.id == found.c.id)
        rows = await self._asked.execute(gone.returning(session.c.id, session.c.account_id))
        return tuple((row.id, row.account_id) for row in rows)

    async def forget(self, ended: datetime, unused: datetime, *, at_most: int = 1_000) -> int:
        """Remove sessions that ended by *ended* or rested since *unused*; return how many."""
        spent = (
            select(session.c.key)
            .where(or_(session.c.ends_at <= ended, session.c.seen_at <= unused))
            .limit(at_most)
            .with_for_update(skip_locked=True)
        )
        gone = delete(session).where(session.c.key.in_(spent)).returning(session.c.id)
        return len((await self._asked.execute(gone)).all())


def _row(value: Account) -> dict[str, Any]:
    return {
        **asdict(value),
        "realm": value.realm.value,
        "state": value.state.value,
        "act": value.act.value,
    }


def _account(row: Found[Any]) -> Account:
    members: dict[str, Any] = {name: getattr(row, name) for name in Account.__struct_fields__}
    members["realm"], members["state"] = Realm(row.realm), AccountState(row.state)
    members["act"] = Act(row.act)
    return Account(**members)


def _session(row: Found[Any]) -> Row:
    members: dict[str, Any] = {name: getattr(row, name) for name in Row.__struct_fields__}
    held = _KNOWN_ROLES.intersection(row.roles or ())
    members["roles"] = frozenset(Role(role) for role in held)
    members["realm"], members["state"] = Realm(row.realm), AccountState(row.state)
    return Row(**members)
