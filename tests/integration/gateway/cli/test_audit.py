"""Tests of `motlan audit` on an empty log; rows are tested where they are made."""

import asyncio

from gateway.cli.exits import Exit
from tests.command_line import answer, motlan
from tests.replays import append, tamper


def test_an_empty_log_is_an_empty_answer(database_url: str) -> None:
    """Nothing is not an error."""
    assert [] == answer("audit", "tail", "--url", database_url)
    assert [] == answer("audit", "search", "--agency", "000.01.02.H30", "--url", database_url)


def test_a_damaged_record_is_shown_as_what_it_is(database_url: str) -> None:
    """Its bytes may be no text any more; the whole ones beside it are shown all the same."""
    asyncio.run(append(database_url, 2))
    spoil = "UPDATE audit.entry SET entry = set_byte(entry, 60, 255) WHERE seq = 1"
    asyncio.run(tamper(database_url, spoil))

    lines = answer("audit", "tail", "--url", database_url)

    assert [1, 0, 2, 3] == [each["seq"] for each in lines]
    assert "ff" in lines[0]["damaged"]
    assert all("entry" in each for each in lines[1:])


def test_a_window_of_a_year_is_refused(database_url: str) -> None:
    """A search reads whole days, and must not read all of them."""
    window = ("--since", "2025-01-01T00:00:00", "--until", "2026-01-01T00:00:00")

    result = motlan("audit", "search", *window, "--url", database_url)

    assert Exit.REFUSED == result.exit_code
    assert "31 days" in result.stderr


def test_an_event_outside_the_vocabulary_is_a_mistake_of_usage() -> None:
    """The choices are in the help."""
    assert Exit.USAGE == motlan("audit", "search", "--event", "gossip").exit_code
