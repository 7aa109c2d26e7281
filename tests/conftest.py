"""What more than one folder of tests needs: a real PostgreSQL, and a fresh database in it."""

import asyncio
import itertools
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import asyncpg
import pytest
from hypothesis import HealthCheck, settings

from gateway import migrating
from gateway.embedded import EmbeddedPostgres
from tests.places import a_place

T = TypeVar("T")
NUMBERS = itertools.count(1)

# A busy machine is no fault of what is tested: nothing here is judged by how long it took.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a long run be ordered: `pytest tests/faults/test_no_record_no_data.py --rounds 200`."""
    parser.addoption("--rounds", type=int, default=5, help="kills under load (default: 5)")
    parser.addoption("--schedules", type=int, default=700, help="simulated schedules of the log")
    parser.addoption("--schedule-seed", type=int, default=20_261_121, help="which schedules")


def in_a_loop(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run *work* to its end in an event loop of its own, away from the tests' loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(work())).result(timeout=120)


def execute(dsn: str, *statements: str) -> None:
    """Run statements on one connection."""

    async def work() -> None:
        connection = await asyncpg.connect(dsn, timeout=10)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    in_a_loop(work)


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """Give the PostgreSQL of this test run: embedded, durable, on a socket in a short path."""
    with a_place("motlan-test-") as directory:
        server = EmbeddedPostgres(directory / "postgres")
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres) -> str:
    """Give the name of a database with every migration applied, to copy from."""
    execute(postgres.dsn(), "CREATE DATABASE template_motlan")
    in_a_loop(lambda: migrating.upgrade(postgres.dsn("template_motlan")))
    return "template_motlan"


@pytest.fixture
def empty_database_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """Give the DSN of a fresh database without any migration."""
    yield from _database(postgres, "template1")


@pytest.fixture
def database_url(postgres: EmbeddedPostgres, template: str) -> Iterator[str]:
    """Give the DSN of a fresh, migrated database; the role that signs on owns it."""
    yield from _database(postgres, template)


def _database(postgres: EmbeddedPostgres, template: str) -> Iterator[str]:
    name = f"test_{next(NUMBERS)}"
    execute(postgres.dsn(), f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    yield postgres.dsn(name)
    # As the superuser: autovacuum may be in it, and only its own account may end that.
    execute(postgres.dsn(user="postgres"), f"DROP DATABASE {name} WITH (FORCE)")
