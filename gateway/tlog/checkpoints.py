"""Checkpoints: origin, size and root of a log, as the text of a note; pure.

Source: C2SP tlog-checkpoint.
"""

import re
from base64 import b64encode

from msgspec import Struct

from gateway.tlog.merkle import EMPTY_ROOT, HASH_BYTES
from gateway.tlog.vkeys import NoteInvalid, decode

MOST_LEAVES = (1 << 63) - 1
MOST_DIGITS = len(str(MOST_LEAVES))

_NUMBER = re.compile(r"0|[1-9][0-9]*")


class Checkpoint(Struct, frozen=True):
    """What a log says of itself at one moment."""

    origin: str
    size: int
    root: bytes
    extension: tuple[str, ...] = ()  # ours has none; of others' we keep the lines, unread

    def text(self) -> str:
        """Spell the text that is signed."""
        lines = (self.origin, str(self.size), b64encode(self.root).decode("ascii"), *self.extension)
        return "\n".join(lines) + "\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """Read the text of a checkpoint, without its signatures.

    Raises:
        NoteInvalid: it is no checkpoint, or names an empty tree with another root.
    """
    *lines, end = text.split("\n")
    if len(lines) < len(("origin", "size", "root")) or end or "" in lines:
        raise NoteInvalid("origin, size and root, each on its line")
    origin, size, root, *extension = lines
    read = Checkpoint(origin, number(size), decode(root), tuple(extension))
    if len(read.root) != HASH_BYTES or (read.size == 0 and read.root != EMPTY_ROOT):
        raise NoteInvalid("the root of the tree")
    return read


def number(text: str) -> int:
    """Read a number below 2**63, without sign and leading zeros, in ASCII digits.

    Raises:
        NoteInvalid: it is another spelling, or larger.
    """
    if len(text) > MOST_DIGITS or not _NUMBER.fullmatch(text) or int(text) > MOST_LEAVES:
        raise NoteInvalid("a decimal number below 2**63")
    return int(text)
