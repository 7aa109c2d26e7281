"""The catalog as it stood at an instant, from every version and every move; pure."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import TypeVar

from msgspec import Struct

from catalog.canonical import Stored, restore
from catalog.entries import Rule
from catalog.kinds import STATES, Entry, Kind

EntryT = TypeVar("EntryT", bound=Entry)

# A worker reads the catalog up to a minute late at most, and an exchange lasts at most another.
BLUR = timedelta(seconds=60)


class Version(Struct, frozen=True):
    """One published version."""

    kind: Kind
    code: str
    rev: int
    digest: str
    document: bytes
    published_at: datetime


class Move(Struct, frozen=True):
    """One change of state of a service or an agreement."""

    kind: Kind
    code: str
    state: str
    decided_at: datetime


class History:
    """Every version of every entry, by instant."""

    def __init__(self, versions: Iterable[Version], moves: Iterable[Move]) -> None:
        self._versions: dict[tuple[Kind, str], list[Version]] = defaultdict(list)
        for version in sorted(versions, key=lambda each: each.rev):
            self._versions[version.kind, version.code].append(version)
        self._moves: dict[tuple[Kind, str], list[Move]] = defaultdict(list)
        for move in moves:
            self._moves[move.kind, move.code].append(move)
        changed = {v.published_at for many in self._versions.values() for v in many}
        changed |= {m.decided_at for many in self._moves.values() for m in many}
        self._changed = sorted(changed)
        self._rules: dict[int, tuple[Rule, ...]] = {}

    def instants(self, at: datetime) -> Iterator[datetime]:
        """Give *at*, and every instant near it at which the catalog changed."""
        yield at
        first = bisect_right(self._changed, at - BLUR)
        near = self._changed[first : bisect_right(self._changed, at + BLUR)]
        if near:
            yield at - BLUR
            yield from near

    def version(self, kind: Kind, code: str, rev: int) -> Version | None:
        """Return the version of that number."""
        return next((each for each in self._versions[kind, code] if each.rev == rev), None)

    def entry(self, kind: Kind, code: str, at: datetime, shape: type[EntryT]) -> EntryT | None:
        """Return the entry as it stood at *at*; None before its first version."""
        stood = [each for each in self._versions[kind, code] if each.published_at <= at]
        if not stood:
            return None
        entry = self.restored(stood[-1], at)
        return entry if isinstance(entry, shape) else None

    def restored(self, version: Version, at: datetime) -> Entry:
        """Return *version* with the state that its entry had at *at*."""
        return restore(
            Stored(
                kind=version.kind,
                document=version.document,
                rev=version.rev,
                state=self._state(version.kind, version.code, at),
                digest=version.digest,
            )
        )

    def rules(self, at: datetime) -> tuple[Rule, ...]:
        """Return the decision table as it stood at *at*."""
        epoch = bisect_right(self._changed, at)
        if epoch not in self._rules:
            codes = [code for kind, code in self._versions if kind is Kind.RULE]
            found = (self.entry(Kind.RULE, code, at, Rule) for code in codes)
            self._rules[epoch] = tuple(each for each in found if each is not None)
        return self._rules[epoch]

    def _state(self, kind: Kind, code: str, at: datetime) -> str | None:
        if kind not in STATES:
            return None
        moved = [each for each in self._moves[kind, code] if each.decided_at <= at]
        return moved[-1].state if moved else STATES[kind][0]
