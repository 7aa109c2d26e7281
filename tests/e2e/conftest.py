"""One province for all end-to-end tests; each test takes people and systems of its own."""

from collections.abc import Callable, Iterator

import pytest

from gateway.calling.system import System
from gateway.demo.province import Province
from tests.province import a_province, system_of


@pytest.fixture(scope="session")
def province() -> Iterator[Province]:
    """Give the running province."""
    with a_province() as running:
        yield running


@pytest.fixture(scope="session")
def system(province: Province) -> Callable[[str], System]:
    """Give the caller of a client id; it keeps its token as long as it lives."""
    known: dict[str, System] = {}

    def of(client_id: str) -> System:
        if client_id not in known:
            known[client_id] = system_of(province, client_id)
        return known[client_id]

    return of
