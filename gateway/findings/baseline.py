"""What is usual for one actor: median and spread of their own days, and the bound above them."""

from collections.abc import Sequence
from statistics import median

from msgspec import Struct

DAYS = 28  # trailing days a baseline looks at; four of each weekday
FEWEST_DAYS = 5  # of activity; below, an actor has no baseline
# For normal data the median absolute deviation times this estimates the standard deviation.
_TO_SIGMA = 1.4826
SIGMAS = 6.0


class Baseline(Struct, frozen=True):
    """An actor's usual day."""

    usual: float  # median over active days
    spread: float  # like a standard deviation
    support: int  # active days it rests on

    @property
    def known(self) -> bool:
        """Say whether enough days support it."""
        return self.support >= FEWEST_DAYS

    def bound(self, least: int, alone: int) -> float:
        """Return what a day must exceed to stand out.

        Args:
            least: never less than this, however quiet the actor's days are.
            alone: for an actor without a baseline yet.
        """
        if not self.known:
            return float(alone)
        return max(float(least), self.usual + SIGMAS * self.spread)


def baseline(values: Sequence[int]) -> Baseline:
    """Return the baseline of an actor's active days; *values* holds one figure for each.

    Median and median absolute deviation stay where they are when a few days of the window are
    themselves extreme.  Counts of rare things scatter like Poisson counts even when all days of a
    small sample agree, so that the spread is at least the square root of the median, and 1.
    """
    if not values:
        return Baseline(0.0, 1.0, 0)
    usual = float(median(values))
    deviation = _TO_SIGMA * float(median(abs(value - usual) for value in values))
    return Baseline(usual, max(deviation, usual**0.5, 1.0), len(values))
