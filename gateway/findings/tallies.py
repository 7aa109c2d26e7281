"""Counts by actor and local day: what a batch of facts adds; pure and bounded by the batch."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from enum import StrEnum

from msgspec import Struct

from gateway.findings.facts import Fact, Outcome

MOST_SAMPLES = 20  # leaf indexes kept with a count


class Scope(StrEnum):
    """Of whom counts are kept."""

    OFFICIAL = "official"  # by pseudonym; it lasts as long as its key epoch, one year
    SYSTEM = "system"  # by client id
    AGREEMENT = "agreement"  # by code


class Mark(StrEnum):
    """What is counted; `procedure_mark` names more, one for each procedure of an agreement."""

    CALLS = "calls"
    BARE = "bare"  # released without a dossier
    OFF_HOURS = "off_hours"
    TURNED_AWAY = "turned_away"
    PERSONS = "persons"  # different people
    LISTED = "listed"  # people of answers about more than a leaf lists
    MISSED = "missed"  # different people who were asked for and not found
    NAMED = "named"  # different people whose family name could be compared with the official's
    KIN = "kin"  # those of them who share it
    BARE_PERSONS = "bare_persons"  # different people who were looked at without a dossier


PROCEDURE = "procedure:"
OUTSIDE = "-"  # no procedure was named


class Key(Struct, frozen=True, order=True):
    """One counter's owner and day."""

    scope: Scope
    actor: str
    day: date


class Count(Struct, frozen=True):
    """How often, and where in the log: the first indexes."""

    n: int
    sample: tuple[int, ...]


class Met(Struct, frozen=True, order=True):
    """One actor met one person on one day: counted once, however often."""

    scope: Scope
    actor: str
    day: date
    mark: str
    subject: str


class Batch(Struct, frozen=True):
    """What a stretch of the log adds."""

    counts: dict[tuple[Key, str], Count]
    met: dict[Met, int]  # with the first index
    agencies: dict[Key, str | None]  # every key that was touched


def procedure_mark(code: str | None) -> str:
    """Return the mark under which an agreement's calls for a procedure are counted."""
    return PROCEDURE + (code or OUTSIDE)


class _Owner:
    """What one batch adds for one owner and day."""

    __slots__ = ("agency", "counts", "met")

    def __init__(self) -> None:
        self.agency: str | None = None
        self.counts: dict[str, tuple[list[int], list[int]]] = {}  # weights, first indexes
        self.met: dict[tuple[str, str], int] = {}  # mark and subject, with the first index

    def take(self, scope: Scope, fact: Fact) -> None:
        """Count one fact."""
        self.agency = fact.agency
        for mark, weight in _marks(scope, fact):
            found = self.counts.get(mark)
            if found is None:
                found = self.counts[mark] = ([], [])
            weights, sample = found
            weights.append(weight)
            if len(sample) < MOST_SAMPLES:
                sample.append(fact.index)
        if fact.subject is not None and scope is not Scope.AGREEMENT:
            for mark in _meetings(scope, fact):
                self.met.setdefault((mark, fact.subject), fact.index)


def tallied(facts: Iterable[Fact]) -> Batch:
    """Return what *facts* add, in the order of the log."""
    owners: dict[tuple[Scope, str, date], _Owner] = defaultdict(_Owner)
    for fact in facts:
        for scope, actor in _owners(fact):
            owners[scope, actor, fact.day].take(scope, fact)
    batch = Batch({}, {}, {})
    for (scope, actor, day), own in owners.items():
        key = Key(scope, actor, day)
        batch.agencies[key] = own.agency
        for mark, (weights, sample) in own.counts.items():
            batch.counts[key, mark] = Count(sum(weights), tuple(sample))
        for (mark, subject), index in own.met.items():
            batch.met[Met(scope, actor, day, mark, subject)] = index
    return batch


def _owners(fact: Fact) -> Iterator[tuple[Scope, str]]:
    if fact.official is not None:
        yield Scope.OFFICIAL, fact.official
    if fact.system is not None:
        yield Scope.SYSTEM, fact.system
    if fact.agreement is not None and fact.outcome is Outcome.RELEASED:
        yield Scope.AGREEMENT, fact.agreement


def _marks(scope: Scope, fact: Fact) -> list[tuple[str, int]]:
    marks: list[tuple[str, int]] = [(Mark.CALLS, 1)]
    if scope is Scope.AGREEMENT:
        return [*marks, (procedure_mark(fact.procedure), 1)]
    if fact.outcome is Outcome.RELEASED and not fact.dossier:
        marks.append((Mark.BARE, 1))
    if fact.off_hours:
        marks.append((Mark.OFF_HOURS, 1))
    if fact.outcome is Outcome.TURNED_AWAY:
        marks.append((Mark.TURNED_AWAY, 1))
    if fact.people and fact.subject is None:
        marks.append((Mark.LISTED, fact.people))
    return marks


def _meetings(scope: Scope, fact: Fact) -> list[str]:
    marks: list[str] = []
    if fact.outcome in {Outcome.RELEASED, Outcome.NO_MATCH}:
        marks += [Mark.PERSONS, *(_named(fact) if scope is Scope.OFFICIAL else ())]
    if fact.outcome is Outcome.NO_MATCH:
        marks.append(Mark.MISSED)
    if fact.outcome is Outcome.RELEASED and not fact.dossier and scope is Scope.OFFICIAL:
        marks.append(Mark.BARE_PERSONS)
    return marks


def _named(fact: Fact) -> list[Mark]:
    if fact.kin is None:
        return []
    return [Mark.NAMED, Mark.KIN] if fact.kin else [Mark.NAMED]
