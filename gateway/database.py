"""The database: engine, one transaction for each use case, driver pools."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeAlias

import asyncpg
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import QueuePool

from gateway.errors import Code, Refusal

OLDEST_MAJOR = 15

STATEMENT_TIMEOUT_MS = 5_000  # for requests; longer than the longest deadline a caller may ask for
LOCK_TIMEOUT_MS = 2_000
IDLE_IN_TRANSACTION_MS = 15_000

PATIENCE_S = 1.5  # for a place, for an answer, and for letting go: three steps, each bounded

Row: TypeAlias = asyncpg.Record

_CUT: tuple[type[Exception], ...] = (
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # asked between the server's farewell and its end
)

# What a database that is away looks like, as opposed to one that says no.
AWAY: tuple[type[Exception], ...] = (
    *_CUT,
    OSError,  # TimeoutError among them
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
)

# Every way in which the driver, or SQLAlchemy above it, fails.
DRIVER_ERRORS: tuple[type[Exception], ...] = (
    *_CUT,
    asyncpg.PostgresError,
    SQLAlchemyError,
)

# It is away, refuses, or answered too late: for whoever tries again later, whatever it was.
TROUBLES: tuple[type[Exception], ...] = (*DRIVER_ERRORS, OSError)


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
        async_creator=creator(dsn, settings),
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


class Held(NamedTuple):
    """Connections of a pool."""

    used: int
    idle: int


def held(of: AsyncEngine) -> Held:
    """Return the connections of an engine now; for any thread."""
    pool = of.pool
    return Held(pool.checkedout(), pool.checkedin()) if isinstance(pool, QueuePool) else Held(0, 0)


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

    @property
    def held(self) -> Held:
        """The connections now; for any thread."""
        idle = self._pool.get_idle_size()
        return Held(max(0, self._pool.get_size() - idle), idle)

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


class Line:
    """One driver connection for one user, who asks one thing after the other, all the time.

    Against a pool it spares each statement the way there and back, and the question that resets a
    connection.  It opens at first use, and anew after it broke.
    """

    def __init__(
        self, dsn: str, role: str, *, application_name: str, patience_s: float = PATIENCE_S
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            dsn: ``postgresql://``, with any option that asyncpg reads.
            role: the database role of every statement.
            application_name: what ``pg_stat_activity`` shows.
            patience_s: the longest that we wait for a connection, and for an answer.
        """
        self._dsn = dsn
        self._settings = server_settings(role, application_name)
        self._patience_s = patience_s
        self._connection: asyncpg.Connection[Row] | None = None

    async def fetchrow(self, query: str, *args: object) -> Row | None:
        """Return the first row; raise Refusal DATABASE_UNAVAILABLE when the database is away."""
        try:
            connection = self._connection or await self._opened()
            return await connection.fetchrow(query, *args)
        except AWAY as away:
            self._cut()
            raise Refusal(Code.DATABASE_UNAVAILABLE) from away

    async def fetchval(self, query: str, *args: object) -> Any:  # noqa: ANN401 - a column's value
        """Return the first column of the first row; raise as `fetchrow`."""
        row = await self.fetchrow(query, *args)
        return None if row is None else row[0]

    async def close(self) -> None:
        """Let go, at once where the server does not answer."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            await connection.close(timeout=self._patience_s)
        except AWAY:
            connection.terminate()

    async def _opened(self) -> "asyncpg.Connection[Row]":
        connection = await asyncpg.connect(
            self._dsn,
            timeout=self._patience_s,
            command_timeout=self._patience_s,
            server_settings=self._settings,
        )
        self._connection = connection
        return connection

    def _cut(self) -> None:
        """Drop what broke: after a timeout the next answer could be that of another question."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()


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
        **_UNKNOWN,
    )
    return Pool(pool, patience_s)


async def _as_it_is(_: object) -> None:
    """Spare each statement the question that resets a connection: alone it leaves nothing behind.

    Who would take a lock, listen or set anything for a session, opens a connection of its own.
    """


# The type checker's own description of the driver is of an older release.
_UNKNOWN: dict[str, Any] = {"reset": _as_it_is}


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


def creator(dsn: str, settings: dict[str, str]) -> Callable[..., Any]:
    """Return what opens connections by DSN: one grammar for addresses, the driver's."""

    async def connect(*_: object, **__: object) -> asyncpg.Connection:
        return await asyncpg.connect(dsn, timeout=10, server_settings=settings)

    return connect


def scripts() -> Path:
    """Return the folder of the migrations: in the wheel, or at the root of a checkout."""
    here = Path(__file__).parent
    inside = here / "_migrations"
    return inside if inside.is_dir() else here.parent / "migrations"


def newest_revision() -> str:
    """Return the number of the last migration of this release, by its file's name."""
    return max(file.stem.partition("_")[0] for file in (scripts() / "versions").glob("[0-9]*.py"))


async def is_at_head(pool: Pool) -> bool:
    """Say whether the last migration has been applied; reads one row, and loads no Alembic.

    Raises:
        Refusal: DATABASE_UNAVAILABLE, it is away.
    """
    at = await pool.fetchval("SELECT version_num FROM alembic_version")
    return bool(at == newest_revision())
