"""Old days to test with: records, a tree over them, and what retention needs to move them out."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from gateway import database
from gateway.audit.acts import Acts
from gateway.audit.entry import Entry, Receipt
from gateway.audit.journal import DAYS_AHEAD
from gateway.audit.keyring import Keyring
from gateway.audit.leaf import Leaf
from gateway.audit.pseudonyms import Pseudonyms
from gateway.clock import utc_now
from gateway.retention.exporting import Exporter
from gateway.retention.leaving import Leaving, Tools
from gateway.retention.repository import ROLE, RetentionRepository
from gateway.retention.rules import Windows
from gateway.sequencing.repository import TreeRepository
from tests.audit_builders import an_entry
from tests.audit_rows import a_writer, connected
from tests.tree_rows import ORIGIN, a_log, a_sequencer, fold_all

FIRST = utc_now().date() - timedelta(days=800)
WINDOWS = Windows(hot=3, searchable=24, register=60, links=60)


def day(number: int) -> date:
    """Return one of the old days, 0 for the first."""
    return FIRST + timedelta(days=number)


async def make_days(dsn: str, folder: Path, *records: int) -> None:
    """Write and fold so many records on each of the first old days, then 300 today.

    A sequence adds two records of its own to each day: how it began, and how it ended.  Two empty
    days follow the last old one.
    """
    async with connected(dsn) as owner:
        for number in range(len(records) + DAYS_AHEAD):
            await _make_room(owner, day(number))
    for number, count in enumerate(records):
        await write(dsn, day(number), count)
        await fold(dsn, folder)
    await write(dsn, utc_now().date(), 300)
    await fold(dsn, folder)


async def _make_room(owner: Any, that_day: date) -> None:
    for kind in ("entry", "detail"):
        await owner.execute(
            f"CREATE TABLE audit.{kind}_{that_day:%Y%m%d} PARTITION OF audit.{kind} "
            f"FOR VALUES FROM ('{that_day}') TO ('{that_day + timedelta(days=1)}')"
        )


async def write(dsn: str, that_day: date, count: int) -> None:
    """Write *count* records at noon of a day, in a sequence of its own."""
    noon = datetime.combine(that_day, time(12), UTC)
    async with a_writer(dsn, clock=lambda: noon, node="gw1.0") as writer:
        await asyncio.gather(*(writer.append(an_entry()) for _ in range(count)))


async def fold(dsn: str, folder: Path) -> None:
    """Fold every record into the tree, and sign it."""
    async with a_sequencer(dsn, a_log(folder)) as sequencer:
        await sequencer.open()
        await fold_all(sequencer)


class Told:
    """Remembers what the record was told, and can be made to fail."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.events: list[str] = []
        self.failure = failure

    async def append(self, entry: Entry) -> Receipt:
        """Take one record."""
        if self.failure is not None:
            raise self.failure
        assert isinstance(entry.body, Leaf)
        self.events.append(entry.body.type.value)
        return Receipt(entry_id=entry.body.id, writer="w", seq=0, leaf="0" * 64)


@asynccontextmanager
async def a_leaving(
    dsn: str, folder: Path, told: Told | None = None, **options: Any
) -> AsyncGenerator[Leaving]:
    """Give what moves days out, with the rights that it has and no more."""
    async with await database.raw_pool(dsn, ROLE, 1, patience_s=30) as pool:
        tree = TreeRepository(pool)
        keys = a_log(folder).keys
        clock = options.pop("clock", utc_now)
        yield Leaving(
            Tools(
                rows=RetentionRepository(pool),
                tree=tree,
                exporter=Exporter(tree, ORIGIN, folder / "archive"),
                acts=Acts(Pseudonyms(Keyring(folder / "ring")), clock),
                append=(told or Told()).append,
                clock=clock,
                windows=lambda _day: options.get("windows", WINDOWS),
                verifiers=keys.verifiers,
                copies=options.get("copies", ()),
            )
        )
