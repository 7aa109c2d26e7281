"""Decides a sample of accesses again, with the catalog and the consents that the database holds."""

from collections.abc import Sequence
from typing import Any, Protocol

from catalog.kinds import Kind
from gateway.consents.errors import ConsentUnknown
from gateway.consents.grants import Grant
from gateway.consents.records import Event, Terms
from gateway.consents.repository import ConsentRepository
from gateway.verification.damage import Damage, Part
from gateway.verification.decisions import (
    Access,
    Disagreement,
    Undecidable,
    access_of,
    redecide,
)
from gateway.verification.history import History, Move, Version
from gateway.verification.report import Report
from gateway.verification.rows import Row

_VERSIONS = {
    kind: f"SELECT code, rev, digest, document, published_at FROM catalog.{kind.value}_version"  # noqa: S608 - closed words
    for kind in Kind
}
_MOVES = "SELECT kind, code, state, decided_at FROM catalog.state_event ORDER BY id"


class Rows(Protocol):
    """What this asks of a pool of driver connections that may read catalog and consents."""

    async def fetch(self, query: str, *args: object) -> Sequence[Any]:
        """Return all rows."""
        ...

    async def fetchrow(self, query: str, *args: object) -> Any:  # noqa: ANN401 - a driver's row
        """Return the first row."""
        ...

    async def execute(self, query: str, *args: object) -> object:
        """Run one statement."""
        ...


class Redeciding:
    """Holds the catalog of all times while a sample is judged."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._consents = ConsentRepository(rows)

    async def judge(self, sample: Sequence[Row], report: Report) -> None:
        """Decide every access of *sample* again, and say in *report* what came of it."""
        if not sample:
            return
        history = await self._history()
        for row in sorted(sample, key=lambda each: each.index):
            access = access_of(row.entry)
            if access is None:
                continue
            try:
                redecide(access, history, await self._grants(access))
            except Undecidable:
                report.counts.undecided += 1
                continue
            except Disagreement as other:
                report.damages.add(Damage(Part.DECISION, str(other), row.index))
            report.counts.decisions += 1

    async def _history(self) -> History:
        versions: list[Version] = []
        for kind, query in _VERSIONS.items():
            versions += [Version(kind, *row) for row in await self._rows.fetch(query)]
        moves = [Move(Kind(row[0]), *row[1:]) for row in await self._rows.fetch(_MOVES)]
        return History(versions, moves)

    async def _grants(self, access: Access) -> list[Grant]:
        if access.consent is None:
            return []
        record, seq = access.consent
        try:
            terms, events = await self._consents.history(record)
        except ConsentUnknown:
            raise Undecidable("the consent") from None
        event = next((each for each in events if each.seq == seq), None)
        if event is None:
            raise Undecidable("the consent")
        return [_grant(terms, event)]


def _grant(terms: Terms, event: Event) -> Grant:
    return Grant(
        id=terms.id,
        seq=event.seq,
        principal_ref=terms.principal_ref,
        recipient=terms.recipient,
        purpose=terms.purpose,
        service=terms.service,
        elements=frozenset(terms.elements),
        state=event.state,
        valid_from=terms.valid_from,
        valid_to=event.valid_to,
        notice_sha256=terms.notice_sha256,
        told_sensitive=frozenset(terms.told_sensitive),
        calls_per_day=terms.calls_per_day,
    )
