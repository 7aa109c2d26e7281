"""One spelling for each entry: the bytes that are stored, digested and compared."""

from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import cast

import msgspec
from msgspec import NODEFAULT, Struct
from msgspec.structs import force_setattr

from catalog.entries import Agreement, ServiceVersion
from catalog.kinds import GIVEN, KINDS, TYPES, Entry, Kind

# Stands for the items of an agreement in a worker's memory; compare by identity.
UNREAD: dict[str, str] = {}
# What is shared, the innermost first.
_OF_SCOPE = ("id", "service", "elements", "purposes", "procedures", "bases")
_OF_AGREEMENT = ("provider", "consumer", "systems", "scopes")
_OF_SERVICE = (
    "version", "owner", "dataset", "dataset_version", "source", "elements", "subject",
    "subject_optional", "lower",
)  # fmt: skip
_DECODERS = {kind: msgspec.json.Decoder(shape) for kind, shape in TYPES.items()}


def plain(value: Struct) -> dict[str, object]:
    """Return *value* as JSON builtins: members at their default left out, sets sorted.

    Leaving defaults out keeps the digest of an old document when a member is added later.
    """
    return {
        name: held if type(held) is str else _part(held)
        for name, default in _members(type(value))
        if (held := getattr(value, name)) != default
    }


def _part(held: object) -> object:
    if isinstance(held, Struct):
        return plain(held)
    if isinstance(held, tuple):
        items = cast("tuple[object, ...]", held)
        return [_part(item) for item in items]
    return msgspec.to_builtins(held, order="deterministic")  # sets become sorted lists


def content(entry: Entry) -> dict[str, object]:
    """Return *entry* as a document says it, without what the catalog itself gives."""
    given = GIVEN.get(KINDS[type(entry)], frozenset())
    return {name: value for name, value in plain(entry).items() if name not in given}


def canonical(entry: Entry) -> bytes:
    """Return *entry* as UTF-8 JSON with sorted members and no spaces.

    It is RFC 8785 as far as catalog documents go: member names are ASCII and numbers are integers.
    """
    return msgspec.json.encode(content(entry), order="sorted")


def digest(document: bytes) -> str:
    """Return the SHA-256 of a canonical document, 64 hexadecimal digits."""
    return sha256(document).hexdigest()


class Stored(Struct, frozen=True, kw_only=True):
    """One version as the database holds it."""

    kind: Kind
    document: bytes  # canonical: one JSON object with at least one member
    rev: int  # running number of the version, from 1
    state: str | None  # present state, None for a kind without states
    digest: str  # SHA-256 of `document`, hexadecimal


def restore(stored: Stored) -> Entry:
    """Return the entry that *stored* spells, with what the catalog gives it.

    Raises:
        msgspec.DecodeError: the document does not have the shape of its kind.
    """
    document = stored.document
    if stored.kind in GIVEN:
        # Spliced before decoding: one pass over the bytes, which counts for 100,000 agreements.
        given = f',"rev":{stored.rev},"state":"{stored.state}","digest":"{stored.digest}"}}'
        document = document.removesuffix(b"}") + given.encode()
    return _DECODERS[stored.kind].decode(document)


class Pool:
    """Equal parts of agreements and services, kept once: a hundred thousand share some hundreds.

    Without it a worker holds nine kilobytes for each agreement, with it half of one.
    """

    def __init__(self) -> None:
        self._kept: dict[object, object] = {}

    def lean(self, entry: Entry) -> Entry:
        """Return *entry*, just decoded and nobody else's yet, with shared parts.

        The texts of an agreement's twelve items stay in the database: no exchange reads them.
        """
        if isinstance(entry, Agreement):
            force_setattr(entry, "items", UNREAD)
            for scope in entry.scopes:
                self._share(scope, _OF_SCOPE)
            self._share(entry, _OF_AGREEMENT)
            self._share_instants(entry, ("valid_from", "valid_to"))
        elif isinstance(entry, ServiceVersion):
            self._share(entry, _OF_SERVICE)
        return entry

    def _share(self, owner: Struct, names: tuple[str, ...]) -> None:
        for name in names:
            held = getattr(owner, name)
            force_setattr(owner, name, self._kept.setdefault(held, held))

    def _share_instants(self, owner: Struct, names: tuple[str, ...]) -> None:
        """Share instants that are written alike: equal ones of two zones have different days."""
        for name in names:
            held: datetime = getattr(owner, name)
            force_setattr(owner, name, self._kept.setdefault((held, held.utcoffset()), held))


@cache
def _members(shape: type[Struct]) -> tuple[tuple[str, object], ...]:
    return tuple((field.name, _default(field)) for field in msgspec.structs.fields(shape))


def _default(field: msgspec.structs.FieldInfo) -> object:
    if field.default_factory is not NODEFAULT:
        return field.default_factory()
    return field.default
