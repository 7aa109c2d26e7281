"""Keys and settings live in files: what a node sees of them is compared with what it saw."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

import asyncpg
import pytest

from gateway.audit.events import Changed, Event
from gateway.audit.observed import Observed, Sight, digest_of
from tests.audit_rows import connected

OLD, NEW = hashlib.sha256(b"old").digest(), hashlib.sha256(b"new").digest()
DUE = "SELECT event, code, before, after, by FROM audit.change_due ORDER BY id"


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """Connections with the rights of the keeper's followers, and no more."""
    async with asyncpg.create_pool(
        database_url, min_size=1, max_size=4, server_settings={"role": "motlan_follower"}
    ) as made:
        yield made


async def due(dsn: str) -> list[tuple[object, ...]]:
    """Return what is owed, oldest first."""
    async with connected(dsn) as connection:
        return [tuple(row) for row in await connection.fetch(DUE)]


async def test_only_a_difference_is_owed(database_url: str, pool: asyncpg.Pool) -> None:
    """A gateway that restarts a hundred times with the same settings says so once."""
    observed = Observed(pool)
    told = [
        await observed.observe(Event.SETTINGS_APPLY, Changed.SETTINGS, "node-1", digest)
        for digest in (OLD, OLD, NEW, NEW, OLD)
    ]

    assert [True, False, True, False, True] == told
    assert [(None, OLD), (OLD, NEW), (NEW, OLD)] == [row[2:4] for row in await due(database_url)]


async def test_workers_that_start_together_owe_one_leaf(
    database_url: str, pool: asyncpg.Pool
) -> None:
    """Each worker of a node looks at its start; the record hears of it once."""
    observed = Observed(pool)
    told = await asyncio.gather(
        *(observed.observe(Event.SETTINGS_APPLY, Changed.SETTINGS, "node-1", NEW) for _ in range(8))
    )

    assert 1 == sum(told)
    assert 1 == len(await due(database_url))


async def test_a_look_tells_what_came_changed_and_went(
    database_url: str, pool: asyncpg.Pool
) -> None:
    """A key file that somebody put there, or took away, by hand is on record."""
    observed = Observed(pool)
    made = {"n/a": Sight(OLD, Event.KEY_CREATE), "n/b": Sight(OLD, Event.KEY_CREATE)}
    await observed.look(Changed.KEY, "n/", made)
    await observed.look(Changed.KEY, "other/", {})
    count = await observed.look(
        Changed.KEY, "n/", {"n/a": Sight(NEW, Event.KEY_DESTROY)}, by="quan-tri"
    )

    assert 2 == count
    assert [
        ("key.create", "n/a", None, OLD, None),
        ("key.create", "n/b", None, OLD, None),
        ("key.destroy", "n/a", OLD, NEW, "quan-tri"),
        ("key.destroy", "n/b", OLD, None, "quan-tri"),
    ] == await due(database_url)


async def test_an_announcement_is_owed_before_the_act(
    database_url: str, pool: asyncpg.Pool
) -> None:
    """In doubt the record over-reports: the intention stands even when the act fails."""
    await Observed(pool).owe(Event.KEY_REVOKE, Changed.KEY, "n/signing/k1", by="quan-tri")

    assert [("key.revoke", "n/signing/k1", None, None, "quan-tri")] == await due(database_url)


def test_a_digest_does_not_depend_on_the_order_of_members() -> None:
    """Settings that mean the same are the same, however the file was arranged."""
    assert digest_of({"a": 1, "b": {"c": 2, "d": 3}}) == digest_of({"b": {"d": 3, "c": 2}, "a": 1})
    assert digest_of({"a": 1}) != digest_of({"a": 2})
