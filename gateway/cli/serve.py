"""`motlan serve`: the gateway, with as many workers as the settings say."""

import asyncio
from typing import Any

import click
import structlog
from rich_click import RichCommand

from gateway import __version__, migrating
from gateway.cli.answers import Answer, Failed, answering
from gateway.cli.edge import reachable
from gateway.cli.exits import Exit
from gateway.cli.listening import listener
from gateway.cli.workers import Workers
from gateway.settings import Settings, load, variables
from gateway.telemetry import configure_logs

_log = structlog.get_logger()


@click.command(cls=RichCommand)
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65_535), help="Port to listen on; 0 for any.")
@click.option("--workers", type=click.IntRange(1, 64), help="Processes to serve with.")
@click.option("--admin-host", help="Address that staff sign on at.")
@click.option("--admin-port", type=click.IntRange(0, 65_535), help="Its port; 0 for any.")
@answering
def serve(
    host: str | None,
    port: int | None,
    workers: int | None,
    admin_host: str | None,
    admin_port: int | None,
) -> Answer:
    """Run the gateway until SIGTERM or Ctrl-C; migrations must have been applied.

    It listens twice: for agencies' systems and citizens, and, apart from them, for staff.
    """
    service = {"host": host, "port": port, "workers": workers}
    admin = {"host": admin_host, "port": admin_port}
    overrides = {"listen": _said(service), "admin": _said(admin)}
    settings = load(overrides)
    configure_logs(settings.telemetry.log_level)
    with reachable(settings) as dsn:
        demand_head(dsn)
        return _served(settings, overrides)


def demand_head(dsn: str) -> None:
    """Refuse to run on a database that is behind: nobody migrates by starting a server."""
    found = asyncio.run(migrating.check(dsn))
    if not found.at_head:
        pending = ", ".join(found.pending)
        raise Failed(Exit.MIGRATIONS, f"pending migrations: {pending}; run `motlan db upgrade`")


def _said(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


def _served(settings: Settings, overrides: dict[str, Any]) -> Answer:
    listen, admin = settings.listen, settings.admin
    with (
        listener(listen.host, listen.port, listen.backlog, "--port") as service,
        listener(admin.host, admin.port, listen.backlog, "--admin-port") as staff,
    ):
        port, staff_port = int(service.getsockname()[1]), int(staff.getsockname()[1])
        if port == staff_port:
            why = f"listen and admin are both port {port}; choose another --admin-port"
            raise Failed(Exit.REFUSED, why)
        _log.info(
            "serve.listening",
            host=listen.host,
            port=port,
            admin_host=admin.host,
            admin_port=staff_port,
            workers=listen.workers,
            version=__version__,
            state=settings.environment,
        )
        # A worker knows the door for staff by its port: port 0 has become another by now.
        overrides["admin"]["port"] = staff_port
        kept = Workers(
            (service, staff),
            listen.workers,
            listen.grace_s,
            variables(overrides),
            keeper=settings.keeper.enabled,
        )
        if not kept.run():
            raise Failed(Exit.FAULT, "no worker came up; the log lines above say why")
    return Answer({"stopped": True}, "")
