"""The token endpoint while its database fails: nobody is let in, and it mends by itself."""

from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import asyncpg
import pytest

from auth.issuer import PATIENCE_S
from gateway.embedded import EmbeddedPostgres
from tests.oauth_servers import an_application, ask, register, serving
from tests.party_builders import a_system


@pytest.fixture
def base(database_url: str, tmp_path: Path) -> Iterator[str]:
    """Give the URL of a worker."""
    with serving(an_application(database_url, tmp_path / "keys")) as url:
        yield url


async def test_a_database_that_hangs_lets_nobody_in(base: str, database_url: str) -> None:
    """Invariant I7: a clear 503 within its time, not a token and not a hang."""
    await register(database_url, a_system())
    holder = await asyncpg.connect(database_url)
    async with holder.transaction():
        await holder.execute("LOCK TABLE auth.used_assertion IN ACCESS EXCLUSIVE MODE")
        began = monotonic()
        refused = await ask(base)
        took = monotonic() - began
    await holder.close()

    granted = await ask(base)

    assert (503, "database_unavailable") == (refused.status_code, refused.json()["code"])
    assert took < PATIENCE_S + 1
    assert 200 == granted.status_code


async def test_a_database_that_is_gone_lets_nobody_in_and_comes_back(
    base: str, database_url: str, postgres: EmbeddedPostgres
) -> None:
    """Every connection cut and no new one allowed, then allowed again: no restart is needed."""
    await register(database_url, a_system())
    warm = await ask(base)
    name = (await said(database_url, "SELECT current_database()")) or ""
    await said(
        postgres.dsn(),
        f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
    )

    gone = await ask(base)
    await said(postgres.dsn(), f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    back = await ask(base)

    assert [200, 503, 200] == [each.status_code for each in (warm, gone, back)]


async def said(dsn: str, *statements: str) -> str | None:
    """Run statements on one connection; return what the last one said first."""
    connection = await asyncpg.connect(dsn)
    try:
        values = [await connection.fetchval(statement) for statement in statements]
    finally:
        await connection.close()
    return values[-1]
