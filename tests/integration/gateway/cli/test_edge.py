"""Tests of which database a command speaks to."""

from pathlib import Path

from gateway.cli.edge import chosen, reachable
from gateway.embedded import EmbeddedPostgres
from gateway.settings import load
from tests.embedded_places import a_directory


def test_a_database_that_runs_is_used_and_left_running() -> None:
    """A command beside a gateway must not stop the gateway's database."""
    with a_directory() as place, EmbeddedPostgres(place) as dsn:
        settings = load({"database": {"directory": place}}, {})
        with reachable(settings) as found:
            assert dsn == found
        assert EmbeddedPostgres(place).status().pid


def test_a_database_that_does_not_run_is_started_for_the_command() -> None:
    """`motlan db upgrade` works on a machine where nothing runs yet, and leaves it so."""
    with a_directory() as place:
        with reachable(load({"database": {"directory": place}}, {})):
            assert EmbeddedPostgres(place).status().pid
        assert EmbeddedPostgres(place).status().pid is None


def test_an_address_wins_over_a_directory() -> None:
    """Two flags at once: the address is the more definite one."""
    assert {"url": "postgresql://a@b/c"} == chosen("postgresql://a@b/c", Path("x"))
    assert {} == chosen(None, None)
