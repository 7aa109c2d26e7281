"""`motlan people`: accounts, roles, reviews and the last resort, from the machine itself."""

import secrets
import sys
from pathlib import Path

import click
from rich_click import RichGroup

from auth.accounts.accounts import Account, AccountState, Act, prepared
from auth.people import LONGEST_LIFE_S, Person, Role
from auth.stand_in import PersonIsReal, stand_in
from gateway.cli.answers import Answer, Failed, answering, table
from gateway.cli.desks import Desks, at_desks
from gateway.cli.edge import database_options, signed
from gateway.cli.emergency import emergency
from gateway.cli.exits import Exit
from gateway.cli.granting import approve, grant, grants, review, revoke
from gateway.clock import utc_now
from gateway.settings import load

LIFE = click.IntRange(60, LONGEST_LIFE_S)
ROLES = click.Choice([role.value for role in Role if role is not Role.BREAK_GLASS])
MOST_LISTED = 200


@click.group(cls=RichGroup)
def people() -> None:
    """Prepare accounts, grant roles, review them, and open the last resort."""


@people.command(name="list")
@click.option("--agency", help="Accounts of this agency alone.")
@click.option("--after", default="", help="Begin after this account id.")
@database_options
@answering
def list_accounts(
    agency: str | None, after: str, url: str | None, directory: Path | None
) -> Answer:
    """List officials' accounts by their ids, at most 200."""

    async def work(desks: Desks) -> tuple[Account, ...]:
        return await desks.accounts.listed(agency=agency, after=after, limit=MOST_LISTED)

    lines = [_line(each) for each in at_desks(url, directory, work)]
    return Answer(lines, table(lines) or "no account has been prepared")


@people.command()
@click.option("--name", required=True, help="As the agency writes it.")
@click.option("--agency", required=True, help="Its code in the catalog.")
@click.option("--staff-number", required=True, help="What the staff provider calls the official.")
@signed
@database_options
@answering
def prepare(by: str, reason: str, url: str | None, directory: Path | None, **named: str) -> Answer:
    """Prepare an account; its official's first sign-on links to it by the staff number."""
    new = prepared(by=by, reason=reason, now=utc_now(), **named)

    async def work(desks: Desks) -> None:
        await desks.accounts.prepare(new)

    at_desks(url, directory, work)
    return Answer(_line(new), f"{new.id} waits for its first sign-on")


@people.command()
@click.argument("account")
@signed
@database_options
@answering
def disable(account: str, by: str, reason: str, url: str | None, directory: Path | None) -> Answer:
    """Disable ACCOUNT: nobody signs on with it, and its sessions are over."""
    return _moved(account, Act.DISABLED, None, by, reason, url, directory)


@people.command()
@click.argument("account")
@signed
@database_options
@answering
def enable(account: str, by: str, reason: str, url: str | None, directory: Path | None) -> Answer:
    """Enable the disabled ACCOUNT; what it was granted holds again."""
    return _moved(account, Act.ENABLED, AccountState.DISABLED, by, reason, url, directory)


@people.command()
@click.argument("account")
@signed
@database_options
@answering
def unlock(account: str, by: str, reason: str, url: str | None, directory: Path | None) -> Answer:
    """Unlock the locked ACCOUNT; another person than its own does it."""
    return _moved(account, Act.ENABLED, AccountState.LOCKED, by, reason, url, directory)


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


for command in (grant, grants, approve, revoke, review, emergency):
    people.add_command(command)


def _moved(  # noqa: PLR0917 - what every command about an account takes
    account_id: str,
    act: Act,
    state: AccountState | None,
    by: str,
    reason: str,
    url: str | None,
    directory: Path | None,
) -> Answer:
    async def work(desks: Desks) -> Account:
        before = await desks.accounts.find(account_id)
        if state is not None and before.state is not state:
            raise Failed(Exit.REFUSED, f"{account_id} is {before.state.value}, not {state.value}")
        if act is Act.ENABLED and by.casefold() in {
            account_id,
            (before.staff_number or "").casefold(),
        }:
            raise Failed(Exit.REFUSED, "another person enables or unlocks an account")
        return await desks.accounts.change(account_id, act, by=by, reason=reason, now=utc_now())

    after = at_desks(url, directory, work)
    return Answer(_line(after), f"{after.id} is {after.state.value}")


def _line(account: Account) -> dict[str, object]:
    seen = account.last_seen_at
    return {
        "id": account.id,
        "agency": account.agency,
        "staff_number": account.staff_number,
        "name": account.name,
        "state": account.state.value,
        "act": account.act.value,
        "by": account.by,
        "at": account.changed_at.isoformat(timespec="seconds"),
        "last_seen": seen.isoformat(timespec="seconds") if seen else "never",
        "reason": account.reason,
    }


def _number() -> str:
    return sys.stdin.readline().strip()
