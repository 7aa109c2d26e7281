"""How one question of a plan ended."""

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

from adapters.protocol import Json
from catalog.entries import ElementCode, ServiceCode
from gateway.prefill.plan import Call
from gateway.prefill.values import Values, distinct, found
from gateway.stages.evidence import Reply


class Outcome(Struct, frozen=True, kw_only=True):
    """An answer, or the reason why there is none."""

    call: Call
    exchange_id: str | None = None  # None: it was never asked
    reply: Reply | None = None
    refused: str | None = None  # code of the refusal or failure, or of `reasons.Left`

    def values(self, element: ElementCode, path: str | None) -> Values:
        """Return what the answer holds of *element* at *path*, each value once."""
        value: Json = None if self.reply is None else self.reply.record.get(element)
        return distinct(found(value, path))

    def why_not(self, element: ElementCode) -> str:
        """Return the code that says why *element* has no value."""
        if self.reply is None:
            return self.refused or "internal"
        named = (*self.reply.withheld, *self.reply.unavailable)
        return next((each.code for each in named if each.field == element), "not_on_record")


Outcomes: TypeAlias = Mapping[ServiceCode, Outcome]
