"""`motlan openapi`: the description of the API, without starting anything."""

from pathlib import Path

import click
import msgspec
from rich_click import RichGroup

from gateway.app import build
from gateway.cli.answers import Answer, answering, encoded
from gateway.settings import load
from gateway.worker import Worker


@click.group(cls=RichGroup)
def openapi() -> None:
    """Export the description of the API."""


@openapi.command()
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
@answering
def export(output: Path | None) -> Answer:
    """Print the OpenAPI 3.1 document."""
    document = build(Worker(load())).openapi_schema.to_schema()
    if output is None:
        return Answer(document, msgspec.json.format(encoded(document), indent=2).decode())
    output.write_bytes(msgspec.json.format(encoded(document), indent=2) + b"\n")
    return Answer({"file": str(output)}, str(output))
