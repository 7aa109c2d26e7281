"""One worker's share of the quotas: leases blocks of a counter, spends them without a query.

The sum over all workers never exceeds the limit, because units are taken from the shared counter
before they are spent.  A worker that dies loses at most one block: at most 1 % of the limit.
"""

from datetime import datetime, timedelta

from msgspec import Struct

from catalog.entries import Agreement, Scope
from gateway.errors import Code, Refusal
from gateway.quota.repository import Counters
from gateway.quota.windows import day_of, minute_of, seconds_left

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
LARGEST_BLOCK = 256  # units leased at once; bounds what a dying worker can lose
DRY_FOR = timedelta(seconds=1)  # a used-up counter is not asked again before this
SEEN_PEOPLE = 50_000  # pseudonyms remembered before the oldest are forgotten


class Balance(Struct, frozen=True):
    """What a caller may know of a quota after a call: for the RateLimit header."""

    policy: str  # "day" or "minute"
    limit: int
    left: int  # at least this many; other workers may hold more
    resets_s: int


class _Lease(Struct):
    start: datetime
    left: int
    total: int  # units taken by everybody when we last asked
    dry_at: datetime | None = None  # when the counter last had nothing left


def block_size(limit: int) -> int:
    """Return how many units to lease at once: 1 for small limits, 1 % of large ones."""
    return max(1, min(LARGEST_BLOCK, limit // 100))


class Ledger:
    """Spends quotas; raises a refusal when one is used up."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._leases: dict[str, _Lease] = {}
        self._seen: dict[tuple[str, datetime, str], None] = {}

    async def spend(
        self, agreement: Agreement, scope: Scope, person: str | None, at: datetime
    ) -> Balance | None:
        """Take one call, and one person when *person* is new today.

        Raises:
            Refusal: RATE_LIMITED, QUOTA or PERSON_BUDGET, with `retry_after_s`.
        """
        key = f"{agreement.code}/{scope.id}"
        balance: Balance | None = None
        if scope.calls_per_minute is not None:
            balance = await self._take(
                f"{key}/m", minute_of(at), MINUTE, scope.calls_per_minute, Code.RATE_LIMITED, at
            )
        if scope.calls_per_day is not None:
            balance = await self._take(
                f"{key}/d", day_of(at), DAY, scope.calls_per_day, Code.QUOTA, at
            )
        if scope.persons_per_day is not None and person is not None:
            await self._admit(f"{key}/p", day_of(at), person, scope.persons_per_day, at)
        return balance

    async def spend_consent(self, record_id: str, calls_per_day: int, at: datetime) -> None:
        """Take one of the calls a day that a consent allows its recipient.

        Raises:
            Refusal: QUOTA, with `retry_after_s`.
        """
        key = f"consent/{record_id}/d"
        await self._take(key, day_of(at), DAY, calls_per_day, Code.QUOTA, at)

    async def _take(  # noqa: PLR0917 - one quota, fully said
        self, key: str, start: datetime, length: timedelta, limit: int, code: Code, at: datetime
    ) -> Balance:
        lease = self._leases.get(key)
        if lease is None or lease.start != start:
            lease = self._leases[key] = _Lease(start, 0, 0)
        while lease.left == 0:
            if lease.dry_at is None or at - lease.dry_at >= DRY_FOR:
                await self._renew(key, lease, limit, at)
            if lease.left == 0:
                raise Refusal(code, retry_after_s=seconds_left(start, length, at))
        lease.left -= 1
        left = lease.left + max(0, limit - lease.total)
        policy = "minute" if length is MINUTE else "day"
        return Balance(policy, limit, left, seconds_left(start, length, at))

    async def _renew(self, key: str, lease: _Lease, limit: int, at: datetime) -> None:
        granted, lease.total = await self._counters.lease(
            key, lease.start, limit, block_size(limit)
        )
        lease.left += granted
        lease.dry_at = None if granted else at

    async def _admit(
        self, key: str, start: datetime, person: str, limit: int, at: datetime
    ) -> None:
        known = (key, start, person)
        if known in self._seen:
            return
        if not await self._counters.admit(key, start, person, limit):
            raise Refusal(Code.PERSON_BUDGET, retry_after_s=seconds_left(start, DAY, at))
        if len(self._seen) >= SEEN_PEOPLE:
            self._seen.pop(next(iter(self._seen)))
        self._seen[known] = None

    async def aclose(self) -> None:
        """Return what was leased and not spent."""
        leases, self._leases = self._leases, {}
        for key, lease in leases.items():
            if lease.left:
                await self._counters.give_back(key, lease.start, lease.left)
