"""How often each agency asked, and for what: a person's list in numbers; pure."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from catalog.kinds import Key, Kind
from gateway.audit.events import Event
from gateway.disclosure import seals, sentences
from gateway.disclosure.traces import Brief
from gateway.disclosure.wording import Named, Versions


class Window(Struct, frozen=True):
    """From when to when was counted, and whether there was more than could be."""

    since: datetime
    until: datetime
    cut: bool = False


class Group(Struct, frozen=True, kw_only=True):
    """How often one agency asked for one purpose."""

    agency: Named
    purpose: Named | None
    delivered: int
    refused: int
    last_at: datetime


class Summary(Struct, frozen=True, kw_only=True):
    """Counts over a window of time."""

    since: datetime
    until: datetime
    agencies: int
    accesses: int
    refused: int
    sealed: int
    groups: tuple[Group, ...]
    sentence_vi: str
    sentence_en: str
    cut: bool  # there are more than could be counted


def keys(briefs: Sequence[Brief]) -> set[Key]:
    """Return what has to be looked up to name the groups of *briefs*."""
    found = {(Kind.AGENCY, each.facts.agency) for each in briefs if each.facts.agency}
    purposes = {(Kind.PURPOSE, each.purpose) for each in briefs if each.purpose}
    return found | purposes


def groups(briefs: Sequence[Brief], names: Versions) -> tuple[Group, ...]:
    """Return accesses and refusals by agency and purpose, the newest first."""
    together: dict[tuple[str, str | None], list[Brief]] = {}
    for each in briefs:
        if each.facts.event in seals.COVERED and each.facts.agency is not None:
            together.setdefault((each.facts.agency, each.purpose), []).append(each)
    found = [
        Group(
            agency=names.agency(org, some[0].facts.at),
            purpose=names.purpose(what, some[0].facts.at) if what else None,
            delivered=sum(each.facts.event is Event.ACCESS for each in some),
            refused=sum(each.facts.event is Event.DENY for each in some),
            last_at=max(each.facts.at for each in some),
        )
        for (org, what), some in together.items()
    ]
    return tuple(sorted(found, key=lambda each: each.last_at, reverse=True))


def summary(window: Window, found: tuple[Group, ...], *, sealed: int) -> Summary:
    """Return the groups with their sums and one sentence."""
    agencies = len({each.agency.code for each in found if each.delivered})
    accesses = sum(each.delivered for each in found)
    days = (window.until - window.since).days
    vi, en = sentences.counted(agencies, accesses, sealed, days)
    return Summary(
        since=window.since,
        until=window.until,
        agencies=agencies,
        accesses=accesses,
        refused=sum(each.refused for each in found),
        sealed=sealed,
        groups=found,
        sentence_vi=vi,
        sentence_en=en,
        cut=window.cut,
    )
