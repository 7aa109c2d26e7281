"""What every process of ours shows of itself, read from a thread as a scrape reads."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from gateway import __version__
from gateway.rights import Right
from gateway.settings import load
from gateway.wiring.shared import Shared
from tests.audit_builders import an_entry
from tests.audit_rows import grant

SYSTEM = Right("system:mot-cua", 1)


@pytest.fixture
async def shared(database_url: str, tmp_path: Path) -> AsyncIterator[Shared]:
    """Give the parts of a process with its log open."""
    settings = load(
        {
            "database": {"url": database_url, "pool_connections": 3},
            "audit": {"keys_dir": tmp_path / "pseudonyms"},
            "identity": {"keys_dir": tmp_path / "signing"},
        },
        {},
    )
    async with AsyncExitStack() as stack:
        made = Shared(settings)
        await made.open_management(stack, 0, {})
        made.open_database(stack)
        await made.open_log(stack, "node-1.0")
        yield made


async def read(shared: Shared, gauge: str) -> object:
    """Return what *gauge* reads in another thread."""
    return await asyncio.to_thread(shared.meters.readings[gauge])


async def test_the_last_commit_is_as_old_as_the_last_record(
    shared: Shared, database_url: str
) -> None:
    """An alert must come while an idle log cannot commit, and never because nobody asks."""
    await grant(database_url, SYSTEM.key)
    loop = asyncio.get_running_loop()
    before = loop.time()

    await shared.log.append(an_entry(SYSTEM))

    age = await read(shared, "motlan.audit.last_commit.age")
    assert isinstance(age, float)
    assert 0 <= age <= loop.time() - before


async def test_connections_of_every_pool_are_counted(shared: Shared) -> None:
    """One pool that is used up is hidden by none that is not opened."""
    gauge = "db.client.connection.count"
    before = await read(shared, gauge)
    await (await shared.pool("motlan_app")).fetchval("SELECT 1")
    await (await shared.pool("motlan_append")).fetchval("SELECT 1")

    assert {"used": 0, "idle": 0} == before
    assert {"used": 0, "idle": 2} == await read(shared, gauge)


async def test_a_process_says_which_release_it_is(shared: Shared) -> None:
    """After an upgrade one worker may be of yesterday."""
    assert {__version__: 1} == await read(shared, "motlan.build.info")
