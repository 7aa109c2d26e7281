"""Single use: what was used once is remembered over all workers, and nothing else is believed.

Many uses are claimed by one statement: while a batch is on its way the next one gathers, so that a
busy worker asks the database about as often as an idle one.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from operator import attrgetter
from typing import Protocol

import msgspec

from auth.errors import MemoryUnavailable, MemoryYoung

LONGEST_LIFE_S = 70.0  # of what is claimed without saying when it was made
LARGEST_BATCH = 512
MOST_WAITING = 10_000
MOST_FAMILIAR = 65_536  # marks that this worker refuses without asking
_CLOCKS_S = 1.0  # the hosts' clocks, and the database's, agree that well


_digest_of = attrgetter("digest")


class Mark(msgspec.Struct, frozen=True):
    """What is remembered of one use."""

    digest: bytes  # SHA-256 of owner and id: neither is anybody's to read
    expires_at: float  # Unix seconds; until when it could come again


class Answer(msgspec.Struct, frozen=True):
    """What the memory says to a batch."""

    since: float  # Unix seconds; it knows of every use from here on
    first: frozenset[bytes]  # digests that had not been used before


class Memory(Protocol):
    """What is shared by all workers, see `auth.possession.repository`."""

    async def claim(self, marks: Sequence[Mark]) -> Answer:
        """Remember *marks*, and say which of them are new; raise MemoryUnavailable."""
        ...


class _Claim(Mark, frozen=True, eq=False):
    born: float
    answer: "asyncio.Future[bool]"


class Once:
    """Says of each use whether it is the first, over all workers.

    It fails closed: when the memory does not answer, or cannot know, nothing is the first use.
    """

    def __init__(self, memory: Memory, *, familiar: int = MOST_FAMILIAR) -> None:
        """Prepare.

        Args:
            memory: what all workers share.
            familiar: how many uses this worker keeps in mind by itself; the rows decide anyway.
        """
        self._memory = memory
        self._most_familiar = familiar
        self._waiting: list[_Claim] = []
        self._flushing: asyncio.Task[None] | None = None
        self._familiar: OrderedDict[bytes, None] = OrderedDict()

    async def claim(
        self, owner: str, jti: str, expires_at: float, born: float | None = None
    ) -> bool:
        """Say whether this is the first use of *jti* by *owner*, once that is remembered.

        Args:
            owner: whose id it is: a key's thumbprint, or a client.
            jti: the id.
            expires_at: Unix seconds; until when it could be presented again.
            born: the earliest instant, by our clocks, at which it can have been made; a memory that
                began later cannot know whether it was used.  None: 70 s before *expires_at*.

        Raises:
            MemoryYoung: it may have been used before the memory began.
            MemoryUnavailable: the memory does not answer, or too many wait for it.
        """
        digest = hashlib.sha256(f"{len(owner)}:{owner}{jti}".encode()).digest()
        if digest in self._familiar:
            return False
        if len(self._waiting) >= MOST_WAITING:
            raise MemoryUnavailable
        self._remember(digest)
        loop = asyncio.get_running_loop()
        answer = loop.create_future()
        earliest = expires_at - LONGEST_LIFE_S if born is None else born
        self._waiting.append(_Claim(digest, expires_at, earliest, answer))
        if self._flushing is None:
            self._flushing = loop.create_task(self._flush())
        return await answer

    async def aclose(self) -> None:
        """Let the batch on its way end; what still waits is answered."""
        if self._flushing is not None:
            await asyncio.wait({self._flushing})

    def _remember(self, digest: bytes) -> None:
        self._familiar[digest] = None
        if len(self._familiar) > self._most_familiar:
            self._familiar.popitem(last=False)

    async def _flush(self) -> None:
        """Claim what waits, batch after batch, until nothing does."""
        try:
            while self._waiting:
                batch = self._waiting[:LARGEST_BATCH]
                del self._waiting[:LARGEST_BATCH]
                await self._settle(batch)
        finally:
            self._flushing = None

    async def _settle(self, batch: list[_Claim]) -> None:
        """Tell each of *batch* what the memory says; a silent memory says no to all of them."""
        try:
            # In order of their digests, so that two workers never wait for each other.
            answer = await self._memory.claim(sorted(batch, key=_digest_of))
        except Exception as silent:  # noqa: BLE001 - whatever it is, nobody may be let in
            _refuse(batch, silent)
            return
        for claim in batch:
            if claim.answer.done():
                continue  # its caller has gone
            is_first = claim.digest in answer.first
            if is_first and claim.born <= answer.since + _CLOCKS_S:
                claim.answer.set_exception(MemoryYoung())
            else:
                claim.answer.set_result(is_first)


def _refuse(batch: list[_Claim], silent: Exception) -> None:
    """Tell everybody that the memory does not answer, and why."""
    for claim in batch:
        if not claim.answer.done():
            refused = MemoryUnavailable()
            refused.__cause__ = silent
            claim.answer.set_exception(refused)
