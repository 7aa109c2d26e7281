"""The fewest and least intrusive questions that fill a form; pure.

Verify before status before fields (domain.md 4.8); one question for each service, asking for the
union of what its fields need; a second wave only where one answer supplies another's subject.
"""

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import TypeAlias

from msgspec import Struct

from catalog.entries import (
    ElementCode,
    Feed,
    FormField,
    Operation,
    Procedure,
    ServiceCode,
    ServiceState,
    ServiceVersion,
)
from gateway.prefill.reasons import Left

MOST_CALLS = 8  # exchanges for one form, feeders included
MOST_OPEN = 12  # services whose combinations are tried; 4,095 at most
INTRUSION = {Operation.VERIFY: 1, Operation.STATUS: 2, Operation.SELECT: 3, Operation.BULK: 9}
_OPEN = frozenset({ServiceState.PUBLISHED, ServiceState.DEPRECATED})

Option: TypeAlias = tuple[ServiceCode, ElementCode]
Services: TypeAlias = Mapping[ServiceCode, ServiceVersion]
Reach: TypeAlias = Mapping[ServiceCode, frozenset[ElementCode]]


class Call(Struct, frozen=True, kw_only=True):
    """One question: this service, these elements, once its feeds are known."""

    service: ServiceCode
    operation: Operation
    elements: tuple[ElementCode, ...]
    feeds: tuple[Feed, ...] = ()  # empty: first wave


class Plan(Struct, frozen=True, kw_only=True):
    """What to ask, and where each field will come from."""

    calls: tuple[Call, ...]  # feeders first
    chosen: Mapping[str, Option]  # form field to answer
    left: Mapping[str, Left]  # form field to the reason why nobody is asked


class _Ground(Struct, frozen=True):
    """What a plan rests on."""

    procedure: Procedure
    services: Services
    allowed: Reach
    given: frozenset[str]


def plan(
    procedure: Procedure,
    services: Services,
    allowed: Reach,
    given: frozenset[str],
    wanted: frozenset[str] = frozenset(),
) -> Plan:
    """Return the plan that fills most fields, by fewest calls, then by least intrusion.

    Args:
        procedure: with its form, feeds and the elements listed for it.
        services: published versions.
        allowed: what the asking system's agreements cover, service by service.
        given: members of the subject that are known at the counter.
        wanted: form fields asked for; empty means all.

    The plan never names an element outside *allowed* and the procedure's list.
    """
    ground = _Ground(procedure, services, allowed, given)
    form = [field for field in procedure.form if not wanted or field.code in wanted]
    options = {field.code: _options(ground, field) for field in form}
    fillable = {code: found for code, found in options.items() if found}
    picked = _within_bound(ground, fillable, _pick(ground, fillable))
    chosen: dict[str, Option] = {}
    left: dict[str, Left] = {}
    for field in form:
        best = _least_intrusive(ground, options[field.code], picked)
        if best is not None:
            chosen[field.code] = best
        else:
            left[field.code] = Left.BEYOND if options[field.code] else _why(ground, field)
    return Plan(calls=_calls(ground, picked, chosen), chosen=chosen, left=left)


def _options(ground: _Ground, field: FormField) -> tuple[Option, ...]:
    """Return the answers that would fill *field*, the form's own choice first."""
    return tuple(each for each in _named(field) if _doubt(ground, field, each) is None)


def _named(field: FormField) -> tuple[Option, ...]:
    if field.service is None or field.element is None:
        return ()
    return ((field.service, field.element), *field.alternatives)


def _doubt(ground: _Ground, field: FormField, option: Option) -> Left | None:
    """Return why *option* cannot be asked for, None when it can."""
    code, element = option
    service = ground.services.get(code)
    if service is None or service.state not in _OPEN or service.operation is Operation.BULK:
        return Left.NO_SERVICE
    if element not in service.elements or element not in _listed(ground, code):
        return Left.NOT_LISTED
    if element not in ground.allowed.get(code, frozenset()):
        return Left.NO_AGREEMENT
    confirms = service.operation is Operation.VERIFY and field.confirms is not None
    if confirms and field.confirms not in ground.given:
        return Left.SUBJECT
    return None if _feeds(ground, service) is not None else Left.SUBJECT


def _listed(ground: _Ground, code: ServiceCode) -> frozenset[ElementCode]:
    return ground.procedure.elements.get(code, frozenset())


def _why(ground: _Ground, field: FormField) -> Left:
    """Return the reason for a field without options: that of the form's own choice."""
    named = _named(field)
    if not named:
        return Left.APPLICANT
    return _doubt(ground, field, named[0]) or Left.NO_SERVICE


def _feeds(ground: _Ground, service: ServiceVersion) -> tuple[Feed, ...] | None:
    """Return what must be known before *service* is asked; None when it cannot be.

    A feed counts for every member that is not given.  Feeders are asked in the first wave, so
    what feeds a feeder does not count.
    """
    feeds = tuple(
        feed
        for feed in ground.procedure.feeds
        if feed.service == service.code and feed.member not in ground.given
    )
    fed = {feed.member for feed in feeds}
    if any(member not in ground.given | fed for member in service.subject):
        return None
    return feeds if all(_can_feed(ground, feed) for feed in feeds) else None


