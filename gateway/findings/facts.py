"""What one leaf says that rules count: who looked, about whom, in which case, with what result."""

import re
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from gateway.audit import words
from gateway.audit.events import Event, Matched
from gateway.errors import Code
from gateway.findings.hours import Hours, claimed, local_day
from gateway.quota.windows import LOCAL
from gateway.sequencing.rows import Sequenced

# From noon of the writer's day: a leaf made before midnight may stand in the next day's sequence.
_NEAR = timedelta(hours=36)
_HOUR = 3_600_000_000  # microseconds; days, nights and their limits begin at whole hours
_QUESTIONS = frozenset({Event.ACCESS, Event.DENY})

# What somebody is turned away with for asking what they may not; failures of ours, of a source or
# of the wire say nothing about who asked.
TURNED_AWAY = frozenset(
    {
        Code.SCOPE_MISSING,
        Code.OFFICIAL_REQUIRED,
        Code.APPLICATION_SUSPENDED,
        Code.SERVICE_DISABLED,
        Code.NO_AGREEMENT,
        Code.AGREEMENT_EXPIRED,
        Code.AGREEMENT_SUSPENDED,
        Code.PURPOSE_NOT_COVERED,
        Code.PROCEDURE_NOT_COVERED,
        Code.PROCEDURE_REQUIRED,
        Code.DOSSIER_REQUIRED,
        Code.FIELD_NOT_ALLOWED,
        Code.OUTSIDE_WINDOW,
        Code.QUOTA,
        Code.PERSON_BUDGET,
        Code.NO_LEGAL_BASIS,
        Code.CONSENT_REQUIRED,
        Code.CONSENT_WITHDRAWN,
        Code.REPRESENTATIVE_REQUIRED,
    }
)


class Outcome(StrEnum):
    """How a question about a person ended, as far as rules care."""

    RELEASED = "released"
    NO_MATCH = "no_match"
    TURNED_AWAY = "turned_away"
    FAILED = "failed"  # nobody's doing


class Fact(Struct, frozen=True, kw_only=True):
    """One question about people, as the log has it."""

    index: int
    day: date  # local
    off_hours: bool
    outcome: Outcome
    agency: str | None = None
    system: str | None = None
    official: str | None = None  # pseudonym
    kin: bool | None = None  # whether official and person share a family name, where known
    subject: str | None = None  # pseudonym, of the number in force where the source named it
    people: int = 0  # when they are more than a leaf lists
    dossier: bool = False
    procedure: str | None = None
    agreement: str | None = None  # without version


# Bounds of what is stored: a record that somebody forged past our writers must not stop the rules.
# Lengths are judged while decoding, letters by `_is_sound`.
_Word = Annotated[str, Meta(min_length=1, max_length=200)]
_Pseudonym = Annotated[str, Meta(min_length=32, max_length=32)]
_People = Annotated[int, Meta(ge=0, le=10_000_000)]  # of one record; sums stay far from overflow
_Number = Annotated[int, Meta(ge=0, le=words.LARGEST_INTEGER)]
_pseudonyms = re.compile(r"[a-z2-7]*").fullmatch


class _Actor(Struct, frozen=True):
    org: _Word | None = None
    client: _Word | None = None
    kin: bool | None = None
    user: _Pseudonym | None = None


class _Subjects(Struct, frozen=True):
    p: tuple[_Pseudonym, ...] = ()
    n: _People = 0


class _Ground(Struct, frozen=True):
    agreement: _Word | None = None
    dossier: str | None = None  # that there is one
    proc: _Word | None = None
    reasons: tuple[str, ...] = ()


class _Result(Struct, frozen=True):
    match: str | None = None


class _Leaf(Struct, frozen=True):
    ts: _Number
    type: str
    actor: _Actor = _Actor()
    basis: _Ground = _Ground()
    res: _Result = _Result()
    subj: _Subjects = _Subjects()


_decode = msgspec.json.Decoder(_Leaf).decode

# By names of our own: to look a member up in its enumeration is a call, and there are many a leaf.
_ACCESS, _NONE, _NO_MATCH = Event.ACCESS, Matched.NONE, Code.NO_MATCH
_RELEASED, _NOT_FOUND, _REFUSED, _FAILED = Outcome


def fact_of(record: Sequenced, hours: Hours) -> Fact | None:
    """Return what *record* says for the rules, None when it is no question about people.

    A record that cannot be read is nobody's question: verification reports it, and rules go on.
    """
    try:
        leaf = _decode(record.entry)
    except msgspec.DecodeError:
        return None
    if leaf.type not in _QUESTIONS or not _is_sound(leaf):
        return None
    day, off_hours = _when(leaf.ts // _HOUR, record.day, hours)
    return Fact(
        index=record.index,
        day=day,
        off_hours=off_hours,
        outcome=_outcome(leaf),
        agency=leaf.actor.org,
        system=leaf.actor.client,
        official=leaf.actor.user,
        kin=leaf.actor.kin,
        subject=leaf.subj.p[-1] if leaf.subj.p else None,
        people=leaf.subj.n,
        dossier=leaf.basis.dossier is not None,
        procedure=leaf.basis.proc,
        agreement=leaf.basis.agreement.partition("@")[0] if leaf.basis.agreement else None,
    )


def _is_sound(leaf: _Leaf) -> bool:
    """Tell whether words are printable ASCII and pseudonyms look like pseudonyms."""
    actor, basis = leaf.actor, leaf.basis
    said = f"{actor.org}{actor.client}{basis.agreement}{basis.proc}"
    if not (said.isascii() and said.isprintable()):
        return False
    return _pseudonyms("".join((actor.user or "", *leaf.subj.p))) is not None


@lru_cache(maxsize=256)
def _when(hour: int, day: date, hours: Hours) -> tuple[date, bool]:
    """Return the local day of an hour since 1970, and whether it is off hours."""
    at = _instant(hour, day)
    return local_day(at), hours.is_off(at)


def _instant(hour: int, day: date) -> datetime:
    """Return the claimed hour when it is near the writer's day, else noon of that day.

    A clock that runs wild must not move counts to years that nobody looks at.
    """
    noon = datetime.combine(day, time(12), tzinfo=LOCAL)
    try:
        at = claimed(hour * _HOUR)
    except OverflowError:
        return noon
    return at if -_NEAR <= at - noon < _NEAR else noon


def _outcome(leaf: _Leaf) -> Outcome:
    if leaf.type == _ACCESS:
        return _NOT_FOUND if leaf.res.match == _NONE else _RELEASED
    reasons = leaf.basis.reasons
    if _NO_MATCH in reasons:
        return _NOT_FOUND
    return _FAILED if TURNED_AWAY.isdisjoint(reasons) else _REFUSED
