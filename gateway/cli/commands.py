"""The `motlan` command: groups are loaded when they are named."""

from importlib import import_module

import click
from rich_click import RichGroup

from gateway import __version__
from gateway.cli.exits import EPILOGUE

# Name, where the command is, one line of help.  A command is imported when it is used, so that
# `motlan db current` does not wait for a web framework.
COMMANDS: dict[str, tuple[str, str]] = {
    "serve": ("gateway.cli.serve:serve", "Run the gateway."),
    "keep": ("gateway.cli.keep:keep", "Run the keeper of the record by itself."),
    "demo": ("gateway.cli.demo:demo", "Run a whole province on this machine."),
    "call": ("gateway.cli.call:call", "Ask a gateway, as a system of an agency does."),
    "mocks": ("gateway.cli.mocks:mocks", "Run stand-ins of registers, from a checkout."),
    "db": ("gateway.cli.db:db", "Start, stop, migrate and check the database."),
    "catalog": ("gateway.cli.catalog:catalog", "Check, compare, publish and export the catalog."),
    "system": ("gateway.cli.system:system", "Register and suspend the systems of agencies."),
    "keys": ("gateway.cli.keys:keys", "List, rotate, revoke and export signing keys."),
    "people": ("gateway.cli.people:people", "Accounts, roles, reviews, and the last resort."),
    "audit": ("gateway.cli.audit:audit", "Read the access log."),
    "witness": ("gateway.cli.witness:witness", "Run a witness for the logs of others."),
    "settings": ("gateway.cli.settings:settings", "Show and check the settings."),
    "openapi": ("gateway.cli.openapi:openapi", "Export the description of the API."),
    "doctor": ("gateway.cli.doctor:doctor", "Check everything the gateway needs."),
}


def load(name: str) -> click.Command:
    """Import one command of the table."""
    module, _, attribute = COMMANDS[name][0].partition(":")
    command: click.Command = getattr(import_module(module), attribute)
    return command


class Lazy(RichGroup):
    """A group that knows its commands by name, and loads one when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a stub that has the help: this is what help and completion ask for."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        return click.Command(cmd_name, help=COMMANDS[cmd_name][1])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Load the command that is about to run."""
        if args[0] in COMMANDS:
            return args[0], load(args[0]), args[1:]
        return super().resolve_command(ctx, args)


@click.group(cls=Lazy, epilog=EPILOGUE)
@click.version_option(__version__, prog_name="motlan")
def main() -> None:
    """Một Lần: cổng chia sẻ dữ liệu cấp tỉnh.

    A provincial data-sharing gateway.
    """
