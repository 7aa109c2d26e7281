"""Signed notes: who signed, who did not, and what is no note."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.tlog.cosignatures import verifier_of
from gateway.tlog.notes import (
    Ed25519Signer,
    Note,
    NoteInvalid,
    NoteVerifier,
    Signature,
    add_signatures,
    open_note,
    parse_note,
    parse_vkey,
    sign_note,
)
from tests.tlog_builders import ORIGIN, ed25519

TEXT = "gateway.tinh.example/audit/a\nđã ghi\n"
SIGNER = Ed25519Signer(ORIGIN, ed25519(1))
OTHER = Ed25519Signer("other.example", ed25519(2))
NOTE = sign_note(TEXT, [SIGNER, OTHER])
# Printed in the documentation of Go's note package.
NEUMANN = verifier_of(
    parse_vkey("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
)
CRYPTOGRAPHY = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
GO_NOTE = (
    CRYPTOGRAPHY + "\n\u2014 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    "\u2014 EnochRoot "
    "rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"
)
LINE = NOTE.split("\n\n")[1].split("\n")[0]
NO_NOTES = {
    "nothing": "",
    "no signatures": TEXT,
    "no empty line": TEXT + LINE + "\n",
    "an empty line and no signature": TEXT + "\n",
    "no newline at the end": NOTE[:-1],
    "text after the signatures": NOTE + "and more\n",
    "an empty line among the signatures": TEXT + "\n" + LINE + "\n\n" + "no line\n",
    "carriage returns": NOTE.replace("\n", "\r\n"),
    "a tab": NOTE.replace("ghi", "\t"),
    "a zero byte": NOTE.replace("ghi", "\0"),
    "half a surrogate pair": NOTE.replace("ghi", "\ud800"),
    "a hyphen for the dash": NOTE.replace("\u2014", "-"),
    "two spaces after the dash": NOTE.replace("\u2014 ", "\u2014  "),
    "a space at the end of the line": NOTE[:-1] + " \n",
    "no name": TEXT + "\n\u2014 " + LINE.split(" ")[2] + "\n",
    "a plus in the name": NOTE.replace("other.example", "other+example"),
    "a signature without padding": TEXT + "\n" + LINE.rstrip("=") + "\n",
    "no base64": TEXT + "\n" + LINE[:-2] + "*=\n",
    "an identifier and no signature": TEXT + "\n\u2014 a AAAAAA==\n",
    "more than a hundred signatures": TEXT + "\n" + (LINE + "\n") * 101,
    "more than a million bytes": "x" * 1_000_000 + NOTE,
}


def test_a_note_of_another_program_is_opened() -> None:
    """Go signed it; both lines are its own."""
    opened = open_note(GO_NOTE, [NEUMANN])

    assert CRYPTOGRAPHY == opened.text
    assert ("PeterNeumann",) == opened.names
    assert GO_NOTE == str(parse_note(GO_NOTE))


def test_every_known_signature_counts_and_unknown_ones_do_not() -> None:
    """Witnesses add lines that old programs do not know."""
    assert (ORIGIN, "other.example") == open_note(NOTE, [SIGNER.verifier, OTHER.verifier]).names
    assert ("other.example",) == open_note(NOTE, [OTHER.verifier]).names


@pytest.mark.parametrize("case", NO_NOTES)
def test_nothing_else_is_a_note(case: str) -> None:
    """What two programs read differently, somebody will use against one of them."""
    with pytest.raises(NoteInvalid):
        parse_note(NO_NOTES[case])


@pytest.mark.parametrize("signatures", [16, 100])
def test_sixteen_signatures_must_be_accepted_and_a_hundred_are(signatures: int) -> None:
    """The specification sets the lower bound, patience the upper one."""
    signers = [Ed25519Signer(f"w{n}.example", ed25519(n)) for n in range(signatures)]

    opened = open_note(sign_note(TEXT, signers), [each.verifier for each in signers])

    assert signatures == len(opened.verified)


def test_an_empty_line_in_the_text_stays_in_the_text() -> None:
    """The last empty line parts the text from the signatures, not the first."""
    text = "a\n\nb\n\n\nc\n"

    assert text == open_note(sign_note(text, [SIGNER]), [SIGNER.verifier]).text


@pytest.mark.parametrize("text", ["", "a", "a\r\n", "a\n\t\n", "\ud800\n"])
def test_a_text_that_could_not_be_read_back_is_not_signed(text: str) -> None:
    """A signer refuses what a verifier would."""
    with pytest.raises(NoteInvalid):
        sign_note(text, [SIGNER])


def test_nobody_signs_no_note() -> None:
    """A note without a signature is a text."""
    with pytest.raises(NoteInvalid):
        sign_note(TEXT, [])


@given(st.integers(0, len(TEXT.encode()) - 1), st.integers(0, 7))
def test_a_changed_bit_of_the_text_is_noticed(at: int, bit: int) -> None:
    """The text is what is believed."""
    data = bytearray(NOTE.encode())
    data[at] ^= 1 << bit

    with pytest.raises((NoteInvalid, UnicodeDecodeError)):
        open_note(data.decode(), [SIGNER.verifier, OTHER.verifier])


@given(st.integers(4, 67), st.integers(0, 7))
def test_a_changed_bit_of_a_known_signature_spoils_the_note(at: int, bit: int) -> None:
    """A known key that does not hold is a forgery, even beside one that does."""
    parsed = parse_note(NOTE)
    forged = bytearray(parsed.signatures[0].value)
    forged[at - 4] ^= 1 << bit
    line = Signature(ORIGIN, SIGNER.key_id, bytes(forged))

    with pytest.raises(NoteInvalid):
        open_note(str(Note(TEXT, (line, parsed.signatures[1]))), [SIGNER.verifier, OTHER.verifier])


@pytest.mark.parametrize(
    "verifier",
    [
        Ed25519Signer(ORIGIN, ed25519(9)).verifier,
        Ed25519Signer("same-key.example", ed25519(1)).verifier,
    ],
    ids=["the same name, another key", "another name, the same key"],
)
def test_another_key_opens_nothing(verifier: NoteVerifier) -> None:
    """Name and identifier must both be known."""
    with pytest.raises(NoteInvalid):
        open_note(NOTE, [verifier])


def test_a_colliding_identifier_is_a_signature_that_does_not_hold() -> None:
    """Four bytes collide on purpose within minutes; the key itself decides."""
    collided = Signature(ORIGIN, SIGNER.key_id, OTHER.sign(TEXT.encode()))

    with pytest.raises(NoteInvalid):
        open_note(str(Note(TEXT, (collided,))), [SIGNER.verifier])


def test_two_known_keys_of_one_name_and_identifier_are_refused() -> None:
    """Which of the two would judge the line?"""
    twin = Ed25519Signer(ORIGIN, ed25519(1)).verifier

    with pytest.raises(NoteInvalid):
        open_note(NOTE, [SIGNER.verifier, twin])


def test_a_repeated_line_counts_once() -> None:
    """A quorum must not be met by one witness twice."""
    doubled = NOTE + NOTE.split("\n\n")[1]

    assert 2 == len(open_note(doubled, [SIGNER.verifier, OTHER.verifier]).verified)


def test_a_signature_behind_a_good_one_of_the_same_key_must_hold_too() -> None:
    """Programs differ in which of two lines they look at, so both must hold."""
    forged = Signature(ORIGIN, SIGNER.key_id, bytes(64))

    with pytest.raises(NoteInvalid):
        open_note(NOTE + forged.line(), [SIGNER.verifier])


def test_signatures_are_added_once() -> None:
    """A witness that is asked again gives the same line."""
    line = parse_note(NOTE).signatures[1]
    alone = sign_note(TEXT, [SIGNER])

    assert NOTE == add_signatures(alone, [line])
    assert NOTE == add_signatures(NOTE, [line])


@given(st.text(max_size=300))
def test_any_text_is_a_note_or_refused(text: str) -> None:
    """Notes come from the network."""
    try:
        parsed = parse_note(text)
    except NoteInvalid:
        return
    assert text == str(parsed)


@given(st.integers(0, 2**32))
def test_a_note_with_a_few_bytes_changed_is_the_same_note_or_refused(seed: int) -> None:
    """No spelling is read as another note than it is written as."""
    data = bytearray(NOTE.encode())
    data[seed % len(data)] = seed >> 8 & 0xFF

    try:
        text = data.decode()
        assert text == str(parse_note(text))
    except (NoteInvalid, UnicodeDecodeError):
        pass
