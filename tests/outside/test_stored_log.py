"""The log that the real sequencer made on PostgreSQL, written out as files for the judges."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from gateway.clock import utc_now
from gateway.sequencing.inspection import Log
from gateway.sequencing.repository import TreeRepository
from gateway.sequencing.rows import Sequenced
from gateway.tlog import tiles
from gateway.tlog.cosignatures import Ed25519Cosigner, cosign
from gateway.tlog.notes import add_signatures
from gateway.tlog.proofs import Proof
from tests.audit_builders import an_entry
from tests.audit_rows import a_writer, connected
from tests.outside.judges import Go, Node, Refused, base64
from tests.tlog_builders import AT_S, WITNESS, ed25519
from tests.tree_rows import a_log, a_sequencer, fold_all

WITNESSING = Ed25519Cosigner(WITNESS, ed25519(2))
RECORDS, WRITERS = 120, 3
ROUND = 70  # several rounds, runs of several writers side by side


class Exported:
    """A tree in files, and what a proof of one of its records needs."""

    def __init__(self, folder: Path, of: Log, tree: TreeRepository) -> None:
        """Write into *folder* what *tree* holds."""
        ed25519_key, ml_dsa_key = of.keys.lines(utc_now())[0].vkeys
        self.folder, self.tree = folder, tree
        self.keys = [ed25519_key, str(WITNESSING.vkey)]
        self.ml_dsa_key = ml_dsa_key
        self.note, self.size = "", 0
        self.entries: list[Sequenced] = []

    async def write(self) -> None:
        """Write checkpoint, tiles and bundles, as tlog-tiles lays them out."""
        newest = await self.tree.checkpoint()
        assert newest is not None
        text = newest.note.partition("\n\n")[0] + "\n"
        self.note = add_signatures(newest.note, [cosign(text, WITNESSING, AT_S)])
        self.size = newest.size
        self.entries = await self.tree.entries(0, self.size)
        self._put("checkpoint", self.note.encode())
        for place in tiles.tiles_of(self.size):
            level = place.level or 0
            data = await self.tree.tile(level, place.n, place.width)
            self._put(tiles.tile_path(level, place.n, place.width), data or b"")
            if level == 0:
                first = place.n * tiles.WIDTH
                held = [one.entry for one in self.entries[first : first + place.width]]
                self._put(tiles.entries_path(place.n, place.width), tiles.bundle(held))

    async def proof(self, index: int) -> Proof:
        """Return the proof of one record."""
        path = await self.tree.inclusion(index, self.size)
        return Proof(index, tuple(path), self.note, self.entries[index].entry)

    def _put(self, path: str, data: bytes) -> None:
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)


@pytest.fixture
async def exported(database_url: str, tmp_path: Path) -> AsyncGenerator[Exported]:
    """Give the files of a log that three writers and one sequencer made."""
    of = a_log(tmp_path / "log")
    for n in range(WRITERS):
        async with a_writer(database_url, node=f"gw{n}") as writer:
            await asyncio.gather(*(writer.append(an_entry()) for _ in range(RECORDS)))
    async with a_sequencer(database_url, of, round_records=ROUND) as sequencer:
        await fold_all(sequencer)
    async with connected(database_url) as connection:
        log = Exported(tmp_path / "files", of, TreeRepository(connection))
        await log.write()
        yield log


async def test_go_replays_the_stored_log(go: Go, exported: Exported) -> None:
    """Everything that the database holds, judged by a program that has never seen it."""
    root = await exported.tree.root(exported.size)

    assert WRITERS * (RECORDS + 2) == exported.size
    assert f"{exported.size} {root.hex()}" == go.judge("tree", exported.folder, exported.keys)


async def test_go_finds_a_record_changed_in_the_store(go: Go, exported: Exported) -> None:
    """A superuser who changes a row changes what auditors are given."""
    bundle = exported.folder / "tile/entries/000"
    bundle.write_bytes(bundle.read_bytes().replace(b'"status":200', b'"status":404', 1))

    with pytest.raises(Refused, match=r"tile/0/000 differs at \d+"):
        go.judge("tree", exported.folder, exported.keys)


async def test_go_believes_the_proof_of_a_stored_record(go: Go, exported: Exported) -> None:
    """From the first record to the last, as a citizen's file."""
    file = exported.folder / "one.tlog-proof"
    for index in (0, 255, 256, exported.size - 1):
        file.write_text(str(await exported.proof(index)))
        assert exported.entries[index].entry.decode() == go.judge("proof", file, exported.keys)

    spoiled = re.sub(r"^index \d+$", "index 7", file.read_text(), flags=re.MULTILINE)
    file.write_text(spoiled)
    with pytest.raises(Refused, match="invalid"):
        go.judge("proof", file, exported.keys)


async def test_go_agrees_that_every_checkpoint_follows_the_one_before(
    go: Go, exported: Exported
) -> None:
    """Each round was signed; none took anything back."""
    file = exported.folder / "question.json"
    sizes = [size for size in range(1, exported.size + 1) if await exported.tree.checkpoint(size)]
    roots = {size: await exported.tree.root(size) for size in sizes}
    assert len(sizes) > 2

    for old, new in pairwise(sizes):
        path = await exported.tree.consistency(old, new)
        asked: dict[str, Any] = {"old_size": old, "size": new, "path": [*map(base64, path)]}
        asked |= {"old_root": base64(roots[old]), "root": base64(roots[new])}
        file.write_text(json.dumps(asked))
        assert "holds" == go.judge("consistency", file)


async def test_packages_of_npm_believe_the_stored_log(node: Node, exported: Exported) -> None:
    """Signature and inclusion by sigstore-js, the second signature by noble."""
    cases: list[object] = []
    for index in (0, 200, exported.size - 1):
        proof = await exported.proof(index)
        case = {"note": exported.note, "vkey": exported.keys[0], "index": index}
        case |= {"entry": base64(proof.extra or b""), "path": [*map(base64, proof.path)]}
        cases += [case, case | {"index": index ^ 1}]
    signed = {"note": exported.note, "vkey": exported.ml_dsa_key}
    forged = signed | {"note": exported.note.replace(f"\n{exported.size}\n", "\n9\n")}

    answers = node.judge("sigstore", cases)
    assert ["holds"] * 3 == answers[::2]
    assert all(each.startswith("refused") for each in answers[1::2])
    assert ["holds", "refused: signature"] == node.judge("mldsa", [signed, forged])
