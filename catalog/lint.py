"""Does a catalog hang together: every rule that one entry alone cannot keep; pure.

What depends on the day is asked apart (`lapsed`): a law that expires at midnight must not make a
catalog unloadable that was right the evening before.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import date

from catalog.assembly import by_key
from catalog.entries import (
    Agency,
    AgencyKind,
    Agreement,
    BasisCode,
    Dataset,
    Element,
    LegalBasis,
    PersonalKind,
    Procedure,
    Purpose,
)
from catalog.errors import Fault, Finding, Path
from catalog.kinds import Entry, Key, Kind, key_of
from catalog.lint_agreements import lint_agreement
from catalog.lint_procedures import lint_procedure
from catalog.lint_rules import lint_rule, lint_table
from catalog.lint_services import lint_service
from catalog.snapshot import Snapshot

# QĐ 20/2020/QĐ-TTg: level codes joined by dots, 35 characters at most.
_STATE_CODE = re.compile(r"[A-Z][0-9]{2}(?:\.[0-9]{2,3}){0,4}")
_LONGEST_AGENCY_CODE = 35
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)  # check digit of enterprise codes, domain.md 3.5


def lint(snapshot: Snapshot, only: Iterable[Key] | None = None) -> Iterator[Finding]:
    """Yield what is wrong or doubtful in *snapshot*.

    Args:
        snapshot: the whole catalog.
        only: kinds and codes to look at, against the whole; None for all.  Entries that speak of
            the ones in *only* are not looked at again: pass None when others may have suffered.
    """
    entries = by_key(snapshot)
    chosen = entries if only is None else {key: entries[key] for key in only if key in entries}
    for entry in chosen.values():
        yield from _common(entry)
        yield from _CHECKS[key_of(entry)[0]](entry, snapshot)
    if only is None or any(kind is Kind.RULE for kind, _ in chosen):
        yield from lint_table(snapshot.rules)


def touched(snapshot: Snapshot, changed: Collection[Key]) -> frozenset[Key] | None:
    """Return what must be looked at again after *changed*, None for everything.

    A change of an agreement concerns itself alone; one of a service or procedure concerns the
    few hundred that everything shares, and the agreements that name it, not the 100,000 others.
    """
    kinds = {kind for kind, _ in changed}
    if kinds <= {Kind.AGREEMENT}:
        return frozenset(changed)
    if not kinds <= {Kind.AGREEMENT, Kind.PROCEDURE, Kind.SERVICE}:
        return None
    codes = {code for kind, code in changed if kind is not Kind.AGREEMENT}
    naming = {
        (Kind.AGREEMENT, str(agreement.code))
        for agreement in snapshot.agreements.values()
        if any(scope.service in codes or scope.procedures & codes for scope in agreement.scopes)
    }
    shared: set[Key] = {(Kind.SERVICE, str(code)) for code in snapshot.services}
    shared |= {(Kind.PROCEDURE, str(code)) for code in snapshot.procedures}
    return frozenset({*changed, *naming, *shared})


def faults(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return those of *findings* that must stop a publication."""
    return tuple(each for each in findings if each.severe)


def lapsed(snapshot: Snapshot, on: date) -> Iterator[Finding]:
    """Yield every citation of a basis that is not law *on* that day."""
    for (kind, code), entry in by_key(snapshot).items():
        for path, cited in _citations(entry):
            basis = snapshot.bases.get(cited)
            if basis is None or _in_force(basis, on):
                continue
            yield Finding(
                fault=Fault.BASIS_NOT_IN_FORCE,
                kind=kind,
                code=code,
                path=path,
                facts={"named": cited},
            )


def _citations(entry: Entry) -> Iterator[tuple[Path, BasisCode]]:
    if isinstance(entry, Procedure):
        yield from ((("bases", at), cited) for at, cited in enumerate(entry.bases))
        for at, component in enumerate(entry.components):
            if component.basis is not None:
                yield ("components", at, "basis"), component.basis
    elif isinstance(entry, Agreement):
        for at, scope in enumerate(entry.scopes):
            yield from ((("scopes", at, "bases", n), cited) for n, cited in enumerate(scope.bases))


def _in_force(basis: LegalBasis, on: date) -> bool:
    return basis.valid_from <= on and (basis.valid_to is None or on < basis.valid_to)


