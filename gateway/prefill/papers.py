"""Which papers of the dossier may no longer be asked for; pure.

Source: NQ 66.7/2025: no component whose data a database announced as usable holds; when the
look-up fails or is incomplete the agency asks the person, and the source to be corrected.
"""

from collections.abc import Sequence
from datetime import date

from catalog.entries import Component, LegalBasis, Procedure
from catalog.snapshot import Snapshot
from gateway.consents.rules import in_force
from gateway.prefill.outcome import Outcome, Outcomes
from gateway.prefill.reasons import Left, reason
from gateway.prefill.schemas import ComponentAnswer, Field

_GOOD = frozenset({"filled", "confirmed"})
_LACKING = frozenset({Left.NOT_ON_RECORD.value, Left.APPLICANT.value})


def papers(
    snapshot: Snapshot,
    procedure: Procedure,
    fields: Sequence[Field],
    outcomes: Outcomes,
    day: date,
) -> tuple[ComponentAnswer, ...]:
    """Return every component, and whether it may still be asked for on *day*."""
    by_code = {field.code: field for field in fields}
    return tuple(
        _judged(
            snapshot,
            component,
            [
                by_code[each.code]
                for each in procedure.form
                if each.component == component.code and each.code in by_code
            ],
            outcomes,
            day,
        )
        for component in procedure.components
    )


def _judged(
    snapshot: Snapshot,
    component: Component,
    fields: Sequence[Field],
    outcomes: Outcomes,
    day: date,
) -> ComponentAnswer:
    basis = None if component.basis is None else snapshot.bases.get(component.basis)
    announced = component.announced is not None and component.announced <= day
    answered = [outcomes[code] for code in component.replaced_by if code in outcomes]
    code = _why_ask(component, basis, fields, answered, day=day, announced=announced)
    return ComponentAnswer(
        code=component.code,
        name_vi=component.name_vi,
        name_en=component.name_en,
        ask=code is not None,
        instrument=None if basis is None else basis.instrument,
        article=None if basis is None else basis.article,
        mark=None if basis is None else basis.mark.value,
        exchanges=tuple(each.exchange_id for each in answered if each.exchange_id),
        reason=None if code is None else reason(code),
    )


def _why_ask(
    component: Component,
    basis: LegalBasis | None,
    fields: Sequence[Field],
    answered: Sequence[Outcome],
    *,
    day: date,
    announced: bool,
) -> str | None:
    """Return the code of the first reason to ask for the paper, None when there is none."""
    if not component.replaced_by or basis is None:
        return Left.APPLICANT
    if not announced or not in_force(basis.valid_from, basis.valid_to, day):
        return Left.NOT_ANNOUNCED
    failed = next((each.refused for each in answered if each.reply is None), None)
    if failed is not None or not answered:
        return failed or Left.NO_SERVICE
    if not any(field.state in _GOOD for field in fields) and fields:
        return Left.NOT_ON_RECORD
    return next((_doubt(field) for field in fields if _doubt(field) is not None), None)


def _doubt(field: Field) -> str | None:
    """Return why *field* leaves the paper needed; what a source never held does not."""
    if field.state in _GOOD or field.reason is None:
        return None
    return None if field.reason.code in _LACKING else field.reason.code
