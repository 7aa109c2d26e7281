"""Signed notes: a text, an empty line, signature lines; pure.

Source: C2SP signed-note.
"""

import re
from base64 import b64encode
from collections.abc import Iterable
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct

from gateway.tlog.vkeys import (
    KEY_ID_BYTES,
    Kind,
    NoteInvalid,
    VKey,
    check_name,
    decode,
    parse_vkey,
    utf8,
    vkey,
)

__all__ = [
    "Ed25519Signer",
    "Ed25519Verifier",
    "Note",
    "NoteInvalid",
    "NoteVerifier",
    "OpenedNote",
    "Signature",
    "Signer",
    "add_signatures",
    "open_note",
    "parse_note",
    "parse_vkey",
    "sign_note",
    "vkey",
]

LONGEST_NOTE_BYTES = 1_000_000
MOST_SIGNATURES = 100  # at least 16 must be accepted

_control = re.compile(r"[\x00-\x09\x0b-\x1f]").search


class Signer(Protocol):
    """Signs the texts of notes with one key."""

    @property
    def name(self) -> str:
        """Return the name of the key."""
        ...

    @property
    def key_id(self) -> bytes:
        """Return the four bytes that tell its keys and types apart."""
        ...

    def sign(self, text: bytes) -> bytes:
        """Return the signature, without the four bytes.

        Raises:
            NoteInvalid: this kind of key cannot sign such a text.
        """
        ...


class NoteVerifier(Protocol):
    """Judges the signatures of one key."""

    @property
    def name(self) -> str:
        """Return the name of the key."""
        ...

    @property
    def key_id(self) -> bytes:
        """Return the four bytes that tell its keys and types apart."""
        ...

    def verify(self, text: bytes, signature: bytes) -> bool:
        """Tell whether the signature, without the four bytes, is of this key over *text*."""
        ...


class Signature(Struct, frozen=True):
    """One signature line."""

    name: str
    key_id: bytes
    value: bytes

    def line(self) -> str:
        """Spell it, newline included."""
        return f"\u2014 {self.name} {b64encode(self.key_id + self.value).decode('ascii')}\n"


class Note(Struct, frozen=True):
    """A text that ends in a newline, and who claims to have signed it."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        """Spell the note."""
        return self.text + "\n" + "".join(each.line() for each in self.signatures)


class OpenedNote(Struct, frozen=True):
    """A note after its signatures were judged by known keys."""

    text: str
    verified: tuple[Signature, ...]  # at least one

    @property
    def names(self) -> tuple[str, ...]:
        """Return whose signatures hold, each name once."""
        return tuple(dict.fromkeys(each.name for each in self.verified))


class Ed25519Verifier:
    """Judges signatures of type 0x01."""

    def __init__(self, name: str, public: bytes) -> None:
        """Know the key of *name*, 32 bytes."""
        self.vkey = vkey(name, Kind.ED25519, public)
        self.name, self.key_id = name, self.vkey.key_id
        self._key = Ed25519PublicKey.from_public_bytes(public)

    def verify(self, text: bytes, signature: bytes) -> bool:
        """Tell whether *signature* holds over *text*; RFC 8032."""
        return ed25519_holds(self._key, signature, text)


class Ed25519Signer:
    """Signs with type 0x01."""

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        """Sign as *name* with *key*."""
        self._key = key
        self.verifier = Ed25519Verifier(name, key.public_key().public_bytes_raw())
        self.name, self.key_id = name, self.verifier.key_id

    @property
    def vkey(self) -> VKey:
        """Return the public key, to be handed out."""
        return self.verifier.vkey

    def sign(self, text: bytes) -> bytes:
        """Return the signature over *text*; RFC 8032."""
        return self._key.sign(text)


def sign_note(text: str, signers: Iterable[Signer]) -> str:
    """Return the note of *text*, with a line from each signer.

    Raises:
        NoteInvalid: the text cannot be the text of a note, or nobody signs.
    """
    signed = utf8(text)
    return add_signatures(
        text + "\n", (Signature(each.name, each.key_id, each.sign(signed)) for each in signers)
    )


def add_signatures(note: str, signatures: Iterable[Signature]) -> str:
    """Return *note* with more signature lines, each line once.

    Raises:
        NoteInvalid: what comes of it is no note.
    """
    head, found, tail = note.rpartition("\n\n")
    if not found:
        raise NoteInvalid("text, empty line, signature lines")
    lines = dict.fromkeys([line + "\n" for line in tail.split("\n")[:-1]])
    lines |= dict.fromkeys(each.line() for each in signatures)
    signed = f"{head}\n\n{''.join(lines)}"
    parse_note(signed)
    return signed


def parse_note(note: str) -> Note:
    """Take a note apart; nothing in it is to be believed before `open_note`.

    Raises:
        NoteInvalid: it is longer than 1,000,000 bytes, has more than 100 signatures, holds a
            control character, or is not of the form that the specification asks for.
    """
    if len(note) > LONGEST_NOTE_BYTES or len(utf8(note)) > LONGEST_NOTE_BYTES:
        raise NoteInvalid("the length of the note")
    if _control(note):
        raise NoteInvalid("no control characters")
    head, found, tail = note.rpartition("\n\n")
    if not found or not tail.endswith("\n"):
        raise NoteInvalid("text, empty line, signature lines")
    lines = tail[:-1].split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise NoteInvalid("at most 100 signatures")
    return Note(head + "\n", tuple(_signature(line) for line in lines))


def open_note(note: str, verifiers: Iterable[NoteVerifier]) -> OpenedNote:
    """Judge the signatures of *note* by known keys; lines of unknown keys are passed over.

    Raises:
        NoteInvalid: no signature is of a known key, one of a known key does not hold, or two
            known keys share name and identifier.
    """
    parsed = parse_note(note)
    text = parsed.text.encode("utf-8")
    known = _by_identity(verifiers)
    verified: dict[tuple[str, bytes], Signature] = {}
    for each in parsed.signatures:
        identity = (each.name, each.key_id)
        verifier = known.get(identity)
        if verifier is None:
            continue
        if not verifier.verify(text, each.value):
            raise NoteInvalid("a signature that holds")
        verified.setdefault(identity, each)
    if not verified:
        raise NoteInvalid("a signature of a known key")
    return OpenedNote(parsed.text, tuple(verified.values()))


def ed25519_holds(key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    """Tell whether an Ed25519 signature holds, whatever bytes it is made of."""
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def _by_identity(verifiers: Iterable[NoteVerifier]) -> dict[tuple[str, bytes], NoteVerifier]:
    known: dict[tuple[str, bytes], NoteVerifier] = {}
    for each in verifiers:
        if known.setdefault((each.name, each.key_id), each) is not each:
            raise NoteInvalid("one key for one name and identifier")
    return known


def _signature(line: str) -> Signature:
    """Read one signature line, without its newline."""
    dash, _, rest = line.partition(" ")
    name, _, value = rest.partition(" ")
    if dash != "\u2014":
        raise NoteInvalid("a signature line")
    check_name(name)
    signed = decode(value)
    if len(signed) <= KEY_ID_BYTES:
        raise NoteInvalid("a signature after the identifier")
    return Signature(name, signed[:KEY_ID_BYTES], signed[KEY_ID_BYTES:])
