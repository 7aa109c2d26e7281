"""The tables made anew while a keeper follows and auditors search."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from gateway import database
from gateway.search.filling import opened
from gateway.search.rebuilding import compare, projected, rebuild
from gateway.search.sought import Sought
from gateway.sequencing.repository import TreeRepository
from tests.audit_builders import a_deny, an_access
from tests.search_builders import Searched, searched


@pytest.fixture
async def log(database_url: str) -> AsyncGenerator[Searched]:
    """Give a followed database."""
    async with searched(database_url) as found:
        yield found


@pytest.fixture
async def tree(database_url: str) -> AsyncGenerator[TreeRepository]:
    """Give the log itself."""
    async with await database.raw_pool(database_url, "motlan_follower", 1) as pool:
        yield TreeRepository(pool)


async def test_a_rebuild_beside_a_keeper_is_whole_and_searches_go_on(
    log: Searched, tree: TreeRepository
) -> None:
    """Whoever asks meanwhile finds less, never something wrong, and is told how far it reaches."""
    await log.add(an_access() if n % 3 else a_deny() for n in range(6_000))
    before = await compare(log.repository, tree)
    keeper = asyncio.get_running_loop().create_task(log.follower.follow())
    filling = await opened(log.dsn)
    work = asyncio.get_running_loop().create_task(
        rebuild(filling, log.follower, log.repository, 6_000)
    )
    while not work.done():
        page = await log.repository.page(Sought(), rows=5)
        standing = await log.repository.standing()
        assert all(row.leaf_index < standing.next_index for row in page.rows)
    keeper.cancel()
    await asyncio.wait({keeper})
    await filling.aclose()

    assert (await work).next_index == 6_000
    assert before == await compare(log.repository, tree)
    assert before.equal


async def test_what_the_log_says_depends_on_the_log_alone(
    log: Searched, tree: TreeRepository
) -> None:
    """The same leaves give the same digest, whatever the tables hold."""
    await log.add(an_access() for _ in range(3))
    first = (await projected(tree, 0, 3)).hex()
    filling = await opened(log.dsn)
    await filling.rewind(0)
    await filling.aclose()

    assert first == (await projected(tree, 0, 3)).hex()
    assert first != (await projected(tree, 0, 2)).hex()
