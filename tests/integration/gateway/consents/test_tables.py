"""The rows as the code describes them, and as the migration made them."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from gateway.consents.tables import SCHEMA, metadata


def differences(connection: Connection) -> list[Any]:
    """Return what would have to change for the two to agree."""

    def ours(name: str | None, kind: str, _parents: object) -> bool:
        return kind != "schema" or name == SCHEMA

    context = MigrationContext.configure(
        connection, opts={"include_schemas": True, "include_name": ours, "compare_type": True}
    )
    return compare_metadata(context, metadata)


async def test_the_description_is_what_the_migration_made(database_url: str) -> None:
    """A column that only one of them knows is found before it is missed."""
    address = database_url.replace("postgresql://", "postgresql+asyncpg://", 1)
    engine = create_async_engine(address)
    try:
        async with engine.connect() as connection:
            found = await connection.run_sync(differences)
    finally:
        await engine.dispose()

    assert [] == found
