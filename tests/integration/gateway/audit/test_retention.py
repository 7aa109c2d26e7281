"""Partitions are there before anybody needs them."""

from datetime import timedelta

from gateway import database
from gateway.audit.retention import ensure_partitions
from gateway.clock import utc_now
from tests.audit_rows import connected


async def test_partitions_exist_two_days_ahead(database_url: str) -> None:
    """A writer must not fail at midnight for want of a table."""
    today = utc_now().date() + timedelta(days=20)
    engine = database.engine(database_url, role=None)
    async with database.transaction(engine) as session:
        await ensure_partitions(session, today)
    await engine.dispose()

    async with connected(database_url) as owner:
        for ahead in range(3):
            day = today + timedelta(days=ahead)
            name = f"audit.entry_{day:%Y%m%d}"
            assert await owner.fetchval("SELECT to_regclass($1)::text", name) == name
