"""Tests of `motlan audit` on an empty log; rows are tested where they are made."""

from gateway.cli.exits import Exit
from tests.command_line import answer, motlan


def test_an_empty_log_is_an_empty_answer(database_url: str) -> None:
    """Nothing is not an error."""
    assert [] == answer("audit", "tail", "--url", database_url)
    assert [] == answer("audit", "search", "--agency", "000.01.02.H30", "--url", database_url)


def test_a_window_of_a_year_is_refused(database_url: str) -> None:
    """A search reads whole days, and must not read all of them."""
    window = ("--since", "2025-01-01T00:00:00", "--until", "2026-01-01T00:00:00")

    result = motlan("audit", "search", *window, "--url", database_url)

    assert Exit.REFUSED == result.exit_code
    assert "31 days" in result.stderr


def test_an_event_outside_the_vocabulary_is_a_mistake_of_usage() -> None:
    """The choices are in the help."""
    assert Exit.USAGE == motlan("audit", "search", "--event", "gossip").exit_code
