"""What is read from the tree: its head, records with their index, stored checkpoints."""

from datetime import date, datetime

from msgspec import Struct


class TreeHead(Struct, frozen=True):
    """The newest committed tree."""

    size: int  # leaves
    root: bytes  # 32 bytes
    at: datetime  # when its checkpoint was signed, UTC


class Sequenced(Struct, frozen=True):
    """One record and its place in the tree; `gateway.audit.leaf.parse` reads the entry."""

    index: int
    day: date
    writer: str
    seq: int
    entry: bytes


class StoredCheckpoint(Struct, frozen=True):
    """A signed checkpoint: the note with every cosignature line received so far."""

    size: int
    root: bytes
    note: str
    at: datetime


class EntriesGone(Exception):
    """Records of the tree are no longer in the database: their day left for the archive."""

    def __init__(self, index: int) -> None:
        super().__init__(f"the record at index {index} is not in the database")
        self.index = index


class TileGone(Exception):
    """A hash tile that the tree needs is missing or too short; the database was damaged."""

    def __init__(self, level: int, n: int) -> None:
        super().__init__(f"hash tile {n} of level {level} is missing or too short")
        self.level = level
        self.n = n
