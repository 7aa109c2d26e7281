"""One record with its proof, as a citizen holds it: a ``.tlog-proof`` file, judged offline."""

from pathlib import Path

from gateway.tlog.policies import Policy
from gateway.tlog.proofs import HEADER, LONGEST_PROOF_BYTES, ProofInvalid, parse_proof, verify_proof
from gateway.verification.bundles import Checked, NotABundle


def is_proof(path: Path) -> bool:
    """Say whether the file at *path* begins as a proof does."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(HEADER)) == HEADER.encode("ascii")


def check_proof(path: Path, policy: Policy) -> tuple[Checked, bytes]:
    """Judge the proof at *path* by keys that whoever checks believes; return the record too.

    Raises:
        NotABundle: it is no proof, or does not carry its record.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        data = file.read(LONGEST_PROOF_BYTES + 1)
    found = Checked(own_policy=True, files=1, faults=[])
    try:
        proof = parse_proof(data.decode("utf-8"))
        if proof.extra is None:
            raise NotABundle("the proof does not carry its record")
        judged = verify_proof(proof, proof.extra, policy)
    except UnicodeDecodeError:
        raise NotABundle("a proof is text") from None
    except ProofInvalid as invalid:
        found.faults.append(f"expected {invalid}")
        return found, b""
    tree = judged.checkpoint
    found.origin, found.size, found.root = tree.origin, tree.size, tree.root
    found.witnesses, found.records, found.proofs = judged.witnesses, 1, 1
    return found, proof.extra
