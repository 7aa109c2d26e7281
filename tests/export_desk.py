"""Exports for tests: a followed and signed log, and what makes files of it."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import uuid_utils

from gateway import database
from gateway.audit.entry import Entry
from gateway.audit.leaf import Leaf
from gateway.clock import utc_now
from gateway.exports import queries
from gateway.exports.finding import Finding
from gateway.exports.grounds import Grounds
from gateway.exports.jobs import Finished, Format, Job, State, file_name
from gateway.exports.making import Bounds, Making
from gateway.exports.manifest import key_name
from gateway.search.sought import Sought
from gateway.sequencing.keys import LogKeys
from gateway.sequencing.repository import TreeRepository
from gateway.sequencing.sequencer import Log
from gateway.tlog.notes import Ed25519Signer
from gateway.tlog.policies import Policy
from tests.audit_rows import a_writer
from tests.replays import fold, keys_of
from tests.search_builders import Searched, searched
from tests.tree_rows import OVERLAP, a_log

EVERYTHING = Sought()


@dataclass(frozen=True)
class Desk:
    """A log that can be exported."""

    dsn: str
    of: Log
    search: Searched
    making: Making
    directory: Path

    async def record(self, leaves: Iterable[Leaf]) -> None:
        """Store *leaves*, fold, sign and follow them."""
        async with a_writer(self.dsn) as writer:
            for leaf in leaves:
                await writer.append(Entry(body=leaf))
        await fold(self.dsn, self.of)
        await self.search.follow()

    async def make(self, kind: Format, sought: Sought = EVERYTHING) -> tuple[Finished, Path]:
        """Make an export and return its file."""
        job = a_job(kind, sought)
        came = await self.making(job, lambda _records, _size: True)
        return came, self.directory / file_name(job)


def a_job(kind: Format, sought: Sought = EVERYTHING) -> Job:
    """Return an export that somebody has asked for."""
    return Job(
        id=UUID(str(uuid_utils.uuid7())),
        account="kt-01",
        format=kind,
        query=queries.told(sought),
        sought=queries.kept(sought),
        state=State.QUEUED,
        leaf=str(uuid_utils.uuid7()),
        asked_at=utc_now(),
    )


@asynccontextmanager
async def a_desk(
    dsn: str, folder: Path, *, policy: Policy | None = None, bounds: Bounds | None = None
) -> AsyncGenerator[Desk]:
    """Give a desk over an empty log."""
    of = a_log(folder)
    signing = LogKeys(folder / "export-keys", key_name(of.origin), overlap=OVERLAP)
    signing.ensure(utc_now())
    pool = await database.raw_pool(dsn, "motlan_auditor", 2)
    async with pool, searched(dsn) as search:
        making = Making(
            Finding(search.repository, pool),
            Grounds(TreeRepository(pool), pool, lambda: keys_of(of), policy),
            origin=of.origin,
            signers=lambda: [s for s in signing.signers(utc_now()) if isinstance(s, Ed25519Signer)],
            directory=folder / "exports",
            clock=utc_now,
            bounds=bounds or Bounds(),
        )
        yield Desk(dsn, of, search, making, folder / "exports")
