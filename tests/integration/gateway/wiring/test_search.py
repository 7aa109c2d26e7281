"""The search as processes put it together: the keeper follows, a worker answers."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from auth.people import Role
from gateway.search.desk import Desk
from gateway.search.schemas import Ask
from gateway.settings import load
from gateway.wiring import people, search
from gateway.wiring.shared import Shared
from tests.audit_builders import an_access
from tests.audit_rows import connected, stored, until
from tests.folded import fold
from tests.people import a_person, token_for


@pytest.fixture
async def shared(database_url: str, tmp_path: Path) -> AsyncIterator[tuple[Shared, AsyncExitStack]]:
    """Give what parts get, with the log open, and what closes it."""
    settings = load(
        {
            "database": {"url": database_url},
            "audit": {"keys_dir": tmp_path / "pseudonyms"},
            "identity": {"keys_dir": tmp_path / "signing"},
        },
        {},
    )
    async with AsyncExitStack() as stack:
        made = Shared(settings)
        made.open_database(stack)
        await made.open_catalog(stack)
        await made.open_log(stack, "node-1.0")
        yield made, stack


async def test_what_the_keeper_follows_a_worker_finds(
    database_url: str, shared: tuple[Shared, AsyncExitStack]
) -> None:
    """One process copies, the other asks, and the look is in the record before the answer."""
    made, stack = shared
    await search.keep(stack, made)
    desk: Any = (await search.serve(stack, made))["audit_desk"]
    assert isinstance(desk, Desk)
    await fold(database_url, [an_access()])

    async def followed() -> bool:
        return (await desk.index()).searched_to == 1

    await until(followed)
    found = await desk.search(a_person(Role.AUDITOR), Ask(query="agency:H31.12"), b"{}")
    assert [0] == [each.index for each in found.records]
    rows = await stored(database_url)
    assert any(b'"type":"audit.search"' in row.entry for row in rows)


async def test_people_are_proven_by_the_settings_of_the_process(
    shared: tuple[Shared, AsyncExitStack],
) -> None:
    """A token for this gateway is good here."""
    made, stack = shared
    proven: Any = (await people.serve(stack, made))["people"]

    assert "kt-01" == proven.verify(token_for(made.settings, role=Role.AUDITOR)).id


async def test_the_connections_of_searches_are_counted(
    database_url: str, shared: tuple[Shared, AsyncExitStack]
) -> None:
    """Auditors who wait for one another show in the gauge, not only exchanges that do."""
    made, stack = shared
    await search.keep(stack, made)
    desk: Any = (await search.serve(stack, made))["audit_desk"]

    await desk.index()

    async with connected(database_url) as owner:
        pooled = await owner.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND application_name IN ('motlan', 'motlan search')"
        )
    counted: Any = made.meters.readings["db.client.connection.count"]()
    assert pooled == counted["used"] + counted["idle"] >= 3
