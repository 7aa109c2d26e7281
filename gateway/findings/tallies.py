"""Counts by actor and local day: what a batch of facts adds; pure and bounded by the batch."""

from collections.abc import Iterable
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


def tallied(facts: Iterable[Fact]) -> Batch:
    """Return what *facts* add, in the order of the log."""
    counted: dict[tuple[Key, str], list[int]] = {}
    weights: dict[tuple[Key, str], int] = {}
    met: dict[Met, int] = {}
    agencies: dict[Key, str | None] = {}
    for fact in facts:
        for key in _owners(fact):
            agencies[key] = fact.agency
            for mark, weight in _marks(key.scope, fact):
                place = key, mark
                weights[place] = weights.get(place, 0) + weight
                sample = counted.setdefault(place, [])
                if len(sample) < MOST_SAMPLES:
                    sample.append(fact.index)
            for one in _meetings(key, fact):
                met.setdefault(one, fact.index)
    counts = {place: Count(n, tuple(counted[place])) for place, n in weights.items()}
    return Batch(counts, met, agencies)


def _owners(fact: Fact) -> list[Key]:
    named = (
        (Scope.OFFICIAL, fact.official),
        (Scope.SYSTEM, fact.system),
        (Scope.AGREEMENT, fact.agreement if fact.outcome is Outcome.RELEASED else None),
    )
    return [Key(scope, actor, fact.day) for scope, actor in named if actor is not None]


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


def _meetings(key: Key, fact: Fact) -> list[Met]:
    if fact.subject is None or key.scope is Scope.AGREEMENT:
        return []
    marks: list[str] = []
    if fact.outcome in {Outcome.RELEASED, Outcome.NO_MATCH}:
        marks += [Mark.PERSONS, *(_named(fact) if key.scope is Scope.OFFICIAL else ())]
    if fact.outcome is Outcome.NO_MATCH:
        marks.append(Mark.MISSED)
    if fact.outcome is Outcome.RELEASED and not fact.dossier and key.scope is Scope.OFFICIAL:
        marks.append(Mark.BARE_PERSONS)
    return [Met(key.scope, key.actor, key.day, mark, fact.subject) for mark in marks]


def _named(fact: Fact) -> list[Mark]:
    if fact.kin is None:
        return []
    return [Mark.NAMED, Mark.KIN] if fact.kin else [Mark.NAMED]
