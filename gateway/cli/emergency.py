"""`motlan people break-glass`: the last resort, opened at the machine and nowhere else."""

from pathlib import Path

import click
from rich_click import RichGroup

from auth.roles.break_glass import Emergency, Stage
from gateway.cli.answers import Answer, answering, table
from gateway.cli.desks import Desks, at_desks
from gateway.cli.edge import database_options, signed
from gateway.cli.exits import Exit
from gateway.clock import utc_now

MOST_LISTED = 200
ADVICE = (
    "Mã dùng một lần / one-time secret: {secret}\n"
    "Gửi tới POST /break-glass ở cổng quản trị trước {until} (UTC); không ai đọc lại được mã này.\n"
    "Send it to POST /break-glass at the door for staff before {until} UTC; it is shown only here."
)


@click.group(cls=RichGroup, name="break-glass")
def emergency() -> None:
    """Open, close and list the last resort; it is off unless the settings turn it on."""


@emergency.command(name="open")
@signed
@database_options
@answering
def open_emergency(by: str, reason: str, url: str | None, directory: Path | None) -> Answer:
    """Print a secret that signs on once, for minutes, to administer accounts and roles."""

    async def work(desks: Desks) -> tuple[Emergency, str]:
        return await desks.emergencies.open(by=by, reason=reason, now=utc_now())

    opened, secret = at_desks(url, directory, work)
    until = opened.ends_at.isoformat(timespec="seconds")
    return Answer(
        {**_line(opened), "secret": secret}, ADVICE.format(secret=secret, until=until[:19])
    )


@emergency.command()
@click.option("--by", required=True, help="Staff id of who does it.")
@database_options
@answering
def close(by: str, url: str | None, directory: Path | None) -> Answer:
    """Close the open emergency before its time."""

    async def work(desks: Desks) -> Emergency:
        return await desks.emergencies.close(by=by, now=utc_now())

    closed = at_desks(url, directory, work)
    return Answer(_line(closed), f"{closed.id} is closed; others judge it")


@emergency.command()
@click.option("--by", required=True, help="Staff id of who does it; not of who opened it last.")
@database_options
@answering
def unlock(by: str, url: str | None, directory: Path | None) -> Answer:
    """Unlock the door after five wrong secrets; another person does it."""

    async def work(desks: Desks) -> None:
        await desks.emergencies.unlock(by=by)

    at_desks(url, directory, work)
    return Answer({"unlocked": True}, "the door is unlocked")


@emergency.command(name="list")
@database_options
@answering
def list_emergencies(url: str | None, directory: Path | None) -> Answer:
    """List emergencies, newest first; ends with 7 when one waits too long to be judged."""

    async def work(desks: Desks) -> tuple[tuple[Emergency, ...], int]:
        found = await desks.emergencies.listed(limit=MOST_LISTED)
        return found, await desks.emergencies.overdue(utc_now())

    found, late = at_desks(url, directory, work)
    lines = [_line(each) for each in found]
    text = table(lines) or "the last resort was never opened"
    return Answer(lines, text, Exit.UNHEALTHY if late else Exit.OK)


def _line(each: Emergency) -> dict[str, object]:
    now = utc_now()
    verdict = {None: "", True: "justified", False: "not justified"}[each.justified]
    return {
        "id": each.id,
        "account": each.account_id,
        "stage": each.stage(now).value,
        "opened_by": each.opened_by,
        "opened": each.opened_at.isoformat(timespec="seconds"),
        "ends": each.ends_at.isoformat(timespec="seconds"),
        "used": each.stage(now) is not Stage.OPEN and each.used_at is not None,
        "judged": verdict,
        "reason": each.reason,
    }
