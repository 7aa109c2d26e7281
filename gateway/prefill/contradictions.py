"""Places that should agree and do not, and where the error is put right; pure."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from adapters.protocol import Json, Subject
from catalog.entries import Check, Place, Procedure, ProcedureCode
from catalog.snapshot import Snapshot
from gateway.prefill.outcome import Outcomes
from gateway.prefill.schemas import Contradiction, Field, Side, Ticket
from gateway.prefill.values import Values, as_typed, distinct, found, same

APPLICANT = "applicant"
CORRECTION = ProcedureCode("1.012564")  # correct population data (domain.md 4.7)


class _Stand(Struct, frozen=True):
    """What one place holds."""

    values: Values
    side: Side


def between_places(
    procedure: Procedure, snapshot: Snapshot, outcomes: Outcomes, subject: Subject
) -> tuple[Contradiction, ...]:
    """Return the procedure's checks that failed; a place without a value fails none.

    A mismatch between registers is normal (domain.md 5): it is shown, never settled by us.
    """
    return tuple(
        found_
        for check in procedure.checks
        if (found_ := _checked(check, snapshot, outcomes, subject)) is not None
    )


def with_typed(fields: Sequence[Field], typed: Mapping[str, Json]) -> tuple[Contradiction, ...]:
    """Return one contradiction for each field that was typed otherwise than the source has it."""
    return tuple(
        Contradiction(
            code=f"typed.{field.code}",
            label_vi=f"{field.label_vi}: điều đã khai khác với nguồn",
            label_en=f"{field.label_en}: what was typed differs from the source",
            left=Side(value=typed[field.code], source=APPLICANT),
            right=_side_of(field),
            fields=(field.code,),
            ticket=ticket(CORRECTION),
        )
        for field in fields
        if field.code in typed
        and field.state in ("filled", "confirmed")
        and not as_typed(typed[field.code], field.value)
    )


def ticket(procedure: ProcedureCode) -> Ticket:
    """Return where an error at the source is put right."""
    return Ticket(
        procedure,
        f"Nếu nguồn sai, đề nghị điều chỉnh theo thủ tục {procedure}.",
        f"If the source is wrong, ask for correction by procedure {procedure}.",
    )


def _checked(
    check: Check, snapshot: Snapshot, outcomes: Outcomes, subject: Subject
) -> Contradiction | None:
    left = _stand(check.left, snapshot, outcomes, subject)
    right = _stand(check.right, snapshot, outcomes, subject)
    if left is None or right is None or same(check.compare, left.values, right.values):
        return None
    return Contradiction(
        code=check.code,
        label_vi=check.label_vi,
        label_en=check.label_en,
        left=left.side,
        right=right.side,
        fields=check.fields,
        ticket=ticket(check.ticket),
    )


def _stand(place: Place, snapshot: Snapshot, outcomes: Outcomes, subject: Subject) -> _Stand | None:
    """Return what *place* holds; None when it was not asked or did not answer."""
    if place.service is None:
        values = found(getattr(subject, place.element, None), place.path)
        return _Stand(values, Side(value=_shown(values), source=APPLICANT)) if values else None
    outcome = outcomes.get(place.service)
    if outcome is None or outcome.reply is None:
        return None
    values = distinct(found(outcome.reply.record.get(place.element), place.path))
    if not values:
        return None
    origin = outcome.reply.provenance.get(place.element)
    side = Side(
        value=_shown(values),
        source=snapshot.services[place.service].dataset,
        as_of=None if origin is None else origin.as_of,
        exchange_id=outcome.exchange_id,
    )
    return _Stand(values, side)


def _shown(values: Values) -> Json:
    return values[0] if len(values) == 1 else list(values)


def _side_of(field: Field) -> Side:
    return Side(
        value=field.value,
        source=field.source or "",
        as_of=field.as_of,
        exchange_id=field.exchange_id,
    )
