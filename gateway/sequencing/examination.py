"""How the tree stands, looked at from outside: what a command prints; changes nothing."""

import asyncio
from datetime import datetime

from msgspec import Struct

from gateway.clock import Clock
from gateway.sequencing.guard import GuardUnreadable
from gateway.sequencing.inspection import Log, inspect, signers_at
from gateway.sequencing.intake import Intake
from gateway.sequencing.standing import ADVICE, Halt, Halted, Stopped, Words
from gateway.sequencing.store import Store
from gateway.sequencing.watch import Watch

LARGEST_LOOK = 5_000  # records judged of each writer
_LEASE = "SELECT holder, until > statement_timestamp() FROM audit.lease"


class Examination(Struct, frozen=True, kw_only=True):
    """The tree, its keeper, and whatever is wrong with them."""

    origin: str
    size: int
    root: str  # hex
    checkpoint_at: datetime | None
    checkpoint_age_s: float | None
    published: int | None  # leaves, as this node remembers them
    backlog: int  # records that are not in the tree
    folding: str | None  # who holds the lease
    signing: list[str]  # identifiers of the keys that sign now
    stopped: tuple[Stopped, ...]
    halt: Halt | None
    detail: str | None
    advice: Words | None

    @property
    def is_well(self) -> bool:
        """Whether nothing needs a person."""
        return self.halt is None and not self.stopped


async def examine(store: Store, of: Log, clock: Clock) -> Examination:
    """Ask of the tree what its sequencer asks before it signs.

    Raises:
        gateway.database.TROUBLES: the database is away.
    """
    now = clock()
    head = (await store.tree()).head
    signing: list[str] = []
    halted: Halted | None = None
    try:
        await inspect(store, of)
        if head.size or of.keys.lines(now):
            signing = [each.key_id.hex() for each in signers_at(now, of, head)]
    except Halted as found:
        halted = found
    watch = Watch(patience_s=0.0)
    intake = Intake(store, watch, most=LARGEST_LOOK)
    portion = await intake.portion(now, asyncio.get_running_loop().time())
    ((holder, held),) = await store.connection.fetch(_LEASE)
    return Examination(
        origin=of.origin,
        size=head.size,
        root=head.root.hex(),
        checkpoint_at=head.at if head.size else None,
        checkpoint_age_s=round((now - head.at).total_seconds(), 1) if head.size else None,
        published=await asyncio.to_thread(_published, of),
        backlog=portion.records + portion.backlog,
        folding=holder if held else None,
        signing=signing,
        stopped=watch.stopped,
        halt=halted.halt if halted else None,
        detail=halted.detail if halted else None,
        advice=ADVICE[halted.halt] if halted else None,
    )


def _published(of: Log) -> int | None:
    try:
        found = of.guard.read()
    except GuardUnreadable:
        return None
    return None if found is None else found.size
