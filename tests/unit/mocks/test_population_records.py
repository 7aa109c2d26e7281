"""The population register's store."""

import sqlite3
from collections.abc import Iterator

import pytest

from mocks.population_records import fill, find
from mocks.province import build


@pytest.fixture(scope="module")
def store() -> Iterator[sqlite3.Connection]:
    """Give a store of the cast and some neighbours."""
    connection = sqlite3.connect(":memory:")
    fill(connection, build.__wrapped__(1, 200))
    yield connection
    connection.close()


@pytest.mark.parametrize(
    "number", ["003085000505", "005085000500"], ids=["current number", "former number"]
)
def test_a_person_is_found_under_every_number_they_bore(
    store: sqlite3.Connection, number: str
) -> None:
    """Dossiers outlive numbers."""
    found = find(store, number)

    assert found is not None
    assert "003085000505" == found.number


@pytest.mark.parametrize(
    "number", ["003187002424", "003226002020", "000000000000"], ids=["hidden", "lost", "nobody"]
)
def test_whom_the_register_does_not_show_is_not_even_stored(
    store: sqlite3.Connection, number: str
) -> None:
    """What is not stored cannot leak through a later operation."""
    assert find(store, number) is None


def test_relations_are_known_from_both_sides(store: sqlite3.Connection) -> None:
    """Verifying a relative works for parents and for children."""
    mother, child = find(store, "003190000123"), find(store, "003222000090")

    assert mother is not None
    assert child is not None
    assert {"003088000451": "01", "003222000090": "04"} == mother.kin
    assert {"003088000451": "02", "003190000123": "03"} == child.kin


def test_a_widow_has_no_spouse_to_show(store: sqlite3.Connection) -> None:
    """The marriage ended; its number must not be supplied as current."""
    widow = find(store, "003164001313")

    assert widow is not None
    assert ("4", "") == (widow.marital, widow.spouse)
