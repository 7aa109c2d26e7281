"""One SQLite file for each register, built once."""

import sqlite3
from pathlib import Path

import pytest

from mocks.province import Province
from mocks.store import opened


def fill(connection: sqlite3.Connection, province: Province) -> None:
    """Write how many people there are."""
    connection.execute("CREATE TABLE counted (people INTEGER)")
    connection.execute("INSERT INTO counted VALUES (?)", (len(province.people),))


def never(connection: sqlite3.Connection, province: Province) -> None:
    """Fail, because nothing is to be built."""
    raise AssertionError((connection, province))


def test_a_store_is_built_once_and_then_only_read(tmp_path: Path) -> None:
    """Registers start often; the province is the same each time."""
    first = opened(tmp_path, "land", fill, seed=1, people=24)
    second = opened(tmp_path, "land", never, seed=1, people=24)

    assert [(24,)] == second.execute("SELECT people FROM counted").fetchall()
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        first.execute("DELETE FROM counted")
    first.close()
    second.close()


def test_a_store_that_failed_to_build_is_not_there(tmp_path: Path) -> None:
    """Half a register would answer 'no match' about the other half."""
    with pytest.raises(AssertionError):
        opened(tmp_path, "land", never, seed=1, people=24)

    store = opened(tmp_path, "land", fill, seed=1, people=24)

    assert [(24,)] == store.execute("SELECT people FROM counted").fetchall()
    store.close()


def test_a_store_of_older_code_is_swept_away(tmp_path: Path) -> None:
    """Megabytes would pile up with every change of the province."""
    other_size = tmp_path / "land-1-240-0123456789ab.sqlite"
    older = tmp_path / "land-1-24-0123456789ab.sqlite"
    for path in (other_size, older):
        path.touch()

    opened(tmp_path, "land", fill, seed=1, people=24).close()

    assert not older.exists()
    assert other_size.exists()
