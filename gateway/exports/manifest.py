"""The signed list of what an export holds: a signed note whose text is JSON; pure.

Whoever can open a signed note (C2SP signed-note, Go's ``sumdb/note``) can check it.  The key is one
of its own, named ``<origin>/exports``: the keys of the log sign checkpoints and nothing else.
"""

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from gateway.tlog.notes import NoteVerifier, Signer, open_note, parse_note, sign_note
from gateway.tlog.vkeys import NoteInvalid

NAME = "manifest.txt"  # inside the archive
VERSION = 1


class File(Struct, frozen=True):
    """One file of the archive."""

    name: str
    size_bytes: int
    sha256: str  # hex


class Tree(Struct, frozen=True):
    """The tree that the export speaks of; its checkpoint lies beside the manifest."""

    origin: str
    size: int
    root: str  # hex


class Manifest(Struct, frozen=True, kw_only=True):
    """What was asked, what came of it, and every file with its digest."""

    v: int = VERSION
    id: str  # of the export
    format: str
    query: str  # people, cases and officials as pseudonyms
    made_at: str  # RFC 3339, UTC
    record: str  # id of the leaf `audit.export` that says who asked
    tree: Tree
    first_index: int | None  # of the records inside
    last_index: int | None
    records: int
    complete: bool  # False: the export reached its bound; ask again for what is older
    searched_below: int  # leaves from here on were not looked through
    witnessed: bool  # the checkpoint has a quorum of witnesses
    files: tuple[File, ...]


class ManifestInvalid(ValueError):
    """The manifest is not one, or nobody known has signed it."""


def key_name(origin: str) -> str:
    """Return the name of the key that signs the exports of a log."""
    return f"{origin}/exports"


def signed(manifest: Manifest, signers: Iterable[Signer]) -> str:
    """Return *manifest* as a signed note."""
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=1).decode("utf-8")
    return sign_note(text + "\n", signers)


def opened(note: str, verifiers: Iterable[NoteVerifier]) -> Manifest:
    """Return the manifest that a known key has signed.

    Raises:
        ManifestInvalid: no known key has, or the text is no manifest.
    """
    try:
        return _read(open_note(note, verifiers).text)
    except NoteInvalid as refused:
        raise ManifestInvalid(f"the manifest: expected {refused}") from None


def unbelieved(note: str) -> Manifest:
    """Return what a manifest says, whoever signed it.

    Raises:
        ManifestInvalid: it is no manifest.
    """
    try:
        return _read(parse_note(note).text)
    except NoteInvalid as refused:
        raise ManifestInvalid(f"the manifest: expected {refused}") from None


def _read(text: str) -> Manifest:
    try:
        return msgspec.json.decode(text, type=Manifest)
    except msgspec.DecodeError:
        raise ManifestInvalid("the manifest is not of a form that we know") from None
