"""A record folded into a tree, a hand that damages it, and a replay that has to notice."""

from collections.abc import Callable
from pathlib import Path

import asyncpg

from gateway import database
from gateway.clock import utc_now
from gateway.sequencing.sequencer import Log
from gateway.tlog.policies import Policy
from gateway.tlog.vkeys import VKey, parse_vkey
from gateway.verification.replay import Replay
from gateway.verification.report import Report
from gateway.verification.repository import ReplayRepository
from gateway.verification.rows import Row
from gateway.verification.signatures import Signatures
from tests.audit_builders import an_entry
from tests.audit_rows import a_writer
from tests.tree_rows import a_log, a_sequencer, fold_all


def keys_of(of: Log) -> list[VKey]:
    """Return the public keys of the log."""
    return [parse_vkey(text) for line in of.keys.lines(utc_now()) for text in line.vkeys]


async def append(dsn: str, records: int, *, node: str = "gw1") -> None:
    """Store *records* of one writer that then closes: two more, an opening and a closing leaf."""
    async with a_writer(dsn, node=node) as writer:
        for _ in range(records):
            await writer.append(an_entry())


async def fold(dsn: str, of: Log, round_records: int = 5_000) -> None:
    """Let what is stored join the tree."""
    async with a_sequencer(dsn, of, round_records=round_records) as sequencer:
        await fold_all(sequencer)


async def a_folded_log(dsn: str, folder: Path, records: int, *, round_records: int = 5_000) -> Log:
    """Return a log of *records* and two more, folded and signed."""
    of = a_log(folder)
    await append(dsn, records)
    await fold(dsn, of, round_records)
    return of


async def replayed(
    dsn: str,
    of: Log,
    *,
    policy: Policy | None = None,
    take: Callable[[Row], None] = lambda _row: None,
) -> Report:
    """Replay everything, as an auditor's role."""
    signatures = Signatures(of.origin, keys_of(of), policy)
    pool = await database.raw_pool(dsn, "motlan_auditor", 1, patience_s=30)
    async with pool:
        log = ReplayRepository(pool)
        return await Replay(log, signatures, published=of.guard.read(), take=take).run()


async def tamper(dsn: str, *statements: str) -> None:
    """Do what only a superuser can do, who is stopped by no trigger."""
    connection = await asyncpg.connect(dsn.replace("//motlan@", "//postgres@"), timeout=10)
    try:
        await connection.execute("SET session_replication_role = replica")
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
