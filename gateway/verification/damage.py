"""What a replay finds wrong: which part of the record, at which index, in plain words."""

from enum import StrEnum

from msgspec import Struct

MOST_NAMED = 100  # the first of them say where to look; the others are counted


class Part(StrEnum):
    """What was looked at."""

    RECORD = "record"  # an entry against its hash in the tree
    WRITER = "writer"  # numbers and links of one writer
    RUN = "run"  # the map from index to writer and number
    TILE = "tile"
    CHECKPOINT = "checkpoint"  # size and root
    SIGNATURE = "signature"  # of the log
    WITNESS = "witness"
    ARCHIVE = "archive"  # the root that a day's archive led to when it was verified
    GUARD = "guard"  # what this node remembers to have published
    DECISION = "decision"


class Damage(Struct, frozen=True):
    """One thing that is not as it must be."""

    part: Part
    says: str  # no values of a record
    index: int | None = None  # in the tree; None where there is none yet

    def __str__(self) -> str:
        """Say it in one line."""
        at = "" if self.index is None else f" at index {self.index}"
        return f"{self.part.value}{at}: {self.says}"


class Damages:
    """What was found so far; bounded, however much is wrong."""

    def __init__(self) -> None:
        self.named: list[Damage] = []
        self.count = 0
        self.by_part: dict[Part, int] = {}

    def add(self, *found: Damage) -> None:
        """Take note."""
        for each in found:
            self.count += 1
            self.by_part[each.part] = self.by_part.get(each.part, 0) + 1
            if len(self.named) < MOST_NAMED:
                self.named.append(each)

    @property
    def first(self) -> Damage | None:
        """Return the damage with the lowest index, else the first that was found."""
        placed = [each for each in self.named if each.index is not None]
        named = self.named[0] if self.named else None
        return min(placed, key=lambda each: each.index or 0, default=named)
