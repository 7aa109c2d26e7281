"""Where a person stands in the log: pseudonyms over all epochs, and the records that hold them."""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from msgspec import Struct

from gateway.audit.events import Delivered, Event, Matched
from gateway.audit.keyring import KeyInfo, Purpose
from gateway.audit.keyring import KeyState as State
from gateway.audit.pseudonyms import Pseudonyms, Scheme
from gateway.disclosure.rows import Row, Rows
from gateway.disclosure.seals import Facts

MOST_OLD_NUMBERS = 50
MOST_BRIEFS = 5_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EVENTS, _MATCHED, _DELIVERED = frozenset(Event), frozenset(Matched), frozenset(Delivered)

# Each pseudonym has its own short scan; the newest of them all are merged.
NEWEST = """
SELECT DISTINCT f.leaf_index FROM unnest($1::text[]) AS w (p)
CROSS JOIN LATERAL (
  SELECT s.leaf_index FROM search.subject s
  WHERE s.p = w.p AND s.leaf_index < $2 ORDER BY s.leaf_index DESC LIMIT $3) AS f
ORDER BY f.leaf_index DESC LIMIT $3
"""
WITHIN = """
SELECT DISTINCT s.leaf_index FROM search.subject s
WHERE s.p = ANY($1) AND s.leaf_index >= $2 AND s.leaf_index < $3 ORDER BY s.leaf_index
"""
HOLDS = "SELECT 1 FROM search.subject WHERE p = ANY($1) AND leaf_index = $2 LIMIT 1"
# The number asked for comes first in a record, the one that replaced it second.
OLD = """
SELECT DISTINCT x.subjects[1] AS p FROM search.subject s
JOIN search.ix x ON x.leaf_index = s.leaf_index
WHERE s.p = ANY($1) AND x.match = 'superseded' AND x.subjects[2] = s.p
  AND x.type IN ('access', 'access.outcome')
LIMIT $2
"""
OUTCOMES = """
SELECT exchange, delivered, match, fields FROM search.ix
WHERE exchange = ANY($1) AND type = 'access.outcome' ORDER BY leaf_index
"""
ACCESSES = """
SELECT exchange, leaf_index, ts, type, org, client, official, dossier, purpose, subjects
FROM search.ix WHERE exchange = ANY($1) AND type = 'access'
"""
BRIEFS = """
SELECT DISTINCT ON (x.leaf_index) x.leaf_index, x.ts, x.type, x.org, x.client, x.official,
       x.dossier, x.purpose, x.subjects
FROM search.subject s JOIN search.ix x ON x.leaf_index = s.leaf_index
WHERE s.p = ANY($1) AND x.ts >= $2 ORDER BY x.leaf_index DESC LIMIT $3
"""
# Among the last cosigned checkpoints that cover a record, the one with the most witnesses.
COSIGNED = """
SELECT c.size FROM audit.cosignature c
WHERE c.size IN (SELECT DISTINCT l.size FROM audit.cosignature l
  WHERE l.size > $1 ORDER BY l.size DESC LIMIT 5)
GROUP BY c.size ORDER BY count(*) DESC, c.size DESC LIMIT 1
"""
REACHED = "SELECT next_index, floor FROM search.cursor"
# By writer: the map of the tree has millions of stretches a day and is kept for ever.
SPAN_OF_DAY = """
SELECT min(f.first_index) AS first, max(l.first_index + l.n) AS until FROM audit.writer w
CROSS JOIN LATERAL (SELECT first_index FROM audit.run r WHERE r.writer = w.writer
  ORDER BY r.first_seq LIMIT 1) f
CROSS JOIN LATERAL (SELECT first_index, n FROM audit.run r WHERE r.writer = w.writer
  ORDER BY r.first_seq DESC LIMIT 1) l
WHERE w.day = $1
"""


class Reached(Struct, frozen=True):
    """How far the list is whole: records from *floor* to *next_index*, excluded."""

    next_index: int
    floor: int


class Outcome(Struct, frozen=True):
    """What became of an answer: whether it left, for whom, and which fields."""

    delivered: Delivered
    match: Matched | None = None
    fields: tuple[str, ...] = ()


class Brief(Struct, frozen=True):
    """One record in short: what decides about it, and its purpose."""

    facts: Facts
    purpose: str | None


def is_cut(briefs: Sequence[Brief]) -> bool:
    """Say whether there may be more than were read."""
    return len(briefs) >= MOST_BRIEFS


