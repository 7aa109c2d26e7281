"""What a witness answers to a log: the rules of C2SP tlog-witness, one after the other; pure."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from gateway.tlog.checkpoints import Checkpoint, parse_checkpoint
from gateway.tlog.merkle import EMPTY_ROOT, verify_consistency
from gateway.tlog.notes import NoteInvalid, NoteVerifier, OpenedNote, open_note, parse_note
from gateway.witnessing.requests import AddCheckpoint, RequestMalformed, decode

Logs: TypeAlias = Mapping[str, Sequence[NoteVerifier]]  # the keys of each log, by its origin


class Why(StrEnum):
    """Why a checkpoint is not cosigned."""

    MALFORMED = "malformed"
    LOG_UNKNOWN = "log_unknown"
    KEY_UNKNOWN = "key_unknown"
    SIZES_REVERSED = "sizes_reversed"
    SIZE_OTHER = "size_other"  # not the size we hold: the log may ask again
    ROOT_OTHER = "root_other"  # the size we hold with another root: the log equivocates
    PROOF_WRONG = "proof_wrong"


class NotCosigned(Exception):
    """A request that is refused; *held* is the size that the witness holds, where it matters."""

    def __init__(self, why: Why, *, held: int | None = None) -> None:
        super().__init__(why.value)
        self.why = why
        self.held = held


class Head(Struct, frozen=True):
    """The newest tree of one log that the witness has cosigned; empty before the first."""

    size: int = 0
    root: bytes = EMPTY_ROOT


class Offered(Struct, frozen=True):
    """A checkpoint that its log did sign, and the proof that comes with it."""

    checkpoint: Checkpoint
    opened: OpenedNote  # the text, and only those signatures that hold
    request: AddCheckpoint


def admitted(body: bytes, logs: Logs) -> Offered:
    """Return what *body* offers, once the log is known and has signed it.

    Raises:
        NotCosigned: MALFORMED, LOG_UNKNOWN, KEY_UNKNOWN or SIZES_REVERSED.
    """
    try:
        request = decode(body)
        checkpoint = parse_checkpoint(parse_note(request.note).text)
    except (RequestMalformed, NoteInvalid):
        raise NotCosigned(Why.MALFORMED) from None
    if checkpoint.origin not in logs:
        raise NotCosigned(Why.LOG_UNKNOWN)
    try:
        opened = open_note(request.note, logs[checkpoint.origin])
    except NoteInvalid:
        raise NotCosigned(Why.KEY_UNKNOWN) from None
    if request.old > checkpoint.size:
        raise NotCosigned(Why.SIZES_REVERSED)
    return Offered(checkpoint, opened, request)


def judge(offered: Offered, head: Head) -> None:
    """Return when the offered tree grew from *head*, the newest that we have cosigned.

    Raises:
        NotCosigned: SIZE_OTHER, ROOT_OTHER or PROOF_WRONG.
    """
    new, request = offered.checkpoint, offered.request
    if request.old != head.size:
        raise NotCosigned(Why.SIZE_OTHER, held=head.size)
    if new.size == head.size and new.root != head.root:
        raise NotCosigned(Why.ROOT_OTHER, held=head.size)
    if not verify_consistency(head.size, new.size, list(request.proof), head.root, new.root):
        raise NotCosigned(Why.PROOF_WRONG)
