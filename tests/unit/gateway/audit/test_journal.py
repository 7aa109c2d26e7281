"""A writer's sequence through every order of faults that chance can think of."""

import asyncio
from collections import deque
from collections.abc import Coroutine, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import asyncpg
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from gateway.audit.chain import Linked, Position
from gateway.audit.journal import Journal, LaneSettings, Lost, Refused, Store
from gateway.audit.lane import Diverged, Promise
from gateway.audit.leaf import Last, body
from gateway.rights import Right
from tests.audit_builders import NODE, an_access
from tests.history import History, Row, violations

Answer = TypeVar("Answer")
BODY_LEAF = an_access()
FAULTS = st.sampled_from(["", "", "", "", "lost before", "lost after", "refused"])
ACTS = st.sampled_from(["append", "append", "append", "dead", "midnight", "failover", "restart"])


class Acknowledged(Struct):
    """What a caller was told."""

    entry_id: str
    writer: str
    seq: int
    leaf: str


class NotNow(asyncpg.PostgresError):
    """A word of the server: no."""

    severity_en = "ERROR"


class Province:
    """A database in memory: statements happen whole or not at all, and a script fails them."""

    def __init__(self, faults: list[str]) -> None:
        self.rows: dict[tuple[str, int], Row] = {}
        self.committed: deque[tuple[str, int]] = deque()
        self.writers: dict[str, str] = {}
        self.closed: dict[str, int] = {}
        self.faults = deque(faults)

    async def connect(self, _settings: LaneSettings) -> Store:
        """Open a lane."""
        return FakeLane(self)

    def put(self, linked: Linked) -> int:
        """Store what is absent."""
        absent = 0
        for seq, (entry, leaf) in enumerate(
            zip(linked.entries, linked.leaves, strict=True), linked.first.seq
        ):
            key = linked.first.writer, seq
            if key not in self.rows:
                absent += 1
                self.rows[key] = Row(*key, entry, leaf)
                self.committed.append(key)
            elif self.rows[key].leaf != leaf:
                raise Diverged("other bytes")
        return absent

    def fail_over(self, records: int) -> None:
        """Lose the newest commits, as an asynchronous standby does."""
        for _ in range(min(records, len(self.committed))):
            del self.rows[self.committed.pop()]


class FakeLane:
    """One connection to the province."""

    def __init__(self, province: Province) -> None:
        self._province = province
        self._cut = False
        self.promise = Promise("on", "on", "on")

    def terminate(self) -> None:
        """Cut."""
        self._cut = True

    async def _run(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        fault = self._province.faults.popleft() if self._province.faults else ""
        if fault == "lost before" or self._cut:
            work.close()
            raise ConnectionResetError
        if fault == "refused":
            work.close()
            raise NotNow
        answer = await work
        if fault == "lost after":
            raise ConnectionResetError
        return answer

    async def append(self, linked: Linked, rights: Sequence[Right]) -> list[int]:
        """Every right named here is dead."""

        async def work() -> list[int]:
            if not rights:
                self._province.put(linked)
            return list(range(len(rights)))

        return await self._run(work())

    async def offer(self, linked: Linked) -> int:
        """Store what is absent."""

        async def work() -> int:
            return self._province.put(linked)

        return await self._run(work())

    async def holds(self, after: Position) -> bool:
        """Look."""

        async def work() -> bool:
            row = self._province.rows.get((after.writer, after.seq - 1))
            return row is not None and row.leaf.hex() == after.prev

        return await self._run(work())

    async def probe(self) -> None:
        """A connection that is gone shows."""

        async def work() -> None:
            pass

        await self._run(work())

    async def ensure_days(self, days: list[date]) -> None:
        """There is room for every day."""

        async def work() -> None:
            assert days

        await self._run(work())

    async def prior(self, node: str) -> Last | None:
        """Return the newest row."""

        async def work() -> Last | None:
            assert node == NODE
            if not self._province.committed:
                return None
            row = self._province.rows[self._province.committed[-1]]
            return Last(id=row.writer, seq=row.seq, leaf=row.leaf.hex())

        return await self._run(work())

    async def register(self, position: Position, node: str, at: datetime) -> None:
        """Announce."""

        async def work() -> None:
            assert at.tzinfo is UTC
            self._province.writers[position.writer] = node

        await self._run(work())

    async def mark_closed(self, writer: str, seq: int) -> None:
        """State the end."""

        async def work() -> None:
            self._province.closed.setdefault(writer, seq)

        await self._run(work())

    async def close(self) -> None:
        """Go."""


class Run:
    """One process after another against one province."""

    def __init__(self, faults: list[str]) -> None:
        self.province = Province(faults)
        self.at = datetime(2026, 11, 21, 1, tzinfo=UTC)
        self.told: list[Acknowledged] = []
        self.journal = self.a_journal()

    def a_journal(self) -> Journal:
        """Start a process."""
        self.province.committed.clear()  # what earlier processes stored is on every standby
        node = LaneSettings(dsn="", node=NODE)
        return Journal(node, lambda: self.at, lambda: 0.0, self.province.connect)

    async def settled(self) -> None:
        """Try until it works, as the flusher does."""
        for _ in range(300):
            try:
                await self.journal.settle()
                await self.journal.probe()
            except (Lost, Refused):
                continue
            return
        raise AssertionError("never settled")

    async def act(self, act: str) -> None:
        """Do one thing that can happen to a gateway."""
        if act == "midnight":
            self.at += timedelta(days=1)
        elif act == "restart":
            self.journal = self.a_journal()
        elif act == "failover":
            self.province.fail_over(2)
            self.journal.cut()
            await self.settled()  # a process that dies as well takes its memory with it
        else:
            await self.append([Right("system:dead", 1)] if act == "dead" else [])

    async def append(self, rights: Sequence[Right]) -> None:
        """Append two records; remember them when they were acknowledged."""
        await self.settled()
        try:
            stored = await self.journal.append([body(BODY_LEAF)] * 2, rights)
        except (Lost, Refused):
            return
        if isinstance(stored, Linked):
            self.told += [
                Acknowledged(BODY_LEAF.id, stored.first.writer, seq, leaf.hex())
                for seq, leaf in enumerate(stored.leaves, stored.first.seq)
            ]


@settings(max_examples=400, deadline=None)
@given(st.lists(ACTS, max_size=12), st.lists(FAULTS, max_size=40))
def test_no_order_of_faults_breaks_a_chain_or_loses_what_was_told(
    acts: list[str], faults: list[str]
) -> None:
    """Cuts before and after each statement, refusals, failovers, midnights, restarts."""
    run = Run(faults)

    async def whole() -> None:
        for act in acts:
            await run.act(act)
        await run.settled()

    asyncio.run(whole())

    rows = list(run.province.rows.values())
    found = violations(History(rows=rows, receipts=run.told))
    assert [] == [one for one in found if "stands" not in one]  # all bodies share one id here
    assert {row.writer for row in rows} <= run.province.writers.keys()


def test_a_closed_writer_is_closed_at_its_last_record() -> None:
    """The row of the writer and its last record say the same."""
    run = Run(["", "lost after", "", "lost before", "", "", "lost after"])

    async def whole() -> None:
        for act in ("append", "midnight", "append", "midnight"):
            await run.act(act)
        await run.settled()

    asyncio.run(whole())

    last = {
        writer: max(seq for one, seq in run.province.rows if one == writer)
        for writer in run.province.closed
    }
    assert 2 == len(last)
    assert last == run.province.closed
