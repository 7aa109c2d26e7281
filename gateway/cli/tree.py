"""`motlan audit tree`: how the tree over the log stands, and a new log after a loss."""

import asyncio
from pathlib import Path

import click
from rich_click import RichGroup

from gateway.audit.acts import Acts, By
from gateway.audit.entry import Entry
from gateway.audit.events import Changed, Event, Method
from gateway.audit.keyring import Keyring
from gateway.audit.leaf import Change
from gateway.audit.pseudonyms import Pseudonyms
from gateway.audit.writer import AuditWriter
from gateway.cli.answers import Answer, Failed, answering
from gateway.cli.edge import database_options, reachable, settings_with
from gateway.cli.exits import Exit
from gateway.cli.owing import acting
from gateway.clock import utc_now
from gateway.sequencing.examination import Examination, examine
from gateway.sequencing.guard import GuardUnreadable, Published
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
        begun = asyncio.run(_begun(dsn, settings, old, by, reason))
    facts = {"origin": begun.origin, "size": begun.size, "ended": old.origin, "ended_at": old.size}
    return Answer(facts, f"{begun.origin} follows {old.origin}, which ended at {old.size} records")


async def _begun(dsn: str, settings: Settings, old: Published, by: str, reason: str) -> Published:
    of = log_of(settings)
    log = AuditWriter(dsn, node=f"{settings.audit.node}.r", clock=utc_now)
    store = await Store.connect(dsn)
    acts = Acts(Pseudonyms(Keyring(settings.audit.keys_dir)), utc_now)

    async def head() -> TreeHead:
        return (await store.tree()).head

    async def commit_to(ended: Published) -> object:
        leaf = acts.leaf(
            Event.SETTINGS_APPLY,
            By(id=by),
            route="audit:tree:reorigin",
            method=Method.COMMAND,
            request=reason.encode("utf-8"),
            change=Change(
                kind=Changed.SETTINGS, id=ended.origin, hash=ended.root.hex(), rev=ended.size
            ),
        )
        return await log.append(Entry(body=leaf))

    try:
        await log.start()
        return await reorigin(
            old, of.origin, guard=of.guard, head=head, commit_to=commit_to, at=utc_now()
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
