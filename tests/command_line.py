"""Runs the command line in this process, with an environment of its own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from click.testing import CliRunner, Result

from gateway.cli.commands import main

ROOT = Path(__file__).parents[1]
SEED = ROOT / "deploy" / "seed"


def motlan(*arguments: str, env: Mapping[str, str] | None = None) -> Result:
    """Run one command and return how it ended; what it did not expect is raised."""
    result = CliRunner().invoke(main, list(arguments), env=dict(env or {}))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def answer(*arguments: str, env: Mapping[str, str] | None = None) -> Any:
    """Run one command with ``--json`` and return what it answered."""
    return msgspec.json.decode(motlan(*arguments, "--json", env=env).stdout)
