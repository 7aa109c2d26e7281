"""Systems and used assertions: values in and out; rows and SQL stay in here."""

import hashlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec
from sqlalchemy import delete, func, insert, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as insert_or_not
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from auth.errors import (
    KeyRefused,
    RegistrationConflict,
    RegistrationsUnavailable,
    SystemUnknown,
)
from auth.systems import Act, Note, Registration, System, SystemState
from auth.tables import system, used_assertion
from auth.transactions import SILENCE, Transaction

MIXED = "it has served the other environment: make another one"
_ENVIRONMENT = "a credential of the other environment"  # what the trigger says
_NEWEST = """
SELECT client_id, version, rev, state, act, agency, name_vi, name_en, jwks, sandbox, address_ranges,
  jwks_uri, certificates, ends, by, approved_by, reason, at
FROM auth.system WHERE client_id = $1 ORDER BY version DESC LIMIT 1
"""
_CLEANING_LOCK = 7_523_202_611_210_003  # whoever cleans holds it; the number means nothing


class SystemRepository:
    """Registrations of agency systems, every version of them."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, client_id: str) -> System:
        """Return the newest version of one system, whatever its state.

        Raises:
            SystemUnknown: none is registered under that id.
            RegistrationsUnavailable: the database did not answer.
        """
        newest = (
            select(system)
            .where(system.c.client_id == client_id)
            .order_by(system.c.version.desc())
            .limit(1)
        )
        async with answering():
            row = (await self._session.execute(newest)).mappings().one_or_none()
        if row is None:
            raise SystemUnknown
        return _system(row)

    async def listed(self) -> tuple[System, ...]:
        """Return the newest version of every system, by client id.

        Raises:
            RegistrationsUnavailable: the database did not answer.
        """
        newest = (
            select(system)
            .ext(distinct_on(system.c.client_id))
            .order_by(system.c.client_id, system.c.version.desc())
        )
        async with answering():
            return tuple(map(_system, (await self._session.execute(newest)).mappings()))

    async def history(self, client_id: str) -> tuple[System, ...]:
        """Return every version of one system, oldest first; nothing when it is unknown.

        Raises:
            RegistrationsUnavailable: the database did not answer.
        """
        every = select(system).where(system.c.client_id == client_id).order_by(system.c.version)
        async with answering():
            return tuple(map(_system, (await self._session.execute(every)).mappings()))

    async def append(self, version: System) -> None:
        """Store the next version of a system; its right changes in the same transaction.

        Raises:
            RegistrationConflict: somebody else stored that version first; the transaction is lost.
            KeyRefused: one of the credentials has served the other environment; likewise.
            RegistrationsUnavailable: the database did not answer.
        """
        async with answering():
            try:
                await self._session.execute(insert(system).values(_row(version)))
            except IntegrityError as taken:
                if _ENVIRONMENT in str(taken.orig):
                    raise KeyRefused(MIXED) from taken
                raise RegistrationConflict from taken


class AssertionRepository:
    """Which client assertions were used, over all workers."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def remember(self, client_id: str, jti: str, expires_at: float) -> bool:
        """Say whether this is the first use of an assertion, and remember it.

        The answer counts once the transaction is committed.  When two workers ask at the same
        instant, one waits for the other's commit and then hears False.

        Args:
            client_id: who made it.
            jti: its id.
            expires_at: Unix seconds; how long it could be presented again.

        Raises:
            RegistrationsUnavailable: the database did not answer; treat the assertion as used.
        """
        first = (
            insert_or_not(used_assertion)
            .values(
                client_id=client_id,
                jti_hash=hashlib.sha256(jti.encode()).digest(),
                expires_at=datetime.fromtimestamp(expires_at, UTC),
            )
            .on_conflict_do_nothing()
            .returning(used_assertion.c.client_id)
        )
        async with answering():
            return (await self._session.execute(first)).one_or_none() is not None

    async def forget(self, before: datetime, *, at_most: int = 1000) -> int:
        """Drop assertions that expired before *before*; return how many.

        One worker cleans at a time; the others find nothing to do.

        Raises:
            RegistrationsUnavailable: the database did not answer.
        """
        pair = (used_assertion.c.client_id, used_assertion.c.jti_hash)
        spent = (
            select(*pair)
            .where(used_assertion.c.expires_at < before)
            .order_by(used_assertion.c.expires_at)
            .limit(at_most)
        )
        alone = select(func.pg_try_advisory_xact_lock(_CLEANING_LOCK))
        async with answering():
            if not await self._session.scalar(alone):
                return 0
            dropped = await self._session.execute(
                delete(used_assertion).where(tuple_(*pair).in_(spent)).returning(pair[0])
            )
            return len(dropped.all())


