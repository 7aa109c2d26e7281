"""One record of the story, proved by what the witnesses signed: nothing of ours is believed."""

import asyncio
import time
from datetime import UTC, date, datetime
from pathlib import Path

from msgspec import Struct

from gateway import database
from gateway.sequencing.repository import TreeRepository
from gateway.sequencing.rows import StoredCheckpoint
from gateway.tlog.cosignatures import stated_time
from gateway.tlog.policies import Policy, parse_policy
from gateway.tlog.proofs import Proof, ProofInvalid, verify_proof
from gateway.witnessing.repository import WitnessRepository

PATIENCE_S = 15.0  # the witnesses of the demo are asked every two seconds
POLL_S = 0.2


class NotWitnessed(Exception):
    """The witnesses did not confirm the record in time."""


class Confirmed(Struct, frozen=True):
    """A record's proof, and who stands behind it."""

    proof: Proof
    entry: bytes
    size: int  # records in the checkpoint
    root: bytes
    witnesses: tuple[tuple[str, datetime], ...]  # by the policy's names, with the time they state


class Prover:
    """Fetches proofs, and judges them with the policy alone."""

    def __init__(self, dsn: str, policy_file: Path) -> None:
        """Read the log at *dsn*, and believe the keys in *policy_file*."""
        self._dsn = dsn
        self._policy: Policy = parse_policy(policy_file.read_bytes())

    def confirmed(self, day: date, writer: str, seq: int) -> Confirmed:
        """Return the proof of a record once a quorum has confirmed a checkpoint over it.

        Raises:
            NotWitnessed: not in time.
            ProofInvalid: the proof does not hold.
        """
        proof, entry = asyncio.run(self._fetched(day, writer, seq))
        judged = verify_proof(proof, entry, self._policy)
        times = {(each.name, each.key_id): each.value for each in judged.note.verified}
        keys = {name: self._policy.witnesses[name].key for name in judged.witnesses}
        seen = tuple(
            (name, datetime.fromtimestamp(stated_time(times[key.name, key.key_id], key.kind), UTC))
            for name, key in keys.items()
        )
        return Confirmed(proof, entry, judged.checkpoint.size, judged.checkpoint.root, seen)

    def rejects(self, proof: Proof, forged: bytes) -> bool:
        """Tell whether *proof* fails for a record that was changed."""
        try:
            verify_proof(proof, forged, self._policy)
        except ProofInvalid:
            return True
        return False

    async def _fetched(self, day: date, writer: str, seq: int) -> tuple[Proof, bytes]:
        pool = await database.raw_pool(self._dsn, "motlan_auditor", 1)
        try:
            tree, book = TreeRepository(pool), WitnessRepository(pool)
            index, checkpoint = await _awaited(tree, book, day, writer, seq)
            path = await tree.inclusion(index, checkpoint.size)
            (record,) = await tree.entries(index, 1)
        finally:
            await pool.close()
        return Proof(index, tuple(path), checkpoint.note, record.entry), record.entry


async def _awaited(
    tree: TreeRepository, book: WitnessRepository, day: date, writer: str, seq: int
) -> tuple[int, StoredCheckpoint]:
    """Return a record's index, and the confirmed checkpoint over it."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        index = await tree.index_of(day, writer, seq)
        size = (await book.witnessed()).size
        if index is not None and index < size:
            checkpoint = await tree.checkpoint(size)
            if checkpoint is not None:
                return index, checkpoint
        await asyncio.sleep(POLL_S)
    raise NotWitnessed
