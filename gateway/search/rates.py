"""How often one account may search: a bucket for each, in the memory of one worker."""

import time
from collections import OrderedDict
from collections.abc import Callable

from gateway.errors import Code, Refusal

MOST_ACCOUNTS = 1_000


class Rate:
    """Lets each account do so many searches a minute; a pause earns them back.

    Args:
        per_minute: for one account in one process; a province divides by its workers.
        clock: seconds that never go back.
    """

    def __init__(self, per_minute: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_s = per_minute / 60
        self._most = max(1.0, per_minute)
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # left, since

    def spend(self, account: str) -> None:
        """Take one search from *account*.

        Raises:
            Refusal: RATE_LIMITED with the seconds until the next one.
        """
        now = self._clock()
        left, since = self._buckets.pop(account, (self._most, now))
        left = min(self._most, left + (now - since) * self._per_s)
        if left < 1:
            self._buckets[account] = left, now
            raise Refusal(Code.RATE_LIMITED, retry_after_s=max(1, round((1 - left) / self._per_s)))
        self._buckets[account] = left - 1, now
        while len(self._buckets) > MOST_ACCOUNTS:
            self._buckets.popitem(last=False)  # who has waited longest has earned most back
