"""Asks the search tables; every question is bounded in rows, in parts looked through, and in time.

Answers come newest first, and a page begins below the leaf index where the last one ended: the log
only grows, so pages never shift.  A question that no index answers is put to one part of the tables
after another, and stops with what it has when its time is over.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeAlias

from msgspec import Struct
from sqlalchemy import ColumnElement, Select, and_, func, not_, or_, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from auth.transactions import Transaction
from gateway.audit.repository import microseconds
from gateway.database import AWAY
from gateway.errors import Code, Refusal
from gateway.search.projection import BLOCK_BITS, PART_BITS, Digest, Indexed, widen
from gateway.search.sought import LISTS, Condition, Sought
from gateway.search.tables import CURSOR, IX, SPAN, SUBJECT

MOST_ROWS = 200  # of one page
MOST_COUNTED = 5_000  # rows that counts rest on
BUDGET_S = 0.25  # for looking through parts; one more part may be under way
STATEMENT_MS = 2_000
AT_ONCE = 5_000  # rows in memory while a digest is made
CANCELED = "57014"  # SQLSTATE of a statement that took too long
MOST_ALIASES = 16  # pseudonyms that records add to those of the numbers given
PAIR = 2  # the number asked for, and its successor

Condition_: TypeAlias = ColumnElement[bool]


class Standing(Struct, frozen=True):
    """How far the tables reach: leaves from *floor*, included, to *next_index*, excluded."""

    next_index: int
    floor: int
    at: datetime  # of the last batch


class Page(Struct, frozen=True):
    """Some rows, newest first."""

    rows: tuple[Indexed, ...]
    below: int | None  # where the next page begins; None when nothing is left


class SearchRepository:
    """Reads of the search tables, each in a transaction of its own.

    Args:
        transaction: opens one as a role that may read the tables.
        budget_s: how long one page may look through parts that no index leads into.
    """

    def __init__(self, transaction: Transaction, *, budget_s: float = BUDGET_S) -> None:
        self._transaction = transaction
        self._budget_s = budget_s

    async def standing(self) -> Standing:
        """Return how far the tables reach."""
        async with self._asking() as session:
            return await _standing(session)

    async def page(self, sought: Sought, *, below: int | None = None, rows: int = 50) -> Page:
        """Return at most *rows* (1 to 200) that fit, newest first, under leaf index *below*.

        Fewer than asked may come with more to follow: then time was over.

        Raises:
            Refusal: SEARCH_TOO_WIDE, DATABASE_UNAVAILABLE.
        """
        return await self._page(sought, below, min(max(rows, 1), MOST_ROWS))

    async def sample(self, sought: Sought) -> Page:
        """Return up to 5,000 of the newest rows that fit, to count by; raise as `page`."""
        return await self._page(sought, None, MOST_COUNTED)

    async def at(self, leaf_index: int) -> Indexed | None:
        """Return the row of one leaf; None while it is not followed, or after it left."""
        page = await self.page(Sought(indexes=(leaf_index,)), rows=1)
        return page.rows[0] if page.rows else None

    async def aliases(self, pseudonyms: tuple[str, ...]) -> tuple[str, ...]:
        """Return *pseudonyms* and those of the same people under older and newer numbers.

        A leaf whose source answered that the number asked for was superseded names both: the one
        asked for, and its successor.  At most 16 are added; raise as `page`.
        """
        known = list(dict.fromkeys(pseudonyms))
        most = len(known) + MOST_ALIASES
        async with self._asking() as session:
            while known and len(known) < most:
                both = IX.c.match == "superseded", func.cardinality(IX.c.subjects) == PAIR
                query = (
                    select(func.unnest(IX.c.subjects))
                    .where(_about(tuple(known)), *both)
                    .distinct()
                    .limit(2 * most)
                )
                found = [each for each in await session.scalars(query) if each not in known]
                if not found:
                    break
                known = (known + sorted(found))[:most]
        return tuple(known)

    async def rows(self, first: int, limit: int) -> list[Indexed]:
        """Return the rows from leaf index *first* on, oldest first; for digests and followers."""
        query = select(IX).where(IX.c.leaf_index >= first).order_by(IX.c.leaf_index).limit(limit)
        async with self._asking() as session:
            return [_indexed(row) for row in await session.execute(query)]

    async def digest(self, standing: Standing | None = None) -> Digest:
        """Return the digest of all three tables up to *standing*, else to now; raise as `page`.

        Two projections of the same log have the same digest, byte for byte.
        """
        digest = Digest()
        standing = standing or await self.standing()
        last = standing.next_index >> BLOCK_BITS  # it may grow meanwhile
        edge: dict[int, tuple[int, int]] = {}
        for low, high in reversed(list(parts(standing.floor, standing.next_index))):
            at = low
            while at < high and (rows := await self.rows(at, min(AT_ONCE, high - at))):
                rows = [row for row in rows if row.leaf_index < high]
                digest.add(rows)
                for row in rows:
                    if row.leaf_index >> BLOCK_BITS == last:
                        widen(edge, row)
                at = rows[-1].leaf_index + 1 if rows else high
            digest.add_subjects(await self._subjects(low, high))
        whole = select(SPAN).where(SPAN.c.block < last).order_by(SPAN.c.block)
        digest.add_spans(await self._all(whole))
        digest.add_spans((block, *claimed) for block, claimed in edge.items())
        return digest

    async def _page(self, sought: Sought, below: int | None, limit: int) -> Page:
        async with self._asking() as session:
            low, high = await _window(session, sought)
            high = high if below is None else min(high, below)
            return await self._walk(session, sought, (low, high), limit)

    async def _walk(
        self, session: AsyncSession, sought: Sought, window: tuple[int, int], limit: int
    ) -> Page:
        """Look through the window, from its newest part to its oldest, until the page is full."""
        until = asyncio.get_running_loop().time() + self._budget_s
        found: list[Indexed] = []
        ranges = iter([window]) if sought.few else parts(*window)
        for low, high in ranges:
            if low >= high:
                continue
            query = _selected(sought, low, high).limit(limit - len(found))
            found.extend(_indexed(row) for row in await session.execute(query))
            if len(found) >= limit:
                return Page(tuple(found), found[-1].leaf_index)
            if low > window[0] and asyncio.get_running_loop().time() > until:
                return Page(tuple(found), low)
        return Page(tuple(found), None)

    async def _subjects(self, first: int, end: int) -> list[Any]:
        within = SUBJECT.c.leaf_index >= first, SUBJECT.c.leaf_index < end
        ordered = select(SUBJECT).where(*within).order_by(SUBJECT.c.leaf_index, SUBJECT.c.p)
        return await self._all(ordered)

    async def _all(self, query: Select[Any]) -> list[Any]:
        async with self._asking() as session:
            return list(await session.execute(query))

    @asynccontextmanager
    async def _asking(self) -> AsyncGenerator[AsyncSession]:
        """Give a session; what takes too long, or cannot be asked, is a refusal."""
        try:
            async with self._transaction() as session:
                # A plan made for any values would not know which parts and indexes serve these.
                await session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
                await session.execute(text(f"SET LOCAL statement_timeout = {STATEMENT_MS}"))
                yield session
        except SQLAlchemyError as failed:
            cause: Any = getattr(failed, "orig", None)
            if getattr(cause, "sqlstate", None) == CANCELED:
                raise Refusal(Code.SEARCH_TOO_WIDE) from None
            raise Refusal(Code.DATABASE_UNAVAILABLE) from failed
        except AWAY as away:
            raise Refusal(Code.DATABASE_UNAVAILABLE) from away


def parts(low: int, high: int) -> Iterator[tuple[int, int]]:
    """Cut the window from *low*, included, to *high*, excluded, into parts, newest first."""
    while high > low:
        start = max(low, ((high - 1) >> PART_BITS) << PART_BITS)
        yield start, high
        high = start


async def _standing(session: AsyncSession) -> Standing:
    row = (await session.execute(select(CURSOR))).one()
    return Standing(row.next_index, row.floor, row.at.astimezone(UTC))


async def _window(session: AsyncSession, sought: Sought) -> tuple[int, int]:
    """Return the leaf indexes that can hold what is sought: from, included, to, excluded."""
    standing = await _standing(session)
    low, high = standing.floor, standing.next_index
    if sought.after is not None:
        query = select(func.min(SPAN.c.block)).where(SPAN.c.max_ts >= microseconds(sought.after))
        block = await session.scalar(query)
        low = high if block is None else max(low, block << BLOCK_BITS)
    if sought.before is not None:
        query = select(func.max(SPAN.c.block)).where(SPAN.c.min_ts < microseconds(sought.before))
        block = await session.scalar(query)
        high = low if block is None else min(high, (block + 1) << BLOCK_BITS)
    return low, high


def _selected(sought: Sought, low: int, high: int) -> Select[Any]:
    where = [IX.c.leaf_index >= low, IX.c.leaf_index < high]
    where.extend(_holds(each) for each in sought.conditions)
    if sought.after is not None:
        where.append(IX.c.ts >= microseconds(sought.after))
    if sought.before is not None:
        where.append(IX.c.ts < microseconds(sought.before))
    if sought.subjects:
        where.append(_about(sought.subjects))
    if sought.indexes is not None:
        where.append(IX.c.leaf_index.in_(sought.indexes))
    return select(IX).where(and_(*where)).order_by(IX.c.leaf_index.desc())


def _about(pseudonyms: tuple[str, ...]) -> Condition_:
    """Be about one of *pseudonyms*: their leaves are found first, for they are few."""
    found = select(SUBJECT.c.leaf_index).where(SUBJECT.c.p.in_(pseudonyms))
    about = found.cte("about").prefix_with("MATERIALIZED")
    return IX.c.leaf_index.in_(select(about.c.leaf_index))


def _holds(condition: Condition) -> Condition_:
    column, values = IX.c[condition.column], list(condition.values)
    if condition.column in LISTS:
        overlaps = column.overlap(values)
        return not_(overlaps) if condition.negated else overlaps
    named = column.in_(values)
    return or_(column.is_(None), not_(named)) if condition.negated else named


def _indexed(row: Any) -> Indexed:  # noqa: ANN401 - a row of the driver
    return Indexed(*row)
