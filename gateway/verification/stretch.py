"""Some thousand records against the hashes that the tree holds for them; pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date

from msgspec import Struct

from gateway.audit.leaf import leaf_hash
from gateway.tlog.merkle import HASH_BYTES
from gateway.tlog.tiles import TILE_BYTES, WIDTH, tile_root
from gateway.verification.chains import Chains
from gateway.verification.damage import Damage, Part
from gateway.verification.rows import Row, Run

Takes = Callable[[Row], None]


class Stretch(Struct, frozen=True, kw_only=True):
    """Neighbouring runs, what the database has of them, what the tree says of them."""

    runs: Sequence[Run]
    rows: Sequence[Row]  # by index; some may be missing
    signed: Sequence[bytes]  # the tree's hash of each index; empty where it has none
    doubted: frozenset[int] = frozenset()  # tiles that do not fit the tile above them
    archived: frozenset[date] = frozenset()  # days that left the database as a whole

    @property
    def first(self) -> int:
        """Return the first index."""
        return self.runs[0].first_index

    @property
    def end(self) -> int:
        """Return the index after the last."""
        return self.runs[-1].end


class Judged(Struct):
    """What came of a stretch."""

    leaves: list[bytes]
    damages: list[Damage]
    records: int = 0
    archived: int = 0


def signed_hashes(tiles: Mapping[int, bytes], first: int, end: int) -> list[bytes]:
    """Return what level-0 *tiles*, by number, hold for the indexes *first* to *end*, excluded."""
    found: list[bytes] = []
    for index in range(first, end):
        n, at = divmod(index, WIDTH)
        found.append(tiles.get(n, b"")[at * HASH_BYTES : (at + 1) * HASH_BYTES])
    return found


def judge(stretch: Stretch, chains: Chains, take: Takes) -> Judged:
    """Recompute every hash of *stretch*, and follow the writers through it.

    Args:
        stretch: the records.
        chains: every writer's numbers and links so far; moved on.
        take: told of each record that is whole.
    """
    judged = Judged([], [])
    rows = iter(stretch.rows)
    row = next(rows, None)
    for run in stretch.runs:
        mine: list[Row] = []
        while row is not None and row.index < run.end:
            mine.append(row)
            row = next(rows, None)
        _run(run, mine, stretch, chains, judged, take)
    return judged


def _run(  # noqa: PLR0917 - one run with all that judges it
    run: Run, rows: list[Row], stretch: Stretch, chains: Chains, judged: Judged, take: Takes
) -> None:
    offset = run.first_index - stretch.first
    signed = stretch.signed[offset : offset + run.n]
    if not run.writer:
        judged.damages.append(Damage(Part.RUN, f"{run.n} indexes are nobody's", run.first_index))
        judged.leaves += signed
        return
    if (damage := chains.run(run)) is not None:
        judged.damages.append(damage)
    if not rows and run.day in stretch.archived:
        judged.archived += run.n
        judged.leaves += signed
        chains.passed(run, signed[-1])
        return
    for row, hashed in _paired(run, rows, signed):
        if isinstance(row, Run):
            judged.damages.append(Damage(Part.RECORD, "the record is missing", row.first_index))
            judged.leaves.append(hashed)
            chains.passed(row, hashed)
            continue
        leaf, damage = believed(row, hashed, doubted=row.index // WIDTH in stretch.doubted)
        linked = chains.row(row, leaf)
        judged.damages += [each for each in (damage, linked) if each is not None]
        judged.leaves.append(leaf)
        judged.records += 1
        if damage is None:
            take(row)


def _paired(
    run: Run, rows: list[Row], signed: Sequence[bytes]
) -> Iterator[tuple[Row | Run, bytes]]:
    """Give each index of *run* with its record, or as a run of one when that is missing."""
    if len(rows) == run.n:
        yield from zip(rows, signed, strict=True)
        return
    known = {row.index: row for row in rows}
    for at in range(run.n):
        index = run.first_index + at
        missing = Run(index, run.day, run.writer, run.first_seq + at, 1)
        yield known.get(index, missing), signed[at]


def believed(row: Row, signed: bytes, *, doubted: bool = False) -> tuple[bytes, Damage | None]:
    """Return the hash to go on with, so that one damage is told once.

    Args:
        row: the record and the hash beside it.
        signed: the tree's hash; empty when it has none.
        doubted: the tile that holds *signed* does not fit the tile above it.
    """
    leaf = leaf_hash(row.entry)
    if leaf == row.leaf == signed:
        return leaf, None
    if leaf == row.leaf and (doubted or not signed):
        says = "the tile holds another hash" if signed else "the tile is missing"
        return leaf, Damage(Part.TILE, says, row.index)
    if leaf == row.leaf:
        says = "the record and the hash beside it were changed"
        return signed, Damage(Part.RECORD, says, row.index)
    if leaf == signed:
        return leaf, Damage(Part.RECORD, "the hash beside the record was changed", row.index)
    return signed or row.leaf, Damage(Part.RECORD, "the record was changed", row.index)


def doubted(tiles: Mapping[int, bytes], above: Mapping[int, bytes]) -> frozenset[int]:
    """Return the full level-0 *tiles* whose root is not the hash that the tile *above* holds."""
    found: set[int] = set()
    for n, tile in tiles.items():
        at = n % WIDTH * HASH_BYTES
        held = above.get(n // WIDTH, b"")[at : at + HASH_BYTES]
        if len(tile) == TILE_BYTES and held and tile_root(tile) != held:
            found.add(n)
    return frozenset(found)
