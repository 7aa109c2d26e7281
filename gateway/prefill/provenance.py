"""Where each value of a form comes from, or why there is none; pure."""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from catalog.entries import FormField, Operation, Procedure
from catalog.snapshot import Snapshot
from gateway.consents.ages import local_day
from gateway.prefill.contradictions import APPLICANT, between_places, with_typed
from gateway.prefill.outcome import Outcome, Outcomes
from gateway.prefill.papers import papers
from gateway.prefill.plan import Option, Plan
from gateway.prefill.reasons import Left, reason
from gateway.prefill.schemas import Asking, Contradiction, Counts, Field, PrefillBody, Prefilled

SETTLED = frozenset({"filled", "confirmed"})


def assemble(
    snapshot: Snapshot,
    procedure: Procedure,
    plan: Plan,
    outcomes: Outcomes,
    body: PrefillBody,
    *,
    at: datetime,
) -> Prefilled:
    """Return the whole answer: fields, contradictions, papers and counts.

    Papers are judged by the whole form; a part of it says nothing about them.
    """
    form = [each for each in procedure.form if not body.fields or each.code in body.fields]
    first = [_field(snapshot, field, plan, outcomes, body) for field in form]
    differing = (
        *with_typed(first, body.typed),
        *between_places(procedure, snapshot, outcomes, body.subject),
    )
    fields = tuple(_unsettled(field, differing) for field in first)
    day = local_day(at)
    return Prefilled(
        procedure=procedure.code,
        dossier=body.dossier,
        exchanges=tuple(_asking(each) for each in outcomes.values() if each.exchange_id),
        fields=fields,
        contradictions=differing,
        components=() if body.fields else papers(snapshot, procedure, fields, outcomes, day),
        counts=count(procedure, fields),
    )


def count(procedure: Procedure, fields: Sequence[Field]) -> Counts:
    """Count what a person types, today and with the gateway.

    The rule, chosen so that it cannot flatter: today every field of the form is typed once.  Now
    the members of the subject are typed once at the counter, and so is every field that has no
    value, has to be chosen, or differs between two places; a field that the counter has typed
    already and a source confirmed costs nothing more.  Drawings and other attachments are no
    fields and count on neither side.
    """
    settled = sum(field.state in SETTLED for field in fields)
    return Counts(
        fields=len(fields),
        filled=settled,
        typed_today=len(fields),
        typed_now=len(procedure.applicant) + len(fields) - settled,
    )


def _field(
    snapshot: Snapshot, field: FormField, plan: Plan, outcomes: Outcomes, body: PrefillBody
) -> Field:
    option = plan.chosen.get(field.code)
    if option is None:
        return _without_source(field, body, plan.left.get(field.code, Left.NO_SERVICE))
    outcome = outcomes[option[0]]
    if outcome.reply is None:
        return _without_source(field, body, outcome.why_not(option[1]), outcome)
    if field.confirms is not None and outcome.call.operation is Operation.VERIFY:
        return _confirmed(snapshot, field, option, outcome, body)
    path = field.path if option[0] == field.service else None
    values = outcome.values(option[1], path)
    if not values:
        return _without_source(field, body, outcome.why_not(option[1]), outcome)
    known = _from_source(snapshot, field, option, outcome)
    if len(values) == 1:
        return replace(known, value=values[0])
    return replace(
        known,
        state="choose",
        editable=True,
        choices=outcome.choices(option[1], path),
        reason=reason(Left.SEVERAL),
    )


def _confirmed(
    snapshot: Snapshot, field: FormField, option: Option, outcome: Outcome, body: PrefillBody
) -> Field:
    """Return what the counter typed, once the source has said that it is so."""
    known = _from_source(snapshot, field, option, outcome)
    stated = getattr(body.subject, field.confirms or "", None)
    if outcome.values(option[1], None) == (True,):
        return replace(known, state="confirmed", value=stated)
    return replace(
        known, state="differs", editable=True, value=stated, reason=reason(Left.NOT_CONFIRMED)
    )


def _from_source(snapshot: Snapshot, field: FormField, option: Option, outcome: Outcome) -> Field:
    reply = outcome.reply
    origin = None if reply is None else reply.provenance.get(option[1])
    return Field(
        code=field.code,
        label_vi=field.label_vi,
        label_en=field.label_en,
        state="filled",
        editable=False,
        source=snapshot.services[option[0]].dataset if origin is None else origin.source,
        dataset_version=None if origin is None else origin.dataset_version,
        as_of=None if origin is None else origin.as_of,
        basis=None if reply is None else reply.basis,
        service=option[0],
        element=option[1],
        exchange_id=outcome.exchange_id,
    )


def _without_source(
    field: FormField, body: PrefillBody, code: str, outcome: Outcome | None = None
) -> Field:
    """Return what the applicant typed, or an empty field, with the reason either way."""
    typed = body.typed.get(field.code)
    return Field(
        code=field.code,
        label_vi=field.label_vi,
        label_en=field.label_en,
        state="missing" if typed is None else "typed",
        editable=True,
        value=typed,
        source=None if typed is None else APPLICANT,
        service=None if outcome is None else outcome.call.service,
        exchange_id=None if outcome is None else outcome.exchange_id,
        reason=reason(code),
        note_vi=field.note_vi,
    )


def _unsettled(field: Field, differing: Sequence[Contradiction]) -> Field:
    """Open a field again that two places disagree about."""
    if field.state in SETTLED and any(field.code in each.fields for each in differing):
        return replace(field, state="differs", editable=True, reason=reason(Left.DIFFERS))
    return field


def _asking(outcome: Outcome) -> Asking:
    reply = outcome.reply
    receipt = None if reply is None else reply.receipt
    return Asking(
        service=outcome.call.service,
        operation=outcome.call.operation,
        wave=2 if outcome.call.feeds else 1,
        exchange_id=outcome.exchange_id or "",
        outcome="ok" if reply is not None else outcome.refused or "internal",
        match=None if reply is None else reply.match,
        fields=outcome.call.elements,
        receipt=None if receipt is None else receipt.entry_id,
    )
