"""What every test of disclosure on a real database needs."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.disclosure_builders import Disclosed, disclosed


@pytest.fixture
async def told(database_url: str, tmp_path: Path) -> AsyncGenerator[Disclosed]:
    """Give a followed log with all of disclosure over it."""
    async with disclosed(database_url, tmp_path) as made:
        yield made
