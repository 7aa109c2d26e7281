"""`motlan people grant` and its neighbours: roles from the machine, until administrators do it."""

from datetime import datetime
from pathlib import Path

import click
from rich_click import RichGroup

from auth.people import Role
from auth.roles.errors import MoveRefused
from auth.roles.grants import EVERYTHING, GRANTABLE, Grant, Wanted
from auth.roles.reviews import Item, Review
from gateway.cli.answers import Answer, Failed, answering, table
from gateway.cli.desks import Desks, at_desks
from gateway.cli.edge import database_options, signed
from gateway.cli.exits import Exit
from gateway.clock import utc_now

ROLES = click.Choice(sorted(role.value for role in GRANTABLE))
MOST_LISTED = 200
TWO = "two operators decide from now on; ask them, or open the last resort"


@click.command()
@click.argument("account")
@click.argument("role", type=ROLES)
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="First day without it, UTC.")
@click.option("--approved-by", help="Staff id of the second person, for the first two operators.")
@signed
@database_options
@answering
def grant(  # noqa: PLR0917 - each is a flag of the command
    account: str,
    role: str,
    until: datetime | None,
    approved_by: str | None,
    by: str,
    reason: str,
    url: str | None,
    directory: Path | None,
) -> Answer:
    """Ask that ACCOUNT be given ROLE; an administrator approves.

    With --approved-by the account becomes one of the first two operators at once; once there are
    two, only while the last resort is open.
    """
    now = utc_now()
    ends = until.replace(tzinfo=now.tzinfo) if until else None
    wanted = Wanted(account_id=account, role=Role(role), valid_to=ends, reason=reason)

    async def work(desks: Desks) -> Grant:
        if approved_by is None:
            return await desks.roles.ask(wanted, by=by, scope=EVERYTHING, now=now)
        emergency = await desks.emergencies.is_open(now)
        return await desks.roles.first(
            wanted, by=by, approved_by=approved_by, emergency=emergency, now=now
        )

    if approved_by is not None and role != Role.OPERATOR:
        raise Failed(Exit.REFUSED, "the machine makes operators; they grant everything else")
    try:
        made = at_desks(url, directory, work)
    except MoveRefused:
        raise Failed(Exit.REFUSED, TWO if approved_by else "it is held already") from None
    state = made.state(now).value
    return Answer(_line(made), f"{made.id} is {state}: {role} for {account}")


@click.command()
@click.option("--account", help="Grants of this account alone.")
@click.option("--undecided", is_flag=True, help="Those that wait for a second person.")
@database_options
@answering
def grants(
    account: str | None, url: str | None, directory: Path | None, *, undecided: bool
) -> Answer:
    """List grants, newest first, at most 200."""

    async def work(desks: Desks) -> tuple[Grant, ...]:
        return await desks.roles.listed(
            EVERYTHING, account=account, undecided=undecided, limit=MOST_LISTED
        )

    lines = [_line(each) for each in at_desks(url, directory, work)]
    return Answer(lines, table(lines) or "nothing is granted")


@click.command()
@click.argument("grant_id", metavar="GRANT")
@signed
@database_options
@answering
def approve(grant_id: str, by: str, reason: str, url: str | None, directory: Path | None) -> Answer:
    """Approve GRANT, which another person asked for, before there are two operators.

    Afterwards only while the last resort is open: administrators approve where they sign on.
    """
    now = utc_now()

    async def work(desks: Desks) -> Grant:
        emergency = await desks.emergencies.is_open(now)
        try:
            await desks.roles.demand_beginning(emergency=emergency)
        except MoveRefused:
            raise Failed(Exit.REFUSED, TWO) from None
        return await desks.roles.decide(
            grant_id, by=by, scope=EVERYTHING, approved=True, reason=reason, now=now
        )

    done = at_desks(url, directory, work)
    return Answer(_line(done), f"{done.id} is {done.state(now).value}")


@click.command()
@click.argument("grant_id", metavar="GRANT")
@signed
@database_options
@answering
def revoke(grant_id: str, by: str, reason: str, url: str | None, directory: Path | None) -> Answer:
    """Take GRANT away; it is gone at the holder's next request."""
    now = utc_now()

    async def work(desks: Desks) -> Grant:
        return await desks.roles.revoke(grant_id, by=by, scope=EVERYTHING, reason=reason, now=now)

    done = at_desks(url, directory, work)
    return Answer(_line(done), f"{done.id} is {done.state(now).value}")


@click.group(cls=RichGroup)
def review() -> None:
    """Look at reviews of what is granted; reviewers decide where they sign on."""


@review.command(name="list")
@database_options
@answering
def list_reviews(url: str | None, directory: Path | None) -> Answer:
    """List reviews, newest first; ends with 7 when reviewers are late."""

    async def work(desks: Desks) -> tuple[Review, ...]:
        return await desks.reviews.listed(limit=MOST_LISTED)

    now = utc_now()
    found = at_desks(url, directory, work)
    lines = [_review_line(each, now) for each in found]
    late = any(each.is_overdue(now) for each in found)
    text = table(lines) or "no review has begun"
    return Answer(lines, text, Exit.UNHEALTHY if late else Exit.OK)


@review.command()
@click.argument("review_id", metavar="REVIEW")
@database_options
@answering
def show(review_id: str, url: str | None, directory: Path | None) -> Answer:
    """List the grants of REVIEW, and what was said of each, at most 200."""

    async def work(desks: Desks) -> tuple[Item, ...]:
        return await desks.reviews.items(review_id, EVERYTHING, limit=MOST_LISTED)

    lines = [_item_line(each) for each in at_desks(url, directory, work)]
    return Answer(lines, table(lines) or "no such review, or nothing in it")


def _line(made: Grant) -> dict[str, object]:
    return {
        "id": made.id,
        "account": made.account_id,
        "role": made.role.value,
        "agency": made.agency or "",
        "state": made.state(utc_now()).value,
        "until": made.valid_to.isoformat(timespec="seconds") if made.valid_to else "",
        "asked_by": made.asked_by,
        "decided_by": made.decided_by or "",
        "ended_by": made.ended_by or "",
        "reason": made.reason,
    }


def _review_line(each: Review, now: datetime) -> dict[str, object]:
    return {
        "id": each.id,
        "opened": each.opened_at.date().isoformat(),
        "due": each.due_at.date().isoformat(),
        "lapses": each.lapses_at.date().isoformat(),
        "grants": each.grants,
        "open": each.open,
        "overdue": each.is_overdue(now),
    }


def _item_line(item: Item) -> dict[str, object]:
    said = {None: "", True: "keep", False: "end"}[item.keep]
    return {
        "grant": item.grant_id,
        "account": item.account_id,
        "role": item.role.value,
        "agency": item.works_at or "",
        "said": said,
        "by": item.decided_by or "",
        "ended": item.cause.value if item.cause else "",
    }
