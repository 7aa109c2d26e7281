"""Rounds against a real PostgreSQL: whole prefixes join, damage stops one writer, halts sign nothing."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.clock import utc_now
from gateway.sequencing.sequencer import Sequencer, Step
from gateway.sequencing.standing import Halt, Halted
from gateway.sequencing.store import Overtaken
from tests.audit_builders import an_entry
from tests.audit_rows import a_writer, connected
from tests.tree_rows import a_log, a_sequencer, fold_all, violations_of_tree


async def append(dsn: str, records: int, *, writers: int = 1) -> None:
    """Store records of several writers that then close: two more for each."""
    for n in range(writers):
        async with a_writer(dsn, node=f"gw{n}") as writer:
            await asyncio.gather(*(writer.append(an_entry()) for _ in range(records)))


async def test_every_record_of_every_writer_joins_one_tree(
    database_url: str, tmp_path: Path
) -> None:
    """The log is complete: each record has exactly one index, and the signed root covers it."""
    of = a_log(tmp_path)
    await append(database_url, 300, writers=3)

    async with a_sequencer(database_url, of) as sequencer:
        joined = await fold_all(sequencer)

    assert 3 * 302 == joined
    assert [] == await violations_of_tree(database_url, of)
