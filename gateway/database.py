"""The database: engine, one transaction for each use case, driver pools, migrations."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeAlias, TypeVar, cast

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import AdaptedConnection, Connection, ExecutionContext, NullPool, event, text
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

from gateway.errors import Code, Refusal

# Whoever migrates holds this lock; the number means nothing but must never change.
MIGRATION_LOCK = 6_171_014_926_812_331
OLDEST_MAJOR = 15

STATEMENT_TIMEOUT_MS = 5_000  # for requests; longer than the longest deadline a caller may ask for
LOCK_TIMEOUT_MS = 2_000
IDLE_IN_TRANSACTION_MS = 15_000
MIGRATION_LOCK_TIMEOUT_MS = 5_000  # a migration that waits longer would queue all traffic behind it
MIGRATION_STATEMENT_TIMEOUT_MS = 600_000

LOCK_NOT_AVAILABLE = "55P03"

PATIENCE_S = 1.5  # for a place, for an answer, and for letting go: three steps, each bounded

Row: TypeAlias = asyncpg.Record
Answer = TypeVar("Answer")

# What a database that is away looks like, as opposed to one that says no.
AWAY: tuple[type[Exception], ...] = (
    OSError,  # TimeoutError among them
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
)

# Every way in which the driver, or SQLAlchemy above it, fails.
DRIVER_ERRORS: tuple[type[Exception], ...] = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    SQLAlchemyError,
)


class MigrationBusy(Exception):
    """Another process migrates this database and did not finish in time."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"another process migrates this database; waited {wait_s:g} s")


class RevisionUnknown(Exception):
    """The database is at a revision that this release does not know: a newer one wrote it."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"the database is at revision {revision}, which this release does not know; "
            f"install the release that wrote it"
        )
        self.revision = revision


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


def engine(
    dsn: str,
    *,
    pool_connections: int = 10,
    role: str | None = "motlan_app",
    application_name: str = "motlan",
) -> AsyncEngine:
    """Return an engine whose connections act as *role*; nothing is opened yet.

    Args:
        dsn: ``postgresql://``, with any option that asyncpg reads.
        pool_connections: the most connections kept or opened, 1 to 100.
        role: the database role of every statement; None for the one that signs on.
        application_name: what ``pg_stat_activity`` shows.
    """
    settings = server_settings(role, application_name)
    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=_creator(dsn, settings),
        pool_size=pool_connections,
        max_overflow=0,
        pool_timeout=LOCK_TIMEOUT_MS / 1000,
        pool_pre_ping=True,
        pool_recycle=1800,
        hide_parameters=True,  # an error that prints its values could print a person (promise P6)
    )


@asynccontextmanager
async def transaction(of: AsyncEngine) -> AsyncGenerator[AsyncSession, None]:
    """Open one session with one transaction: committed at the end, rolled back on any error."""
    async with AsyncSession(of, expire_on_commit=False) as session, session.begin():
        yield session


class Pool:
    """Driver connections for the paths of exchanges; nobody waits long for a hanging database.

    The driver's own pool has no bound for giving a connection back, and a server that stands still
    would hold a caller there for ever.
    """

    def __init__(self, pool: "asyncpg.Pool[Row]", patience_s: float = PATIENCE_S) -> None:
        self._pool = pool
        self._patience_s = patience_s

    async def fetch(self, query: str, *args: object) -> list[Row]:
        """Return all rows; raise Refusal DATABASE_UNAVAILABLE when the database is away."""
        async with self._connection() as connection:
            return await connection.fetch(query, *args)

    async def fetchrow(self, query: str, *args: object) -> Row | None:
        """Return the first row; raise as `fetch`."""
        async with self._connection() as connection:
            return await connection.fetchrow(query, *args)

    async def fetchval(self, query: str, *args: object) -> Any:  # noqa: ANN401 - a column's value
        """Return the first column of the first row; raise as `fetch`."""
        async with self._connection() as connection:
            return await connection.fetchval(query, *args)

    async def execute(self, query: str, *args: object) -> str:
        """Run one statement and return its status; raise as `fetch`."""
        async with self._connection() as connection:
            return await connection.execute(query, *args)

    async def close(self) -> None:
        """Let go of every connection, at once where the server does not answer."""
        try:
            async with asyncio.timeout(self._patience_s):
                await self._pool.close()
        except AWAY:
            self._pool.terminate()

    async def __aenter__(self) -> Self:
        """Give the pool itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.close()

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator["asyncpg.Connection[Row]"]:
        """Give a connection; acquiring and releasing it are bounded by the same patience."""
        try:
            async with self._pool.acquire(timeout=self._patience_s) as connection:
                yield connection
        except AWAY as away:
            raise Refusal(Code.DATABASE_UNAVAILABLE) from away


