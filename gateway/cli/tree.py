"""`motlan audit tree`: how the tree over the log stands, and a new log after a loss."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import click
from rich_click import RichGroup

from gateway.audit.acts import Acts, By
from gateway.audit.entry import Entry
from gateway.audit.events import Changed, Event, Method
from gateway.audit.keyring import Keyring
from gateway.audit.lane import UnsafeDatabase
from gateway.audit.leaf import Change
from gateway.audit.pseudonyms import Pseudonyms
from gateway.audit.writer import AuditWriter
from gateway.cli.answers import Answer, Failed, answering
from gateway.cli.edge import database_options, reachable, settings_with
from gateway.cli.exits import Exit
from gateway.cli.owing import acting
from gateway.clock import utc_now
from gateway.errors import AuditUnavailable
from gateway.sequencing.examination import Examination, examine
from gateway.sequencing.guard import GuardUnreadable, Published
from gateway.sequencing.lease import set_clock
from gateway.sequencing.reorigin import NothingToLeave, left_behind, reorigin
from gateway.sequencing.rows import TreeHead
from gateway.sequencing.standing import DAMAGES
from gateway.sequencing.store import Store
from gateway.settings import Settings
from gateway.wiring.sequencing import log_of


@click.group(cls=RichGroup)
def tree() -> None:
    """Look at the tree over the access log."""


@tree.command()
@database_options
@answering
def status(url: str | None, directory: Path | None) -> Answer:
    """Say how large the tree is, how late, whether it is signed, and what to do if not."""
    settings = settings_with(url, directory)
    with reachable(settings) as dsn:
        found = asyncio.run(_examined(dsn, settings))
    return Answer(found, _told(found), Exit.OK if found.is_well else Exit.UNHEALTHY)


@tree.command(name="reorigin")
@click.option("--reason", required=True, help="Why; a salted digest of it goes on record.")
@click.option("--yes", is_flag=True, help="Every verifier must be told of the new name: I know.")
@acting
@database_options
@answering
def begin_anew(
    url: str | None, directory: Path | None, by: str, reason: str, *, yes: bool
) -> Answer:
    """Begin a new log, named by tree.origin, that commits to the one this node published."""
    settings = settings_with(url, directory)
    of = log_of(settings)
    try:
        old = left_behind(of.guard, of.origin)
    except (NothingToLeave, GuardUnreadable) as refused:
        raise Failed(Exit.REFUSED, str(refused)) from refused
    if not yes:
        raise Failed(Exit.REFUSED, f"{old.origin} would end at {old.size} records; add --yes")
    with reachable(settings) as dsn:
        begun = asyncio.run(_begun(dsn, settings, old, By(id=by), reason))
    facts = {"origin": begun.origin, "size": begun.size, "ended": old.origin, "ended_at": old.size}
    return Answer(facts, f"{begun.origin} follows {old.origin}, which ended at {old.size} records")


@tree.command(name="trust-clock")
@click.option("--reason", required=True, help="Why; a salted digest of it goes on record.")
@click.option("--yes", is_flag=True, help="This machine's clock is right now: I have checked.")
@acting
@database_options
@answering
def trust_clock(
    url: str | None, directory: Path | None, by: str, reason: str, *, yes: bool
) -> Answer:
    """Sign on at once after the clock had been ahead, instead of waiting until it has caught up."""
    if not yes:
        raise Failed(Exit.REFUSED, "compare this machine's clock with another first; add --yes")
    settings = settings_with(url, directory)
    with reachable(settings) as dsn:
        ahead_s = asyncio.run(_trusted(dsn, settings, By(id=by), reason))
    if ahead_s <= 0:
        raise Failed(Exit.REFUSED, "the newest checkpoint is not ahead of this clock")
    return Answer(
        {"ahead_s": ahead_s}, f"the newest checkpoint was {ahead_s} s ahead; now it is not"
    )


async def _begun(dsn: str, settings: Settings, old: Published, by: By, reason: str) -> Published:
    of = log_of(settings)
    async with _at_work(dsn, settings) as (store, record):

        async def head() -> TreeHead:
            return (await store.tree()).head

        async def commit_to(ended: Published) -> None:
            change = Change(
                kind=Changed.SETTINGS, id=ended.origin, hash=ended.root.hex(), rev=ended.size
            )
            await record(by, "audit:tree:reorigin", reason, change)

        return await reorigin(
            old, of.origin, guard=of.guard, head=head, commit_to=commit_to, at=utc_now()
        )


async def _trusted(dsn: str, settings: Settings, by: By, reason: str) -> int:
    """Return by how many seconds the newest checkpoint was ahead; record before changing it."""
    async with _at_work(dsn, settings) as (store, record):
        head = (await store.tree()).head
        now = utc_now()
        ahead_s = int((head.at - now).total_seconds())
        if head.size and ahead_s > 0:
            change = Change(kind=Changed.SETTINGS, id="tree.clock", rev=ahead_s)
            await record(by, "audit:tree:trust-clock", reason, change)
            await set_clock(store.connection, head, now)
        return ahead_s if head.size else 0


Record: TypeAlias = Callable[[By, str, str, Change], Awaitable[None]]


@asynccontextmanager
async def _at_work(dsn: str, settings: Settings) -> AsyncGenerator[tuple[Store, Record]]:
    """Give the tree's store, and who writes down what an operator is about to do."""
    log = AuditWriter(dsn, node=f"{settings.audit.node}.r", clock=utc_now)
    acts = Acts(Pseudonyms(Keyring(settings.audit.keys_dir)), utc_now)

    async def record(by: By, route: str, reason: str, change: Change) -> None:
        leaf = acts.leaf(
            Event.SETTINGS_APPLY,
            by,
            route=route,
            method=Method.COMMAND,
            request=reason.encode("utf-8"),
            change=change,
        )
        await log.append(Entry(body=leaf))

    store = await Store.connect(dsn)
    try:
        await log.start()
        yield store, record
    except (AuditUnavailable, UnsafeDatabase) as unrecorded:
        raise Failed(Exit.DATABASE, "the act could not be recorded; nothing was changed") from (
            unrecorded
        )
    finally:
        await log.aclose()
        await store.close()


async def _examined(dsn: str, settings: Settings) -> Examination:
    store = await Store.connect(dsn)
    try:
        return await examine(store, log_of(settings), utc_now)
    finally:
        await store.close()


def _told(found: Examination) -> str:
    at = found.checkpoint_at
    lines = [
        f"log        {found.origin}",
        f"records    {found.size:,} in the tree, {found.backlog:,} waiting",
        f"root       {found.root}",
        f"signed     {at.isoformat(timespec='seconds') if at else 'never'}",
        f"keys       {', '.join(found.signing) or 'none'}",
        f"published  {'nothing' if found.published is None else f'{found.published:,}'} records",
        f"folded by  {found.folding or 'nobody'}",
    ]
    for one in found.stopped:
        words = DAMAGES[one.damage]
        lines += [f"STOPPED    {one.writer} at {one.seq}: {words.vi}", f"           {words.en}"]
    if found.halt and found.advice:
        lines += [
            f"HALTED     {found.halt.value}: {found.detail}",
            f"           {found.advice.vi}",
            f"           {found.advice.en}",
        ]
    return "\n".join(lines)
