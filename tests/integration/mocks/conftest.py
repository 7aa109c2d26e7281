"""One province for all tests of the registers, built once."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from mocks.serving import serving


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the directory of the stores."""
    return tmp_path_factory.mktemp("stores")


@pytest.fixture
async def population(stores: Path) -> AsyncGenerator[str]:
    """Give the base URL of a population register."""
    async with serving("population", stores) as url:
        yield url


@pytest.fixture
async def land(stores: Path) -> AsyncGenerator[str]:
    """Give the base URL of a land register."""
    async with serving("land", stores) as url:
        yield url


@pytest.fixture
async def insurance(stores: Path) -> AsyncGenerator[str]:
    """Give the base URL of an insurance fund."""
    async with serving("insurance", stores) as url:
        yield url


@pytest.fixture
async def civil(stores: Path) -> AsyncGenerator[str]:
    """Give the base URL of a civil status register."""
    async with serving("civil", stores) as url:
        yield url