async def raw_pool(
    dsn: str,
    role: str | None,
    size: int,
    *,
    application_name: str = "motlan",
    statement_timeout_ms: int = STATEMENT_TIMEOUT_MS,
    patience_s: float = PATIENCE_S,
) -> Pool:
    """Open a pool of driver connections for the paths that live on array parameters.

    Args:
        dsn: ``postgresql://``, with any option that asyncpg reads.
        role: the database role of every statement; None for the one that signs on.
        size: the most connections, 1 to 100; one is opened at once.
        application_name: what ``pg_stat_activity`` shows.
        statement_timeout_ms: the longest a statement may run; 0 for no bound.
        patience_s: the longest that we wait for a connection, for an answer, and for giving the
            connection back.

    Raises:
        OSError: nobody listens.
        asyncpg.PostgresError: the server refuses us, or *role*.
    """
    settings = server_settings(role, application_name, statement_timeout_ms=statement_timeout_ms)
    pool = await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=size,
        timeout=10,
        command_timeout=patience_s,
        server_settings=settings,
    )
    return Pool(pool, patience_s)


def server_settings(
    role: str | None,
    application_name: str,
    *,
    statement_timeout_ms: int = STATEMENT_TIMEOUT_MS,
) -> dict[str, str]:
    """Return what a connection asks of the server when it opens: role, bounds, name."""
    settings = {
        "application_name": application_name[:63],
        "timezone": "UTC",
        "statement_timeout": str(statement_timeout_ms),
        "lock_timeout": str(LOCK_TIMEOUT_MS),
        "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS),
    }
    return settings | ({"role": role} if role else {})


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


def scripts() -> Path:
    """Return the folder of the migrations: in the wheel, or at the root of a checkout."""
    here = Path(__file__).parent
    inside = here / "_migrations"
    return inside if inside.is_dir() else here.parent / "migrations"


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
            await connection.execute(text(f"SET lock_timeout = {MIGRATION_LOCK_TIMEOUT_MS}"))
            await connection.commit()
            yield connection, _configuration(connection.sync_connection, folder)
    finally:
        await migrator.dispose()


def _sqlstate(error: Exception) -> str | None:
    return getattr(getattr(error, "orig", None), "sqlstate", None)


def _migrator(dsn: str) -> AsyncEngine:
    settings = server_settings(
        None, "motlan-migrate", statement_timeout_ms=MIGRATION_STATEMENT_TIMEOUT_MS
    )
    settings["idle_in_transaction_session_timeout"] = "0"
    made = create_async_engine(
        "postgresql+asyncpg://", async_creator=_creator(dsn, settings), poolclass=NullPool
    )
    event.listen(made.sync_engine, "do_execute", _run_script)
    return made


def _creator(dsn: str, settings: dict[str, str]) -> Callable[..., Any]:
    """Open connections by DSN, so that there is one grammar for addresses: asyncpg's."""

    async def connect(*_: object, **__: object) -> asyncpg.Connection:
        return await asyncpg.connect(dsn, timeout=10, server_settings=settings)

    return connect


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
