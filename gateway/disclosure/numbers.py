"""How much is sealed: numbers that anybody may know, counted once a minute."""

import asyncio
from datetime import datetime, timedelta

from msgspec import Struct

from gateway.clock import Clock
from gateway.disclosure.rows import Rows
from gateway.disclosure.seal_repository import SealRepository
from gateway.disclosure.seals import Kind, Seal

KEPT = timedelta(seconds=60)
MOST_SEALS = 200  # counted one by one; more than these and the number says "at least"
COLUMNS: dict[Kind, str] = {
    Kind.AGENCY: "org = ANY($1)",
    Kind.SYSTEM: "client = ANY($1)",
    Kind.OFFICIAL: "official = ANY($1)",
    Kind.DOSSIER: "dossier = ANY($1)",
}
COVERED = "type IN ('access', 'deny') AND ts >= $2 AND ts < $3"
RECORDS: dict[Kind, str] = {
    kind: f"SELECT leaf_index FROM search.ix WHERE {column} AND {COVERED} LIMIT 100000"  # noqa: S608 - columns of our own
    for kind, column in COLUMNS.items()
} | {
    Kind.PERSON: (
        "SELECT x.leaf_index FROM search.subject s JOIN search.ix x ON x.leaf_index = s.leaf_index "  # noqa: S608 - the same
        f"WHERE s.p = ANY($1) AND x.{COVERED.replace('AND ts', 'AND x.ts')} LIMIT 100000"
    )
}


class PublicNumbers(Struct, frozen=True, kw_only=True):
    """How many seals there are, and how many records they close."""

    at: datetime
    asked: int  # waiting for a second person
    refused: int
    live: int
    opened: int  # by time or by hand, since the beginning
    sealed_records: int  # closed to the people concerned at this instant
    at_least: bool  # too many seals to count every record


class SealNumbers:
    """Counts, and remembers for a minute: whoever asks often learns no instant of an access."""

    def __init__(self, seals: SealRepository, index: Rows, clock: Clock) -> None:
        self._seals = seals
        self._index = index
        self._clock = clock
        self._counting = asyncio.Lock()
        self._known: PublicNumbers | None = None

    async def now(self) -> PublicNumbers:
        """Return the numbers, at most a minute old."""
        async with self._counting:
            now = self._clock()
            if self._known is None or now - self._known.at >= KEPT:
                self._known = await self._count(now)
            return self._known

    async def _count(self, now: datetime) -> PublicNumbers:
        counts, live = await self._seals.counts(now), await self._seals.live(now)
        records: set[int] = set()
        for seal in live[:MOST_SEALS]:
            records.update(await self._records(seal))
        return PublicNumbers(
            at=now,
            asked=counts.asked,
            refused=counts.refused,
            live=counts.live,
            opened=counts.opened,
            sealed_records=len(records),
            at_least=len(live) > MOST_SEALS,
        )

    async def _records(self, seal: Seal) -> list[int]:
        first, last = (round(at.timestamp() * 1_000_000) for at in (seal.first, seal.last))
        rows = await self._index.fetch(RECORDS[seal.kind], list(seal.targets), first, last)
        return [row["leaf_index"] for row in rows]
