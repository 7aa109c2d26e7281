"""The database says goodbye and its end is not heard yet: away, like any other absence."""

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway import database
from gateway.errors import Code, Refusal
from gateway.sequencing.store import Store
from tests.pgproxy import PgProxy, end_server


async def test_the_driver_says_it_with_an_error_of_its_own(
    database_url: str, wire: tuple[PgProxy, str]
) -> None:
    """Neither a PostgresError nor an InterfaceError: whoever names these two alone ends of it."""
    proxy, dsn = wire
    connection = await asyncpg.connect(dsn, timeout=10)
    await end_server(proxy, database_url)

    with pytest.raises(database.TROUBLES) as trouble:
        await connection.fetchval("SELECT 1")
    connection.terminate()

    assert asyncpg.InternalClientError is trouble.type
    assert isinstance(trouble.value, database.AWAY)


async def test_a_pool_refuses_once_and_goes_on(
    database_url: str, wire: tuple[PgProxy, str]
) -> None:
    """The caller hears that the database is away, not that we are at fault."""
    proxy, dsn = wire
    async with await database.raw_pool(dsn, "motlan_app", 1, patience_s=30) as pool:
        await pool.fetchval("SELECT 1")
        await end_server(proxy, database_url)

        with pytest.raises(Refusal, match=Code.DATABASE_UNAVAILABLE):
            await pool.fetchval("SELECT 1")
        assert 1 == await pool.fetchval("SELECT 1")


async def test_a_line_refuses_once_and_goes_on(
    database_url: str, wire: tuple[PgProxy, str]
) -> None:
    """It opens anew; the broken connection is not kept."""
    proxy, dsn = wire
    line = database.Line(dsn, "motlan_app", application_name="a line", patience_s=30)
    await line.fetchval("SELECT 1")
    await end_server(proxy, database_url)

    with pytest.raises(Refusal, match=Code.DATABASE_UNAVAILABLE):
        await line.fetchval("SELECT 1")
    assert 1 == await line.fetchval("SELECT 1")
    await line.close()


async def test_a_transaction_ends_in_an_error_of_the_drivers(
    database_url: str, wire: tuple[PgProxy, str]
) -> None:
    """In the middle of one, SQLAlchemy says it in its own words; those are among ours."""
    proxy, dsn = wire
    opened = database.engine(dsn, pool_connections=1)

    with pytest.raises(database.DRIVER_ERRORS):
        await interrupted(opened, proxy, database_url)
    async with database.transaction(opened) as session:
        assert 1 == await session.scalar(text("SELECT 1"))
    await opened.dispose()


async def interrupted(opened: AsyncEngine, proxy: PgProxy, dsn: str) -> None:
    """Ask twice in one transaction, with the server's end between."""
    async with database.transaction(opened) as session:
        await session.execute(text("SELECT 1"))
        await end_server(proxy, dsn)
        await session.execute(text("SELECT 1"))


async def test_the_sequencers_store_tells_it_as_a_trouble_to_wait_out(
    database_url: str, wire: tuple[PgProxy, str]
) -> None:
    """An error that the leader does not know would end the signing for good."""
    proxy, dsn = wire
    store = await Store.connect(dsn)
    await end_server(proxy, database_url)

    with pytest.raises(database.TROUBLES):
        await store.tree()
    store.connection.terminate()