class PublishedKeys(Protocol):
    """What the desk asks about keys that stand at an address."""

    async def complete(self, system: System, kid: str | None = None) -> System:
        """Return *system* with the keys that stand at its address, if it has one."""
        ...


class Noted(Protocol):
    """What the desk asks about use."""

    async def note(self, client_id: str, at: datetime) -> None:
        """Remember that a system got a token."""
        ...


class Runs(Protocol):
    """What is used of the driver's connections, each statement a transaction of its own."""

    async def fetchrow(self, query: str, *args: object) -> Any:  # noqa: ANN401 - a driver's row
        """Return the first row, None without one."""
        ...


class Desk:
    """What the token endpoint asks, each question in a transaction of its own.

    Args:
        transaction: opens one; it commits at the end, and rolls back on any error.
        published: reads keys at agencies' addresses; without it such systems prove nothing.
        uses: keeps when each system got a token last; without it nobody knows.
        runs: driver connections for the one question of every token request, which is half of its
            CPU when it goes through a session; without them it does.
    """

    def __init__(
        self,
        transaction: Transaction,
        published: PublishedKeys | None = None,
        uses: Noted | None = None,
        runs: Runs | None = None,
    ) -> None:
        self._transaction = transaction
        self._published = published
        self._uses = uses
        self._runs = runs

    async def find(self, client_id: str, *, kid: str | None = None) -> System:
        """Return the newest version of one system, whatever its state.

        Args:
            client_id: which.
            kid: id of the key that somebody claims to have used; when the agency publishes its keys
                itself and this one is not known yet, its address is asked.

        Raises:
            SystemUnknown: none is registered under that id.
            RegistrationsUnavailable: the database did not answer.
        """
        found = await self._newest(client_id)
        if self._published is None:
            return found
        return await self._published.complete(found, kid)

    async def remember(self, client_id: str, jti: str, expires_at: float) -> bool:
        """Say, once it is committed, whether this is the first use of an assertion.

        Raises:
            RegistrationsUnavailable: the database did not answer; treat the assertion as used.
        """
        async with answering(), self._transaction() as session:
            return await AssertionRepository(session).remember(client_id, jti, expires_at)

    async def note(self, client_id: str, at: datetime) -> None:
        """Note that a system got a token.

        Raises:
            RegistrationsUnavailable: the database did not answer.
        """
        if self._uses is not None:
            await self._uses.note(client_id, at)

    async def forget(self, before: datetime) -> int:
        """Drop a batch of assertions that expired before *before*; return how many.

        Raises:
            RegistrationsUnavailable: the database did not answer.
        """
        async with answering(), self._transaction() as session:
            return await AssertionRepository(session).forget(before)

    async def _newest(self, client_id: str) -> System:
        if self._runs is not None:
            return await _by_driver(self._runs, client_id)
        async with answering(), self._transaction() as session:
            return await SystemRepository(session).find(client_id)


async def _by_driver(runs: Runs, client_id: str) -> System:
    try:
        row = await runs.fetchrow(_NEWEST, client_id)
    except Exception as silent:  # whatever it is, nobody may be let in
        raise RegistrationsUnavailable from silent
    if row is None:
        raise SystemUnknown
    texts = {name: msgspec.json.decode(row[name]) for name in ("jwks", "ends")}
    return _system({**row, **texts})


@asynccontextmanager
async def answering() -> AsyncGenerator[None]:
    """Translate whatever the driver says into the one thing that it means to us."""
    try:
        yield
    except SILENCE as silent:
        raise RegistrationsUnavailable from silent


def _row(version: System) -> Mapping[str, Any]:
    return {
        **msgspec.structs.asdict(version.registration),
        "jwks": list(version.registration.jwks),
        "address_ranges": list(version.registration.address_ranges),
        "certificates": list(version.registration.certificates),
        "ends": {name: end.isoformat() for name, end in version.registration.ends.items()},
        "version": version.version,
        "rev": version.rev,
        "state": version.state.value,
        "act": version.act.value,
        "by": version.note.by,
        "approved_by": version.note.approved_by,
        "reason": version.note.reason,
        "at": version.note.at,
    }


def _system(row: Mapping[Any, Any]) -> System:
    return System(
        registration=Registration(
            client_id=row["client_id"],
            agency=row["agency"],
            name_vi=row["name_vi"],
            name_en=row["name_en"],
            jwks=tuple(row["jwks"]),
            sandbox=row["sandbox"],
            address_ranges=tuple(row["address_ranges"]),
            jwks_uri=row["jwks_uri"],
            certificates=tuple(row["certificates"]),
            ends={name: datetime.fromisoformat(end) for name, end in row["ends"].items()},
        ),
        version=row["version"],
        rev=row["rev"],
        state=SystemState(row["state"]),
        act=Act(row["act"]),
        note=Note(by=row["by"], reason=row["reason"], at=row["at"], approved_by=row["approved_by"]),
    )
