"""What a service version must keep; pure."""

from collections.abc import Iterator

from catalog.entries import Operation, ServiceState, ServiceVersion
from catalog.errors import Fault, Finding, Path
from catalog.kinds import Kind
from catalog.snapshot import Snapshot

_ORDER = tuple(Operation)  # least intrusive first
SUBJECT_MEMBERS = frozenset({
    "so_dinh_danh", "so_cmnd", "ma_so_bhxh", "ho_ten", "ngay_sinh", "so_phat_hanh",
    "ma_xa", "ngay_dia_gioi", "so_to", "so_thua",
})  # fmt: skip
SHORTEST_DEADLINE_MS, LONGEST_DEADLINE_MS = 100, 30_000


def lint_service(entry: ServiceVersion, snapshot: Snapshot) -> Iterator[Finding]:
    """Yield what is wrong with *entry* in the catalog around it."""
    if entry.owner not in snapshot.agencies:
        yield _on(entry, Fault.UNKNOWN_AGENCY, ("owner",), named=entry.owner)
    yield from _dataset(entry, snapshot)
    for name in sorted(entry.elements - snapshot.elements.keys()):
        yield _on(entry, Fault.UNKNOWN_ELEMENT, ("elements",), named=name)
    if not entry.elements:
        yield _on(entry, Fault.SERVICE_WITHOUT_ELEMENTS, ("elements",))
    yield from _life(entry)
    yield from _lower(entry, snapshot)
    for name in sorted({*entry.subject, *entry.subject_optional} - SUBJECT_MEMBERS):
        yield _on(entry, Fault.SUBJECT_UNKNOWN, ("subject",), named=name)
    if not SHORTEST_DEADLINE_MS <= entry.deadline_ms <= LONGEST_DEADLINE_MS:
        yield _on(entry, Fault.DEADLINE_OUT_OF_RANGE, ("deadline_ms",))


def _dataset(entry: ServiceVersion, snapshot: Snapshot) -> Iterator[Finding]:
    dataset = snapshot.datasets.get(entry.dataset)
    if dataset is None:
        yield _on(entry, Fault.UNKNOWN_DATASET, ("dataset",), named=entry.dataset)
        return
    if dataset.version != entry.dataset_version:
        path = ("dataset_version",)
        yield _on(entry, Fault.DATASET_VERSION_MISMATCH, path, version=dataset.version)
    if dataset.source != entry.source:
        yield _on(entry, Fault.SOURCE_MISMATCH, ("source",), source=dataset.source)


def _life(entry: ServiceVersion) -> Iterator[Finding]:
    if entry.operation is Operation.BULK and entry.state in (
        ServiceState.PUBLISHED,
        ServiceState.DEPRECATED,
    ):
        yield _on(entry, Fault.BULK_NOT_DISABLED, ("state",))
    if entry.state is ServiceState.DEPRECATED and entry.sunset is None:
        yield _on(entry, Fault.SUNSET_MISSING, ("sunset",))


def _lower(entry: ServiceVersion, snapshot: Snapshot) -> Iterator[Finding]:
    if entry.lower is None:
        return
    other = snapshot.services.get(entry.lower)
    if other is None:
        yield _on(entry, Fault.UNKNOWN_SERVICE, ("lower",), named=entry.lower)
    elif _ORDER.index(other.operation) >= _ORDER.index(entry.operation):
        yield _on(entry, Fault.LOWER_NOT_LOWER, ("lower",), named=entry.lower)


def _on(entry: ServiceVersion, fault: Fault, path: Path, **facts: str) -> Finding:
    return Finding(fault=fault, kind=Kind.SERVICE, code=entry.code, path=path, facts=facts)
