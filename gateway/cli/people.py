"""`motlan people`: people's tokens for a demonstration; elsewhere people sign on themselves."""

import secrets
import sys

import click
from rich_click import RichGroup

from auth.people import LONGEST_LIFE_S, Person, Role
from auth.stand_in import PersonIsReal, stand_in
from gateway.cli.answers import Answer, Failed, answering
from gateway.cli.exits import Exit
from gateway.clock import utc_now
from gateway.settings import load

LIFE = click.IntRange(60, LONGEST_LIFE_S)
ROLES = click.Choice([role.value for role in Role])


@click.group(cls=RichGroup)
def people() -> None:
    """Sign people on with a test issuer."""


@people.command()
@click.option("--role", "roles", type=ROLES, multiple=True, required=True, help="May be repeated.")
@click.option("--id", "account", help="Account id; a new one when left out.")
@click.option("--name", default="Người dùng thử", show_default=True)
@click.option("--agency", help="Code of the agency the person works at.")
@click.option(
    "--acr", default="urn:motlan:acr:demo", show_default=True, help="Strength of sign-on."
)
@click.option("--life", type=LIFE, default=3600, show_default=True, help="Seconds.")
@answering
def token(
    roles: tuple[str, ...], account: str | None, agency: str | None, life: int, **shown: str
) -> Answer:
    """Print a token for an invented person; a citizen's number is read from standard input.

    A number on the command line would be kept by the shell and seen by everybody on the machine.
    """
    settings = load()
    if settings.environment != "demo":
        raise Failed(Exit.REFUSED, "people are invented in a demonstration only")
    held = frozenset(Role(role) for role in roles)
    now = utc_now()
    person = Person(
        id=account or f"thu-{secrets.token_hex(4)}",
        name=shown["name"],
        agency=agency,
        roles=held,
        acr=shown["acr"],
        auth_time=now.timestamp(),
        so_dinh_danh=_number() if Role.CITIZEN in held else None,
    )
    try:
        made = stand_in(settings.identity).token(person, now, life_s=life)
    except PersonIsReal as real:
        raise Failed(Exit.REFUSED, str(real)) from None
    return Answer({"token": made, "id": person.id}, made)


def _number() -> str:
    return sys.stdin.readline().strip()