def epochs(keys: Collection[KeyInfo]) -> list[str]:
    """Return the epochs whose key for citizens still lives, in order."""
    return sorted(
        key.epoch for key in keys if key.purpose is Purpose.CITIZENS and key.state is State.ACTIVE
    )


def pseudonyms_of(number: str, pseudonyms: Pseudonyms, years: Sequence[str]) -> tuple[str, ...]:
    """Return what stands for a citizen's number in each of *years*."""
    return tuple(pseudonyms.of(Scheme.CITIZEN, number, year) for year in years)


class Traces:
    """Reads the projection of the log for one person; nothing of it is kept."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def with_old_numbers(self, mine: tuple[str, ...]) -> tuple[str, ...]:
        """Return *mine* and the pseudonyms of numbers that a source said they replaced."""
        rows = await self._rows.fetch(OLD, list(mine), MOST_OLD_NUMBERS)
        return tuple(dict.fromkeys((*mine, *(row["p"] for row in rows))))

    async def newest(self, mine: Sequence[str], *, before: int, limit: int) -> list[int]:
        """Return at most *limit* indexes below *before*, newest first."""
        rows = await self._rows.fetch(NEWEST, list(mine), before, limit)
        return [row["leaf_index"] for row in rows]

    async def within(self, mine: Sequence[str], first: int, end: int) -> list[int]:
        """Return every index from *first* to *end*, excluded, in order."""
        rows = await self._rows.fetch(WITHIN, list(mine), first, end)
        return [row["leaf_index"] for row in rows]

    async def holds(self, mine: Sequence[str], index: int) -> bool:
        """Say whether the record at *index* is about one of *mine*."""
        return await self._rows.fetchrow(HOLDS, list(mine), index) is not None

    async def outcomes(self, exchanges: Sequence[str | None]) -> dict[str, Outcome]:
        """Return what became of answers whose records did not know it yet, by exchange."""
        return {str(row["exchange"]): _outcome(row) for row in await self._of(OUTCOMES, exchanges)}

    async def accesses(self, exchanges: Sequence[str | None]) -> dict[str, Facts]:
        """Return what decides about the accesses of *exchanges*, by exchange."""
        rows = await self._of(ACCESSES, exchanges)
        return {str(row["exchange"]): _brief(row).facts for row in rows}

    async def briefs(self, mine: Sequence[str], since: datetime) -> list[Brief]:
        """Return the records since an instant in short, newest first, at most 5,000."""
        microseconds = (since - _EPOCH) // timedelta(microseconds=1)
        rows = await self._rows.fetch(BRIEFS, list(mine), microseconds, MOST_BRIEFS)
        return [_brief(row) for row in rows if row["type"] in _EVENTS]  # else nothing can be told

    async def cosigned(self, index: int) -> int | None:
        """Return the size of the newest checkpoint over *index* that witnesses cosigned."""
        row = await self._rows.fetchrow(COSIGNED, index)
        return None if row is None else row["size"]

    async def reached(self) -> Reached:
        """Return how far the projection follows the log."""
        row = await self._rows.fetchrow(REACHED)
        return Reached(0, 0) if row is None else Reached(row["next_index"], row["floor"])

    async def span_of(self, day: date) -> tuple[int, int] | None:
        """Return the indexes between which all records of *day* stand; None when it has none."""
        row = await self._rows.fetchrow(SPAN_OF_DAY, day)
        return None if row is None or row["first"] is None else (row["first"], row["until"])

    async def _of(self, query: str, exchanges: Sequence[str | None]) -> Sequence[Row]:
        named = [UUID(each) for each in exchanges if each]
        return await self._rows.fetch(query, named) if named else ()


def _outcome(row: Row) -> Outcome:
    """Return what a record says; a word that is none of ours says nothing."""
    match = Matched(row["match"]) if row["match"] in _MATCHED else None
    delivered = Delivered(row["delivered"]) if row["delivered"] in _DELIVERED else None
    return Outcome(delivered or Delivered.UNKNOWN, match, tuple(row["fields"]))


def _brief(row: Row) -> Brief:
    facts = Facts(
        event=Event(row["type"]),
        at=_EPOCH + timedelta(microseconds=row["ts"]),
        agency=row["org"],
        system=row["client"],
        official=row["official"],
        dossier=row["dossier"],
        people=tuple(row["subjects"]),
    )
    return Brief(facts, row["purpose"])
