"""Tests of `motlan mocks`: a process of their own, and its end is ours."""

from gateway.cli.exits import Exit
from tests.command_line import motlan


def test_what_the_mocks_do_not_understand_is_a_fault() -> None:
    """Their own message is on the terminal; the code is one of ours."""
    assert Exit.FAULT == motlan("mocks", "no-such-register").exit_code


def test_their_own_help_ends_well() -> None:
    """What comes after the name is theirs."""
    assert Exit.OK == motlan("mocks", "--", "--help").exit_code
