"""Entries to snapshots: from nothing, or over the snapshot of before; pure."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias, cast

from catalog.entries import Agreement, AgreementCode, Rule, Scope, ServiceCode, SystemId
from catalog.kinds import Entry, Key, Kind, key_of
from catalog.snapshot import Snapshot

Pair: TypeAlias = tuple[SystemId, ServiceCode]
Lines: TypeAlias = tuple[tuple[Agreement, Scope], ...]

_PLURAL: dict[Kind, str] = {
    Kind.AGENCY: "agencies",
    Kind.DATASET: "datasets",
    Kind.ELEMENT: "elements",
    Kind.BASIS: "bases",
    Kind.PURPOSE: "purposes",
    Kind.SERVICE: "services",
    Kind.PROCEDURE: "procedures",
    Kind.AGREEMENT: "agreements",
}

EMPTY = Snapshot(
    revision=0,
    agencies={},
    datasets={},
    elements={},
    bases={},
    purposes={},
    procedures={},
    services={},
    rules=(),
    grants={},
)


def assemble(entries: Iterable[Entry], revision: int) -> Snapshot:
    """Return a snapshot of exactly *entries*."""
    return overlay(EMPTY, entries, revision)


def overlay(base: Snapshot, entries: Iterable[Entry], revision: int) -> Snapshot:
    """Return *base* with *entries* added, or put in the place of those with their kind and code.

    The cost of an agreement is that of its own lines, whatever the number of the others; *base*
    stays as it was, for the exchanges that still read it.
    """
    fresh: dict[Kind, dict[str, Entry]] = {kind: {} for kind in Kind}
    for entry in entries:
        kind, code = key_of(entry)
        fresh[kind][code] = entry
    tables: dict[str, Any] = {  # each kind in its place; the shapes agree by `KINDS`
        name: MappingProxyType({**_table(base, kind), **fresh[kind]}) if fresh[kind] else held
        for kind, name in _PLURAL.items()
        for held in (getattr(base, name),)
    }
    agreements = cast("dict[str, Agreement]", fresh[Kind.AGREEMENT])
    return Snapshot(
        revision=revision,
        rules=_ruled(base.rules, cast("dict[str, Rule]", fresh[Kind.RULE])),
        grants=_regranted(base, agreements),
        **tables,
    )


def by_key(snapshot: Snapshot) -> dict[Key, Entry]:
    """Return every entry of *snapshot* by kind and code."""
    found: dict[Key, Entry] = {
        (kind, code): entry for kind in _PLURAL for code, entry in _table(snapshot, kind).items()
    }
    found.update({(Kind.RULE, str(rule.code)): rule for rule in snapshot.rules})
    return found


def _table(snapshot: Snapshot, kind: Kind) -> Mapping[str, Entry]:
    return cast("Mapping[str, Entry]", getattr(snapshot, _PLURAL[kind]))


def _ruled(base: tuple[Rule, ...], fresh: Mapping[str, Rule]) -> tuple[Rule, ...]:
    merged = {**{str(rule.code): rule for rule in base}, **fresh}
    return tuple(sorted(merged.values(), key=lambda rule: (rule.order, rule.code)))


def _regranted(base: Snapshot, fresh: Mapping[str, Agreement]) -> Mapping[Pair, Lines]:
    """Return the index of agreement lines with those of *fresh* in the place of their elders'."""
    if not fresh:
        return base.grants
    elders = [base.agreements.get(AgreementCode(code)) for code in fresh]
    touched = {pair for each in (*elders, *fresh.values()) if each for pair in _pairs(each)}
    lines: dict[Pair, list[tuple[Agreement, Scope]]] = {
        pair: [line for line in base.grants.get(pair, ()) if line[0].code not in fresh]
        for pair in touched
    }
    for agreement in fresh.values():
        for scope in agreement.scopes:
            for system in agreement.systems:
                lines[system, scope.service].append((agreement, scope))
    merged = {pair: kept for pair, kept in base.grants.items() if pair not in touched}
    for pair, found in lines.items():
        if found:
            merged[pair] = tuple(sorted(found, key=lambda line: line[0].code))
    return MappingProxyType(merged)


def _pairs(agreement: Agreement) -> Iterable[Pair]:
    return ((system, scope.service) for scope in agreement.scopes for system in agreement.systems)
