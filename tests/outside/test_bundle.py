"""An evidence bundle in the hands of somebody who has only Go: its proofs hold without us."""

import json
from pathlib import Path
from zipfile import ZipFile

import pytest

from gateway.exports.jobs import Format
from gateway.tlog.checkpoints import parse_checkpoint
from gateway.tlog.notes import parse_note
from gateway.witnessing.requests import decode
from tests.audit_builders import a_deny, an_access
from tests.export_desk import a_desk
from tests.outside.judges import Go, Refused, base64


@pytest.fixture
async def bundle(database_url: str, tmp_path: Path) -> Path:
    """Give an unpacked bundle of a log that was signed twice."""
    async with a_desk(database_url, tmp_path) as desk:
        await desk.record([an_access() for _ in range(300)])
        await desk.record([a_deny() for _ in range(30)])
        _, path = await desk.make(Format.BUNDLE)
    folder = tmp_path / "bundle"
    with ZipFile(path) as archive:
        archive.extractall(folder)
    return folder


async def test_go_believes_every_proof_of_a_bundle(go: Go, bundle: Path) -> None:
    """A court's expert needs neither us nor our program."""
    key = (bundle / "keys/log-1.vkey").read_text().strip()
    proofs = sorted((bundle / "proofs").iterdir())

    said = [go.judge("proof", each, [key]) for each in proofs[:: len(proofs) // 20]]

    records = [(bundle / "records" / f"{p.stem}.json").read_text() for p in proofs]
    assert 334 == len(records)
    assert records[:: len(proofs) // 20] == said


async def test_go_does_not_believe_a_proof_of_another_record(go: Go, bundle: Path) -> None:
    """A judge that believes everything would judge nothing."""
    key = (bundle / "keys/log-1.vkey").read_text().strip()
    proof = bundle / "proofs/7.tlog-proof"
    other = (bundle / "proofs/8.tlog-proof").read_text().split("\n")[1]
    lines = proof.read_text().split("\n")
    proof.write_text("\n".join([lines[0], other, *lines[2:]]))

    with pytest.raises(Refused):
        go.judge("proof", proof, [key])


async def test_go_believes_that_nothing_left_between_two_checkpoints(go: Go, bundle: Path) -> None:
    """The form is that of a witness's question; the hashes are what Go's library takes."""
    asked = decode((bundle / "consistency").read_bytes())
    old = parse_checkpoint(parse_note((bundle / "checkpoint.old").read_text()).text)
    new = parse_checkpoint(parse_note((bundle / "checkpoint").read_text()).text)
    question = {
        "old_size": old.size,
        "old_root": base64(old.root),
        "size": new.size,
        "root": base64(new.root),
        "path": [base64(each) for each in asked.proof],
    }
    file = bundle / "question.json"
    file.write_text(json.dumps(question))

    assert (302, 334) == (old.size, new.size)
    assert "holds" == go.judge("consistency", file)
