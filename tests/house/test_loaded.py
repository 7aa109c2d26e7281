"""What a worker is made of: a library that it never uses weighs in each one, all the time."""

import subprocess
import sys

import pytest

from tests.house.tree import ROOT

UNUSED = {
    "a terminal": {"rich", "rich_click", "pygments", "gateway.cli.commands"},
    "migrations": {"alembic", "mako", "gateway.migrating"},
    "models of other kinds": {"pydantic.v1", "litestar.plugins.pydantic", "attrs"},
    "pages": {"jinja2"},
    "callers": {"requests", "aiohttp", "gateway.calling", "gateway.demo", "mocks"},
    "sources that the catalog does not name": {"lxml", "adapters.soap", "adapters.through_httpx"},
    "the other processes": {"gateway.keeper", "gateway.cli.keeping", "gateway.verification"},
}


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """Give the modules of a worker that has built its application, and opened nothing."""
    ended = subprocess.run(
        [sys.executable, "-m", "gateway.cli.bare", "tests.house.loading"],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return set(ended.stdout.split())


def test_a_worker_is_loaded_at_all(loaded: set[str]) -> None:
    """The other test finds nothing where there is nothing."""
    assert {"gateway.worker", "gateway.cli.worker", "uvicorn", "structlog", "litestar"} <= loaded


@pytest.mark.parametrize("use", UNUSED)
def test_a_worker_loads_nothing_for(loaded: set[str], use: str) -> None:
    """One import at the top of a module that it shares would bring it in."""
    assert set() == UNUSED[use] & loaded
