"""What a replay reads: runs, records as they stand, checkpoints, writers."""

from collections.abc import Sequence
from datetime import date, datetime

from msgspec import Struct


class Run(Struct, frozen=True):
    """A stretch of indexes that belongs to one writer."""

    first_index: int
    day: date
    writer: str
    first_seq: int
    n: int

    @property
    def end(self) -> int:
        """Return the index after the last."""
        return self.first_index + self.n


class Row(Struct, frozen=True):
    """One record as it stands in the database."""

    index: int
    day: date
    writer: str
    seq: int
    entry: bytes
    leaf: bytes  # the stored hash


class Signed(Struct, frozen=True):
    """A stored checkpoint with its cosignature lines."""

    size: int
    root: bytes
    note: str
    at: datetime


class WriterState(Struct, frozen=True):
    """How a writer stands, as the database says."""

    writer: str
    closed_seq: int | None  # the number it ended with; None while it writes, or when it died
    folded: int  # the first number that is not in the tree, as its cursor says
    mapped: int  # the same, as the map of the tree says
    waiting: int  # records from there on
    last_seq: int | None  # the highest number of those


def aligned(runs: Sequence[Run], follows: int) -> list[Run]:
    """Return *runs* so that each begins where the one before ends, from *follows* on.

    A hole becomes a run of nobody (`Run.writer` is empty); what is told twice is left out.
    """
    found: list[Run] = []
    for run in runs:
        if run.first_index > follows:
            found.append(Run(follows, run.day, "", 0, run.first_index - follows))
        twice = max(follows - run.first_index, 0)
        if twice < run.n:
            seq = run.first_seq + twice
            found.append(Run(run.first_index + twice, run.day, run.writer, seq, run.n - twice))
            follows = run.end
    return found


def cut(runs: Sequence[Run], most: int) -> list[list[Run]]:
    """Return *runs* in stretches of at most *most* records, long ones cut in pieces."""
    stretches: list[list[Run]] = []
    room = 0
    for run in runs:
        taken = 0
        while taken < run.n:
            if room == 0:
                stretches.append([])
                room = most
            n = min(room, run.n - taken)
            first = run.first_index + taken
            stretches[-1].append(Run(first, run.day, run.writer, run.first_seq + taken, n))
            taken, room = taken + n, room - n
    return stretches