def _common(entry: Entry) -> Iterator[Finding]:
    kind, code = key_of(entry)
    if not _CODE.fullmatch(code):
        yield Finding(
            fault=Fault.CODE_FORM,
            kind=kind,
            code=code,
            path=("code",),
            facts={"named": code, "problem": "letters, digits, dot, dash, underscore; at most 64"},
        )
    for name in ("name_vi", "name_en", "title_vi", "title_en", "label_vi", "label_en",
                 "definition_vi", "instrument", "article", "summary_vi", "version"):  # fmt: skip
        held = getattr(entry, name, None)
        if isinstance(held, str) and not held.strip():
            yield Finding(fault=Fault.TEXT_MISSING, kind=kind, code=code, path=(name,))
    begin, end = getattr(entry, "valid_from", None), getattr(entry, "valid_to", None)
    if begin is not None and end is not None and end <= begin:
        yield Finding(fault=Fault.VALIDITY_REVERSED, kind=kind, code=code, path=("valid_to",))


def _agency(entry: Agency, snapshot: Snapshot) -> Iterator[Finding]:
    problem = _code_problem(entry)
    if problem:
        facts = {"named": entry.code, "problem": problem}
        yield _on(entry, Fault.CODE_FORM, ("code",), **facts)
    seen, above = {entry.code}, entry.parent
    while above is not None:
        if above in seen:
            yield _on(entry, Fault.PARENT_LOOP, ("parent",))
            return
        seen.add(above)
        over = snapshot.agencies.get(above)
        if over is None:
            yield _on(entry, Fault.UNKNOWN_AGENCY, ("parent",), named=above)
            return
        above = over.parent


def _code_problem(entry: Agency) -> str | None:
    if len(entry.code) > _LONGEST_AGENCY_CODE:
        return f"longer than {_LONGEST_AGENCY_CODE}"
    if entry.kind is AgencyKind.ENTERPRISE:
        return None if is_enterprise_code(entry.code) else "not an enterprise code"
    return None if _STATE_CODE.fullmatch(entry.code) else "not an agency code"


def is_enterprise_code(code: str) -> bool:
    """Say whether *code* is 10 digits with the right last one, or such with a branch suffix.

    Source: domain.md 3.5; ten minus the weighted sum modulo 11 is the tenth digit.
    """
    if not re.fullmatch(r"[0-9]{10}(?:-?(?!000)[0-9]{3})?", code) or code[2:9] == "0000000":
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, code, strict=False))
    return 10 - total % 11 == int(code[9])


def _dataset(entry: Dataset, snapshot: Snapshot) -> Iterator[Finding]:
    if entry.owner not in snapshot.agencies:
        yield _on(entry, Fault.UNKNOWN_AGENCY, ("owner",), named=entry.owner)


def _element(entry: Element, snapshot: Snapshot) -> Iterator[Finding]:
    if entry.dataset not in snapshot.datasets:
        yield _on(entry, Fault.UNKNOWN_DATASET, ("dataset",), named=entry.dataset)
    if not 1 <= entry.grade <= 4:  # noqa: PLR2004 - the grades of the law
        yield _on(entry, Fault.GRADE_OUT_OF_RANGE, ("grade",))
    if entry.personal_kind is PersonalKind.SENSITIVE and not entry.legal_letter:
        yield _on(entry, Fault.LETTER_MISSING, ("legal_letter",))


def _nothing(_entry: LegalBasis | Purpose, _snapshot: Snapshot) -> Iterator[Finding]:
    """Find nothing: the shape and `_common` say it all."""
    return iter(())


def _on(entry: Entry, fault: Fault, path: Path, **facts: str) -> Finding:
    kind, code = key_of(entry)
    return Finding(fault=fault, kind=kind, code=code, path=path, facts=facts)


_CHECKS: Mapping[Kind, Callable[..., Iterator[Finding]]] = {
    Kind.AGENCY: _agency,
    Kind.DATASET: _dataset,
    Kind.ELEMENT: _element,
    Kind.BASIS: _nothing,
    Kind.PURPOSE: _nothing,
    Kind.RULE: lint_rule,
    Kind.SERVICE: lint_service,
    Kind.PROCEDURE: lint_procedure,
    Kind.AGREEMENT: lint_agreement,
}
