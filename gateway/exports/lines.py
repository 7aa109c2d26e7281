"""JSON Lines: each record as it is stored, with its place in the tree; pure.

A line is one JSON object whose members stand in alphabetical order.  ``entry`` holds the canonical
bytes unchanged, so that SHA-256 over a zero byte and those bytes is ``leaf`` again (RFC 6962).
"""

import msgspec
from msgspec import Struct

from gateway.audit.leaf import leaf_hash

MEDIA_TYPE = "application/x-ndjson"


class Line(Struct, frozen=True):
    """One line, read back."""

    entry: msgspec.Raw
    index: int
    leaf: str  # hex


class LineDamaged(ValueError):
    """A line is not one of ours, or its record does not have the hash that stands beside it."""


_DECODER = msgspec.json.Decoder(Line)


def line(index: int, entry: bytes) -> bytes:
    """Return the line of the record at *index*, with its line feed."""
    leaf = leaf_hash(entry).hex().encode("ascii")
    return b'{"entry":%b,"index":%d,"leaf":"%b"}\n' % (entry, index, leaf)


def read_line(text: bytes) -> tuple[int, bytes]:
    """Return index and record of one line, once its hash fits.

    Raises:
        LineDamaged: it is no line of ours, or the record was changed.
    """
    try:
        found = _DECODER.decode(text)
    except msgspec.DecodeError:
        raise LineDamaged("not a line of an export") from None
    entry = bytes(found.entry)
    if leaf_hash(entry).hex() != found.leaf:
        raise LineDamaged(f"the record at index {found.index} does not have its hash")
    return found.index, entry
