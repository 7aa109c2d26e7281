"""The outside judges, and a log for them."""

from pathlib import Path

import pytest

from tests.outside.judges import Go, Node
from tests.tlog_builders import SmallLog, entries

SIZE = 700  # two full tiles, a partial one, a level above


@pytest.fixture(scope="session")
def go(tmp_path_factory: pytest.TempPathFactory) -> Go:
    """Give Go's judge, or skip where the machine lacks it."""
    if missing := Go.missing():
        pytest.skip(missing)
    return Go.built(tmp_path_factory.mktemp("go"))


@pytest.fixture(scope="session")
def node() -> Node:
    """Give the judges of npm, or skip where the machine lacks them."""
    if missing := Node.missing():
        pytest.skip(missing)
    return Node()


@pytest.fixture(scope="session")
def log() -> SmallLog:
    """Give a log that was made by the formats alone."""
    return SmallLog(entries(SIZE))


@pytest.fixture
def folder(log: SmallLog, tmp_path: Path) -> Path:
    """Give the log as files, to be spoiled by one test."""
    log.write(tmp_path)
    return tmp_path
