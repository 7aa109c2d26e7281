"""A real database as parties' rows are kept in it: for the application, and for its owner."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.database import engine


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Give an engine that acts as the application."""
    made = engine(database_url, pool_connections=5)
    yield made
    await made.dispose()


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Give an engine that acts as the owner: whoever has a shell, and may look everywhere."""
    made = engine(database_url, role=None, pool_connections=1)
    yield made
    await made.dispose()
