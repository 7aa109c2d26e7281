"""Where commands meet the outside: flags and settings in, an open database out."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from gateway.embedded import EmbeddedPostgres
from gateway.settings import Settings, load

Command = TypeVar("Command", bound=Callable[..., Any])


def database_options(command: Command) -> Command:
    """Give a command the flags that say which database."""
    directory = click.option(
        "--directory",
        type=click.Path(file_okay=False, path_type=Path),
        help="Directory of the embedded PostgreSQL.",
    )
    url = click.option("--url", help="Address of another PostgreSQL, postgresql://…")
    return url(directory(command))


def signed(command: Command) -> Command:
    """Give a command the two flags without which nothing changes."""
    by = click.option("--by", required=True, help="Staff id of who does it.")
    reason = click.option("--reason", required=True, help="Why; it is kept with the act.")
    return by(reason(command))


def settings_with(url: str | None, directory: Path | None) -> Settings:
    """Read the settings, overridden by the flags that were given.

    Raises:
        ConfigurationError: they cannot be used.
    """
    return load({"database": chosen(url, directory)} if url or directory else {})


def chosen(url: str | None, directory: Path | None) -> dict[str, Any]:
    """Return what the flags say; a directory by itself sets a configured address aside."""
    if url:
        return {"url": url}
    return {"directory": directory, "url": None} if directory else {}


@contextmanager
def reachable(settings: Settings) -> Generator[str, None, None]:
    """Give the address of the database; start and stop our own one when it is not running.

    Raises:
        EmbeddedError: our own one cannot be started.
    """
    if settings.database.url:
        yield settings.database.url.get_secret_value()
        return
    ours = EmbeddedPostgres(settings.database.directory)
    running = ours.status().dsn
    if running:
        yield running
        return
    try:
        yield ours.start()
    finally:
        ours.leave()
