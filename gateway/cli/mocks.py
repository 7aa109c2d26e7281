"""`motlan mocks`: runs the stand-ins as a process of their own; they share nothing with us."""

import subprocess
import sys
from importlib.util import find_spec

import click
from rich_click import RichCommand

from gateway.cli.answers import Answer, Failed, answering
from gateway.cli.exits import Exit


@click.command(cls=RichCommand, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@answering
def mocks(arguments: tuple[str, ...]) -> Answer:
    """Run `python -m mocks`, with its own ARGUMENTS; `motlan mocks -- --help` lists them."""
    if find_spec("mocks") is None:
        raise Failed(Exit.REFUSED, "the mocks are not installed: run this from a checkout")
    process = subprocess.Popen([sys.executable, "-m", "mocks", *arguments])  # noqa: S603
    try:
        ended = process.wait()
    except KeyboardInterrupt:  # the terminal has told the child, too
        ended = process.wait()
    code = Exit.OK if ended in {0, -2, -15} else Exit.FAULT
    return Answer({"exit_code": ended}, "" if code is Exit.OK else f"it ended with {ended}", code)
