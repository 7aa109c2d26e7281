"""Tests of the database module."""

import asyncpg
import pytest

from gateway import database


async def test_a_pool_acts_as_the_role_it_was_opened_for(database_url: str) -> None:
    """Each part of the process has no more rights than its role."""
    async with await database.raw_pool(database_url, "motlan_append", 1) as pool:
        assert "motlan_append" == await pool.fetchval("SELECT current_user")


@pytest.mark.parametrize("role", ["motlan_app", "motlan_append", "motlan_sequencer"])
async def test_no_role_of_ours_may_write_a_live_right(database_url: str, role: str) -> None:
    """Rights follow the owners' rows through triggers, and through nothing else (P3)."""
    async with await database.raw_pool(database_url, role, 1) as pool:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute("INSERT INTO gateway.live_right VALUES ('service:x', 1, true)")
