"""The command line, and the processes that it starts."""


def main() -> None:
    """Run the `motlan` command."""
    # Here, because our processes live in this package too, and none of them has a terminal.
    from gateway.cli.commands import main as command  # noqa: PLC0415

    command()
