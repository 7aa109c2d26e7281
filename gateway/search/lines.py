"""From rows to what a list shows, and to counts; pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from catalog.snapshot import Snapshot
from gateway.audit.events import Event
from gateway.search.projection import Indexed
from gateway.search.schemas import Count, Counts, Line
from gateway.search.sentences import said

MOST_COUNTS = 20  # words of one kind
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KINDS: dict[str, str] = {
    Event.ACCESS: "access",
    Event.ACCESS_OUTCOME: "access",
    Event.DENY: "refusal",
    Event.DENY_AGGREGATE: "refusal",
    Event.OWN_READ: "reading",
}
FAMILIES: dict[str, str] = {
    "audit": "reading",
    "consent": "consent",
    "representation": "consent",
    "notice": "consent",
    "writer": "log",
    "index": "log",
    "archive": "log",
    "question": "question",
    "seal": "seal",
    "finding": "finding",
}


def kind_of(event: str) -> str:
    """Return the kind of thing an event is; what administrators do is configuration."""
    return KINDS.get(event) or FAMILIES.get(event.partition(".")[0], "configuration")


def line(row: Indexed, catalog: Snapshot) -> Line:
    """Return *row* as a list shows it."""
    sentence = said(row, catalog)
    return Line(
        index=row.leaf_index,
        at=_EPOCH + timedelta(microseconds=row.ts),
        event=row.type,
        kind=kind_of(row.type),
        said_vi=sentence.vi,
        said_en=sentence.en,
        agency=row.org,
        system=row.client,
        officer=row.official,
        service=row.service,
        purpose=row.purpose,
        procedure=row.proc,
        dossier=row.dossier,
        basis=row.law,
        agreement=row.agreement,
        consent=row.consent,
        decision=row.decision,
        match=row.match,
        delivered=row.delivered,
        exchange=None if row.exchange is None else str(row.exchange),
        changed=row.change_id,
        codes=row.codes,
        fields=row.fields,
    )


def counts(rows: Sequence[Indexed], *, whole: bool) -> Counts:
    """Count the words of *rows*; *whole* says whether more rows would have fitted."""
    return Counts(
        rows=len(rows),
        whole=whole,
        agency=_most(row.org for row in rows),
        service=_most(row.service for row in rows),
        event=_most(row.type for row in rows),
        code=_most(code for row in rows for code in row.codes),
    )


def _most(words: Iterable[str | None]) -> tuple[Count, ...]:
    counted = Counter(word for word in words if word is not None)
    ordered = sorted(counted.items(), key=lambda each: (-each[1], each[0]))
    return tuple(Count(word, n) for word, n in ordered[:MOST_COUNTS])
