"""Cosignatures: a witness's, and the log's own with ML-DSA-44; both state a time; pure.

Source: C2SP tlog-cosignature.  Type 0x04 signs the text of the checkpoint behind a line with the
time, type 0x06 a structure of names, time, size and root: its signatures make no statement about
extension lines.  A time of zero states none: so the log itself signs.
"""

from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from gateway.tlog.checkpoints import MOST_LEAVES, Checkpoint, parse_checkpoint
from gateway.tlog.notes import Ed25519Verifier, NoteVerifier, Signature, ed25519_holds
from gateway.tlog.vkeys import LONGEST_NAME_BYTES, Kind, NoteInvalid, VKey, utf8, vkey

TIME_BYTES = 8
SIGNATURE_BYTES = {Kind.COSIGNATURE_ED25519: 64, Kind.ML_DSA_44: 2420}
_LABEL = b"subtree/v1\n\0"


class Cosigner(Protocol):
    """Signs checkpoints with one key, stating a time."""

    @property
    def vkey(self) -> VKey:
        """Return the public key, to be handed out."""
        ...

    def sign_at(self, text: bytes, time_s: int) -> bytes:
        """Return the time, POSIX seconds, and the signature.

        Raises:
            NoteInvalid: *text* is no checkpoint, or there is no such time.
        """
        ...


class Ed25519CosignatureVerifier:
    """Judges cosignatures of type 0x04."""

    def __init__(self, name: str, public: bytes) -> None:
        """Know the key of the witness *name*, 32 bytes."""
        self.vkey = vkey(name, Kind.COSIGNATURE_ED25519, public)
        self.name, self.key_id = name, self.vkey.key_id
        self._key = Ed25519PublicKey.from_public_bytes(public)

    def verify(self, text: bytes, signature: bytes) -> bool:
        """Tell whether *signature*, time first, holds over the checkpoint *text*."""
        try:
            time_s = stated_time(signature, Kind.COSIGNATURE_ED25519)
            message = ed25519_message(text, time_s)
        except NoteInvalid:
            return False
        return ed25519_holds(self._key, signature[TIME_BYTES:], message)


class Ed25519Cosigner:
    """Cosigns with type 0x04; a witness needs a key of its own for it."""

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        """Cosign as *name* with *key*."""
        self._key = key
        self.verifier = Ed25519CosignatureVerifier(name, key.public_key().public_bytes_raw())
        self.vkey = self.verifier.vkey

    def sign_at(self, text: bytes, time_s: int) -> bytes:
        """Return the time and the signature over the checkpoint *text*."""
        message = ed25519_message(text, time_s)
        return time_s.to_bytes(TIME_BYTES, "big") + self._key.sign(message)


class MlDsa44Verifier:
    """Judges signatures of type 0x06, the log's and the witnesses'."""

    def __init__(self, name: str, public: bytes) -> None:
        """Know the key of *name*, 1,312 bytes."""
        self.vkey = vkey(name, Kind.ML_DSA_44, public)
        self.name, self.key_id = name, self.vkey.key_id
        self._key = MLDSA44PublicKey.from_public_bytes(public)

    def verify(self, text: bytes, signature: bytes) -> bool:
        """Tell whether *signature*, time first, holds over the checkpoint *text*; FIPS 204."""
        try:
            time_s = stated_time(signature, Kind.ML_DSA_44)
            message = mldsa_message(self.name, text, time_s)
            self._key.verify(signature[TIME_BYTES:], message)
        except (NoteInvalid, InvalidSignature):
            return False
        return True


class MlDsa44Signer:
    """Signs with type 0x06: as a log without a time, as a witness at a time."""

    def __init__(self, name: str, key: MLDSA44PrivateKey) -> None:
        """Sign as *name* with *key*."""
        self._key = key
        self.verifier = MlDsa44Verifier(name, key.public_key().public_bytes_raw())
        self.name, self.key_id = name, self.verifier.key_id
        self.vkey = self.verifier.vkey

    def sign(self, text: bytes) -> bytes:
        """Return the signature over the checkpoint *text*, as its log: no time is stated.

        Raises:
            NoteInvalid: *text* is no checkpoint.
        """
        return self.sign_at(text, 0)

    def sign_at(self, text: bytes, time_s: int) -> bytes:
        """Return the time and the signature over the checkpoint *text*."""
        message = mldsa_message(self.name, text, time_s)
        return time_s.to_bytes(TIME_BYTES, "big") + self._key.sign(message)


def cosign(text: str, cosigner: Cosigner, time_s: int) -> Signature:
    """Return the line that *cosigner* adds to the checkpoint *text* at *time_s*, POSIX seconds.

    Raises:
        NoteInvalid: *text* is no checkpoint, or there is no such time.
    """
    key = cosigner.vkey
    return Signature(key.name, key.key_id, cosigner.sign_at(utf8(text), time_s))


def stated_time(signature: bytes, kind: Kind) -> int:
    """Return the POSIX time that a signature of types 0x04 and 0x06 begins with.

    Raises:
        NoteInvalid: it has not the length of its type, or a time beyond 2**63 - 1.
    """
    time_s = int.from_bytes(signature[:TIME_BYTES], "big")
    if len(signature) != TIME_BYTES + SIGNATURE_BYTES[kind] or time_s > MOST_LEAVES:
        raise NoteInvalid("time and signature")
    return time_s


def ed25519_message(text: bytes, time_s: int) -> bytes:
    """Return what a cosignature of type 0x04 signs.

    Raises:
        NoteInvalid: *text* is no checkpoint, or there is no such time.
    """
    _checkpoint(text, time_s)
    return b"cosignature/v1\ntime %d\n" % time_s + text


def mldsa_message(name: str, text: bytes, time_s: int) -> bytes:
    """Return what a signature of type 0x06 signs: names, time, and the tree from leaf 0 on.

    Raises:
        NoteInvalid: *text* is no checkpoint, its origin is longer than 255 bytes, or there is no
            such time.
    """
    checkpoint = _checkpoint(text, time_s)
    return b"".join(
        (
            _LABEL,
            _counted(name),
            time_s.to_bytes(8, "big"),
            _counted(checkpoint.origin),
            (0).to_bytes(8, "big"),
            checkpoint.size.to_bytes(8, "big"),
            checkpoint.root,
        )
    )


def verifier_of(key: VKey) -> NoteVerifier:
    """Return who judges the signatures of a public key.

    Raises:
        NoteInvalid: the bytes are no key.
    """
    of_kind = {
        Kind.ED25519: Ed25519Verifier,
        Kind.COSIGNATURE_ED25519: Ed25519CosignatureVerifier,
        Kind.ML_DSA_44: MlDsa44Verifier,
    }
    try:
        return of_kind[key.kind](key.name, key.public)
    except ValueError:
        raise NoteInvalid("the public key") from None


def _checkpoint(text: bytes, time_s: int) -> Checkpoint:
    """Read what is to be signed: nobody cosigns anything but a checkpoint."""
    if not 0 <= time_s <= MOST_LEAVES:
        raise NoteInvalid("a time that exists")
    try:
        return parse_checkpoint(text.decode("utf-8"))
    except UnicodeDecodeError:
        raise NoteInvalid("valid UTF-8") from None


def _counted(text: str) -> bytes:
    """Return *text* behind its length in one byte."""
    data = utf8(text)
    if not 0 < len(data) <= LONGEST_NAME_BYTES:
        raise NoteInvalid("the length of a name")
    return bytes([len(data)]) + data
