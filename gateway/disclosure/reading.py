"""Records about a person, read from the log with what belongs to each of them."""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from gateway.audit.events import Delivered, Event
from gateway.disclosure import lines
from gateway.disclosure.lines import Record
from gateway.disclosure.places import PlaceRepository
from gateway.disclosure.seals import Facts
from gateway.disclosure.traces import Outcome, Traces
from gateway.sequencing.rows import Sequenced


class Read(Struct, frozen=True):
    """Records as they were found; those that have left for the archive are in neither list."""

    records: list[Record]
    unreadable: list[Sequenced]  # none of ours, or written by a later release


class Reading:
    """Reads whole records by index.

    An access that was recorded before its answer is told with its outcome; an outcome is sealed
    when its access is, for it does not say itself who asked.
    """

    def __init__(self, places: PlaceRepository, traces: Traces) -> None:
        self._places = places
        self._traces = traces

    async def read(self, indexes: Sequence[int]) -> Read:
        """Return what is at *indexes*, in their order."""
        found: list[Record] = []
        unreadable: list[Sequenced] = []
        for place in await self._places.at(indexes):
            try:
                found.append(lines.read(place))
            except msgspec.DecodeError:
                unreadable.append(place)
        later = await self._traces.outcomes([_exchange(r) for r in found if _is_open(r)])
        before = await self._traces.accesses([_exchange(r) for r in found if _is_outcome(r)])
        return Read([_joined(record, later, before) for record in found], unreadable)

    async def records(self, indexes: Sequence[int]) -> list[Record]:
        """Return the records at *indexes*; those that have left or cannot be read are missing."""
        return (await self.read(indexes)).records


def _is_open(record: Record) -> bool:
    leaf = record.leaf
    known = leaf.res is not None and leaf.res.delivered is Delivered.YES
    return leaf.type is Event.ACCESS and not known


def _is_outcome(record: Record) -> bool:
    return record.leaf.type is Event.ACCESS_OUTCOME


def _exchange(record: Record) -> str | None:
    return record.leaf.req.id if record.leaf.req else None


def _joined(record: Record, later: Mapping[str, Outcome], before: Mapping[str, Facts]) -> Record:
    exchange = _exchange(record) or ""
    if _is_outcome(record):
        return Record(record.place, record.leaf, None, before.get(exchange))
    return Record(record.place, record.leaf, later.get(exchange) if _is_open(record) else None)
