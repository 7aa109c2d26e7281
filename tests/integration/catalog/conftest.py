"""A real database, with the seeded or the small catalog in it."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from catalog.repository import CatalogRepository, TwoPeople
from gateway import database
from tests.catalog_builders import TODAY, documents

PEOPLE = TwoPeople("demo:nguoi-soan", "demo:nguoi-duyet")


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Give connections of the role that owns the database: who publishes."""
    engine = database.engine(database_url, role=None)
    yield engine
    await engine.dispose()


@pytest.fixture
async def worker(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Give connections of the role of a running gateway: who only reads."""
    engine = database.engine(database_url)
    yield engine
    await engine.dispose()


@pytest.fixture
async def published(owner: AsyncEngine) -> AsyncEngine:
    """Give the owner's connections once the small catalog is published."""
    async with owner.begin() as connection:
        await CatalogRepository(connection).apply(documents(), PEOPLE, today=TODAY)
    return owner
