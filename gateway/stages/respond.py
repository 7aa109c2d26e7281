"""8. Release to reply, reply to bytes."""

import msgspec

from catalog.entries import Answer, Mark
from gateway.audit.entry import Receipt
from gateway.stages.evidence import (
    Basis,
    Decided,
    Provenance,
    Recorded,
    Released,
    Reply,
)

_ENCODER = msgspec.json.Encoder()
_KINDS = {answer: answer.value for answer in Answer}
_MARKS = {mark: mark.value for mark in Mark}


def compose(released: Released) -> Reply:
    """Return the reply without its receipt: what the record's digest will cover."""
    consented, record = released.answered.consented, released.answered.record
    decision = consented.decision
    service = decision.service
    provenance = Provenance(service.dataset, service.dataset_version, record.as_of)
    return Reply(
        exchange_id=consented.identified.asked.exchange_id,
        service=service.code,
        service_version=service.version,
        match=record.match,
        record=released.values,
        provenance=dict.fromkeys(released.values, provenance),
        basis=decision.drawn.get(Basis) or _basis(decision),
        withheld=released.withheld,
        unavailable=released.unavailable,
    )


def _basis(decision: Decided) -> Basis:
    """Say what carried the call; once for each decision."""
    decision.drawn[Basis] = said = _said(decision)
    return said


def _said(decision: Decided) -> Basis:
    law, rule = decision.basis, decision.rule
    if decision.consent_id is not None:
        return Basis(
            kind=_KINDS[rule.answer],
            instrument=rule.instrument,
            article=rule.article,
            mark=_MARKS[rule.mark],
            consent_id=decision.consent_id,
        )
    if law is None:
        return Basis(
            kind=_KINDS[rule.answer],
            code=rule.code,
            instrument=rule.instrument,
            article=rule.article,
            mark=_MARKS[rule.mark],
        )
    return Basis(
        kind=_KINDS[rule.answer],
        code=law.code,
        instrument=law.instrument,
        article=law.article,
        mark=_MARKS[law.mark],
    )


def encode(reply: Reply) -> bytes:
    """Return *reply* as JSON, UTF-8, members in the order of the struct."""
    return _ENCODER.encode(reply)


def respond(recorded: Recorded) -> bytes:
    """Return the body of the 200: the recorded bytes with the receipt as last member.

    Splicing instead of encoding again keeps every byte that the record's digest covers: a caller
    who removes the receipt member has the digested bytes.
    """
    receipt: Receipt | None = recorded.reply.receipt
    return b'%s,"receipt":%s}' % (recorded.body[:-1], _ENCODER.encode(receipt))
