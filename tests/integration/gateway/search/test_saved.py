"""Saved searches and reasons in the database."""

from collections.abc import AsyncGenerator
from uuid import UUID

import asyncpg
import pytest

from gateway import database
from gateway.clock import utc_now
from gateway.search.saved import MOST_SAVED, SavedSearches

NUMBER = "003190000123"


@pytest.fixture
async def saved(database_url: str) -> AsyncGenerator[SavedSearches]:
    """Give the saved searches of a fresh database, as a worker has them."""
    async with await database.raw_pool(database_url, "motlan_auditor", 1) as pool:
        yield SavedSearches(pool, utc_now)


async def test_an_account_keeps_a_bounded_number(saved: SavedSearches) -> None:
    """A script that saves in a loop fills no disk; others keep theirs."""
    kept = [await saved.add("kt-01", f"s{n}", "agency:H99") for n in range(MOST_SAVED + 2)]

    assert MOST_SAVED == sum(each is not None for each in kept)
    assert await saved.add("kt-02", "s0", "agency:H99") is not None
    assert MOST_SAVED == len(await saved.of("kt-01"))


async def test_the_database_too_refuses_a_number(saved: SavedSearches) -> None:
    """A later caller may forget the check (promise P6)."""
    with pytest.raises(asyncpg.CheckViolationError):
        await saved.add("kt-01", f"về {NUMBER}", "agency:H99")
    with pytest.raises(asyncpg.CheckViolationError):
        await saved.remember_reason(UUID(int=1), "kt-01", f"khiếu nại của {NUMBER}")
    with pytest.raises(asyncpg.CheckViolationError):
        await saved.remember_reason(UUID(int=1), "kt-01", "ngắn")
