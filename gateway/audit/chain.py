"""Numbers and links: how records of one writer follow each other; pure."""

from datetime import date

from msgspec import Struct

from gateway.audit.leaf import SCHEMA, leaf_hash

GENESIS = "0" * 64  # what the first record of a writer names as its previous one


class Position(Struct, frozen=True, kw_only=True):
    """Where a writer's sequence stands: the next number, and the leaf before it."""

    writer: str
    day: date  # UTC; a writer never outlives it
    seq: int = 0
    prev: str = GENESIS  # hex


class Linked(Struct, frozen=True):
    """Numbered records, ready to be stored as they are, and where the sequence stands after."""

    first: Position
    entries: list[bytes]
    leaves: list[bytes]  # leaf hashes, 32 bytes each
    after: Position
    size_bytes: int  # of the entries


def link(first: Position, bodies: list[bytes]) -> Linked:
    """Give *bodies* their numbers from *first* on, each naming the leaf before it.

    The members ``v`` and ``w`` are spliced on: they sort after every member of a body, so the
    result is canonical without encoding twice.
    """
    entries: list[bytes] = []
    leaves: list[bytes] = []
    writer, prev = first.writer, first.prev
    for seq, body in enumerate(bodies, first.seq):
        number = f',"v":{SCHEMA},"w":{{"id":"{writer}","prev":"{prev}","seq":{seq}}}}}'
        entry = body[:-1] + number.encode("ascii")
        leaf = leaf_hash(entry)
        prev = leaf.hex()
        entries.append(entry)
        leaves.append(leaf)
    after = Position(writer=writer, day=first.day, seq=first.seq + len(bodies), prev=prev)
    return Linked(first, entries, leaves, after, sum(map(len, entries)))
