"""Proofs that an entry stands in a log, as one file that is checked without a network; pure.

Source: C2SP tlog-proof, version 1.  The file ends in ``.tlog-proof``.  What follows ``extra`` is
not authenticated by the format: here it is the entry itself, which the path then proves.
"""

from base64 import b64encode

from msgspec import Struct

from gateway.tlog.checkpoints import number
from gateway.tlog.merkle import HASH_BYTES, leaf_hash, verify_inclusion
from gateway.tlog.notes import parse_note
from gateway.tlog.policies import Judged, Policy
from gateway.tlog.vkeys import NoteInvalid, decode

HEADER = "c2sp.org/tlog-proof@v1"
SUFFIX = ".tlog-proof"
LONGEST_PROOF_BYTES = 2_000_000
LONGEST_PATH = 63


class ProofInvalid(ValueError):
    """A file is no proof, or proves nothing; the words name the rule that was broken."""


class Proof(Struct, frozen=True):
    """An entry's place, the path from it to the root, and the cosigned checkpoint."""

    index: int
    path: tuple[bytes, ...]  # leaf's sibling first
    checkpoint: str  # the note, verbatim
    extra: bytes | None = None

    def __str__(self) -> str:
        """Spell the proof."""
        lines = [HEADER]
        if self.extra is not None:
            lines.append(f"extra {_base64(self.extra)}")
        lines += [f"index {self.index}", *map(_base64, self.path)]
        return "\n".join(lines) + "\n\n" + self.checkpoint


def parse_proof(text: str) -> Proof:
    """Take a proof apart; nothing in it is to be believed before `verify_proof`.

    Raises:
        ProofInvalid: it is not of the form that the specification asks for.
    """
    if len(text) > LONGEST_PROOF_BYTES:
        raise ProofInvalid("the length of the proof")
    head, found, checkpoint = text.partition("\n\n")
    first, *lines = head.split("\n")
    if first != HEADER or not found or not lines:
        raise ProofInvalid(f"{HEADER}, an index, an empty line, a checkpoint")
    if len(lines) > len(("extra", "index")) + LONGEST_PATH:
        raise ProofInvalid("at most 63 hashes of 32 bytes")
    try:
        extra = decode(lines.pop(0)[len("extra ") :]) if lines[0].startswith("extra ") else None
        index = _index(lines)
        path = tuple(decode(line) for line in lines[1:])
        parse_note(checkpoint)
    except NoteInvalid as refused:
        raise ProofInvalid(str(refused)) from None
    if len(path) > LONGEST_PATH or any(len(each) != HASH_BYTES for each in path):
        raise ProofInvalid("at most 63 hashes of 32 bytes")
    return Proof(index, path, checkpoint, extra)


def verify_proof(proof: Proof, entry: bytes, policy: Policy) -> Judged:
    """Accept that *entry* stands in the log at the index of *proof*.

    Raises:
        ProofInvalid: the policy does not accept the checkpoint, or the path does not lead from
            the entry to its root.
    """
    try:
        judged = policy.judge(proof.checkpoint)
    except NoteInvalid as refused:
        raise ProofInvalid(str(refused)) from None
    size, root = judged.checkpoint.size, judged.checkpoint.root
    if not verify_inclusion(leaf_hash(entry), proof.index, size, list(proof.path), root):
        raise ProofInvalid("a path from the entry to the root")
    return judged


def _index(lines: list[str]) -> int:
    if not lines or not lines[0].startswith("index "):
        raise NoteInvalid("an index")
    return number(lines[0].removeprefix("index "))


def _base64(data: bytes) -> str:
    return b64encode(data).decode("ascii")
