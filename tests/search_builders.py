"""What tests of the search need: a database with a tree, followed, and something to ask it with."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from gateway import database
from gateway.audit.events import Matched
from gateway.audit.keyring import Keyring
from gateway.audit.leaf import Leaf
from gateway.audit.pseudonyms import Pseudonyms, Scheme, epoch_of
from gateway.audit.stamps import stamp
from gateway.clock import utc_now
from gateway.search.filling import opened
from gateway.search.follower import Follower
from gateway.search.repository import SearchRepository
from gateway.sequencing.repository import TreeRepository
from tests.audit_builders import an_access
from tests.folded import fold


class Searched(Struct, frozen=True):
    """A followed database."""

    dsn: str
    follower: Follower
    repository: SearchRepository

    async def add(self, leaves: Iterable[Leaf]) -> list[bytes]:
        """Record and follow *leaves*."""
        entries = await fold(self.dsn, leaves)
        await self.follow()
        return entries

    async def follow(self) -> int:
        """Follow to the end of the tree; return how many leaves were copied."""
        filling = await opened(self.dsn)
        try:
            return await self.follower.catch_up(filling)
        finally:
            await filling.aclose()


@asynccontextmanager
async def searched(dsn: str, *, budget_s: float = 5.0) -> AsyncGenerator[Searched]:
    """Give the parts of the search, as processes put them together."""
    engine = database.engine(dsn, role="motlan_auditor", pool_connections=2)
    pool = await database.raw_pool(dsn, "motlan_follower", 2)
    repository = SearchRepository(lambda: database.transaction(engine), budget_s=budget_s)
    try:
        yield Searched(dsn, Follower(TreeRepository(pool), lambda: opened(dsn)), repository)
    finally:
        await pool.close()
        await engine.dispose()


def some_pseudonyms(directory: Path) -> Pseudonyms:
    """Return pseudonyms under keys of their own."""
    return Pseudonyms(Keyring(directory / "pseudonyms"))


def an_access_of(
    pseudonyms: Pseudonyms, *numbers: str, at: datetime | None = None, **basis: str
) -> Leaf:
    """Return an access about the person of *numbers*; the second one supersedes the first."""
    instant = at or utc_now()
    leaf = an_access(stamp(instant))
    epoch = epoch_of(instant)
    names = tuple(pseudonyms.of(Scheme.CITIZEN, number, epoch) for number in numbers)
    assert leaf.subj is not None
    assert leaf.basis is not None
    assert leaf.res is not None
    match = Matched.SUPERSEDED if len(numbers) > 1 else Matched.EXACT
    return replace(
        leaf,
        subj=replace(leaf.subj, k=epoch, p=names),
        basis=replace(leaf.basis, **basis),
        res=replace(leaf.res, match=match),
    )


def ago(hours: float) -> datetime:
    """Return the instant so many hours ago."""
    return utc_now() - timedelta(hours=hours)
