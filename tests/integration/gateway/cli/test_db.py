"""Tests of `motlan db`, against a server of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.cli.exits import Exit
from gateway.embedded import EmbeddedPostgres
from tests.command_line import answer, motlan
from tests.embedded_places import a_directory


@pytest.fixture
def directory() -> Iterator[Path]:
    """Give a place for a server, and see that none is left running there."""
    with a_directory() as place:
        yield place
        EmbeddedPostgres(place).stop()


def test_a_database_is_started_migrated_and_stopped(directory: Path) -> None:
    """The life of a database in the hands of an operator."""
    here = ("--directory", str(directory))

    started = answer("db", "start", *here)
    again = answer("db", "start", *here)
    before = motlan("db", "check", *here)
    moved = answer("db", "upgrade", *here)
    after = answer("db", "check", *here)
    stopped = answer("db", "stop", *here)

    assert started["pid"] == again["pid"] == stopped["stopped"]
    assert Exit.MIGRATIONS == before.exit_code
    assert "motlan db upgrade" in before.stderr
    assert [] == after["pending"]
    assert moved["current"] == after["head"]
    assert answer("db", "stop", *here)["stopped"] is None


def test_a_directory_in_use_is_told(directory: Path) -> None:
    """The second gateway learns who the first is."""
    with EmbeddedPostgres(directory):
        refused = answer("db", "stop", "--directory", str(directory))["error"]

    assert ("DirectoryInUse", Exit.DATABASE) == (refused["kind"], refused["code"])


def test_taking_back_asks_twice(database_url: str) -> None:
    """Data goes with the migrations."""
    asked = motlan("db", "downgrade", "--revision", "base", "--url", database_url)
    head = answer("db", "current", "--url", database_url)["current"]
    done = answer("db", "downgrade", "--revision", "base", "--yes", "--url", database_url)

    assert Exit.REFUSED == asked.exit_code
    assert head
    assert {"current": None} == done


def test_a_server_that_is_not_ours_is_not_started(database_url: str) -> None:
    """A province's server has its own operators."""
    assert Exit.REFUSED == motlan("db", "start", "--url", database_url).exit_code


def test_an_address_where_nobody_listens() -> None:
    """The commonest mistake of all has its own number, and no stack."""
    result = motlan("db", "current", "--url", "postgresql://gw:s3cret@127.0.0.1:1/x")

    assert Exit.DATABASE == result.exit_code
    assert "s3cret" not in result.output


def test_a_flag_for_a_directory_sets_a_configured_address_aside(directory: Path) -> None:
    """Who names a directory means it."""
    env = {"MOTLAN_DATABASE__URL": "postgresql://gw@127.0.0.1:1/x"}

    assert {"current": None} == answer("db", "current", "--directory", str(directory), env=env)
