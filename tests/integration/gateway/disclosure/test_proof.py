"""The proof of one line, from the real tree to a stranger's program."""

import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit.entry import Entry
from gateway.clock import utc_now
from gateway.disclosure.errors import ProofNotReady, Unknown
from gateway.tlog.checkpoints import parse_checkpoint
from gateway.tlog.cosignatures import Ed25519Cosigner, cosign
from gateway.tlog.policies import parse_policy
from gateway.tlog.proofs import parse_proof, verify_proof
from tests.audit_rows import a_writer, connected
from tests.disclosure_builders import MINE, THEIRS, Disclosed
from tests.house.tree import ROOT
from tests.search_builders import an_access_of
from tests.tree_rows import a_log, a_sequencer, fold_all

WITNESS = Ed25519Cosigner("kiemtoan.example/w1", Ed25519PrivateKey.generate())
COSIGNATURE = "INSERT INTO audit.cosignature (size, witness, line, at) VALUES ($1, $2, $3, now())"


async def fold(told: Disclosed, folder: Path, *numbers: str) -> None:
    """Record an access about each of *numbers* as workers do, and fold and follow it."""
    async with a_writer(told.dsn) as writer:
        for number in numbers:
            await writer.append(Entry(body=an_access_of(told.pseudonyms, number)))
    async with a_sequencer(told.dsn, a_log(folder / "log")) as sequencer:
        await sequencer.open()
        await fold_all(sequencer)
    await told.log.follow()


async def cosigned(told: Disclosed) -> int:
    """Have a witness cosign the newest checkpoint; return its size."""
    async with connected(told.dsn) as connection:
        size, note = await connection.fetchrow(
            "SELECT size, note FROM audit.checkpoint ORDER BY size DESC LIMIT 1"
        )
        text = note.partition("\n\n")[0] + "\n"
        line = cosign(text, WITNESS, int(utc_now().timestamp())).line
        await connection.execute(COSIGNATURE, size, "w1", line())
    return int(size)


def policy_in(folder: Path) -> Path:
    """Write a policy that trusts the log and the one witness."""
    keys = [key for line in a_log(folder / "log").keys.lines(utc_now()) for key in line.vkeys]
    lines = [*(f"log {key}" for key in keys), f"witness w1 {WITNESS.vkey}", "quorum w1", ""]
    path = folder / "policy.txt"
    path.write_text("\n".join(lines))
    return path


def strangers_word(*files: Path) -> "subprocess.CompletedProcess[str]":
    """Run the program that a stranger would, alone."""
    program = [sys.executable, "-I", str(ROOT / "docs" / "verify_proof.py"), *map(str, files)]
    return subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)


async def mine(told: Disclosed) -> list[int]:
    """Return the indexes of my lines."""
    listed = await told.own.listed(await told.mine(), None, 50)
    return [line.index for line in listed.items if line.index is not None]


async def test_a_line_proves_itself_to_a_strangers_program(told: Disclosed, tmp_path: Path) -> None:
    """Entry, path and a checkpoint that a witness cosigned: nothing of ours is needed."""
    await fold(told, tmp_path, THEIRS, MINE, THEIRS)
    size = await cosigned(told)
    (index,) = await mine(told)

    text = await told.own.proof(await told.mine(), index)
    proof, policy = parse_proof(text), policy_in(tmp_path)
    judged = verify_proof(proof, proof.extra or b"", parse_policy(policy.read_bytes()))
    (tmp_path / "one.tlog-proof").write_text(text)
    done = strangers_word(policy, tmp_path / "one.tlog-proof")

    assert (index, size, ("w1",)) == (proof.index, judged.checkpoint.size, judged.witnesses)
    assert 0 == done.returncode, done.stdout + done.stderr


async def test_the_newest_checkpoint_that_witnesses_saw_is_preferred(
    told: Disclosed, tmp_path: Path
) -> None:
    """A newer one that nobody cosigned proves less."""
    await fold(told, tmp_path, MINE)
    seen = await cosigned(told)
    await fold(told, tmp_path, MINE)
    newest, oldest = await mine(told)

    old = parse_proof(await told.own.proof(await told.mine(), oldest))
    new = parse_proof(await told.own.proof(await told.mine(), newest))

    assert seen == parse_checkpoint(old.checkpoint.partition("\n\n")[0] + "\n").size
    assert seen < parse_checkpoint(new.checkpoint.partition("\n\n")[0] + "\n").size


async def test_a_record_that_no_checkpoint_covers_has_no_proof_yet(told: Disclosed) -> None:
    """It will within the merge delay; until then the answer says to wait."""
    await told.add([an_access_of(told.pseudonyms, MINE)])

    with pytest.raises(ProofNotReady):
        await told.own.proof(await told.mine(), 0)


async def test_nobody_gets_the_proof_of_another_persons_record(
    told: Disclosed, tmp_path: Path
) -> None:
    """The proof holds the whole record."""
    await fold(told, tmp_path, THEIRS)
    await cosigned(told)

    for index in range(3):
        with pytest.raises(Unknown):
            await told.own.proof(await told.mine(), index)
