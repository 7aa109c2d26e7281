"""The page of commands, from the commands themselves."""

from collections.abc import Iterator

import click

from gateway.cli.commands import COMMANDS, load
from gateway.cli.exits import MEANINGS, Exit

INTRO = """# Commands

`motlan` is one program; `motlan COMMAND --help` says more than this page.
Every command takes `--json` where it prints something, and ends with one of the codes below.

## Exit codes

| Code | Name | Means |
|--:|---|---|
"""


def page() -> str:
    """Return the page of commands: exit codes, then one table for each group."""
    lines = INTRO.splitlines()
    lines += [f"| {code.value} | `{code.name.lower()}` | {MEANINGS[code]} |" for code in Exit]
    lines.append("")
    for name, (_, about) in COMMANDS.items():
        lines += [f"## motlan {name}", "", about, "", *_table(f"motlan {name}", load(name)), ""]
    return "\n".join(lines).rstrip() + "\n"


def _table(path: str, command: click.Command) -> Iterator[str]:
    yield "| Command | Does | Options |"
    yield "|---|---|---|"
    for full, each in _leaves(path, command):
        yield f"| `{full}{_arguments(each)}` | {_about(each)} | {_options(each)} |"


def _leaves(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """Give every command that does something below *command*, with its path."""
    if not isinstance(command, click.Group) or command.invoke_without_command:
        yield path, command
    if isinstance(command, click.Group):
        for name, inner in sorted(command.commands.items()):
            yield from _leaves(f"{path} {name}", inner)


def _about(command: click.Command) -> str:
    return (command.help or "").strip().split("\n\n")[0].replace("\n", " ").replace("|", "\\|")


def _arguments(command: click.Command) -> str:
    named = (each for each in command.params if isinstance(each, click.Argument))
    return "".join(f" {each.make_metavar(click.Context(command))}" for each in named)


def _options(command: click.Command) -> str:
    shown = (each for each in command.params if isinstance(each, click.Option) and not each.hidden)
    return ", ".join(f"`{each.opts[-1]}`" for each in shown)
