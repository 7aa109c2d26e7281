"""Tests of `python -m gateway`, as a process."""

import subprocess
import sys

from gateway import __version__
from gateway.cli.commands import COMMANDS, load
from gateway.cli.exits import MEANINGS, Exit
from tests.command_line import ROOT, motlan


def test_it_is_the_motlan_command() -> None:
    """A checkout without the entry point has the same program."""
    ended = subprocess.run(
        [sys.executable, "-m", "gateway", "--version"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (0, f"motlan, version {__version__}\n") == (ended.returncode, ended.stdout)


def test_the_entry_point_is_the_same_command() -> None:
    """What an installation puts on the path names the package, not the module in it."""
    ended = subprocess.run(
        [sys.executable, "-c", "from gateway.cli import main; main()", "--version"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (0, f"motlan, version {__version__}\n") == (ended.returncode, ended.stdout)


def test_every_command_of_the_table_can_be_loaded() -> None:
    """A command is imported when it is used: a wrong place would show only then."""
    assert list(COMMANDS) == [load(name).name for name in COMMANDS]


def test_the_help_names_every_exit_code() -> None:
    """Who writes a script looks there first."""
    said = " ".join(motlan("--help").output.split())

    assert set(Exit) == set(MEANINGS)
    assert all(f"{code.value} {MEANINGS[code].split()[0]}" in said for code in Exit)


def test_an_unknown_command_is_a_mistake_of_usage() -> None:
    """It is not taken for one of ours."""
    assert Exit.USAGE == motlan("gossip").exit_code
