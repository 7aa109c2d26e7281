"""Names, key identifiers and public keys as one line of text; pure.

Source: C2SP signed-note, sections on signatures and verifier keys.
"""

import hashlib
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from enum import IntEnum

from msgspec import Struct

KEY_ID_BYTES = 4
LONGEST_NAME_BYTES = 255  # one byte of length in a cosigned message


class NoteInvalid(ValueError):
    """A note, a key or a signature is not what its specification allows.

    The words name the rule that was broken, never the content.
    """


class Kind(IntEnum):
    """The signature types that are understood here."""

    ED25519 = 0x01
    COSIGNATURE_ED25519 = 0x04
    ML_DSA_44 = 0x06  # a log's signature and a witness's cosignature alike


KEY_BYTES = {Kind.ED25519: 32, Kind.COSIGNATURE_ED25519: 32, Kind.ML_DSA_44: 1312}


class VKey(Struct, frozen=True):
    """A public key with its name and what it may sign."""

    name: str
    kind: Kind
    public: bytes

    @property
    def key_id(self) -> bytes:
        """Return the four bytes that stand before each signature of this key."""
        return key_id(self.name, self.kind, self.public)

    def __str__(self) -> str:
        """Spell the key as ``name+id+key``."""
        material = b64encode(bytes([self.kind]) + self.public).decode("ascii")
        return f"{self.name}+{self.key_id.hex()}+{material}"


def vkey(name: str, kind: Kind, public: bytes) -> VKey:
    """Return a checked public key.

    Raises:
        NoteInvalid: the name or the length of the key is not allowed.
    """
    check_name(name)
    if len(public) != KEY_BYTES[kind]:
        raise NoteInvalid("the length of the public key")
    return VKey(name, kind, public)


def parse_vkey(text: str) -> VKey:
    """Read ``name+id+key`` back; the identifier must be that of the key.

    Raises:
        NoteInvalid: it is no public key, or of a type that is not understood.
    """
    parts = text.split("+", 2)
    if len(parts) != len(VKey.__struct_fields__):
        raise NoteInvalid("the form name+id+key")
    material = decode(parts[2])
    if material[:1] not in {bytes([kind]) for kind in Kind}:
        raise NoteInvalid("the type of the public key")
    read = vkey(parts[0], Kind(material[0]), material[1:])
    if read.key_id.hex() != parts[1]:
        raise NoteInvalid("the identifier of the public key")
    return read


def key_id(name: str, kind: Kind, public: bytes) -> bytes:
    """Return the first four bytes of the hash over name, newline, type and key."""
    material = name.encode("utf-8") + b"\n" + bytes([kind]) + public
    return hashlib.sha256(material).digest()[:KEY_ID_BYTES]


def check_name(name: str) -> None:
    """Refuse a name that could not stand in a signature line.

    Raises:
        NoteInvalid: it is empty, longer than 255 bytes, or holds a space, a plus, a control
            character or half a surrogate pair.
    """
    if not name or any(each.isspace() or each == "+" or each < " " for each in name):
        raise NoteInvalid("the name")
    if len(utf8(name)) > LONGEST_NAME_BYTES:
        raise NoteInvalid("the length of the name")


def utf8(text: str) -> bytes:
    """Return the bytes of *text*.

    Raises:
        NoteInvalid: it holds half a surrogate pair.
    """
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise NoteInvalid("valid UTF-8") from None


def decode(text: str) -> bytes:
    """Return the bytes of a base64 text that is spelled in its one right way.

    Raises:
        NoteInvalid: it is no base64 (RFC 4648 section 4), not padded, or has stray bits.
    """
    try:
        data = b64decode(text, validate=True)
    except (Base64Error, ValueError):
        raise NoteInvalid("base64") from None
    if b64encode(data).decode("ascii") != text:
        raise NoteInvalid("base64 in its one right spelling")
    return data
