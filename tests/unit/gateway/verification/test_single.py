"""One proof in a citizen's hands."""

from pathlib import Path

import pytest

from gateway.tlog.proofs import Proof
from gateway.verification.bundles import NotABundle
from gateway.verification.single import check_proof, is_proof
from tests.tlog_builders import SmallLog, entries

LOG = SmallLog(entries(9))


def a_file(folder: Path, proof: Proof) -> Path:
    """Write *proof* as it is handed out."""
    path = folder / "x.tlog-proof"
    path.write_text(str(proof))
    return path


def test_a_proof_is_told_from_other_files(tmp_path: Path) -> None:
    """The same command judges bundles."""
    (tmp_path / "y.zip").write_bytes(b"PK\3\4")

    assert is_proof(a_file(tmp_path, LOG.proof(3)))
    assert not is_proof(tmp_path / "y.zip")
    assert not is_proof(tmp_path)


def test_a_proof_gives_back_its_record(tmp_path: Path) -> None:
    """Who looked, and that it stands in the log: one file says both."""
    found, record = check_proof(a_file(tmp_path, LOG.proof(3)), LOG.policy())

    assert ([], b"entry 3", 9) == (found.faults, record, found.size)


def test_a_changed_record_is_not_shown(tmp_path: Path) -> None:
    """A reader must not see what was not proved."""
    proof = LOG.proof(3)
    found, record = check_proof(
        a_file(tmp_path, Proof(4, proof.path, proof.checkpoint, proof.extra)), LOG.policy()
    )

    assert (1, b"") == (len(found.faults), record)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"c2sp.org/tlog-proof@v1\nrot"])
def test_what_is_no_proof_says_so(tmp_path: Path, content: bytes) -> None:
    """Rot is named, not raised as a fault of ours."""
    (tmp_path / "x").write_bytes(content)
    try:
        found, _ = check_proof(tmp_path / "x", LOG.policy())
    except NotABundle:
        return

    assert not found.whole


def test_a_proof_without_its_record_is_refused(tmp_path: Path) -> None:
    """There is nothing to hash."""
    proof = LOG.proof(3)
    bare = Proof(proof.index, proof.path, proof.checkpoint)

    with pytest.raises(NotABundle):
        check_proof(a_file(tmp_path, bare), LOG.policy())
