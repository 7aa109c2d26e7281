"""Judges by others believe what our witness signed, and nothing that was changed."""

import asyncio
from pathlib import Path

import pytest

from gateway.tlog.merkle import inclusion_path
from gateway.tlog.proofs import Proof
from tests.outside.judges import Go, Node, Refused
from tests.tlog_builders import SmallLog
from tests.witness_builders import WitnessProcess, a_witness, body, posted

SIZE = 300


def asked(witness: WitnessProcess, log: SmallLog) -> list[str]:
    """Have *log* cosigned by a witness process; return its lines, Ed25519 first."""
    with posted(witness.url, body(log, 0, SIZE)) as (status, _, lines):
        assert status == 200
        return lines.decode().splitlines(keepends=True)


async def lines_of(folder: Path, log: SmallLog) -> tuple[list[str], list[str]]:
    """Return the lines and the public keys of a witness of its own."""
    async with a_witness(folder, log) as witness:
        return await asyncio.to_thread(asked, witness, log), [*map(str, witness.identity.vkeys)]


async def test_go_believes_a_proof_with_our_witnesss_line(
    go: Go, log: SmallLog, tmp_path: Path
) -> None:
    """Signature of the log, cosignature of a process, path and entry, by Go's own packages."""
    lines, vkeys = await lines_of(tmp_path / "w1", log)
    index = 123
    path = tuple(inclusion_path(index, SIZE, log.reader))
    proof = Proof(index, path, log.signed(SIZE) + lines[0], log.entries[index])
    file = tmp_path / "x.tlog-proof"
    file.write_text(str(proof))
    keys = [str(log.signers[0].vkey), vkeys[0]]

    assert log.entries[index].decode() == go.judge("proof", file, keys)

    file.write_text(str(proof).replace(lines[0][-30:-20], "AAAAAAAAAA"))
    with pytest.raises(Refused):
        go.judge("proof", file, keys)


async def test_noble_believes_our_witnesss_post_quantum_line(
    node: Node, log: SmallLog, tmp_path: Path
) -> None:
    """ML-DSA-44 by another author, over the message that the judge spells by itself."""
    lines, vkeys = await lines_of(tmp_path / "w1", log)
    note = log.signed(SIZE) + lines[1]
    larger = note.replace(f"\n{SIZE}\n", f"\n{SIZE + 1}\n", 1)

    said = node.judge("mldsa", [{"note": each, "vkey": vkeys[1]} for each in (note, larger)])

    assert ["holds", "refused: signature"] == said
