"""Reads the record; changes nothing in it.

The search reads whole days and is meant for an operator's window of a few of them; the auditors'
index is built beside the log, not inside it.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    LargeBinary,
    Row,
    Select,
    and_,
    case,
    cast,
    func,
    literal,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.audit.events import Decision, Event
from gateway.audit.tables import ENTRY, WRITER

MOST_ROWS = 1_000
MOST_DAYS = 31
READER = "motlan_sequencer"  # may read the record and nothing more
LEAF_PREFIX = b"\0"  # RFC 6962 section 2.1, as `gateway.audit.leaf.leaf_hash`
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Stored(Struct, frozen=True):
    """One record as it stands in the database."""

    day: date
    writer: str
    seq: int
    entry: bytes  # `gateway.audit.leaf.parse` reads it
    leaf: bytes  # leaf hash


class Wanted(Struct, frozen=True, kw_only=True):
    """What a search looks for; None means any.  Instants are UTC, *until* is not included."""

    since: datetime
    until: datetime
    event: Event | None = None
    agency: str | None = None
    service: str | None = None
    decision: Decision | None = None
    code: str | None = None  # of a refusal
    exchange: str | None = None


class AuditRepository:
    """Records in the order asked for.

    The session's transaction becomes one of the role that may read and nothing more, to its end:
    use a transaction of its own.
    """

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def tail(self, rows: int, *, today: date) -> list[Stored]:
        """Return the newest *rows* records (1 to 1,000) of *today* and the day before.

        Oldest first; writers are merged by the instant their leaves claim, and what is damaged,
        which claims nothing, stands before all others.
        """
        rows = bounded(rows)
        newest = (
            select(ENTRY)
            .where(ENTRY.c.day == WRITER.c.day, ENTRY.c.writer == WRITER.c.writer)
            .order_by(ENTRY.c.seq.desc())
            .limit(rows)
            .lateral("newest")
        )
        record = as_json(newest.c.entry, newest.c.leaf)
        query = (
            select(newest)
            .select_from(WRITER.join(newest, true()))
            .where(WRITER.c.day >= today - timedelta(days=1))
            .order_by(claimed(record).desc().nulls_last(), newest.c.writer, newest.c.seq.desc())
            .limit(rows)
        )
        return (await self._read(query))[::-1]

    async def search(self, wanted: Wanted, rows: int) -> list[Stored]:
        """Return at most *rows* records (1 to 1,000) that match, newest first; none is damaged.

        Raises:
            ValueError: the window is longer than 31 days, or empty.
        """
        if not wanted.since < wanted.until <= wanted.since + timedelta(days=MOST_DAYS):
            raise ValueError("a search covers more than nothing and at most 31 days")
        record = as_json(ENTRY.c.entry, ENTRY.c.leaf)
        query = (
            select(ENTRY)
            .where(
                # A leaf made just before midnight may stand in the next day's sequence.
                ENTRY.c.day >= wanted.since.date(),
                ENTRY.c.day <= wanted.until.date() + timedelta(days=1),
            )
            .where(and_(*conditions(record, wanted)))
            .order_by(claimed(record).desc(), ENTRY.c.writer, ENTRY.c.seq.desc())
            .limit(bounded(rows))
        )
        return await self._read(query)

    async def entries_of(self, writer: str, *, from_seq: int = 0, rows: int = 500) -> list[Stored]:
        """Return the records of *writer* from *from_seq* on, in order."""
        day = select(WRITER.c.day).where(WRITER.c.writer == writer).scalar_subquery()
        query = (
            select(ENTRY)
            .where(ENTRY.c.day == day, ENTRY.c.writer == writer, ENTRY.c.seq >= from_seq)
            .order_by(ENTRY.c.seq)
            .limit(bounded(rows))
        )
        return await self._read(query)

    async def writers(self, day: date) -> list[str]:
        """Return the writers of *day* in the order they began."""
        query = select(WRITER.c.writer).where(WRITER.c.day == day).order_by(WRITER.c.started_at)
        await self._as_reader()
        return list(await self._session.scalars(query))

    async def count(self, day: date) -> int:
        """Return how many records *day* holds."""
        await self._as_reader()
        query = select(func.count()).select_from(ENTRY).where(ENTRY.c.day == day)
        return (await self._session.scalars(query)).one()

    async def _read(self, query: Select[Any]) -> list[Stored]:
        await self._as_reader()
        rows: Sequence[Row[Any]] = (await self._session.execute(query)).all()
        return [Stored(*row) for row in rows]

    async def _as_reader(self) -> None:
        await self._session.execute(text(f"SET LOCAL ROLE {READER}"))


async def ensure_days(session: AsyncSession, days: Sequence[date]) -> None:
    """Create the partitions of *days* that are missing; needs the owner or the retention role."""
    for day in days:
        await session.execute(select(func.audit.ensure_day(day)))


def bounded(rows: int) -> int:
    """Return *rows* within 1 and 1,000."""
    return min(max(rows, 1), MOST_ROWS)


def as_json(entry: ColumnElement[Any], leaf: ColumnElement[Any]) -> ColumnElement[Any]:
    """Read a stored record as JSON inside the database; one that is damaged reads as NULL."""
    whole = func.sha256(literal(LEAF_PREFIX, LargeBinary).op("||")(entry)) == leaf
    return case((whole, cast(func.convert_from(entry, "UTF8"), JSONB)))


def claimed(record: ColumnElement[Any]) -> ColumnElement[int]:
    """Return the instant a leaf claims, microseconds since 1970."""
    return cast(record["ts"].astext, BigInteger)


def conditions(record: ColumnElement[Any], wanted: Wanted) -> list[ColumnElement[bool]]:
    """Translate what is wanted into SQL; what is None does not appear."""
    asked: list[tuple[tuple[str, ...], str | None]] = [
        (("type",), wanted.event),
        (("actor", "org"), wanted.agency),
        (("target", "service"), wanted.service),
        (("basis", "decision"), wanted.decision),
        (("req", "id"), wanted.exchange),
    ]
    found = [record[path].astext == value for path, value in asked if value is not None]
    if wanted.code is not None:
        found.append(record[("basis", "reasons")].contains([wanted.code]))
    at = claimed(record)
    return [at >= microseconds(wanted.since), at < microseconds(wanted.until), *found]


def microseconds(at: datetime) -> int:
    """Return *at* as leaves claim it."""
    return (at - _EPOCH) // timedelta(microseconds=1)
