"""Counters that cost a dictionary look-up: the exporters read them, nobody waits for them."""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Labels: TypeAlias = tuple[str, ...]
Reading: TypeAlias = Callable[[], float | Mapping[str, float]]

# Seconds.  OpenTelemetry's advice for HTTP, with finer steps where our budgets lie (1 to 4 ms).
BOUNDS_S = (
    *(0.0005, 0.001, 0.002, 0.004, 0.0075, 0.01, 0.025, 0.05),
    *(0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 10.0),
)
MOST_SERIES = 2_000  # OpenTelemetry's own limit; whatever comes later is counted together
OTHER = "_other"


class Histogram:
    """How often a duration fell between which bounds, and the sum of all of them."""

    __slots__ = ("buckets", "total_s")

    def __init__(self) -> None:
        self.buckets = [0] * (len(BOUNDS_S) + 1)
        self.total_s = 0.0

    def add(self, duration_s: float) -> None:
        """Count one duration."""
        self.buckets[bisect_left(BOUNDS_S, duration_s)] += 1
        self.total_s += duration_s


@dataclass(slots=True)
class Count:
    """How often something happened."""

    value: int = 0


@dataclass(frozen=True, slots=True)
class Instrument:
    """What one metric is called, and what it says."""

    name: str
    unit: str
    labels: Labels
    description: str


@dataclass(slots=True)
class Durations:
    """One metric of durations, by labels."""

    about: Instrument
    series: dict[Labels, Histogram] = field(default_factory=dict[Labels, Histogram])

    def of(self, labels: Labels) -> Histogram:
        """Return the series of *labels*, or of all others once there are too many."""
        found = self.series.get(labels)
        if found is None:
            known = len(self.series) < MOST_SERIES
            found = self.series.setdefault(labels if known else _others(labels), Histogram())
        return found


@dataclass(slots=True)
class Counts:
    """One metric of events, by labels."""

    about: Instrument
    series: dict[Labels, Count] = field(default_factory=dict[Labels, Count])

    def of(self, labels: Labels) -> Count:
        """Return the series of *labels*, or of all others once there are too many."""
        found = self.series.get(labels)
        if found is None:
            known = len(self.series) < MOST_SERIES
            found = self.series.setdefault(labels if known else _others(labels), Count())
        return found


def _others(labels: Labels) -> Labels:
    return (OTHER,) * len(labels)
