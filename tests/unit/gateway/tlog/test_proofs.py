"""Proofs in one file."""

from base64 import b64encode

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.tlog.policies import NONE
from gateway.tlog.proofs import Proof, ProofInvalid, parse_proof, verify_proof
from tests.tlog_builders import SmallLog, entries

LOG = SmallLog(entries(300))
POLICY = LOG.policy()
PROOF = LOG.proof(257)
TEXT = str(PROOF)
HASH = b64encode(bytes(32)).decode()
NO_PROOFS = {
    "nothing": "",
    "another header": TEXT.replace("@v1", "@v2", 1),
    "no header": TEXT.partition("\n")[2],
    "a header alone": "c2sp.org/tlog-proof@v1\n\n" + PROOF.checkpoint,
    "no index": TEXT.replace("index 257\n", ""),
    "extra after the index": TEXT.replace("index 257\n", "index 257\nextra AA==\n"),
    "extra alone": f"c2sp.org/tlog-proof@v1\nextra AA==\n\n{PROOF.checkpoint}",
    "a leading zero": TEXT.replace("index 257", "index 0257"),
    "a negative index": TEXT.replace("index 257", "index -257"),
    "an index beyond any tree": TEXT.replace("index 257", f"index {2**63}"),
    "a short hash": TEXT.replace("index 257\n", "index 257\nAA==\n"),
    "no base64": TEXT.replace("index 257\n", "index 257\nno hash\n"),
    "64 hashes": TEXT.replace("index 257\n", "index 257\n" + (HASH + "\n") * 64),
    "a path without end": TEXT.replace("index 257\n", "index 257\n" + (HASH + "\n") * 20_000),
    "no checkpoint": TEXT.partition("\n\n")[0] + "\n",
    "an unsigned checkpoint": TEXT.partition("\u2014")[0],
    "carriage returns": TEXT.replace("\n", "\r\n"),
    "two million bytes": TEXT + "x" * 2_000_000,
}


def changed(**parts: object) -> Proof:
    """Return the proof with some parts replaced."""
    return msgspec.structs.replace(PROOF, **parts)


def test_a_proof_read_back_proves_its_entry() -> None:
    """The file carries the entry, and the path makes it believable."""
    read = parse_proof(TEXT)

    assert PROOF == read
    assert LOG.entries[257] == read.extra
    assert 300 == verify_proof(read, read.extra or b"", POLICY).checkpoint.size


@settings(max_examples=30)
@given(st.integers(1, 300), st.data())
def test_every_entry_has_a_proof_at_every_size(size: int, data: st.DataObject) -> None:
    """A citizen asks today for what was logged last year."""
    index = data.draw(st.integers(0, size - 1))
    proof = parse_proof(str(LOG.proof(index, size)))

    assert size == verify_proof(proof, LOG.entries[index], POLICY).checkpoint.size


def test_a_log_of_one_entry_needs_no_path() -> None:
    """Zero hashes are a path too."""
    proof = parse_proof(str(LOG.proof(0, 1)))

    assert () == proof.path
    assert verify_proof(proof, LOG.entries[0], POLICY)


def test_a_proof_without_extra_is_read() -> None:
    """The line may be missing, as the specification says."""
    assert changed(extra=None) == parse_proof(str(changed(extra=None)))
    assert changed(extra=b"") == parse_proof(str(changed(extra=b"")))


@pytest.mark.parametrize("case", NO_PROOFS)
def test_nothing_else_is_a_proof(case: str) -> None:
    """A citizen may have got the file from anybody."""
    with pytest.raises(ProofInvalid):
        parse_proof(NO_PROOFS[case])


def test_a_path_is_as_long_as_the_largest_tree_is_high() -> None:
    """A log of 2**63 entries needs 63 hashes, and no log is larger."""
    assert 63 == len(parse_proof(str(changed(path=(bytes(32),) * 63))).path)
    with pytest.raises(ProofInvalid):
        parse_proof(str(changed(path=(bytes(32),) * 64)))


FORGED = {
    "another entry": (PROOF, LOG.entries[256]),
    "another index": (changed(index=256), LOG.entries[257]),
    "a shorter path": (changed(path=PROOF.path[:-1]), LOG.entries[257]),
    "a longer path": (changed(path=(*PROOF.path, bytes(32))), LOG.entries[257]),
    "a path in another order": (changed(path=PROOF.path[::-1]), LOG.entries[257]),
    "an older checkpoint": (changed(checkpoint=LOG.cosigned(299)), LOG.entries[257]),
    "a checkpoint nobody watched": (changed(checkpoint=LOG.signed()), LOG.entries[257]),
    "another log": (
        changed(checkpoint=SmallLog(entries(300), origin="other.example").cosigned()),
        LOG.entries[257],
    ),
}


@pytest.mark.parametrize("case", FORGED)
def test_a_forged_proof_proves_nothing(case: str) -> None:
    """Each part of the file is looked at."""
    proof, entry = FORGED[case]

    with pytest.raises(ProofInvalid):
        verify_proof(proof, entry, POLICY)


@settings(max_examples=60)
@given(st.data())
def test_a_changed_byte_proves_nothing_else(data: st.DataObject) -> None:
    """Whatever is changed in the file: refused, or the same entry in the same log."""
    flipped = bytearray(TEXT.encode())
    flipped[data.draw(st.integers(0, len(flipped) - 1))] ^= 1 << data.draw(st.integers(0, 6))

    try:
        proof = parse_proof(flipped.decode())
        judged = verify_proof(proof, LOG.entries[257], POLICY)
    except (ProofInvalid, UnicodeDecodeError):
        return
    assert (PROOF.index, PROOF.path) == (proof.index, proof.path)
    assert (300, LOG.root()) == (judged.checkpoint.size, judged.checkpoint.root)


def test_the_quorum_of_the_reader_decides() -> None:
    """Each reader brings a policy; a proof without witnesses is weak, not wrong."""
    alone = changed(checkpoint=LOG.signed())
    trusting = msgspec.structs.replace(POLICY, quorum=NONE)

    assert () == verify_proof(alone, LOG.entries[257], trusting).witnesses
