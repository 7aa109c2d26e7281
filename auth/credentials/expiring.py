"""Credentials that end: how long each still lasts, and when somebody should hear of it; pure."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from auth.systems import Registration, System, SystemState

WARN_DAYS = (30, 14, 7, 1)  # a warning is said again at each
_DAY_S = 86_400


class Kind(StrEnum):
    """What a system proves itself by."""

    KEY = "key"
    CERTIFICATE = "certificate"


class EndState(StrEnum):
    """How near the end is."""

    GOOD = "good"
    ENDING = "ending"  # in 30 days at the latest
    ENDED = "ended"


class Ending(Struct, frozen=True, kw_only=True):
    """One credential and its end, if it has one."""

    kind: Kind
    name: str  # key id, or thumbprint
    state: EndState
    algorithm: str | None = None
    at: datetime | None = None
    days_left: int | None = None  # whole days, rounded up; 0 once it has ended


class Warned(Struct, frozen=True, kw_only=True, order=True):
    """A system that soon cannot prove itself any more: its last credential ends."""

    days: int  # the mark of WARN_DAYS that it is under; 0: it has ended
    client_id: str
    name: str


def endings(registration: Registration, now: datetime) -> tuple[Ending, ...]:
    """Return every key and certificate of a registration with its end."""
    keys = (
        _ending(Kind.KEY, jwk["kid"], registration, now, jwk.get("alg"))
        for jwk in registration.jwks
    )
    certificates = (
        _ending(Kind.CERTIFICATE, each, registration, now) for each in registration.certificates
    )
    return (*keys, *certificates)


def warnings(systems: Iterable[System], now: datetime) -> tuple[Warned, ...]:
    """Return the systems whose last credential ends within 30 days or has ended; nearest first.

    A credential that a longer one relieves is nobody's worry; a blocked system neither.
    """
    found = (
        warned
        for system in systems
        if system.state is not SystemState.BLOCKED
        for warned in _warnings(system, now)
    )
    return tuple(sorted(found))


def next_end(systems: Iterable[System], now: datetime) -> datetime | None:
    """Return when the next system loses its last credential; None while no such end is known.

    Those that have lost it already are left out: `warnings` names them.
    """
    lasts = (_last(each.registration) for each in systems if each.state is not SystemState.BLOCKED)
    return min((end for end in lasts if end is not None and end > now), default=None)


def mark_of(days_left: int) -> int | None:
    """Return the mark that so many days are under; None while there is time."""
    return min((mark for mark in (0, *WARN_DAYS) if days_left <= mark), default=None)


def _warnings(system: System, now: datetime) -> Iterable[Warned]:
    said = system.registration
    each = endings(said, now)
    lasts = [ending for ending in each if ending.state is EndState.GOOD]
    if lasts or said.jwks_uri is not None:
        return ()
    alive = [ending for ending in each if ending.state is EndState.ENDING] or list(each)
    last = max(alive, key=lambda ending: ending.days_left or 0)
    mark = mark_of(last.days_left or 0)
    if mark is None:
        return ()
    return (Warned(days=mark, client_id=system.client_id, name=last.name),)


def _last(said: Registration) -> datetime | None:
    """Return the end of the longest credential; None when one never ends, or is published."""
    names = said.credentials().names()
    ends = [said.ends[name] for name in names if name in said.ends]
    if said.jwks_uri is not None or len(ends) < len(names):
        return None
    return max(ends, default=None)


def _ending(
    kind: Kind,
    name: str,
    registration: Registration,
    now: datetime,
    algorithm: str | None = None,
) -> Ending:
    at = registration.ends.get(name)
    if at is None:
        return Ending(kind=kind, name=name, state=EndState.GOOD, algorithm=algorithm)
    left_s = (at - now).total_seconds()
    days = max(0, -int(-left_s // _DAY_S))
    state = EndState.GOOD
    if left_s <= 0:
        state = EndState.ENDED
    elif days <= WARN_DAYS[0]:
        state = EndState.ENDING
    return Ending(kind=kind, name=name, state=state, algorithm=algorithm, at=at, days_left=days)
