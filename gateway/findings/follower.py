"""Follows the tree: counts every leaf once, judges what was counted into, for ever."""

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Protocol
from uuid import UUID

import structlog

from gateway.clock import Clock
from gateway.database import TROUBLES
from gateway.errors import Refusal
from gateway.findings.due_repository import Due, DueRepository
from gateway.findings.facts import Fact, fact_of
from gateway.findings.finding import Known, State, placed
from gateway.findings.hours import Hours, local_day
from gateway.findings.rules import Found, judge
from gateway.findings.tallies import tallied
from gateway.findings.tally_repository import Rows, TallyRepository
from gateway.sequencing.pacing import LEAST, breath
from gateway.sequencing.rows import EntriesGone, Sequenced, TreeHead

AT_ONCE = 2 * LEAST  # leaves of one step: the fewer steps, the fewer changes of one counter
FORGET_EVERY = 500  # steps with leaves

_log = structlog.get_logger(__name__)


class Tree(Protocol):
    """What is read: records in the order of the tree."""

    async def entries(self, first: int, limit: int) -> Sequence[Sequenced]:
        """Return at most *limit* records from index *first* on."""
        ...

    async def head(self) -> TreeHead:
        """Return the newest committed tree."""
        ...


class Follower:
    """Counts and judges in small steps; any number may run, each leaf is counted once."""

    def __init__(self, tree: Tree, rows: Rows, hours: Hours, clock: Clock) -> None:
        self._tree = tree
        self._rows = TallyRepository(rows)
        self._judging = DueRepository(rows)
        self._hours = hours
        self._clock = clock
        self._steps = 0
        self._newest: date | None = None
        self.behind = 0  # leaves that are not counted yet

    async def keep(self, idle_s: float, judge_s: float) -> None:
        """Go on for ever: count as leaves come, judge every *judge_s* seconds.

        A step that fails is tried again after a pause; it left nothing half done.
        """
        clock = asyncio.get_running_loop().time
        judged_at = float("-inf")
        failed = False
        while True:
            began = clock()
            try:
                await self.count()
                more = self.behind >= AT_ONCE
                rest_s = breath(clock() - began, self.behind) if more else idle_s
                if began - judged_at >= judge_s:
                    await self.judge()
                    judged_at = began
                failed = False
            except (Refusal, EntriesGone, *TROUBLES) as trouble:
                if not failed:
                    _log.warning("findings.paused", error=type(trouble).__name__)
                failed, rest_s = True, idle_s
            await asyncio.sleep(rest_s)

    async def count(self) -> int:
        """Count the next leaves; return how many there were, 0 at the end of the tree.

        Raises:
            EntriesGone: the map of the tree has a hole there.
        """
        first = await self._rows.next_index()
        size = (await self._tree.head()).size
        self.behind = size - first
        try:
            facts, end = await self._facts(first, min(size, first + AT_ONCE))
        except EntriesGone as gone:
            return await self._skip(first, gone.index)
        if end == first < size:
            raise EntriesGone(first)
        if end > first and await self._rows.advance(first, end, tallied(facts), self._clock()):
            self.behind = size - end
            await self._forget(facts)
        return end - first

    async def judge(self) -> int:
        """Judge everything that is due; return how many findings were raised or grew."""
        clock = asyncio.get_running_loop().time
        raised, began = 0, clock()
        while due := await self._judging.due():
            found = await self._found(due)
            await self._judging.settle(found, due, self._clock())
            raised += len(found)
            await asyncio.sleep(breath(clock() - began, self.behind))
            began = clock()
        return raised

    async def _found(self, due: Sequence[Due]) -> dict[UUID, Found]:
        known = await self._judging.known(due)
        histories = await self._judging.histories(due)
        found: dict[UUID, Found] = {}
        fresh: dict[tuple[str, str], list[Known]] = {}  # of this step, not stored yet
        for history, earlier in zip(histories, known, strict=True):
            own = fresh.setdefault((history.scope, history.actor), [])
            for one in judge(history):
                key = placed(one, [*earlier, *own])
                if key is not None:
                    found[key] = one
                    own.append(_known(key, one))
        return found

    async def _facts(self, first: int, end: int) -> tuple[list[Fact], int]:
        """Return what the leaves from *first* to *end* say, and before which leaf that ends."""
        facts: list[Fact] = []
        at = first
        while at < end and (leaves := await self._tree.entries(at, min(LEAST, end - at))):
            facts += [fact for leaf in leaves if (fact := fact_of(leaf, self._hours))]
            at = leaves[-1].index + 1
        return facts, at

    async def _skip(self, first: int, gone: int) -> int:
        """Go on after records that have left for the archive: rules look at the present."""
        facts, _ = await self._facts(first, gone)
        end = await self._rows.resume(gone) or gone
        if end > first and await self._rows.advance(first, end, tallied(facts), self._clock()):
            _log.warning("findings.skipped", records=end - gone)
        return end - first

    async def _forget(self, facts: list[Fact]) -> None:
        """Drop old counters now and then; a clock that ran ahead must not drop today's."""
        self._steps += 1
        today = local_day(self._clock())
        days = [min(fact.day, today) for fact in facts]
        self._newest = max([*days, *([self._newest] if self._newest else [])], default=None)
        if self._steps % FORGET_EVERY == 0 and self._newest is not None:
            await self._rows.forget(self._newest)


def _known(key: UUID, found: Found) -> Known:
    return Known(key, found.rule, found.about, found.first_day, found.last_day, State.OPEN)
