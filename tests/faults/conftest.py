"""What tests of faults share: a hostile wire before the database."""

import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.pgproxy import PgProxy, a_proxy


@pytest.fixture
async def wire(database_url: str) -> AsyncGenerator[tuple[PgProxy, str]]:
    """Give a proxy before the database, and the DSN that leads through it."""
    with tempfile.TemporaryDirectory(prefix="mlp") as folder:
        async with a_proxy(database_url, Path(folder)) as pair:
            yield pair
