"""Numbers and links of every writer, replayed in the order of the tree; pure."""

from datetime import date

import msgspec
from msgspec import Struct

from gateway.audit.chain import GENESIS
from gateway.audit.events import Event
from gateway.audit.leaf import SCHEMA, Last, parse
from gateway.verification.damage import Damage, Part
from gateway.verification.rows import Row, Run

_OPENING = b'"type":"writer.open"'


class Claim(Struct, frozen=True):
    """What an opening leaf says of how the writer before it ended."""

    index: int  # of that leaf
    prior: Last


class _Sequence(Struct):
    """Where the replay of one writer stands."""

    day: date
    seq: int = 0
    prev: str | None = GENESIS  # hex; None after records that are not here to be linked


class Chains:
    """Follows all writers at once."""

    def __init__(self) -> None:
        self._of: dict[str, _Sequence] = {}
        self._claims: list[Claim] = []

    def __len__(self) -> int:
        """Return how many writers were seen."""
        return len(self._of)

    def run(self, run: Run) -> Damage | None:
        """Judge where *run* begins: no number of a writer may be left out or told twice."""
        known = self._of.setdefault(run.writer, _Sequence(run.day))
        if (known.day, known.seq) == (run.day, run.first_seq):
            return None
        says = f"writer {run.writer} goes on at number {run.first_seq}, {known.seq} follows"
        known.seq, known.prev = run.first_seq, None
        return Damage(Part.WRITER, says, run.first_index)

    def row(self, row: Row, leaf: bytes) -> Damage | None:
        """Judge the place that *row* names for itself.

        Args:
            row: the next of its run.
            leaf: its recomputed hash.
        """
        known = self._of[row.writer]
        prev, known.prev = known.prev, leaf.hex()
        known.seq = row.seq + 1
        if prev is None:
            return None
        if not row.entry.endswith(_tail(row.writer, prev, row.seq)):
            return Damage(Part.WRITER, f"writer {row.writer}: {_why(row, prev)}", row.index)
        if row.seq == 0 and _OPENING in row.entry:
            self._remember(row)
        return None

    def passed(self, run: Run, leaf: bytes | None) -> None:
        """Go past records that are not here; *leaf* is the hash of the last, where it is known."""
        known = self._of[run.writer]
        known.seq, known.prev = run.first_seq + run.n, leaf.hex() if leaf else None

    def doubts(self) -> list[Claim]:
        """Return what successors say of their predecessors, where the replay alone does not tell.

        The end of a predecessor may still wait for the tree, or more may have come after it: the
        record that is named decides, see `judge`.
        """
        return [claim for claim in self._claims if not self._is_borne_out(claim.prior)]

    def judge(self, claim: Claim, held: bytes | None) -> Damage | None:
        """Judge a doubt.

        Args:
            claim: one of `doubts`.
            held: the recomputed hash of the record that it names, None when that is not there.
        """
        said, end = claim.prior, self.folded(claim.prior.id)
        if held is not None and held.hex() == said.leaf:
            return None
        if held is None and end > said.seq + 1:
            return None  # it left with its day, or was told of as missing
        if end > said.seq or held is not None:
            says = f"writer {said.id} has another record {said.seq} than its successor saw"
        else:
            says = f"writer {said.id} ends at {end - 1}, its successor saw {said.seq}"
        return Damage(Part.WRITER, says, claim.index)

    def _is_borne_out(self, said: Last) -> bool:
        known = self._of.get(said.id)
        return known is not None and known.seq == said.seq + 1 and known.prev in {None, said.leaf}

    def folded(self, writer: str) -> int:
        """Return the number after the last that was replayed of *writer*."""
        known = self._of.get(writer)
        return 0 if known is None else known.seq

    def _remember(self, row: Row) -> None:
        try:
            leaf = parse(row.entry)
        except msgspec.DecodeError:
            return  # its hash tells what was done to it
        if leaf.type is Event.WRITER_OPEN and leaf.life and leaf.life.prior:
            self._claims.append(Claim(row.index, leaf.life.prior))


def _tail(writer: str, prev: str, seq: int) -> bytes:
    """Return how a record must end: `v` and `w` sort last (RFC 8785)."""
    return b',"v":%d,"w":{"id":"%b","prev":"%b","seq":%d}}' % (
        SCHEMA,
        writer.encode("ascii", "backslashreplace"),
        prev.encode("ascii"),
        seq,
    )


def _why(row: Row, prev: str) -> str:
    try:
        where = parse(row.entry).w
    except msgspec.DecodeError:
        return f"number {row.seq} is no record of this schema"
    if where.id != row.writer or where.seq != row.seq:
        return f"number {row.seq} names another place for itself"
    if where.prev != prev:
        return f"number {row.seq} does not follow the record before it"
    return f"number {row.seq} is not in canonical form"
