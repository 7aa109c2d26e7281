"""Which of a writer's next records may join the tree: the whole prefix, and nothing damaged; pure.

A leaf hash is recomputed from the record before it is signed: it was made by another process, and
one flipped bit in a signed leaf could never be taken back.
"""

from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import TypeAlias

from msgspec import Struct

Row: TypeAlias = tuple[int, bytes, bytes]  # seq, entry, leaf hash, as a driver gives them

GENESIS = bytes(32)  # what the first record of a writer names as its previous one
_TAIL = b'"w":{"id":"%b","prev":"%b","seq":%d}}'  # `w` sorts last, so the record ends with it


class Damage(StrEnum):
    """Why a writer's records cannot be folded any further."""

    GAP = "gap"  # a number is missing and later ones are there
    HASH = "hash"  # the stored leaf hash is not that of the record
    LINK = "link"  # the record names another place, or another previous record
    TAIL = "tail"  # the writer ended at a number that is not there
    BEYOND = "beyond"  # records stand behind the one that closed the writer


class Cursor(Struct, frozen=True):
    """How far one writer has been folded: the next number, and the leaf before it."""

    writer: str
    day: date
    next_seq: int = 0
    last_leaf: bytes = GENESIS


class Prefix(Struct, frozen=True):
    """The records that may join the tree, and what is wrong with the one after them, if any."""

    after: Cursor
    leaves: list[bytes]
    damage: Damage | None = None


def accept(cursor: Cursor, rows: list[Row]) -> Prefix:
    """Judge *rows*, which are the writer's next records in order of their numbers."""
    # A name that is none of ours, in letters that we do not use, fits no record.
    writer = cursor.writer.encode("ascii", "backslashreplace")
    seq, prev = cursor.next_seq, cursor.last_leaf
    leaves: list[bytes] = []
    damage = None
    for found, entry, leaf in rows:
        if found != seq:
            damage = Damage.GAP
        elif sha256(b"\x00" + entry).digest() != leaf:
            damage = Damage.HASH
        elif not entry.endswith(_TAIL % (writer, prev.hex().encode("ascii"), seq)):
            damage = Damage.LINK
        if damage:
            break
        leaves.append(leaf)
        prev, seq = leaf, seq + 1
    return Prefix(Cursor(cursor.writer, cursor.day, seq, prev), leaves, damage)
