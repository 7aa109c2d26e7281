"""What a log sends to a witness: C2SP tlog-witness `add-checkpoint`, written and read; pure."""

import base64
import binascii
import re

from msgspec import Struct

from gateway.tlog.merkle import HASH_BYTES

PATH = "/add-checkpoint"
SIZE_TYPE = "text/x.tlog.size"  # media type of a 409: the size that the witness holds
MOST_HASHES = 63  # of one consistency proof
LONGEST_NOTE_BYTES = 64 * 1024  # a checkpoint with two post-quantum signatures has 9 KiB
LONGEST_REQUEST_BYTES = LONGEST_NOTE_BYTES + MOST_HASHES * 45 + 32

_OLD = re.compile(rb"old (0|[1-9][0-9]{0,18})")
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n?")
_HASH = re.compile(rb"[A-Za-z0-9+/]{43}=")


class RequestMalformed(Exception):
    """The body is not an `add-checkpoint` request; says which part."""


class AddCheckpoint(Struct, frozen=True):
    """One request: from the size that the witness holds to a newer checkpoint."""

    old: int  # leaves; 0 when the witness holds nothing
    proof: tuple[bytes, ...]  # consistency, RFC 6962 section 2.1.2; empty from 0 and to itself
    note: str  # the signed checkpoint


def encode(request: AddCheckpoint) -> bytes:
    """Return the body of *request*."""
    hashes = (base64.b64encode(each).decode() for each in request.proof)
    return "\n".join([f"old {request.old}", *hashes, "", request.note]).encode()


def decode(body: bytes) -> AddCheckpoint:
    """Return the request in *body*.

    Raises:
        RequestMalformed: another form, too long, or more hashes than a proof can have.
    """
    if len(body) > LONGEST_REQUEST_BYTES:
        raise RequestMalformed("longer than a request can be")
    head, found, note = body.partition(b"\n\n")
    lines = head.split(b"\n")
    old = _OLD.fullmatch(lines[0])
    if not found or old is None:
        raise RequestMalformed("does not begin with an old size and end with a checkpoint")
    if len(lines) - 1 > MOST_HASHES:
        raise RequestMalformed("more hashes than a proof can have")
    try:
        return AddCheckpoint(int(old[1]), tuple(map(_hash, lines[1:])), note.decode())
    except UnicodeDecodeError:
        raise RequestMalformed("the checkpoint is not UTF-8") from None


def encode_size(size: int) -> bytes:
    """Return the body of a 409 that names the *size* the witness holds."""
    return f"{size}\n".encode()


def decode_size(body: bytes) -> int | None:
    """Return the size that a 409 names, None when it names none."""
    found = _SIZE.fullmatch(body)
    return int(found[1]) if found else None


def _hash(line: bytes) -> bytes:
    try:
        value = base64.b64decode(line, validate=True) if _HASH.fullmatch(line) else b""
    except binascii.Error:
        value = b""
    if len(value) != HASH_BYTES or base64.b64encode(value) != line:  # one form for each hash
        raise RequestMalformed("a line of the proof is not a hash")
    return value
