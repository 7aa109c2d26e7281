"""Cosignatures: a witness's word at a time, and the log's own with ML-DSA-44."""

import struct

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.tlog.cosignatures import (
    Cosigner,
    Ed25519Cosigner,
    MlDsa44Signer,
    cosign,
    stated_time,
    verifier_of,
)
from gateway.tlog.notes import NoteInvalid, open_note
from gateway.tlog.vkeys import Kind, VKey, parse_vkey
from tests.tlog_builders import AT_S, ORIGIN, WITNESS, SmallLog, ed25519, entries, mldsa

LOG = SmallLog(entries(5))
TEXT = LOG.signed().partition("\n\n")[0] + "\n"
COSIGNERS: list[Cosigner] = [
    Ed25519Cosigner(WITNESS, ed25519(2)),
    MlDsa44Signer(WITNESS, mldsa(2)),
]
BOTH = pytest.mark.parametrize("cosigner", COSIGNERS, ids=["ed25519", "ml-dsa-44"])


def test_an_ed25519_cosignature_signs_what_the_specification_says() -> None:
    """Header, time, text: checked here without a line of our own encoding."""
    key = ed25519(2).public_key().public_bytes_raw()
    value = cosign(TEXT, COSIGNERS[0], AT_S).value

    assert struct.pack(">Q", AT_S) == value[:8]
    Ed25519PublicKey.from_public_bytes(key).verify(
        value[8:], f"cosignature/v1\ntime {AT_S}\n{TEXT}".encode()
    )


def test_an_ml_dsa_cosignature_signs_what_the_specification_says() -> None:
    """Label, name, time, origin, from leaf 0 to the size, root: packed here by hand."""
    key = mldsa(2).public_key().public_bytes_raw()
    value = cosign(TEXT, COSIGNERS[1], AT_S).value
    name, origin = WITNESS.encode(), ORIGIN.encode()
    form = f">12sB{len(name)}sQB{len(origin)}sQQ32s"
    message = struct.pack(
        form, b"subtree/v1\n\0", len(name), name, AT_S, len(origin), origin, 0, 5, LOG.root()
    )

    assert struct.pack(">Q", AT_S) == value[:8]
    MLDSA44PublicKey.from_public_bytes(key).verify(value[8:], message)


@BOTH
def test_a_cosignature_opens_the_note_it_was_added_to(cosigner: Cosigner) -> None:
    """The line goes under the log's own, and its verifier is built from the public key."""
    note = LOG.signed() + cosign(TEXT, cosigner, AT_S).line()
    opened = open_note(note, [verifier_of(parse_vkey(str(cosigner.vkey)))])

    assert (WITNESS,) == opened.names
    assert AT_S == stated_time(opened.verified[0].value, cosigner.vkey.kind)


def test_the_log_signs_with_ml_dsa_without_a_time() -> None:
    """A log makes no statement about when; its witnesses do."""
    signed = open_note(LOG.signed(), [LOG.signers[1].verifier]).verified[0]

    assert 0 == stated_time(signed.value, Kind.ML_DSA_44)
    assert 2 == len(open_note(LOG.signed(), [each.verifier for each in LOG.signers]).verified)


@BOTH
@pytest.mark.parametrize(
    "other",
    [TEXT.replace("5\n", "6\n"), TEXT.replace("gateway", "gatevvay"), TEXT.replace("\n5", "\n50")],
    ids=["another size", "another origin", "a longer size"],
)
def test_a_cosignature_holds_over_its_checkpoint_only(cosigner: Cosigner, other: str) -> None:
    """A line that was moved to another checkpoint must fall off."""
    value = cosign(TEXT, cosigner, AT_S).value

    assert verifier_of(cosigner.vkey).verify(TEXT.encode(), value)
    assert other != TEXT
    assert not verifier_of(cosigner.vkey).verify(other.encode(), value)


@BOTH
def test_the_time_is_signed(cosigner: Cosigner) -> None:
    """A cosignature bounds when the log stood so; a moved time would bound nothing."""
    value = cosign(TEXT, cosigner, AT_S).value
    moved = (AT_S + 1).to_bytes(8, "big") + value[8:]

    assert not verifier_of(cosigner.vkey).verify(TEXT.encode(), moved)


