"""Migrations: how far a database is, and what takes it there; for commands, not for workers."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import AdaptedConnection, Connection, ExecutionContext, NullPool, event, text
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from gateway.database import MigrationBusy, RevisionUnknown, creator, scripts, server_settings

# Whoever migrates holds this lock; the number means nothing but must never change.
MIGRATION_LOCK = 6_171_014_926_812_331
LOCK_TIMEOUT_MS = 5_000  # a migration that waits longer would queue all traffic behind it
STATEMENT_TIMEOUT_MS = 600_000

LOCK_NOT_AVAILABLE = "55P03"

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Migrations:
    """How far a database is."""

    current: str | None  # None: nothing has been applied
    head: str
    pending: tuple[str, ...]  # in the order they will be applied

    @property
    def at_head(self) -> bool:
        """Whether nothing is left to apply."""
        return not self.pending


async def upgrade(
    dsn: str, revision: str = "head", *, wait_s: float = 60, folder: Path | None = None
) -> None:
    """Apply the missing migrations up to *revision*, alone, each in a transaction of its own.

    Args:
        dsn: of the owner of the database.
        revision: number of the last migration to apply, or ``head``.
        wait_s: how long to wait for another process that migrates, seconds.
        folder: other migrations than those of this release.

    Raises:
        MigrationBusy: another process migrates and did not finish in *wait_s*.
        RevisionUnknown: a newer release migrated this database.
    """
    async with _migrating(dsn, wait_s, folder) as (connection, configuration):
        await connection.run_sync(_known, configuration)
        await connection.run_sync(lambda _: command.upgrade(configuration, revision))


async def downgrade(
    dsn: str, revision: str, *, wait_s: float = 60, folder: Path | None = None
) -> None:
    """Take migrations back down to *revision*, or ``base``; their data goes with them.

    Raises:
        MigrationBusy: another process migrates and did not finish in *wait_s*.
        RevisionUnknown: a newer release migrated this database.
    """
    async with _migrating(dsn, wait_s, folder) as (connection, configuration):
        await connection.run_sync(_known, configuration)
        await connection.run_sync(lambda _: command.downgrade(configuration, revision))


async def check(dsn: str) -> Migrations:
    """Compare a database with the migrations of this release.

    Raises:
        RevisionUnknown: a newer release migrated this database.
    """
    return await _looking(dsn, lambda connection: _known(connection, _configuration(connection)))


async def current(dsn: str) -> str | None:
    """Return the revision a database is at; None when nothing has been applied."""
    return await _looking(dsn, _revision)


async def _looking(dsn: str, question: Callable[[Connection], Answer]) -> Answer:
    viewer = _migrator(dsn)
    try:
        async with viewer.connect() as connection:
            return await connection.run_sync(question)
    finally:
        await viewer.dispose()


@asynccontextmanager
async def _migrating(
    dsn: str, wait_s: float, folder: Path | None
) -> AsyncGenerator[tuple[AsyncConnection, Config], None]:
    """Give the one connection that may migrate; the lock ends with the connection."""
    migrator = _migrator(dsn)
    try:
        async with migrator.connect() as connection:
            try:
                await connection.execute(text(f"SET lock_timeout = {int(wait_s * 1000) or 1}"))
                await connection.execute(text(f"SELECT pg_advisory_lock({MIGRATION_LOCK})"))
            except Exception as error:
                if _sqlstate(error) == LOCK_NOT_AVAILABLE:
                    raise MigrationBusy(wait_s) from error
                raise
            await connection.execute(text(f"SET lock_timeout = {LOCK_TIMEOUT_MS}"))
            await connection.commit()
            yield connection, _configuration(connection.sync_connection, folder)
    finally:
        await migrator.dispose()


def _sqlstate(error: Exception) -> str | None:
    return getattr(getattr(error, "orig", None), "sqlstate", None)


def _migrator(dsn: str) -> AsyncEngine:
    settings = server_settings(None, "motlan-migrate", statement_timeout_ms=STATEMENT_TIMEOUT_MS)
    settings["idle_in_transaction_session_timeout"] = "0"
    made = create_async_engine(
        "postgresql+asyncpg://", async_creator=creator(dsn, settings), poolclass=NullPool
    )
    event.listen(made.sync_engine, "do_execute", _run_script)
    return made


def _run_script(
    cursor: DBAPICursor, statement: str, parameters: object, context: ExecutionContext
) -> bool:
    """Send a migration's script of several statements in one message.

    The driver prepares what it is given, and PostgreSQL prepares one statement at a time; without
    this each migration would have to be cut at its semicolons, also inside function bodies.

    Returns:
        True when the statement has been executed here.
    """
    if parameters or ";" not in statement.rstrip().rstrip(";"):
        return False
    cursor.execute("SELECT 1")  # opens the transaction as the adapter itself does
    adapted = cast("AdaptedConnection", context.root_connection.connection.dbapi_connection)
    adapted.run_async(lambda driver: driver.execute(statement))
    return True


def _configuration(connection: Connection | None, folder: Path | None = None) -> Config:
    configuration = Config()
    place = str(folder or scripts()).replace("%", "%%")
    configuration.set_main_option("script_location", place)
    configuration.attributes["connection"] = connection
    return configuration


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _known(connection: Connection, configuration: Config) -> Migrations:
    """Return how far the database is; raise when it is ahead of us."""
    chain = ScriptDirectory.from_config(configuration)
    at = _revision(connection)
    connection.commit()
    numbers = [script.revision for script in chain.walk_revisions()]
    if at is not None and at not in numbers:
        raise RevisionUnknown(at)
    pending = numbers[: numbers.index(at)] if at else numbers
    return Migrations(at, numbers[0], tuple(reversed(pending)))
