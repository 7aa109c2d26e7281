"""How one question of a plan ended."""

from collections.abc import Mapping
from typing import TypeAlias, cast

from msgspec import Struct

from adapters.protocol import Json
from catalog.entries import ElementCode, ServiceCode
from gateway.prefill.plan import Call
from gateway.prefill.values import Values, distinct, each_of, found
from gateway.stages.evidence import Reply

SEVERAL = "several_"  # how sources begin the code of a value that is not one but several


class Outcome(Struct, frozen=True, kw_only=True):
    """An answer, or the reason why there is none."""

    call: Call
    exchange_id: str | None = None  # None: it was never asked
    reply: Reply | None = None
    refused: str | None = None  # code of the refusal or failure, or of `reasons.Left`

    def values(self, element: ElementCode, path: str | None) -> Values:
        """Return what the answer holds of *element* at *path*, each value once."""
        return distinct(tuple(each for each in self.choices(element, path) if each is not None))

    def choices(self, element: ElementCode, path: str | None) -> Values:
        """Return one value for each item that the person may choose from, None where it has none.

        Places belong together: the third choice of one field and the third of another, from the
        same answer, speak of the same parcel.
        """
        record: dict[str, Json] = {} if self.reply is None else self.reply.record
        if element not in record and self.why_not(element).startswith(SEVERAL):
            return _inside(record, element if not path else f"{element}.{path}")
        value = record.get(element)
        return each_of(value, path) if path is not None else found(value, None)

    def why_not(self, element: ElementCode) -> str:
        """Return the code that says why *element* has no value."""
        if self.reply is None:
            return self.refused or "internal"
        named = (*self.reply.withheld, *self.reply.unavailable)
        return next((each.code for each in named if each.field == element), "not_on_record")


def _inside(record: dict[str, Json], path: str) -> Values:
    """Return *path* of each item of the answer's list, where several things were found.

    A register that knows two certificates names neither by itself; their parcels carry both.
    """
    lists = [cast("list[Json]", value) for value in record.values() if isinstance(value, list)]
    options = [each_of(items, path) for items in lists]
    return next((each for each in options if any(value is not None for value in each)), ())


Outcomes: TypeAlias = Mapping[ServiceCode, Outcome]
