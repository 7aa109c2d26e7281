"""What a procedure, its dossier and its form must keep; pure."""

import re
from collections.abc import Iterator

from catalog.entries import (
    Check,
    Component,
    ElementCode,
    Feed,
    FormField,
    Place,
    Procedure,
    ServiceCode,
)
from catalog.errors import Fault, Finding, Path
from catalog.kinds import Kind
from catalog.lint_services import SUBJECT_MEMBERS
from catalog.snapshot import Snapshot

COMPARISONS = frozenset({"equal", "name", "place", "among"})
_NATIONAL = re.compile(r"[0-9]\.[0-9]{6}")  # "1.013225"


def lint_procedure(entry: Procedure, snapshot: Snapshot) -> Iterator[Finding]:
    """Yield what is wrong with *entry* in the catalog around it."""
    if not _NATIONAL.fullmatch(entry.code):
        facts = {"named": entry.code, "problem": "d.dddddd"}
        yield _on(entry, Fault.CODE_FORM, ("code",), **facts)
    for at, agency in enumerate(entry.competent):
        if agency not in snapshot.agencies:
            yield _on(entry, Fault.UNKNOWN_AGENCY, ("competent", at), named=agency)
    for at, basis in enumerate(entry.bases):
        if basis not in snapshot.bases:
            yield _on(entry, Fault.UNKNOWN_BASIS, ("bases", at), named=basis)
    for name in sorted({*entry.applicant} - SUBJECT_MEMBERS):
        yield _on(entry, Fault.SUBJECT_UNKNOWN, ("applicant",), named=name)
    yield from _elements(entry, snapshot)
    for at, component in enumerate(entry.components):
        yield from _component(entry, component, ("components", at), snapshot)
    yield from _form(entry, snapshot)
    for at, feed in enumerate(entry.feeds):
        yield from _feed(entry, feed, ("feeds", at), snapshot)
    for at, check in enumerate(entry.checks):
        yield from _check(entry, check, ("checks", at), snapshot)


def _elements(entry: Procedure, snapshot: Snapshot) -> Iterator[Finding]:
    for code, elements in entry.elements.items():
        path = ("elements", code)
        service = snapshot.services.get(code)
        if service is None:
            yield _on(entry, Fault.UNKNOWN_SERVICE, path, named=code)
            continue
        for name in sorted(elements - service.elements):
            yield _on(entry, Fault.PROCEDURE_EXCEEDS_SERVICE, path, service=code, named=name)


def _component(
    entry: Procedure, component: Component, path: Path, snapshot: Snapshot
) -> Iterator[Finding]:
    if component.basis is not None and component.basis not in snapshot.bases:
        yield _on(entry, Fault.UNKNOWN_BASIS, (*path, "basis"), named=component.basis)
    for code in component.replaced_by:
        if code not in snapshot.services:
            yield _on(entry, Fault.UNKNOWN_SERVICE, (*path, "replaced_by"), named=code)


def _form(entry: Procedure, snapshot: Snapshot) -> Iterator[Finding]:
    components = {component.code for component in entry.components}
    seen: set[str] = set()
    for at, field in enumerate(entry.form):
        path: Path = ("form", at)
        if field.code in seen:
            facts = {"named": field.code, "problem": "occurs twice"}
            yield _on(entry, Fault.CODE_FORM, (*path, "code"), **facts)
        seen.add(field.code)
        if field.component is not None and field.component not in components:
            facts = {"named": field.component}
            yield _on(entry, Fault.COMPONENT_UNKNOWN, (*path, "component"), **facts)
        yield from _field(entry, field, path, snapshot)


def _field(entry: Procedure, field: FormField, path: Path, snapshot: Snapshot) -> Iterator[Finding]:
    if (field.service is None) is not (field.element is None):
        yield _on(entry, Fault.FORM_FIELD_WRONG, path)
        return
    if field.confirms is not None and field.confirms not in entry.applicant:
        yield _on(entry, Fault.SUBJECT_UNKNOWN, (*path, "confirms"), named=field.confirms)
    for service, element in _sources(field):
        yield from _answer(entry, service, element, path, snapshot)


def _answer(
    entry: Procedure, service: str, element: str, path: Path, snapshot: Snapshot
) -> Iterator[Finding]:
    """Find an answer that the procedure may not ask for, or that nobody gives."""
    if service not in snapshot.services:
        yield _on(entry, Fault.UNKNOWN_SERVICE, path, named=service)
    elif element not in snapshot.elements:
        yield _on(entry, Fault.UNKNOWN_ELEMENT, path, named=element)
    elif element not in entry.elements.get(ServiceCode(service), frozenset()):
        yield _on(entry, Fault.FORM_FIELD_NOT_LISTED, path, service=service, named=element)


def _feed(entry: Procedure, feed: Feed, path: Path, snapshot: Snapshot) -> Iterator[Finding]:
    service = snapshot.services.get(feed.service)
    if service is None:
        yield _on(entry, Fault.UNKNOWN_SERVICE, (*path, "service"), named=feed.service)
    elif feed.member not in {*service.subject, *service.subject_optional}:
        yield _on(entry, Fault.SUBJECT_UNKNOWN, (*path, "member"), named=feed.member)
    yield from _answer(entry, feed.source, feed.element, (*path, "element"), snapshot)


def _check(entry: Procedure, check: Check, path: Path, snapshot: Snapshot) -> Iterator[Finding]:
    if check.compare not in COMPARISONS:
        yield _on(entry, Fault.RULE_WORD_UNKNOWN, (*path, "compare"), named=check.compare)
    for name in sorted({*check.fields} - {field.code for field in entry.form}):
        yield _on(entry, Fault.FORM_FIELD_UNKNOWN, (*path, "fields"), named=name)
    for side, place in (("left", check.left), ("right", check.right)):
        yield from _place(entry, place, (*path, side), snapshot)


def _place(entry: Procedure, place: Place, path: Path, snapshot: Snapshot) -> Iterator[Finding]:
    if place.service is not None:
        yield from _answer(entry, place.service, place.element, path, snapshot)
    elif place.element not in SUBJECT_MEMBERS:
        yield _on(entry, Fault.SUBJECT_UNKNOWN, path, named=place.element)


def _sources(field: FormField) -> Iterator[tuple[ServiceCode, ElementCode]]:
    if field.service is not None and field.element is not None:
        yield field.service, field.element
    yield from field.alternatives


def _on(entry: Procedure, fault: Fault, path: Path, **facts: str) -> Finding:
    return Finding(fault=fault, kind=Kind.PROCEDURE, code=entry.code, path=path, facts=facts)
