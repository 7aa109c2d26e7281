"""Signatures: both kinds of the log's keys, and the witnesses that a policy names."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from gateway.tlog.checkpoints import Checkpoint
from gateway.tlog.notes import Signature, add_signatures, parse_note, sign_note
from gateway.tlog.policies import Policy
from gateway.verification.damage import Part
from gateway.verification.rows import Signed
from gateway.verification.signatures import Signatures
from tests.tlog_builders import ORIGIN, SmallLog, entries

LOG = SmallLog(entries(7))
KEYS = [each.vkey for each in LOG.signers]
AT = datetime(2026, 11, 21, tzinfo=UTC)
WHOLE = Signed(7, LOG.root(7), LOG.cosigned(7), AT)


def judged(signed: Signed, policy: Policy | None = None):  # noqa: ANN201
    """Return what *signed* is worth to somebody who knows the log's keys."""
    return Signatures(ORIGIN, KEYS, policy).judge(signed)


def test_a_checkpoint_with_both_signatures_and_a_quorum_is_whole() -> None:
    """The other tests mean something only beside this one."""
    verdict = judged(WHOLE, LOG.policy())

    assert ((), 2, True) == (verdict.damages, verdict.signatures, verdict.quorum)


def without(note: str, *names: bytes) -> str:
    """Return *note* without the signatures of some keys."""
    parsed = parse_note(note)
    return str(replace(parsed, signatures=tuple(
        each for each in parsed.signatures if each.key_id not in names)))  # fmt: skip


@pytest.mark.parametrize(("place", "name"), [(0, "Ed25519"), (1, "ML-DSA-44")])
def test_each_kind_of_signature_is_missed(place: int, name: str) -> None:
    """The day that one of them breaks, the other must have been there."""
    verdict = judged(replace(WHOLE, note=without(WHOLE.note, KEYS[place].key_id)))

    assert [f"checkpoint of size 7 has no {name} signature of the log"] == [
        each.says for each in verdict.damages
    ]


def test_a_note_about_another_tree_is_found() -> None:
    """The row may say one thing, and what was signed another."""
    verdict = judged(replace(WHOLE, root=bytes(32)))

    assert [Part.CHECKPOINT] == [each.part for each in verdict.damages]


def test_a_bad_cosignature_is_found_and_a_missing_one_is_none() -> None:
    """Not every checkpoint is cosigned; none is cosigned wrongly."""
    bare = sign_note(Checkpoint(ORIGIN, 7, LOG.root(7)).text(), LOG.signers)
    key = LOG.witnesses[0].vkey
    forged = add_signatures(bare, [Signature(key.name, key.key_id, bytes(72))])

    assert ((), False) == _short(judged(replace(WHOLE, note=bare), LOG.policy()))
    assert [Part.WITNESS] == [
        each.part for each in judged(replace(WHOLE, note=forged), LOG.policy()).damages
    ]


def _short(verdict):  # noqa: ANN001, ANN202
    return verdict.damages, verdict.quorum


def test_the_names_that_a_log_had_before_are_its_own() -> None:
    """After a loss the log goes on under another name, with the same keys."""
    later = Signatures("log.example/later", [replace(k, name="log.example/later") for k in KEYS],
                       None, ended=[ORIGIN])  # fmt: skip

    assert () == later.judge(WHOLE).damages
