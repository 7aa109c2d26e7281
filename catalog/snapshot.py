"""The published catalog in memory: immutable, replaced whole."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from catalog.entries import (
    Agency,
    AgencyCode,
    Agreement,
    AgreementCode,
    BasisCode,
    Dataset,
    DatasetCode,
    Element,
    ElementCode,
    LegalBasis,
    Procedure,
    ProcedureCode,
    Purpose,
    PurposeCode,
    Rule,
    Scope,
    ServiceCode,
    ServiceVersion,
    SystemId,
)


class Snapshot(Struct, frozen=True, kw_only=True):
    """Everything published at one revision, indexed for the request path."""

    revision: int
    agencies: Mapping[AgencyCode, Agency]
    datasets: Mapping[DatasetCode, Dataset]
    elements: Mapping[ElementCode, Element]
    bases: Mapping[BasisCode, LegalBasis]
    purposes: Mapping[PurposeCode, Purpose]
    procedures: Mapping[ProcedureCode, Procedure]
    services: Mapping[ServiceCode, ServiceVersion]  # retired versions included: they refuse by name
    rules: tuple[Rule, ...]
    grants: Mapping[tuple[SystemId, ServiceCode], tuple[tuple[Agreement, Scope], ...]]
    agreements: Mapping[AgreementCode, Agreement] = {}  # in any state; `grants` is their index

    def covering(
        self, system: SystemId, service: ServiceCode
    ) -> tuple[tuple[Agreement, Scope], ...]:
        """Return every agreement line that names *system* and *service*, in code order."""
        return self.grants.get((system, service), ())


def grants_of(
    agreements: Iterable[Agreement],
) -> dict[tuple[SystemId, ServiceCode], tuple[tuple[Agreement, Scope], ...]]:
    """Index agreement lines by the pair that the request path knows."""
    found: dict[tuple[SystemId, ServiceCode], list[tuple[Agreement, Scope]]] = {}
    for agreement in sorted(agreements, key=lambda each: each.code):
        for scope in agreement.scopes:
            for system in agreement.systems:
                found.setdefault((system, scope.service), []).append((agreement, scope))
    return {pair: tuple(lines) for pair, lines in found.items()}
