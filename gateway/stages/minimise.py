"""6. Keep the permitted fields, name the others."""

from gateway.stages.evidence import Answered, Released, Withheld

NOT_ON_RECORD = "not_on_record"


def minimise(answered: Answered) -> Released:
    """Drop every field outside what was allowed; name what is withheld and what the source lacks.

    The source may say more than it was asked: none of that is named, for it was never asked for.
    """
    allowed = answered.consented.allowed
    record = answered.record
    values = record.values
    if not allowed.issuperset(values):
        values = {name: value for name, value in values.items() if name in allowed}
    unavailable: tuple[Withheld, ...] = ()
    if len(values) < len(allowed):
        reasons = record.unavailable
        missing = sorted(allowed.difference(values))
        unavailable = tuple([Withheld(name, reasons.get(name, NOT_ON_RECORD)) for name in missing])
    return Released(answered, values, answered.consented.withheld, unavailable)
