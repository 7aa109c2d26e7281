"""What a test asks of the database behind the writer's back."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg

from gateway.audit.writer import AuditWriter
from gateway.clock import Clock, utc_now
from tests.audit_builders import NODE
from tests.history import Row

ENTRIES = "SELECT writer, seq, entry, leaf FROM audit.entry ORDER BY writer, seq"
GRANT = "SELECT gateway.set_right($1, $2, $3, $4)"


@asynccontextmanager
async def connected(dsn: str) -> AsyncGenerator[Any]:
    """Give a driver connection as the owner."""
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        yield connection
    finally:
        await connection.close(timeout=5)


async def stored(dsn: str) -> list[Row]:
    """Return every record, writer by writer."""
    async with connected(dsn) as connection:
        return [Row(*row) for row in await connection.fetch(ENTRIES)]


async def grant(
    dsn: str, key: str, rev: int = 1, *, live: bool = True, valid_to: datetime | None = None
) -> None:
    """Set one right, as an owner's trigger does."""
    async with connected(dsn) as connection:
        await connection.execute(GRANT, key, rev, live, valid_to)


@asynccontextmanager
async def a_writer(
    dsn: str,
    *,
    clock: Clock = utc_now,
    node: str = NODE,
    **options: Any,
) -> AsyncGenerator[AuditWriter]:
    """Give a writer that has started; close it whatever happens."""
    writer = AuditWriter(dsn, node=node, clock=clock, **options)
    await writer.start()
    try:
        yield writer
    finally:
        await writer.aclose()


async def until(condition: Callable[[], Awaitable[bool]], within_s: float = 10.0) -> None:
    """Return once *condition* holds; fail when it does not in time."""
    for _ in range(int(within_s / 0.02)):
        if await condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"not within {within_s:g} s")
