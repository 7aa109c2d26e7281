"""The database says goodbye and its end is not heard yet: unavailable, and not a fault of ours."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from auth.accounts.errors import AccountsUnavailable
from auth.accounts.signing_in import Accounts
from auth.approvals.desk import RegistrationDesk
from auth.delegation.repository import RevokedTokens
from auth.errors import MemoryUnavailable, RegistrationsUnavailable
from auth.possession.repository import ProofRepository
from auth.repository import Desk
from auth.roles.desk import RoleDesk
from auth.roles.errors import RolesUnavailable
from auth.signon.refusals import Ending, SignOnRefused
from auth.signon.repository import Attempts
from auth.transactions import SILENCE
from gateway.database import engine, transaction
from tests.party_builders import CLIENT
from tests.pgproxy import PgProxy, end_server


class Dying:
    """Gives transactions in whose middle the server ends, or at whose end, before the commit."""

    def __init__(self, opened: AsyncEngine, proxy: PgProxy, dsn: str) -> None:
        self._opened = opened
        self._proxy = proxy
        self._dsn = dsn
        self.at_the_end = False

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[AsyncSession]:
        """Open one that has worked already."""
        async with transaction(self._opened) as session:
            await session.execute(text("SELECT 1"))
            if not self.at_the_end:
                await end_server(self._proxy, self._dsn)
            yield session
            if self.at_the_end:
                await end_server(self._proxy, self._dsn)


@pytest.fixture
async def dying(database_url: str, wire: tuple[PgProxy, str]) -> AsyncGenerator[Dying]:
    """Give transactions that end badly."""
    proxy, dsn = wire
    opened = engine(dsn, pool_connections=1)
    yield Dying(opened, proxy, database_url)
    await opened.dispose()


async def test_a_registration_cannot_be_read(dying: Dying) -> None:
    """A system is told to come again, not that it is unknown."""
    with pytest.raises(RegistrationsUnavailable):
        await Desk(dying).find(CLIENT)


@pytest.mark.parametrize("at_the_end", [False, True])
async def test_whoever_administers_systems_is_told(dying: Dying, *, at_the_end: bool) -> None:
    """Also when only the commit got lost: what was asked may have to be asked again."""
    dying.at_the_end = at_the_end

    with pytest.raises(RegistrationsUnavailable):
        await RegistrationDesk(dying).listed(None)


async def test_nobody_can_say_whether_a_token_was_taken_back(dying: Dying) -> None:
    """And so it does not count as good."""
    with pytest.raises(RegistrationsUnavailable):
        await RevokedTokens(dying).is_revoked("t1")


async def test_an_account_cannot_be_read(dying: Dying) -> None:
    """A person is told to come again, not that nobody knows them."""
    with pytest.raises(AccountsUnavailable):
        await Accounts(dying, lambda kind, _: kind).find("a1")


async def test_a_role_cannot_be_read(dying: Dying) -> None:
    """Whoever decides about roles is told, and decides again."""
    with pytest.raises(RolesUnavailable):
        await RoleDesk(dying).held("a1")


async def test_an_attempt_to_sign_on_cannot_be_taken(dying: Dying) -> None:
    """The browser is sent to begin anew."""
    with pytest.raises(SignOnRefused) as refused:
        await Attempts(dying).take(b"key", datetime(2026, 11, 20, tzinfo=UTC))

    assert Ending.DATABASE_UNAVAILABLE is refused.value.ending


async def test_the_memory_of_proofs_says_that_it_is_away(
    database_url: str, wire: tuple[PgProxy, str]
) -> None:
    """It speaks to the driver itself, whose own error for this is none of PostgreSQL's."""
    proxy, dsn = wire
    connection = await asyncpg.connect(dsn, timeout=10)
    await end_server(proxy, database_url)

    with pytest.raises(MemoryUnavailable) as away:
        await ProofRepository(connection).forget(0.0)
    connection.terminate()

    assert isinstance(away.value.__cause__, asyncpg.InternalClientError)
    assert isinstance(away.value.__cause__, SILENCE)
