"""The tree: the keeper folds and signs it, every worker serves it."""

import asyncio
from contextlib import AsyncExitStack
from datetime import datetime, timedelta

from gateway.api.tlog import KeysNow, LogController, LogKeysNow, PublicKey, Reads
from gateway.audit.acts import Acts
from gateway.sequencing.guard import Guard
from gateway.sequencing.inspection import Log
from gateway.sequencing.keys import LogKeys
from gateway.sequencing.leading import Leading, Pace
from gateway.sequencing.repository import TreeRepository
from gateway.sequencing.store import Store
from gateway.settings import Settings
from gateway.wiring.shared import Shared

HANDLERS = (LogController,)
PROVIDES = ("log_keys", "log_reads", "log_records", "log_tree")

ALGORITHMS = ("Ed25519", "ML-DSA-44")


async def serve(stack: AsyncExitStack, shared: Shared) -> dict[str, object]:
    """Open what the log's paths need: two roles, because hashes are public and records are not."""
    del stack  # the pools are closed with the process
    return {
        "log_keys": keys_now(keys_of(shared.settings)),
        "log_reads": Reads(Acts(shared.pseudonyms, shared.clock), shared.log.append),
        "log_records": TreeRepository(await shared.pool("motlan_auditor")),
        "log_tree": TreeRepository(await shared.pool("motlan_app")),
    }


async def keep(stack: AsyncExitStack, shared: Shared) -> None:
    """Fold, or follow whoever does."""
    leading = leading_of(shared)
    shared.background(stack, leading.run(), "sequencer")
    shared.checks["tree"] = leading.check
    meters = shared.meters
    meters.observe("motlan.audit.merge.delay", leading.merge_delay_s)
    meters.observe("motlan.audit.gaps", lambda: len(leading.standing.stopped))
    meters.observe("motlan.audit.tree.size", lambda: leading.standing.size)
    meters.observe("motlan.audit.tree.backlog", lambda: leading.standing.backlog)
    meters.observe("motlan.audit.tree.halted", lambda: int(leading.standing.halt is not None))
    meters.observe("motlan.audit.checkpoint.age", leading.checkpoint_age_s)


def leading_of(shared: Shared) -> Leading:
    """Return this process's sequencer."""
    tree = shared.settings.tree
    pace = Pace(
        round_s=tree.round_ms / 1000, round_records=tree.round_records, alarm_s=tree.alarm_s
    )
    return Leading(
        lambda: Store.connect(shared.dsn),
        log_of(shared.settings),
        shared.clock,
        pace,
        shared.settings.audit.node,
    )


def log_of(settings: Settings) -> Log:
    """Return the log that the settings name."""
    return Log(settings.tree.origin, keys_of(settings), Guard(settings.tree.guard_file))


def keys_of(settings: Settings) -> LogKeys:
    """Return the ring of the log's keys; nothing is read yet."""
    tree = settings.tree
    return LogKeys(tree.keys_dir, tree.origin, overlap=timedelta(seconds=tree.key_overlap_s))


def keys_now(ring: LogKeys) -> KeysNow:
    """Return who tells the public keys of *ring* at an instant."""

    def read(now: datetime) -> LogKeysNow:
        return LogKeysNow(
            ring.origin,
            [
                PublicKey(
                    vkey=vkey,
                    algorithm=algorithm,
                    state=line.state.value,
                    active_from=line.active_from,
                    retired_from=line.retired_from,
                )
                for line in ring.lines(now)
                for vkey, algorithm in zip(line.vkeys, ALGORITHMS, strict=True)
            ],
        )

    return lambda now: asyncio.to_thread(read, now)
