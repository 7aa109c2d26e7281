"""Whether the tree may be grown: held against its tiles, what was published, clock and keys."""

import asyncio
from datetime import datetime, timedelta

from msgspec import Struct

from gateway.sequencing.edge import Edge, read_back
from gateway.sequencing.guard import Guard, GuardUnreadable, Published
from gateway.sequencing.keyfiles import LogKeysUnusable
from gateway.sequencing.keys import LogKeys
from gateway.sequencing.repository import TreeRepository
from gateway.sequencing.rows import TileGone, TreeHead
from gateway.sequencing.standing import Halt, Halted
from gateway.sequencing.store import Fenced, Store
from gateway.tlog.notes import Signer

CLOCK_SLACK = timedelta(seconds=5)  # a clock may have been set back by so much


class Log(Struct, frozen=True):
    """What makes one log: its name, its keys, its guard."""

    origin: str
    keys: LogKeys
    guard: Guard


class Inspected(Struct, frozen=True):
    """A tree that holds against everything that is known of it here."""

    fenced: Fenced
    edge: Edge
    published: Published | None


async def inspect(store: Store, of: Log) -> Inspected:
    """Read the tree and hold it against its tiles and against what this node has published.

    Raises:
        Halted: it may not be grown.
        gateway.database.TROUBLES: the database is away.
    """
    published = await asyncio.to_thread(_published, of.guard)  # first: it is never ahead of a tree
    async with store.snapshot():
        fenced = await store.tree()
        edge = await _edge(store, fenced.head)
        if published is not None:
            await _hold_against(store, of, published, fenced.head)
    return Inspected(fenced, edge, published)


def signers_at(now: datetime, of: Log, before: TreeHead) -> list[Signer]:
    """Return who signs at *now*, after the tree *before*.

    Raises:
        Halted: the clock went back, or no key can be used.
    """
    if before.size and now < before.at - CLOCK_SLACK:
        behind_s = (before.at - now).total_seconds()
        raise Halted(Halt.CLOCK, f"{behind_s:.0f} s behind the previous checkpoint")
    try:
        return of.keys.signers(max(now, before.at) if before.size else now)
    except (LogKeysUnusable, OSError) as unusable:
        raise Halted(Halt.KEYS, str(unusable)) from unusable


async def _edge(store: Store, head: TreeHead) -> Edge:
    try:
        edge = read_back(head.size, await store.edge_tiles(head.size))
    except TileGone as gone:
        raise Halted(Halt.DAMAGED, str(gone)) from gone
    if edge.root != head.root:
        raise Halted(Halt.DAMAGED, f"the tiles of {head.size} leaves lead to another root")
    return edge


def _published(guard: Guard) -> Published | None:
    try:
        return guard.read()
    except GuardUnreadable as unreadable:
        raise Halted(Halt.GUARD, str(unreadable)) from unreadable


async def _hold_against(store: Store, of: Log, published: Published, head: TreeHead) -> None:
    if published.origin != of.origin:
        raise Halted(Halt.ORIGIN, f"this node published {published.origin}")
    if head.size < published.size:
        raise Halted(Halt.RESTORED, f"{head.size} leaves here, {published.size} were published")
    try:
        root = await TreeRepository(store.connection).root(published.size)
    except TileGone as gone:
        raise Halted(Halt.DAMAGED, str(gone)) from gone
    if root != published.root:
        raise Halted(Halt.RESTORED, f"the first {published.size} leaves are not those published")
