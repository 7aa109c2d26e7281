"""How long the volume lasts at the present rate; pure."""

from datetime import timedelta

from msgspec import Struct

from gateway.retention.sizes import Use

LATELY = timedelta(days=7)  # whole days before today that the rate is taken from
GIBIBYTE = 1 << 30


class Limits(Struct, frozen=True):
    """When to raise the alarm."""

    headroom: float  # share of the volume that may be taken, above 0 and below 1
    days: int  # left before that share is reached


class Capacity(Struct, frozen=True, kw_only=True):
    """How full the database's volume is, and for how long it lasts."""

    used: int  # bytes
    total: int | None  # bytes; None: not known
    per_day: float  # bytes the database grows in a day, indexes and projections included
    limits: Limits

    @property
    def share(self) -> float | None:
        """Return how much of the volume is taken, 0 to 1; None when its size is not known."""
        return self.used / self.total if self.total else None

    @property
    def days_left(self) -> float | None:
        """Return the days until the headroom is used up; None when nothing tells."""
        if self.total is None or self.per_day <= 0:
            return None
        return max(0.0, (self.total * self.limits.headroom - self.used) / self.per_day)

    @property
    def alarming(self) -> bool:
        """Tell whether somebody must make room, or order a disk."""
        left = self.days_left
        is_full = self.share is not None and self.share > self.limits.headroom
        return is_full or (left is not None and left < self.limits.days)

    def text(self) -> str:
        """Say it in one line."""
        rate = f"{self.per_day / GIBIBYTE:.2f} GiB a day"
        if self.share is None:
            return f"{self.used / GIBIBYTE:.1f} GiB; {rate}; the volume's size is not set"
        left = self.days_left
        days = "no growth" if left is None else f"{left:.0f} days to the headroom"
        return f"{self.share:.0%} of the volume; {rate}; {days}"


def measured(use: Use, limits: Limits, *, used: int | None, total: int | None) -> Capacity:
    """Return the capacity from what was measured.

    Args:
        use: what the database says; *lately* covers `LATELY`.
        limits: when to raise the alarm.
        used: bytes taken on the volume; None: the database's own size.
        total: bytes of the volume; None: not known.
    """
    grown = use.database / use.records if use.records else 0.0  # what follows a record's bytes
    per_day = use.lately / LATELY.days * max(grown, 1.0)
    return Capacity(
        used=use.database if used is None else used, total=total, per_day=per_day, limits=limits
    )
