"""Replays the whole record against the tree: hashes, links, tiles, roots, signatures.

Nothing that the database says is believed before it was computed again.  Memory holds one stretch
of records and the right edge of the tree, whatever the size of the log.
"""

import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

from gateway.audit.leaf import leaf_hash
from gateway.tlog.tiles import WIDTH
from gateway.verification.chains import Chains
from gateway.verification.damage import Damage, Part
from gateway.verification.regrowth import Regrowth, differences
from gateway.verification.report import Report
from gateway.verification.repository import ReplayRepository
from gateway.verification.rows import Row, Run, Signed, WriterState, aligned, cut
from gateway.verification.signatures import Signatures
from gateway.verification.stretch import Stretch, doubted, judge, signed_hashes

STRETCH = 5_000  # records held at once

Progress: TypeAlias = Callable[[int, int], None]  # records replayed, size of the tree


class Published(Protocol):
    """The newest tree that this node remembers."""

    @property
    def size(self) -> int:
        """Return its size."""
        ...

    @property
    def root(self) -> bytes:
        """Return its root."""
        ...


class Replay:
    """One pass over the record, from the first leaf to the last."""

    def __init__(
        self,
        log: ReplayRepository,
        signatures: Signatures,
        *,
        published: Published | None = None,
        take: Callable[[Row], None] = lambda _row: None,
        progress: Progress = lambda _done, _size: None,
    ) -> None:
        """Make ready; nothing is read yet.

        Args:
            log: the record.
            signatures: who judges checkpoints.
            published: what the guard file remembers; None when there is none.
            take: told of each record that is whole.
            progress: told after each stretch.
        """
        self._log = log
        self._signatures = signatures
        self._published = published
        self._take = take
        self._progress = progress
        self._report = Report()
        self._chains = Chains()
        self._tree = Regrowth()

    async def run(self) -> Report:
        """Return what was found; damage never ends the pass."""
        began = time.perf_counter()
        report = self._report
        report.size, report.root = await self._log.head()
        await self._replay()
        await self._judge_end()
        for writer in await self._log.writers():
            report.counts.pending += writer.waiting
            self._found(*ending(writer, self._chains.folded(writer.writer)))
        await self._judge_claims()
        report.counts.writers = len(self._chains)
        report.seconds = time.perf_counter() - began
        return report

    async def _replay(self) -> None:
        size, after, follows = self._report.size, -1, 0
        while follows < size and (runs := await self._log.runs(after)):
            after = runs[-1].first_index
            pieces = aligned([run for run in runs if run.first_index < size], follows)
            for stretch in cut(pieces, STRETCH):
                await self._stretch(stretch)
                follows = stretch[-1].end
        self._report.size = self._tree.edge.size
        if follows != size:
            says = f"the map of the records ends at {follows}, the tree says {size}"
            self._found(Damage(Part.RUN, says, min(follows, size)))

    async def _stretch(self, runs: list[Run]) -> None:
        first, end = runs[0].first_index, runs[-1].end
        rows = await self._log.records(runs)
        tiles = await self._level(0, first // WIDTH, (end - 1) // WIDTH)
        above = await self._level(1, min(tiles, default=0) // WIDTH, max(tiles, default=0) // WIDTH)
        absent = {run.day for run in runs} - {row.day for row in rows}
        archived = frozenset([day for day in absent if await self._log.archived(day)])
        stretch = Stretch(
            runs=runs,
            rows=rows,
            signed=signed_hashes(tiles, first, end),
            doubted=doubted(tiles, above),
            archived=archived,
        )
        judged = judge(stretch, self._chains, self._take)
        counts = self._report.counts
        counts.records += judged.records
        counts.archived += judged.archived
        self._found(*judged.damages)
        await self._grow(first, judged.leaves)
        self._progress(end, self._report.size)

    async def _level(self, level: int, first: int, last: int) -> dict[int, bytes]:
        places = [(level, n) for n in range(first, last + 1)]
        return {n: tile for (_, n), tile in (await self._log.tiles(places)).items()}

    async def _grow(self, first: int, leaves: Sequence[bytes]) -> None:
        """Add *leaves*, stopping at each size that somebody has signed or published."""
        end = first + len(leaves)
        signed = await self._log.checkpoints(first + 1, end)
        archived = await self._log.archive_roots(first + 1, end)
        full: list[tuple[int, int, bytes]] = []
        at = first
        stops = {one.size for one in signed} | archived.keys() | self._remembered(first, end)
        for size in sorted(stops):
            full += self._tree.extend(leaves[at - first : size - first])
            at = size
            self._judge_root(size, [one for one in signed if one.size == size])
            if archived.get(size, self._tree.edge.root()) != self._tree.edge.root():
                self._found(Damage(Part.ARCHIVE, "an archive led to another root", size))
        full += self._tree.extend(leaves[at - first :])
        await self._judge_tiles(full)

    def _remembered(self, first: int, end: int) -> set[int]:
        known = self._published
        return {known.size} if known is not None and first < known.size <= end else set()

    def _judge_root(self, size: int, signed: Sequence[Signed]) -> None:
        root, counts = self._tree.edge.root(), self._report.counts
        known = self._published
        if known is not None and known.size == size and known.root != root:
            self._found(Damage(Part.GUARD, "this node has published another tree", size))
        for one in signed:
            if one.root != root:
                says = f"the checkpoint of size {size} has another root than the records"
                self._found(Damage(Part.CHECKPOINT, says, size))
            verdict = self._signatures.judge(one)
            self._found(*verdict.damages)
            counts.checkpoints += 1
            counts.signatures += verdict.signatures
            if verdict.quorum:
                counts.cosigned += 1
                self._report.cosigned_at, self._report.cosigned_size = one.at, size

    async def _judge_tiles(self, regrown: Sequence[tuple[int, int, bytes]]) -> None:
        """Compare tiles above the leaves; those of the leaves were compared one by one."""
        self._report.counts.tiles += len(regrown)
        above = [each for each in regrown if each[0] > 0]
        stored = await self._log.tiles([(level, n) for level, n, _ in above]) if above else {}
        for level, n, data in above:
            for index, end in differences(level, n, data, stored.get((level, n), b"")):
                says = f"tile {n} of level {level} is wrong over the leaves up to {end - 1}"
                self._found(Damage(Part.TILE, says, index))

    async def _judge_end(self) -> None:
        await self._judge_tiles(self._tree.unfinished())
        if self._tree.edge.root() != self._report.root:
            says = "the root of the tree is not that of the records"
            self._found(Damage(Part.CHECKPOINT, says, self._tree.edge.size))
        known = self._published
        if known is not None and known.size > self._tree.edge.size:
            says = (
                f"this node has published a tree of {known.size}, the database holds "
                f"{self._tree.edge.size}: it was restored to an older state"
            )
            self._found(Damage(Part.GUARD, says, self._tree.edge.size))

    async def _judge_claims(self) -> None:
        """Hold the end of each writer against what its successor saw of it."""
        for claim in self._chains.doubts():
            entry = await self._log.entry(claim.prior.id, claim.prior.seq)
            damage = self._chains.judge(claim, None if entry is None else leaf_hash(entry))
            if damage is not None:
                self._found(damage)

    def _found(self, *damages: Damage) -> None:
        self._report.damages.add(*damages)


def ending(state: WriterState, replayed: int) -> list[Damage]:
    """Judge what stands behind a writer's part of the tree.

    Args:
        state: as the database says.
        replayed: the number after its last record in the tree.
    """
    found: list[Damage] = []
    writer = state.writer
    if state.folded < replayed:
        says = (
            f"writer {writer}: {replayed} records are in the tree, its cursor says {state.folded}"
        )
        found.append(Damage(Part.WRITER, says))
    if state.folded > state.mapped:  # the sequencer never looks behind a cursor again
        says = f"writer {writer}: its cursor says {state.folded}, the map ends at {state.mapped}"
        found.append(Damage(Part.WRITER, says))
    last = state.folded - 1 if state.last_seq is None else state.last_seq
    if last - state.folded + 1 != state.waiting:
        missing = last - state.folded + 1 - state.waiting
        says = f"writer {writer}: {missing} records are missing that never reached the tree"
        found.append(Damage(Part.WRITER, says))
    if state.closed_seq is not None and state.closed_seq != last:
        says = f"writer {writer} closed at number {state.closed_seq} and ends at {last}"
        found.append(Damage(Part.WRITER, says))
    return found
