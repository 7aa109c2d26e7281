"""Keyed pseudonyms: an auditor who may ask the gateway can search, a thief of the record cannot.

A 12-digit number with its fixed digits leaves well under 10^11 values, so an unkeyed hash is undone
within hours; the key is the only protection (audit-security-reliability.md 2.9).
"""

import hashlib
import unicodedata
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import TypeAlias

from gateway.audit.keyring import Keyring, Purpose

LONG_LIVED = "all"  # epoch of keys that outlive years
_BLOCK_BYTES = 64  # of SHA-256
_PSEUDONYM_BYTES = 20  # 160 bits, 32 characters of base32


class Scheme(StrEnum):
    """Kinds of identifiers; the same digits under two schemes have unrelated pseudonyms."""

    CITIZEN = "so_dinh_danh"
    OLD_CARD = "so_cmnd"
    INSURANCE = "ma_so_bhxh"
    CERTIFICATE = "so_phat_hanh"
    PARCEL = "thua_dat"
    OFFICIAL = "can_bo"
    DOSSIER = "ho_so"
    PEER = "peer"


PURPOSES: dict[Scheme, Purpose] = {
    Scheme.CITIZEN: Purpose.CITIZENS,
    Scheme.OLD_CARD: Purpose.CITIZENS,
    Scheme.INSURANCE: Purpose.CITIZENS,
    Scheme.CERTIFICATE: Purpose.CITIZENS,
    Scheme.PARCEL: Purpose.CITIZENS,
    Scheme.OFFICIAL: Purpose.OFFICIALS,
    Scheme.DOSSIER: Purpose.CASES,
    Scheme.PEER: Purpose.PEERS,
}

# A name costs less than a look into an enumeration, and these are looked at with each record.
_AGAIN = frozenset({Scheme.OFFICIAL, Scheme.DOSSIER})
_OPENINGS, _CONSENT = Purpose.OPENINGS, Purpose.CONSENT
# No two uses of a key can meet: what is hashed before the message tells them apart.
_BEFORE = {scheme: f"subj\0{scheme}\0".encode() for scheme in Scheme}
_LASTING = b"consent\0"

Mac: TypeAlias = Callable[[bytes], bytes]


def epoch_of(at: datetime) -> str:
    """Return the key epoch of an instant: its UTC year."""
    return f"{at.year:04d}"


def normalised(identifier: str) -> str:
    """Return one spelling for all: NFKC, upper case, no white space.

    Raises:
        ValueError: nothing is left.
    """
    if identifier.isascii() and identifier.isprintable() and " " not in identifier and identifier:
        return identifier.upper()  # as every number and code: already one spelling
    text = "".join(unicodedata.normalize("NFKC", identifier).split()).upper()
    if not text:
        raise ValueError("an identifier cannot be empty")
    return text


def keyed_mac(key: bytes, before: bytes = b"") -> Mac:
    """Return HMAC-SHA-256 under *key* (at most 64 bytes) of *before* and a message.

    Both pads and what comes before are hashed beforehand: RFC 2104 allows it, and it halves the
    cost of the library's `hmac.copy`.
    """
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key.ljust(_BLOCK_BYTES, b"\0")))
    inner.update(before)
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in key.ljust(_BLOCK_BYTES, b"\0")))

    def mac(message: bytes) -> bytes:
        first, second = inner.copy(), outer.copy()
        first.update(message)
        second.update(first.digest())
        return second.digest()

    return mac


_LETTERS = bytes.maketrans(bytes(range(32)), b"abcdefghijklmnopqrstuvwxyz234567")


def _low(bits: int, room: int) -> int:
    """Return a mask of the low *bits* of each *room* of 256 bits."""
    return sum(((1 << bits) - 1) << (place * room) for place in range(256 // room))


_EIGHTY, _FORTY, _TWENTY = _low(80, 256), _low(40, 128), _low(20, 64)
_TEN, _FIVE = _low(10, 32), _low(5, 16)


def base32(digest: bytes) -> str:
    """Return 20 bytes as 32 characters of RFC 4648 base32, lower case.

    Each line halves the groups: 160 bits become 2 of 80, 4 of 40 ... 32 of 5, one byte apart each.
    Written out, it is four times as fast as `base64`.
    """
    n = int.from_bytes(digest, "big")
    n = n & _EIGHTY | (n >> 80 & _EIGHTY) << 128
    n = n & _FORTY | (n >> 40 & _FORTY) << 64
    n = n & _TWENTY | (n >> 20 & _TWENTY) << 32
    n = n & _TEN | (n >> 10 & _TEN) << 16
    n = n & _FIVE | (n >> 5 & _FIVE) << 8
    return n.to_bytes(32, "big").translate(_LETTERS).decode("ascii")


class Pseudonyms:
    """Turns identifiers into pseudonyms with the ring's keys, each read once."""

    def __init__(self, ring: Keyring) -> None:
        self._ring = ring
        self._macs: dict[tuple[bytes, str], Mac] = {}  # by what comes before, and epoch
        # Officials and dossiers come back all day, a dossier with each question of its form.
        self._again = lru_cache(maxsize=4_096)(self._derive)

    def of(self, scheme: Scheme, identifier: str, epoch: str) -> str:
        """Return the 32-character pseudonym of *identifier* in *epoch* (`epoch_of`).

        Source: base32(HMAC-SHA-256(K[purpose, epoch], "subj" 0 scheme 0 identifier))[:32] with
        zero bytes between the parts, so that no two schemes can meet.

        Raises:
            KeyDestroyed: that epoch was forgotten.
            ValueError: the identifier is empty.
        """
        if scheme in _AGAIN:
            return self._again(scheme, identifier, epoch)
        return self._derive(scheme, identifier, epoch)

    def person(self, identifier: str) -> str:
        """Return the lasting pseudonym that consent rows hold of a citizen's number."""
        mac = self._macs.get((_LASTING, LONG_LIVED)) or self._mac(_LASTING, LONG_LIVED, _CONSENT)
        return base32(mac(normalised(identifier).encode())[:_PSEUDONYM_BYTES])

    def opening(self, entry_id: str, epoch: str) -> bytes:
        """Return the 16-byte salt of one record's digests.

        It is derived, not stored: whoever holds leaf and key ring can open a digest, whoever holds
        the leaf alone cannot guess the little that may be unknown in a body.
        """
        mac = self._macs.get((b"", epoch)) or self._mac(b"", epoch, _OPENINGS)
        return mac(entry_id.encode("ascii"))[:16]

    def forget(self) -> None:
        """Forget every key in memory; the ring is read again at the next use."""
        self._macs.clear()
        self._again.cache_clear()

    def _derive(self, scheme: Scheme, identifier: str, epoch: str) -> str:
        before = _BEFORE[scheme]
        mac = self._macs.get((before, epoch)) or self._mac(before, epoch, PURPOSES[scheme])
        return base32(mac(normalised(identifier).encode())[:_PSEUDONYM_BYTES])

    def _mac(self, before: bytes, epoch: str, purpose: Purpose) -> Mac:
        mac = self._macs[before, epoch] = keyed_mac(self._ring.key(purpose, epoch), before)
        return mac
