"""Sign-on for systems as a worker wires it, and what the keeper forgets beside it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from auth.delegation.repository import RevokedTokens
from gateway.clock import utc_now
from gateway.database import transaction
from gateway.settings import load
from gateway.wiring import tokens
from gateway.wiring.shared import Shared
from tests.party_builders import CLIENT

LONGEST_S = 30


@pytest.fixture
async def shared(database_url: str, tmp_path: Path) -> AsyncIterator[Shared]:
    """Give the parts of a process."""
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
        made.open_database(stack)
        yield made


async def test_the_keeper_forgets_what_could_not_live_any_more(shared: Shared) -> None:
    """Also when nobody revokes anything again; what could still live somewhere stays."""
    taken = RevokedTokens(lambda: transaction(shared.engine))
    now = utc_now().timestamp()
    for token_id, expires_at in (("long-over", now - 7200), ("over", now - 60), ("new", now + 60)):
        await taken.revoke(token_id, CLIENT, expires_at)

    async with AsyncExitStack() as stack, asyncio.timeout(LONGEST_S):
        await tokens.keep(stack, shared)
        while await taken.is_revoked("long-over"):
            await asyncio.sleep(0.05)

    assert [True, True] == [await taken.is_revoked(each) for each in ("over", "new")]


async def test_a_worker_gives_its_routes_all_that_they_ask_for(shared: Shared) -> None:
    """By the names they ask with; without a staff provider nothing is exchanged."""
    async with AsyncExitStack() as stack:
        given = await tokens.serve(stack, shared)

    assert set(tokens.PROVIDES) == given.keys()
