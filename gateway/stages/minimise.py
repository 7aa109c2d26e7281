"""6. Keep the permitted fields, name the others."""

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
        unavailable = _missing(allowed, tuple(values), tuple(record.unavailable.items()))
    return Released(answered, values, decision.withheld, unavailable)


@lru_cache(maxsize=4_096)  # a register lacks the same fields of one person after the other
def _missing(
    allowed: frozenset[str], given: tuple[str, ...], reasons: tuple[tuple[str, str], ...]
) -> tuple[Withheld, ...]:
    told = dict(reasons)
    missing = sorted(allowed.difference(given))
    return tuple(Withheld(name, told.get(name, NOT_ON_RECORD)) for name in missing)
