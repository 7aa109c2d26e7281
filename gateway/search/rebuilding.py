"""The search tables beside the log they follow from: whether they fit, and making them anew."""

import asyncio

from msgspec import Struct

from gateway.search.filling import Filling
from gateway.search.follower import Follower, Tree, row_of
from gateway.search.projection import PART_BITS, Digest, widen
from gateway.search.repository import SearchRepository, Standing

AT_ONCE = 5_000  # records in memory
PAUSE_S = 0.2  # while another follower is at work


class Compared(Struct, frozen=True):
    """Two digests over the same leaves: of the tables, and of what the log says they hold."""

    floor: int
    next_index: int
    stored: str
    projected: str

    @property
    def equal(self) -> bool:
        """Say whether the tables are the log and nothing but the log."""
        return self.stored == self.projected


async def projected(tree: Tree, first: int, end: int) -> Digest:
    """Return the digest of the tables that follow from the leaves *first* to *end*, excluded.

    Raises:
        EntriesGone: a record of that range has left for the archive.
    """
    digest, spans = Digest(), dict[int, tuple[int, int]]()
    at = first
    while at < end:
        found = await tree.entries(at, min(AT_ONCE, end - at))
        rows = [row_of(each) for each in found if each.index < end]
        if not rows:
            break
        digest.add(rows)
        for row in rows:
            digest.add_subjects((p, row.leaf_index) for p in sorted(set(row.subjects)))
            widen(spans, row)
        at = rows[-1].leaf_index + 1
    digest.add_spans((block, low, high) for block, (low, high) in sorted(spans.items()))
    return digest


async def compare(repository: SearchRepository, tree: Tree) -> Compared:
    """Compare the tables, as far as they reach now, with the log; raise as `projected`."""
    standing = await repository.standing()
    stored = await repository.digest(standing)
    expected = await projected(tree, standing.floor, standing.next_index)
    return Compared(standing.floor, standing.next_index, stored.hex(), expected.hex())


async def rebuild(
    filling: Filling, follower: Follower, repository: SearchRepository, end: int
) -> Standing:
    """Forget the tables and follow the log anew, to leaf *end* at least.

    Searches go on meanwhile and say how far they reach.  A keeper that follows at the same time
    shares the work: the cursor's row lets one batch after another in.
    """
    standing = await repository.standing()
    await filling.rewind(standing.floor >> PART_BITS)
    while (standing := await repository.standing()).next_index < end:
        if not await follower.step(filling):
            await asyncio.sleep(PAUSE_S)
    return standing
