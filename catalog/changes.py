"""What a set of documents would change in a catalog; pure."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import cast

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from catalog.canonical import canonical, content, digest
from catalog.documents import Document, Documents
from catalog.entries import Agreement, AgreementState, Dataset, ServiceState, ServiceVersion
from catalog.errors import Fault, Finding, Path
from catalog.kinds import STATES, Entry, Key, Kind, key_of, state_of
from catalog.texts import pointer

_LONGEST_SHOWN = 120  # characters of a value in a list of changes


class Action(StrEnum):
    """What happens to one entry."""

    ADD = "add"
    CHANGE = "change"  # the next version
    STATE = "state"  # same version, another state


class Held(Struct, frozen=True, kw_only=True):
    """One entry as the catalog holds it."""

    entry: Entry
    rev: int
    digest: str
    reason: str | None = None  # of its present state

    @classmethod
    def first(cls, document: Document) -> "Held":
        """Return *document* as if it had just been applied to an empty catalog."""
        hexdigest = digest(canonical(document.entry))
        return cls(entry=document.entry, rev=1, digest=hexdigest, reason=document.reason)


class Member(Struct, frozen=True):
    """One member that differs; None where one side lacks it."""

    path: str  # "scopes.0.elements"
    before: str | None  # JSON, cut at 120 characters
    after: str | None


class Change(Struct, frozen=True, kw_only=True):
    """What happens to one entry, and how it stands afterwards."""

    key: Key
    action: Action
    entry: Entry  # with its new rev, digest and state
    rev: int
    document: bytes  # canonical
    digest: str  # SHA-256 of `document`, hexadecimal
    members: tuple[Member, ...] = ()
    state_before: str | None = None
    reason: str | None = None  # of the new state

    @property
    def state_moves(self) -> bool:
        """Whether the entry ends up in another state than the one it had, or begins with."""
        return state_of(self.entry) != self.state_before


class Changes(Struct, frozen=True, kw_only=True):
    """What one `apply` does; nothing when *items* is empty."""

    items: tuple[Change, ...] = ()
    unchanged: int = 0
    absent: tuple[Key, ...] = ()  # in the catalog and in no document: they stay as they are
    doubts: tuple[Finding, ...] = ()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Return the entries as they will stand."""
        return tuple(each.entry for each in self.items)


def compare(held: Mapping[Key, Held], documents: Documents) -> Changes:
    """Return what *documents* change in the catalog that *held* describes.

    A document adds, changes, or moves a state forward (active, suspended, terminated).  It never
    takes away, and never moves a state back: lifting a suspension is an act of two people, not
    of the next deployment that still has the old file.
    """
    found = [
        change
        for document in documents.items
        if (change := _change(held.get(document.key), document)) is not None
    ]
    order = {kind: at for at, kind in enumerate(Kind)}
    mentioned = {document.key for document in documents.items}
    return Changes(
        items=tuple(sorted(found, key=lambda each: (order[each.key[0]], each.key[1]))),
        unchanged=len(documents.items) - len(found),
        absent=tuple(sorted(held.keys() - mentioned)),
    )


def objections(changes: Changes, held: Mapping[Key, Held]) -> Iterator[Finding]:
    """Yield what forbids *changes* by the history of the entries, not by their content."""
    for change in changes.items:
        before = held.get(change.key)
        if before is None or change.action is not Action.CHANGE:
            continue
        if isinstance(before.entry, Agreement) and _is_terminated(before.entry):
            yield _against(change, Fault.TERMINATED_STAYS, ("state",))
        if isinstance(before.entry, ServiceVersion | Dataset):
            version = before.entry.version
            after = cast("ServiceVersion | Dataset", change.entry).version
            if not _raised(version, after):
                yield _against(change, Fault.VERSION_NOT_RAISED, ("version",), version=version)


def _change(held: Held | None, document: Document) -> Change | None:
    entry, stored = document.entry, canonical(document.entry)
    kind, hexdigest = document.key[0], digest(stored)
    if held is None:
        first = STATES[kind][0] if kind in STATES else None
        return Change(
            key=document.key,
            action=Action.ADD,
            entry=_standing(entry, 1, hexdigest, state_of(entry)),
            rev=1,
            document=stored,
            digest=hexdigest,
            state_before=first,
            reason=document.reason,
        )
    before, after = state_of(held.entry), _later(kind, held.entry, entry)
    rev = held.rev if hexdigest == held.digest else held.rev + 1
    if rev == held.rev and after == before:
        return None
    return Change(
        key=document.key,
        action=Action.STATE if rev == held.rev else Action.CHANGE,
        entry=_standing(entry, rev, hexdigest, after),
        rev=rev,
        document=stored,
        digest=hexdigest,
        members=tuple(differences(content(held.entry), content(entry))),
        state_before=before,
        reason=document.reason if after != before else None,
    )


def _later(kind: Kind, held: Entry, wanted: Entry) -> str | None:
    """Return the state that is further along; a document never moves one back."""
    before, after = state_of(held), state_of(wanted)
    if before is None or after is None:
        return None
    return max(before, after, key=STATES[kind].index)


def _standing(entry: Entry, rev: int, hexdigest: str, state: str | None) -> Entry:
    if isinstance(entry, ServiceVersion):
        return replace(entry, rev=rev, digest=hexdigest, state=ServiceState(state))
    if isinstance(entry, Agreement):
        return replace(entry, rev=rev, digest=hexdigest, state=AgreementState(state))
    return entry


def differences(before: object, after: object, path: Path = ()) -> Iterator[Member]:
    """Yield each member that differs between two plain values, outermost first."""
    if before == after:
        return
    old, new = _parts(before), _parts(after)
    if old is None or new is None or type(before) is not type(after):
        yield Member(pointer(path), _shown(before), _shown(after))
        return
    for step in (*old, *(step for step in new if step not in old)):
        yield from differences(old.get(step), new.get(step), (*path, step))


def _parts(value: object) -> dict[str | int, object] | None:
    """Return the members of an object, or the items of a list of objects; None for the rest.

    A list of words has no parts: it is shown whole.
    """
    if isinstance(value, dict):
        return cast("dict[str | int, object]", value)
    if isinstance(value, list):
        items = cast("list[object]", value)
        return dict(enumerate(items)) if all(isinstance(item, dict) for item in items) else None
    return None


def _shown(value: object) -> str | None:
    if value is None:
        return None
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


def _is_terminated(entry: Agreement) -> bool:
    return entry.state is AgreementState.TERMINATED


def _raised(before: str, after: str) -> bool:
    """Say whether *after* is a later version; by numbers where both are made of numbers."""
    try:
        old, new = (tuple(int(part) for part in each.split(".")) for each in (before, after))
    except ValueError:
        return before != after
    return new > old


def _against(change: Change, fault: Fault, path: Path, **facts: str) -> Finding:
    kind, code = key_of(change.entry)
    return Finding(fault=fault, kind=kind, code=code, path=path, facts=facts)
