"""Records that wait for the next commit: bounded, first come first served, never for ever."""

import asyncio
from collections import deque
from collections.abc import Iterable

from msgspec import Struct

from gateway.audit.entry import Receipt
from gateway.audit.prepared import Prepared
from gateway.errors import AuditUnavailable
from gateway.rights import Right

MOST_WAITING_BYTES = 16 * 1024 * 1024


class Pending(Struct, eq=False):
    """One record on its way."""

    of: Prepared
    rights: tuple[Right, ...] = ()
    future: asyncio.Future[Receipt] | None = None  # None: a record of the writer's own
    at: float = 0.0  # event-loop time

    def fail(self, error: Exception) -> None:
        """Tell whoever waits; harmless when nobody does any more."""
        if self.future is not None and not self.future.done():
            self.future.set_exception(error)

    @property
    def abandoned(self) -> bool:
        """Whether somebody waited and was told otherwise, or went away."""
        return self.future is not None and self.future.done()


class Waiting:
    """The queue before the flusher."""

    def __init__(self, most_records: int) -> None:
        self._most_records = most_records
        self._items: deque[Pending] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._items)

    def offer(self, pending: Pending) -> bool:
        """Take *pending* unless the bound is reached."""
        size = len(pending.of.content)
        if len(self._items) >= self._most_records or self._bytes + size > MOST_WAITING_BYTES:
            return False
        self._items.append(pending)
        self._bytes += size
        return True

    def put_first(self, own: Iterable[Pending]) -> None:
        """Take the writer's own records before all others, whatever the bound.

        They follow records already committed, at most one each, so they cannot pile up.
        """
        for pending in reversed(list(own)):
            self._items.appendleft(pending)
            self._bytes += len(pending.of.content)

    def gather(self, most_records: int, most_bytes: int) -> list[Pending]:
        """Take the next batch, leaving out what nobody waits for any more."""
        if len(self._items) <= most_records and self._bytes <= most_bytes:
            everything = [one for one in self._items if not one.abandoned]
            self._items.clear()
            self._bytes = 0
            return everything
        return self._portion(most_records, most_bytes)

    def _portion(self, most_records: int, most_bytes: int) -> list[Pending]:
        batch: list[Pending] = []
        size = 0
        items = self._items
        while items and len(batch) < most_records:
            pending = items[0]
            length = len(pending.of.content)
            if batch and size + length > most_bytes:
                break
            items.popleft()
            self._bytes -= length
            if pending.abandoned:
                continue
            batch.append(pending)
            size += length
        return batch

    def expire(self, before: float) -> int:
        """Fail the records that have waited since *before* or longer; return how many."""
        expired = 0
        kept: list[Pending] = []
        while self._items and self._items[0].at <= before:
            pending = self._items.popleft()
            self._bytes -= len(pending.of.content)
            if pending.future is None:
                kept.append(pending)
            else:
                pending.fail(AuditUnavailable())
                expired += 1
        self.put_first(kept)
        return expired