def _can_feed(ground: _Ground, feed: Feed) -> bool:
    source = ground.services.get(feed.source)
    return (
        source is not None
        and source.state in _OPEN
        and source.operation is not Operation.BULK
        and all(member in ground.given for member in source.subject)
        and not any(each.service == source.code for each in _open_feeds(ground))
        and feed.element in source.elements
        and feed.element in _listed(ground, source.code)
        and feed.element in ground.allowed.get(source.code, frozenset())
    )


def _open_feeds(ground: _Ground) -> tuple[Feed, ...]:
    return tuple(feed for feed in ground.procedure.feeds if feed.member not in ground.given)


def _closure(ground: _Ground, codes: Iterable[ServiceCode]) -> frozenset[ServiceCode]:
    """Return *codes* and the services that feed them."""
    found = set(codes)
    for code in tuple(found):
        found.update(feed.source for feed in _feeds(ground, ground.services[code]) or ())
    return frozenset(found)


def _pick(ground: _Ground, fillable: Mapping[str, tuple[Option, ...]]) -> frozenset[ServiceCode]:
    """Return the smallest set of services that fills every field, the least intrusive of those.

    Services without alternative are taken first; the rest is tried by size, so the search ends
    at the first size that suffices.
    """
    sets = [frozenset(code for code, _ in found) for found in fillable.values()]
    base = _closure(ground, (next(iter(each)) for each in sets if len(each) == 1))
    open_sets = [each for each in sets if not each & base]
    if not open_sets:
        return base
    by_use = sorted({c for each in open_sets for c in each}, key=lambda c: (_use(c, open_sets), c))
    for size in range(1, len(by_use) + 1):
        tried = (
            _closure(ground, {*base, *some}) for some in combinations(by_use[:MOST_OPEN], size)
        )
        enough = [codes for codes in tried if all(each & codes for each in open_sets)]
        if enough:
            return min(enough, key=lambda codes: _cost(ground, codes))
    return _closure(ground, {*base, *by_use})


def _use(code: ServiceCode, sets: Iterable[frozenset[ServiceCode]]) -> int:
    """Return minus how many fields *code* fills: the most useful sort first."""
    return -sum(code in each for each in sets)


def _cost(ground: _Ground, codes: frozenset[ServiceCode]) -> tuple[int, int, list[ServiceCode]]:
    """Order sets of services: fewer, then less intrusive, then by code."""
    weight = sum(INTRUSION[ground.services[code].operation] for code in codes)
    return len(codes), weight, sorted(codes)


def _within_bound(
    ground: _Ground, fillable: Mapping[str, tuple[Option, ...]], codes: frozenset[ServiceCode]
) -> frozenset[ServiceCode]:
    """Keep at most MOST_CALLS services: each time the one, with its feeders, that adds most."""
    if len(codes) <= MOST_CALLS:
        return codes
    sets = [frozenset(code for code, _ in found) & codes for found in fillable.values()]
    kept: frozenset[ServiceCode] = frozenset()
    while True:
        unfilled = [each for each in sets if not each & kept]
        grown = [_closure(ground, {*kept, code}) for code in sorted(codes - kept)]
        useful = [each for each in grown if len(each) <= MOST_CALLS and _fills(each, unfilled)]
        if not useful:
            return kept
        kept = min(useful, key=lambda each: (-_fills(each, unfilled), _cost(ground, each)))


def _fills(codes: frozenset[ServiceCode], sets: Iterable[frozenset[ServiceCode]]) -> int:
    """Return how many fields *codes* fill."""
    return sum(bool(codes & each) for each in sets)


def _least_intrusive(
    ground: _Ground, options: Iterable[Option], picked: frozenset[ServiceCode]
) -> Option | None:
    """Return the option that shows least; the form's own order decides between equals."""
    open_options = [option for option in options if option[0] in picked]
    return min(
        open_options, key=lambda each: INTRUSION[ground.services[each[0]].operation], default=None
    )


def _calls(
    ground: _Ground, picked: frozenset[ServiceCode], chosen: Mapping[str, Option]
) -> tuple[Call, ...]:
    """Return one call for each service in use, with the union of its elements."""
    wanted: dict[ServiceCode, set[ElementCode]] = {}
    feeds: dict[ServiceCode, tuple[Feed, ...]] = {}
    for code, element in chosen.values():
        wanted.setdefault(code, set()).add(element)
    for code in sorted(wanted):
        feeds[code] = _feeds(ground, ground.services[code]) or ()
        for feed in feeds[code]:
            wanted.setdefault(feed.source, set()).add(feed.element)
    calls = [
        Call(
            service=code,
            operation=ground.services[code].operation,
            elements=tuple(sorted(wanted[code])),
            feeds=feeds.get(code, ()),
        )
        for code in sorted(picked & wanted.keys())
    ]
    return tuple(sorted(calls, key=lambda call: (bool(call.feeds), _rank(call), call.service)))


def _rank(call: Call) -> int:
    return INTRUSION[call.operation]
