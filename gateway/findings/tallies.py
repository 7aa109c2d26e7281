"""Counts by actor and local day: what a batch of facts adds; pure and bounded by the batch."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct

from gateway.findings.facts import Fact, Outcome

MOST_SAMPLES = 20  # leaf indexes kept with a count


class Scope(StrEnum):
    """Of whom counts are kept."""

    OFFICIAL = "official"  # by pseudonym; it lasts as long as its key epoch, one year
    SYSTEM = "system"  # by client id
    AGREEMENT = "agreement"  # by code

    __hash__ = str.__hash__  # of the word itself: that of enumerations is a call for each look


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

    __hash__ = str.__hash__


PROCEDURE = "procedure:"
OUTSIDE = "-"  # no procedure was named

# By names of our own: to look a member up in its enumeration is a call, and there are many a leaf.
_OFFICIAL, _SYSTEM, _AGREEMENT = Scope
_CALLS, _BARE, _OFF_HOURS, _TURNED_AWAY, _PERSONS, _LISTED, _MISSED, _NAMED, _KIN, _BARE_PERSONS = (
    Mark
)
_RELEASED, _NO_MATCH, _REFUSED, _ = Outcome


class Key(Struct, frozen=True, order=True):
    """One counter's owner and day."""

    scope: Scope
    actor: str
    day: date


class Count(Struct, frozen=True):
    """How often, and where in the log: the first indexes."""

    n: int
    sample: tuple[int, ...]


class Added:
    """What a stretch of the log adds for one owner and day."""

    __slots__ = ("agency", "counts", "met", "samples")

    def __init__(self) -> None:
        """Begin with nothing."""
        self.agency: str | None = None
        self.counts: dict[str, int] = {}  # by mark
        self.samples: dict[str, list[int]] = {}  # by mark: the first indexes
        self.met: dict[tuple[str, str], int] = {}  # mark and subject, with the first index

    def count(self, mark: str, index: int, weight: int = 1) -> None:
        """Count one more, or *weight* of them."""
        if mark not in self.counts:
            self.counts[mark], self.samples[mark] = 0, []
        self.counts[mark] += weight
        if len(self.samples[mark]) < MOST_SAMPLES:
            self.samples[mark].append(index)

    def meet(self, mark: str, subject: str, index: int) -> None:
        """Meet one person: counted once, however often."""
        self.met.setdefault((mark, subject), index)


Tallies: TypeAlias = dict[Key, Added]


def procedure_mark(code: str | None) -> str:
    """Return the mark under which an agreement's calls for a procedure are counted."""
    return PROCEDURE + (code or OUTSIDE)


def tallied(facts: Iterable[Fact]) -> Tallies:
    """Return what *facts* add, in the order of the log, for every owner and day they touch."""
    found: dict[tuple[Scope, str, date], Added] = defaultdict(Added)
    for fact in facts:
        if fact.official is not None:
            _official(found[_OFFICIAL, fact.official, fact.day], fact)
        if fact.system is not None:
            _system(found[_SYSTEM, fact.system, fact.day], fact)
        if fact.agreement is not None and fact.outcome is _RELEASED:
            _agreement(found[_AGREEMENT, fact.agreement, fact.day], fact)
    return {Key(*owner): added for owner, added in found.items()}


def _official(added: Added, fact: Fact) -> None:
    _calls(added, fact)
    subject, index = fact.subject, fact.index
    if subject is None or fact.outcome not in (_RELEASED, _NO_MATCH):
        return
    _people(added, fact, subject)
    if fact.kin is not None:
        added.meet(_NAMED, subject, index)
    if fact.kin:
        added.meet(_KIN, subject, index)
    if fact.outcome is _RELEASED and not fact.dossier:
        added.meet(_BARE_PERSONS, subject, index)


def _system(added: Added, fact: Fact) -> None:
    _calls(added, fact)
    if fact.subject is not None and fact.outcome in (_RELEASED, _NO_MATCH):
        _people(added, fact, fact.subject)


def _agreement(added: Added, fact: Fact) -> None:
    added.agency = fact.agency
    added.count(_CALLS, fact.index)
    added.count(procedure_mark(fact.procedure), fact.index)


def _calls(added: Added, fact: Fact) -> None:
    added.agency = fact.agency
    added.count(_CALLS, fact.index)
    if fact.outcome is _RELEASED and not fact.dossier:
        added.count(_BARE, fact.index)
    if fact.off_hours:
        added.count(_OFF_HOURS, fact.index)
    if fact.outcome is _REFUSED:
        added.count(_TURNED_AWAY, fact.index)
    if fact.people and fact.subject is None:
        added.count(_LISTED, fact.index, fact.people)


def _people(added: Added, fact: Fact, subject: str) -> None:
    added.meet(_PERSONS, subject, fact.index)
    if fact.outcome is _NO_MATCH:
        added.meet(_MISSED, subject, fact.index)
