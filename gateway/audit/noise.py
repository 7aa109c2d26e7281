"""Refusals of callers nobody knows: counted by the minute, so that a flood cannot fill the log."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import structlog

from gateway.audit.entry import Entry, Receipt
from gateway.audit.events import Event
from gateway.audit.keyring import KeyDestroyed, KeyringUnsafe
from gateway.audit.leaf import Leaf, Noise
from gateway.audit.pseudonyms import Pseudonyms, Scheme, epoch_of
from gateway.audit.stamps import stamp
from gateway.cancelling import cancelled
from gateway.clock import Clock
from gateway.errors import AuditUnavailable, Code

MOST_PEERS = 400  # pairs of code and peer; more would not fit one leaf
EVERY_S = 60.0
# The log cannot take it, or the ring has no name for a peer: the key of a new year cannot be made.
NOT_NOW = (AuditUnavailable, KeyDestroyed, KeyringUnsafe, OSError)

Append: TypeAlias = Callable[[Entry], Awaitable[Receipt]]
Counted: TypeAlias = dict[tuple[str, str], int]

_log = structlog.get_logger(__name__)


class Tally:
    """Counts per code and peer; beyond the bound, per code alone."""

    def __init__(self, most_peers: int = MOST_PEERS) -> None:
        self._most_peers = most_peers
        self._counts: Counted = {}

    def add(self, code: str, peer: str, n: int = 1) -> None:
        """Count *n* refusals."""
        key = (code, peer)
        if key not in self._counts and len(self._counts) >= self._most_peers:
            key = (code, "")
        self._counts[key] = self._counts.get(key, 0) + n

    def take(self) -> Counted:
        """Return what was counted and start anew."""
        counts, self._counts = self._counts, {}
        return counts

    def put_back(self, counts: Counted) -> None:
        """Count again what could not be recorded."""
        for (code, peer), n in counts.items():
            self.add(code, peer, n)


class NoiseLog:
    """Writes one ``deny.aggregate`` leaf a minute, when there was any noise."""

    def __init__(
        self, append: Append, pseudonyms: Pseudonyms, clock: Clock, *, every_s: float = EVERY_S
    ) -> None:
        self._append = append
        self._pseudonyms = pseudonyms
        self._clock = clock
        self._every_s = every_s
        self._tally = Tally()
        self._task: asyncio.Task[None] | None = None

    def count(self, code: str, peer: str) -> None:
        """Count one refusal with *code* of the caller at network address *peer*; never blocks."""
        self._tally.add(code, peer)

    def start(self) -> None:
        """Begin to write by the minute."""
        self._task = asyncio.get_running_loop().create_task(self._by_the_minute(), name="noise")

    async def aclose(self) -> None:
        """Stop, and write what was counted since the last minute; before the writer closes."""
        task, self._task = self._task, None
        if task is not None:
            await cancelled(task)
        await self.flush()

    async def flush(self) -> None:
        """Write one leaf about what was counted; keep the counts when that cannot be done now."""
        counts = self._tally.take()
        if not counts:
            return
        try:
            await self._append(Entry(body=self._leaf(counts)))
        except NOT_NOW as trouble:
            self._tally.put_back(counts)
            _log.error("noise.not_recorded", error=type(trouble).__name__)
        except asyncio.CancelledError:
            self._tally.put_back(counts)
            raise

    async def _by_the_minute(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            await self.flush()

    def _leaf(self, counts: Counted) -> Leaf:
        at = self._clock()
        mark, epoch = stamp(at), epoch_of(at)
        noise = tuple(
            Noise(
                code=Code(code),
                n=n,
                peer=self._pseudonyms.of(Scheme.PEER, peer, epoch) if peer else None,
            )
            for (code, peer), n in sorted(counts.items())
        )
        return Leaf(id=mark.id, ts=mark.ts, salt=mark.salt, type=Event.DENY_AGGREGATE, noise=noise)
