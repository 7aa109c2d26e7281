"""8. Release to reply, reply to bytes."""

from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Raw, Struct

from adapters.protocol import Match
from catalog.entries import Answer, Mark
from gateway.audit.entry import Receipt
from gateway.stages.evidence import (
    Basis,
    Consented,
    Provenance,
    Recorded,
    Released,
    Reply,
    Withheld,
)

_ENCODER = msgspec.json.Encoder()
_KINDS = {answer: answer.value for answer in Answer}
_MARKS = {mark: mark.value for mark in Mark}


class _Written(Struct, frozen=True, omit_defaults=True):
    """`Reply`, member by member, with the parts that repeat already written."""

    exchange_id: str
    service: str
    service_version: str
    match: Match
    record: dict[str, Any]
    provenance: Raw
    basis: Raw
    withheld: tuple[Withheld, ...]
    unavailable: tuple[Withheld, ...]


def compose(released: Released) -> Reply:
    """Return the reply without its receipt: what the record's digest will cover."""
    consented = released.answered.consented
    resolved = consented.authorised.resolved
    service, record = resolved.service, released.answered.record
    provenance = Provenance(service.dataset, service.dataset_version, record.as_of)
    return Reply(
        exchange_id=resolved.identified.asked.exchange_id,
        service=service.code,
        service_version=service.version,
        match=record.match,
        record=released.values,
        provenance=dict.fromkeys(released.values, provenance),
        basis=_basis(consented),
        withheld=released.withheld,
        unavailable=released.unavailable,
    )


def _basis(consented: Consented) -> Basis:
    law, rule = consented.basis, consented.rule
    if consented.consent_id is not None:
        return Basis(
            kind=_KINDS[rule.answer],
            instrument=rule.instrument,
            article=rule.article,
            mark=_MARKS[rule.mark],
            consent_id=consented.consent_id,
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
    """Return *reply* as JSON, UTF-8, members in the order of the struct.

    Every value of one answer has the same provenance (`compose`), which is written once.
    """
    return _ENCODER.encode(
        _Written(
            reply.exchange_id,
            reply.service,
            reply.service_version,
            reply.match,
            reply.record,
            _provenance(reply.provenance),
            _written_basis(reply.basis),
            reply.withheld,
            reply.unavailable,
        )
    )


def _provenance(named: dict[str, Provenance]) -> Raw:
    """Write one provenance under every name; names are codes of the catalog, letters only."""
    one = next(iter(named.values()), None)
    if one is None:
        return Raw(b"{}")
    told = _ENCODER.encode(one).decode()
    members = f'":{told},"'.join(named)
    return Raw(f'{{"{members}":{told}}}'.encode())


@lru_cache(maxsize=1_024)
def _written_basis(basis: Basis) -> Raw:
    return Raw(_ENCODER.encode(basis))


def respond(recorded: Recorded) -> bytes:
    """Return the body of the 200: the recorded bytes with the receipt as last member.

    Splicing instead of encoding again keeps every byte that the record's digest covers: a caller
    who removes the receipt member has the digested bytes.
    """
    receipt: Receipt | None = recorded.reply.receipt
    return b'%s,"receipt":%s}' % (recorded.body[:-1], _ENCODER.encode(receipt))