def test_an_ml_dsa_cosignature_commits_to_the_name() -> None:
    """One key under two names is two witnesses only for those who count wrong."""
    value = cosign(TEXT, COSIGNERS[1], AT_S).value
    other = MlDsa44Signer("witness.other.example", mldsa(2)).verifier

    assert not other.verify(TEXT.encode(), value)


@BOTH
@pytest.mark.parametrize(
    "text",
    ["", "a\n", "a\n1\n", "no checkpoint\nat all\nreally\n", TEXT[:-1], TEXT + "\n"],
)
def test_nothing_but_a_checkpoint_is_cosigned(cosigner: Cosigner, text: str) -> None:
    """A witness that signs any text would sign somebody's contract."""
    with pytest.raises(NoteInvalid):
        cosign(text, cosigner, AT_S)


@BOTH
@pytest.mark.parametrize("time_s", [-1, 2**63, 2**64])
def test_no_time_beyond_the_format_is_signed(cosigner: Cosigner, time_s: int) -> None:
    """Eight bytes hold more than the specification allows."""
    with pytest.raises(NoteInvalid):
        cosign(TEXT, cosigner, time_s)


@BOTH
def test_a_time_beyond_the_format_does_not_hold(cosigner: Cosigner) -> None:
    """The highest bit must be zero, whoever signed it."""
    value = cosign(TEXT, cosigner, AT_S).value

    assert not verifier_of(cosigner.vkey).verify(TEXT.encode(), b"\x80" + value[1:])


@BOTH
@pytest.mark.parametrize("value", [b"", b"x", b"\0" * 72, b"\0" * 2428, b"\0" * 10_000])
def test_bytes_that_are_no_signature_do_not_hold(cosigner: Cosigner, value: bytes) -> None:
    """A line of any length may come from the network."""
    assert not verifier_of(cosigner.vkey).verify(TEXT.encode(), value)


@BOTH
@pytest.mark.parametrize("text", [b"", b"\xff\n1\n2\n", b"a\n1\nb\n"])
def test_a_signature_over_no_checkpoint_does_not_hold(cosigner: Cosigner, text: bytes) -> None:
    """The verifier answers, it does not raise."""
    assert not verifier_of(cosigner.vkey).verify(text, cosign(TEXT, cosigner, AT_S).value)


@BOTH
@settings(max_examples=40)
@given(data=st.data())
def test_a_changed_bit_of_a_cosignature_is_noticed(cosigner: Cosigner, data: st.DataObject) -> None:
    """Time and signature alike."""
    value = bytearray(cosign(TEXT, cosigner, AT_S).value)
    value[data.draw(st.integers(0, len(value) - 1))] ^= 1 << data.draw(st.integers(0, 7))

    assert not verifier_of(cosigner.vkey).verify(TEXT.encode(), bytes(value))


@pytest.mark.parametrize("cosigner", [0, 1])
def test_a_swapped_cosignature_does_not_hold(cosigner: int) -> None:
    """The line of one witness under the name of the other."""
    swapped = cosign(TEXT, COSIGNERS[1 - cosigner], AT_S).value

    assert not verifier_of(COSIGNERS[cosigner].vkey).verify(TEXT.encode(), swapped)


def test_an_origin_too_long_for_the_structure_is_refused() -> None:
    """One byte of length holds 255."""
    shortest = SmallLog(entries(1), origin="x")
    text = SmallLog(entries(1), origin="x" * 255).signed().partition("\n\n")[0] + "\n"

    assert ("x",) == open_note(shortest.signed(), [shortest.signers[1].verifier]).names
    assert cosign(text, COSIGNERS[1], AT_S)
    with pytest.raises(NoteInvalid):
        cosign("x" + text, COSIGNERS[1], AT_S)


def test_every_kind_of_key_finds_its_verifier() -> None:
    """Keys come from a policy file, as text."""
    keys: list[VKey] = [LOG.signers[0].vkey, *(each.vkey for each in COSIGNERS)]

    assert list(Kind) == [each.kind for each in keys]
    assert [each.key_id for each in keys] == [verifier_of(each).key_id for each in keys]


@pytest.mark.parametrize("kind", list(Kind))
def test_bytes_that_are_no_key_have_no_verifier(kind: Kind) -> None:
    """A key cut short is found when it is read, not when a signature fails."""
    with pytest.raises(NoteInvalid):
        verifier_of(VKey("a", kind, b"short"))
