"""`motlan keep`: the keeper by itself, on a host that serves nothing."""

import click
from rich_click import RichCommand

from gateway.cli.answers import Answer, answering
from gateway.cli.edge import reachable
from gateway.cli.keeping import keep as kept
from gateway.cli.serve import demand_head
from gateway.settings import load
from gateway.telemetry import configure_logs


@click.command(cls=RichCommand)
@answering
def keep() -> Answer:
    """Fold, follow, prove and retain the record until SIGTERM or Ctrl-C.

    `motlan serve` starts a keeper of its own; this is for a second one, or for another host.
    """
    settings = load()
    configure_logs(settings.telemetry.log_level)
    with reachable(settings) as dsn:
        demand_head(dsn)
        kept(settings)
        return Answer({"stopped": True}, "")
