"""6. Keep the permitted fields, name the others."""

from collections.abc import Mapping
from functools import lru_cache

from gateway.stages.evidence import Answered, Released, Withheld

NOT_ON_RECORD = "not_on_record"


def minimise(answered: Answered) -> Released:
    """Drop every field outside what was allowed; name what is withheld and what the source lacks.

    The source may say more than it was asked: none of that is named, for it was never asked for.
    """
    decision = answered.consented.decision
    allowed = decision.allowed
    record = answered.record
    values = record.values
    if not allowed.issuperset(values):
        values = {name: value for name, value in values.items() if name in allowed}
    unavailable: tuple[Withheld, ...] = ()
    if len(values) < len(allowed):
        unavailable = _missing(allowed, tuple(values))
        if record.unavailable:
            unavailable = tuple([_told(each, record.unavailable) for each in unavailable])
    return Released(answered, values, decision.withheld, unavailable)


@lru_cache(maxsize=4_096)  # a register lacks the same fields of one person after the other
def _missing(allowed: frozenset[str], given: tuple[str, ...]) -> tuple[Withheld, ...]:
    return tuple(Withheld(name, NOT_ON_RECORD) for name in sorted(allowed.difference(given)))


def _told(missing: Withheld, reasons: Mapping[str, str]) -> Withheld:
    return Withheld(missing.field, reasons.get(missing.field, missing.code))
