"""`motlan settings`: what the gateway would run with, without any secret."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import click
from rich_click import RichGroup

from gateway.cli.answers import Answer, answering
from gateway.settings import load, redacted


@click.group(cls=RichGroup)
def settings() -> None:
    """Show and check the settings."""


@settings.command()
@answering
def show() -> Answer:
    """Print every setting as it stands; secrets are hidden."""
    facts = redacted(load())
    return Answer(facts, "\n".join(f"{name} = {value!r}" for name, value in _flat(facts)))


@settings.command()
@answering
def check() -> Answer:
    """Say whether the gateway would start with these settings."""
    environment = load().environment
    return Answer({"environment": environment, "ok": True}, f"good for {environment}")


def _flat(nested: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in nested.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(cast("Mapping[str, Any]", value), f"{above}{name}.")
        else:
            yield f"{above}{name}", value
