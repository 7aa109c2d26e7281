"""Who looked at one person: a page of lines, counts, and the proof of one line."""

from collections.abc import Sequence
from datetime import timedelta

from msgspec import Struct

from gateway.audit.keyring import Keyring
from gateway.audit.pseudonyms import Pseudonyms
from gateway.clock import Clock
from gateway.disclosure import counts, lines, seals, sentences, traces
from gateway.disclosure.cursors import Cursors
from gateway.disclosure.errors import ProofNotReady, Unknown
from gateway.disclosure.lines import Line, Record
from gateway.disclosure.reading import Reading
from gateway.disclosure.seal_repository import SealRepository
from gateway.disclosure.traces import Traces
from gateway.disclosure.wording import Wording
from gateway.sequencing.repository import TreeRepository
from gateway.tlog.proofs import Proof

MOST_LINES = 100
MOST_DAYS = 366
FAR = 2**62  # beyond every index


class Owner(Struct, frozen=True):
    """Whose list is read, by pseudonyms alone."""

    pseudonyms: tuple[str, ...]  # the number of now in every epoch, then replaced numbers
    told_as: str = sentences.YOU

    @property
    def first(self) -> str:
        """Return one pseudonym that stands for all."""
        return self.pseudonyms[0]


class Listed(Struct, frozen=True, kw_only=True):
    """One page of the list, newest first."""

    items: tuple[Line, ...]
    next_cursor: str | None
    whole_from: int  # records before this index have left for the archive
    whole_until: int  # records from this index on will follow within the merge delay


class Own:
    """Reads the log for the person concerned; the caller has written down that it is read."""

    def __init__(
        self,
        *,
        tree: TreeRepository,
        traces: Traces,
        reading: Reading,
        wording: Wording,
        seals: SealRepository,
        pseudonyms: Pseudonyms,
        keyring: Keyring,
        clock: Clock,
    ) -> None:
        self._tree = tree
        self._traces = traces
        self._wording = wording
        self._seals = seals
        self._pseudonyms = pseudonyms
        self._keyring = keyring
        self._clock = clock
        self._cursors = Cursors(pseudonyms)
        self.reading = reading

    async def owner(self, number: str, told_as: str = sentences.YOU) -> Owner:
        """Return whose list *number* opens: every living epoch, replaced numbers too."""
        years = traces.epochs(self._keyring.keys()) or [f"{self._clock().year:04d}"]
        mine = traces.pseudonyms_of(number, self._pseudonyms, years)
        return Owner(await self._traces.with_old_numbers(mine), told_as)

    async def listed(self, owner: Owner, cursor: str | None, limit: int) -> Listed:
        """Return a page of at most *limit* (1 to 100) lines.

        Raises:
            Unknown: the cursor is not one of this list.
        """
        before = FAR if cursor is None else self._cursors.read(cursor, owner.first)
        limit = min(max(limit, 1), MOST_LINES)
        found = await self._traces.newest(owner.pseudonyms, before=before, limit=limit + 1)
        reached = await self._traces.reached()
        page = found[:limit]
        more = self._cursors.written(page[-1], owner.first) if len(found) > limit else None
        return Listed(
            items=await self._lines(page, owner.told_as),
            next_cursor=more,
            whole_from=reached.floor,
            whole_until=reached.next_index,
        )

    async def summary(self, owner: Owner, days: int) -> counts.Summary:
        """Return counts of the last *days* (1 to 366)."""
        now = self._clock()
        since = now - timedelta(days=min(max(days, 1), MOST_DAYS))
        briefs = await self._traces.briefs(owner.pseudonyms, since)
        closing = await self._seals.live(now)
        shown = [each for each in briefs if not seals.sealed(each.facts, closing, now)]
        names = await self._wording.versions(counts.keys(shown), ())
        return counts.summary(
            counts.Window(since, now, cut=traces.is_cut(briefs)),
            counts.groups(shown, names),
            sealed=len(briefs) - len(shown),
        )

    async def record(self, owner: Owner, index: int) -> Record:
        """Return one record about *owner* that nothing closes.

        Raises:
            Unknown: there is none, it is about somebody else, or it is sealed: all look the same.
        """
        if not 0 <= index < FAR or not await self._traces.holds(owner.pseudonyms, index):
            raise Unknown
        (record,) = await self.reading.records([index]) or [None]
        now = self._clock()
        if record is None or seals.sealed(lines.facts(record), await self._seals.live(now), now):
            raise Unknown
        return record

    async def proof(self, owner: Owner, index: int) -> str:
        """Return the ``.tlog-proof`` of one record, the record itself in its extra line.

        Raises:
            Unknown: as `record`.
            ProofNotReady: no checkpoint covers the record yet.
        """
        record = await self.record(owner, index)
        return await self.proof_of(index, record.place.entry)

    async def proof_of(self, index: int, entry: bytes) -> str:
        """Return the proof of any record, under the newest checkpoint that witnesses cosigned.

        Raises:
            ProofNotReady: as `proof`.
        """
        size = await self._traces.cosigned(index)
        checkpoint = await self._tree.checkpoint(size)
        if checkpoint is None or checkpoint.size <= index:
            raise ProofNotReady
        path = await self._tree.inclusion(index, checkpoint.size)
        return str(Proof(index, tuple(path), checkpoint.note, entry))

    async def _lines(self, indexes: Sequence[int], told_as: str) -> tuple[Line, ...]:
        read, now = await self.reading.read(indexes), self._clock()
        records = read.records
        closing = await self._seals.live(now)
        names = await self._wording.versions(*lines.keys(records))
        told: list[tuple[tuple[object, ...], Line]] = []
        for record in records:
            opens_at = seals.shown_from(lines.facts(record), closing, now)
            line = (
                lines.line(record, names, told_as)
                if opens_at is None
                else lines.closed(record, opens_at)
            )
            # A closed line stands at the end of its day: its place would tell the time.
            order = (record.place.day, opens_at is None, record.place.index)
            told.append((order, line))
        told += [
            ((place.day, False, place.index), lines.unreadable(place.day))
            for place in read.unreadable
        ]
        told.sort(key=lambda each: each[0], reverse=True)  # type: ignore[arg-type, return-value]
        gone = len(indexes) - len(told)
        return (*(line for _, line in told), *(lines.archived() for _ in range(gone)))
