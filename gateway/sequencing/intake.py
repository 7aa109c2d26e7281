"""What may join the tree now: the whole prefixes of all writers, in bounded portions."""

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Protocol

from msgspec import DecodeError, Struct

from gateway.audit.leaf import parse
from gateway.sequencing.prefix import Cursor, Damage, Prefix, Row, accept
from gateway.sequencing.store import OpenWriter
from gateway.sequencing.watch import Watch

LOOK_BACK = timedelta(days=1)  # writers of yesterday may still be ending
LOOK_FAR_S = 60.0  # so often all unfinished writers are looked at, however old
LEAST_SHARE = 256  # records of one writer in one portion, when many have some
MOST_BYTES = 8 * 1024 * 1024  # of one portion


class Source(Protocol):
    """What is asked of the store."""

    async def open_writers(self, since: date) -> list[OpenWriter]:
        """Return writers that may have more."""
        ...

    async def last_numbers(self, day: date, writers: list[str]) -> dict[str, int]:
        """Return the highest stored numbers."""
        ...

    async def next_rows(self, cursor: Cursor, *, most: int, most_bytes: int) -> list[Row]:
        """Return the next records of a writer."""
        ...

    async def successors(self, writer: str) -> list[bytes]:
        """Return the first records of a node's later writers."""
        ...


class Ending(Struct, frozen=True):
    """A writer's last record."""

    seq: int
    leaf: str  # hex


class Portion(Struct, frozen=True):
    """What one round takes in."""

    before: list[Cursor]  # beside `prefixes`
    prefixes: list[Prefix]
    finished: list[Cursor]  # writers after whom nothing can follow, their records in the tree
    closing: frozenset[str]  # writers of `prefixes` that are finished with it
    backlog: int  # records seen beyond this portion, damaged ones included

    @property
    def records(self) -> int:
        """Return how many leaves join."""
        return sum(len(one.leaves) for one in self.prefixes)


class Intake:
    """Reads what writers have stored since; keeps what it knows of troubled ones."""

    def __init__(self, source: Source, watch: Watch, *, most: int) -> None:
        self._source = source
        self._watch = watch
        self._most = most  # records in one portion
        self._far_at = float("-inf")
        self._turn = 0

    async def portion(self, now: datetime, now_s: float) -> Portion:
        """Return what may join at *now*; *now_s* is the same instant on a monotonic clock."""
        far = now_s - self._far_at >= LOOK_FAR_S
        recent = now.date() - LOOK_BACK
        writers = await self._source.open_writers(date.min if far else recent)
        last = await self._last_numbers(writers)
        finished = [
            one.cursor for one in writers if await self._is_finished(one, last, now, now_s, far=far)
        ]
        before, prefixes, backlog = await self._prefixes(writers, last, now_s)
        if far and not self._has_old_work(writers, last, recent):
            self._far_at = now_s
        closed = {one.cursor.writer: one.closed_seq for one in writers}
        closing = frozenset(
            one.after.writer
            for one in prefixes
            if closed[one.after.writer] == one.after.next_seq - 1 and one.damage is None
        )
        return Portion(before, prefixes, finished, closing, backlog)

    def _has_old_work(self, writers: list[OpenWriter], last: dict[str, int], recent: date) -> bool:
        still = {one.writer for one in self._watch.stopped}
        return any(
            one.cursor.day < recent
            and one.cursor.writer not in still
            and last.get(one.cursor.writer, -1) >= one.cursor.next_seq
            for one in writers
        )

    async def _last_numbers(self, writers: list[OpenWriter]) -> dict[str, int]:
        days: dict[date, list[str]] = defaultdict(list)
        for one in writers:
            days[one.cursor.day].append(one.cursor.writer)
        found: dict[str, int] = {}
        for day, names in days.items():
            found |= await self._source.last_numbers(day, names)
        return found

    async def _prefixes(
        self, writers: list[OpenWriter], last: dict[str, int], now_s: float
    ) -> tuple[list[Cursor], list[Prefix], int]:
        waiting = {
            one.cursor.writer: last[one.cursor.writer] + 1 - one.cursor.next_seq
            for one in writers
            if last.get(one.cursor.writer, -1) >= one.cursor.next_seq
        }
        ready = [
            one
            for one in writers
            if one.cursor.writer in waiting and self._watch.due(one.cursor.writer, now_s)
        ]
        before: list[Cursor] = []
        prefixes: list[Prefix] = []
        room, weight = self._most, MOST_BYTES
        for one in self._in_turn(ready):
            if room <= 0 or weight <= 0:
                break
            share = min(room, max(LEAST_SHARE, self._most // len(ready)))
            rows = await self._source.next_rows(one.cursor, most=share, most_bytes=weight)
            weight -= sum(len(entry) for _, entry, _ in rows)
            prefix = self._judged(one, rows, now_s)
            if prefix.leaves:
                before.append(one.cursor)
                prefixes.append(prefix)
                room -= len(prefix.leaves)
        return before, prefixes, sum(waiting.values()) - (self._most - room)

    def _in_turn(self, ready: list[OpenWriter]) -> list[OpenWriter]:
        """Let another writer be first each time, so that none waits for ever behind a busy one."""
        self._turn = (self._turn + 1) % max(len(ready), 1)
        return ready[self._turn :] + ready[: self._turn]

    def _judged(self, one: OpenWriter, rows: list[Row], now_s: float) -> Prefix:
        inside = rows
        if one.closed_seq is not None:
            inside = [row for row in rows if row[0] <= one.closed_seq]
        prefix = accept(one.cursor, inside)
        damage = prefix.damage
        if damage is None and len(inside) < len(rows):
            damage = Damage.BEYOND
            prefix = Prefix(prefix.after, prefix.leaves, damage)
        if damage is None:
            self._watch.well(one.cursor.writer)
        else:
            self._watch.troubled(prefix.after, damage, now_s)
        return prefix

    async def _is_finished(
        self,
        one: OpenWriter,
        last: dict[str, int],
        now: datetime,
        now_s: float,
        *,
        far: bool,
    ) -> bool:
        """Tell whether everything the writer ever wrote is folded; note when some is missing."""
        cursor = one.cursor
        if last.get(cursor.writer, -1) >= cursor.next_seq:
            return False
        end = one.closed_seq
        if end is None:
            if not far or cursor.day >= now.date():
                return False  # it may write on, or a commit of its last moments may still come
            named = await self._named(cursor)
            if named is None:
                return False
            end = named.seq
            if end == cursor.next_seq - 1 and named.leaf != cursor.last_leaf.hex():
                self._watch.troubled(cursor, Damage.LINK, now_s)
                return False
        if cursor.next_seq > end:
            self._watch.well(cursor.writer)
            return True
        self._watch.troubled(cursor, Damage.TAIL, now_s)
        return False

    async def _named(self, cursor: Cursor) -> Ending | None:
        """Return where the writer stood in the words of the one that followed it at its node."""
        records = await self._source.successors(cursor.writer)
        for record in records:
            try:
                life = parse(record).life
            except (DecodeError, ValueError):
                continue
            if life is not None and life.prior is not None and life.prior.id == cursor.writer:
                return Ending(life.prior.seq, life.prior.leaf)
        if records and cursor.next_seq == 0:
            return Ending(-1, cursor.last_leaf.hex())  # it never wrote anything
        return None
