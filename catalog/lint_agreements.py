"""What an agreement and its scopes must keep; pure."""

from collections.abc import Iterator

from catalog.canonical import UNREAD
from catalog.entries import Agreement, Scope, Window
from catalog.errors import Fault, Finding, Path
from catalog.kinds import Kind
from catalog.snapshot import Snapshot

# The 12 items of a special agreement, NĐ 47/2020 Arts 36 to 38 (repealed; kept as requirement):
# parties, data, place, term, method, processing afterwards, limits, commitments, security and
# authentication, storage, destruction, other.
ITEMS = (
    "cac_ben",
    "du_lieu",
    "dia_diem",
    "thoi_han",
    "phuong_thuc",
    "xu_ly_sau",
    "gioi_han",
    "cam_ket",
    "an_toan_xac_thuc",
    "luu_tru",
    "huy_du_lieu",
    "khac",
)
_ITEMS = frozenset(ITEMS)


def lint_agreement(entry: Agreement, snapshot: Snapshot) -> Iterator[Finding]:
    """Yield what is wrong with *entry* in the catalog around it."""
    for name, agency in (("provider", entry.provider), ("consumer", entry.consumer)):
        if agency not in snapshot.agencies:
            yield _on(entry, Fault.UNKNOWN_AGENCY, (name,), named=agency)
    odd: frozenset[str] = frozenset() if entry.items is UNREAD else _odd_items(entry)
    if odd:
        yield _on(entry, Fault.ITEMS_INCOMPLETE, ("items",), named=", ".join(sorted(odd)))
    if not entry.scopes or not entry.systems:
        yield _on(entry, Fault.AGREEMENT_WITHOUT_SCOPE, ("scopes",))
    seen: set[str] = set()
    for at, scope in enumerate(entry.scopes):
        if scope.id in seen:
            yield _on(entry, Fault.SCOPE_TWICE, ("scopes", at, "id"), named=scope.id)
        seen.add(scope.id)
        yield from _scope(entry, scope, ("scopes", at), snapshot)


def _odd_items(entry: Agreement) -> frozenset[str]:
    empty = {name for name, text in entry.items.items() if not text.strip()}
    return _ITEMS ^ entry.items.keys() | empty


def _scope(entry: Agreement, scope: Scope, path: Path, snapshot: Snapshot) -> Iterator[Finding]:
    service = snapshot.services.get(scope.service)
    if service is None:
        yield _on(entry, Fault.UNKNOWN_SERVICE, (*path, "service"), named=scope.service)
        return
    if service.owner != entry.provider:
        facts = {"service": str(scope.service)}
        yield _on(entry, Fault.PROVIDER_NOT_OWNER, (*path, "service"), **facts)
    if not scope.elements or not scope.purposes:
        yield _on(entry, Fault.SCOPE_EMPTY, path)
    for name in sorted(scope.elements - service.elements):
        facts = {"service": str(scope.service), "named": str(name)}
        yield _on(entry, Fault.SCOPE_EXCEEDS_SERVICE, (*path, "elements"), **facts)
    yield from _references(entry, scope, path, snapshot)
    yield from _limits(entry, scope, path)


def _references(
    entry: Agreement, scope: Scope, path: Path, snapshot: Snapshot
) -> Iterator[Finding]:
    for purpose in sorted(each for each in scope.purposes if each not in snapshot.purposes):
        yield _on(entry, Fault.UNKNOWN_PURPOSE, (*path, "purposes"), named=purpose)
    for at, basis in enumerate(scope.bases):
        if basis not in snapshot.bases:
            yield _on(entry, Fault.UNKNOWN_BASIS, (*path, "bases", at), named=basis)
    for code in sorted(scope.procedures):
        procedure = snapshot.procedures.get(code)
        if procedure is None:
            yield _on(entry, Fault.UNKNOWN_PROCEDURE, (*path, "procedures"), named=code)
        elif not procedure.elements.get(scope.service, frozenset()) & scope.elements:
            yield Finding(
                fault=Fault.SCOPE_PROCEDURE_IDLE,
                kind=Kind.AGREEMENT,
                code=entry.code,
                path=(*path, "procedures"),
                facts={"named": str(code)},
                severe=False,  # useless, not dangerous: nothing leaves
            )


def _limits(entry: Agreement, scope: Scope, path: Path) -> Iterator[Finding]:
    for name in ("calls_per_day", "calls_per_minute", "persons_per_day"):
        limit = getattr(scope, name)
        if limit is not None and limit < 1:
            yield _on(entry, Fault.QUOTA_OUT_OF_RANGE, (*path, name))
    if scope.window is not None and not _opens(scope.window):
        yield _on(entry, Fault.WINDOW_WRONG, (*path, "window"))


def _opens(window: Window) -> bool:
    days = window.days <= frozenset(range(1, 8)) and bool(window.days)
    return days and 0 <= window.from_hour < window.to_hour <= 24  # noqa: PLR2004 - hours of a day


def _on(entry: Agreement, fault: Fault, path: Path, **facts: str) -> Finding:
    return Finding(fault=fault, kind=Kind.AGREEMENT, code=entry.code, path=path, facts=facts)
