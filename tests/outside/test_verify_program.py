"""The short program of `docs/verify.md`, which knows nothing of ours, judges our proofs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.outside.judges import base64
from tests.tlog_builders import SmallLog, entries

PROGRAM = Path(__file__).parents[2] / "docs/verify_proof.py"
OTHERS = {"base64", "cryptography", "hashlib", "pathlib", "sys"}
LOG = SmallLog(entries(300))
OTHER = SmallLog(entries(300), origin="other.example/log")


def judged(folder: Path, proof: str, policy: str) -> tuple[int, str]:
    """Return what the program says of a proof, and how it ends."""
    (folder / "policy.txt").write_text(policy)
    (folder / "one.tlog-proof").write_text(proof)
    answer = subprocess.run(
        [sys.executable, "-I", str(PROGRAM), "policy.txt", "one.tlog-proof"],
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
        cwd=folder,
    )
    return answer.returncode, answer.stdout + answer.stderr


def without(note: str, line: int) -> str:
    """Return a checkpoint without one of its lines."""
    lines = note.split("\n")
    return "\n".join(lines[:line] + lines[line + 1 :])


@pytest.mark.parametrize(("index", "size"), [(0, 1), (0, 300), (255, 256), (257, 300), (299, 300)])
def test_a_proof_holds(tmp_path: Path, index: int, size: int) -> None:
    """Both kinds of signature, a log of one entry, odd paths."""
    ended, said = judged(tmp_path, str(LOG.proof(index, size)), str(LOG.policy()))

    assert 0 == ended, said
    assert said.startswith("HỢP LỆ / VALID\n")
    assert f"{LOG.origin} {size}, index {index}, w1 w2\nentry {index}\n" in said


PROVEN = LOG.proof(257)
PROOF, NOTE = str(PROVEN), PROVEN.checkpoint
POLICY = str(LOG.policy())
FORGED = {
    "entry": (PROOF.replace(base64(b"entry 257"), base64(b"entry 258")), POLICY, "not in the log"),
    "index": (PROOF.replace("index 257", "index 256"), POLICY, "not in the log"),
    "index beyond": (PROOF.replace("index 257", "index 300"), POLICY, "the index"),
    "path": (PROOF.replace(base64(PROVEN.path[0]), base64(bytes(32))), POLICY, "not in"),
    "shorter path": (without(PROOF, 5), POLICY, "path"),
    "size": (PROOF.replace("\n300\n", "\n301\n"), POLICY, "a signature"),
    "root": (PROOF.replace(base64(LOG.root()), base64(bytes(32))), POLICY, "a signature"),
    "older checkpoint": (PROOF.replace(NOTE, LOG.cosigned(299)), POLICY, "not in the log"),
    "no witness": (PROOF.replace(NOTE, LOG.signed()), POLICY, "only"),
    "one witness of two": (PROOF.replace(NOTE, without(NOTE, 7)), POLICY, "only"),
    "another log": (PROOF, str(OTHER.policy()), "the log has not signed"),
    "another form": (PROOF.replace("@v1", "@v2"), POLICY, "a proof"),
    "another key": (PROOF, POLICY.replace("+", "+0", 1), "the key"),
}


@pytest.mark.parametrize("case", FORGED)
def test_a_forged_proof_does_not_hold(tmp_path: Path, case: str) -> None:
    """An example that accepts anything would teach nobody."""
    proof, policy, reason = FORGED[case]
    ended, said = judged(tmp_path, proof, policy)

    assert 1 == ended
    assert "NOT VALID" in said
    assert reason in said


def test_one_of_two_witnesses_is_enough_for_who_asks_for_one(tmp_path: Path) -> None:
    """The reader's policy decides, not the file."""
    proof = PROOF.replace(NOTE, without(NOTE, 7))

    assert 0 == judged(tmp_path, proof, str(LOG.policy("any")))[0]


def test_the_program_needs_nothing_of_ours() -> None:
    """Whoever checks us must not have to install us."""
    parsed = ast.parse(PROGRAM.read_text(encoding="utf-8"))
    imported = {
        alias.name
        for node in ast.walk(parsed)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    imported |= {
        str(node.module).partition(".")[0]
        for node in ast.walk(parsed)
        if isinstance(node, ast.ImportFrom)
    }

    assert OTHERS == imported


def test_every_format_stands_on_the_page() -> None:
    """Whoever writes a program of their own looks the formats up there."""
    page = (PROGRAM.parent / "verify.md").read_text(encoding="utf-8")
    formats = {each.name for each in (PROGRAM.parents[1] / "gateway/tlog").glob("[a-z]*.py")}

    assert set() == {name for name in formats if f"`gateway/tlog/{name}`" not in page}
