"""What is due to be judged, what it is judged by, and what was found; SQL stays in here."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec
from msgspec import Struct

from gateway.findings.baseline import DAYS
from gateway.findings.finding import Known, State
from gateway.findings.rules import MOST_ABOUT, REPEAT_DAYS, Again, Found, History
from gateway.findings.tallies import Count, Key, Scope
from gateway.findings.tally_repository import Rows, as_json

MOST_DUE = 16  # judged in one step: two milliseconds of work
_FEWEST_AGAIN = 3  # days, before a person counts as looked at again and again
_FEWEST_PEOPLE = 5  # before how often an official meets people is called usual
_AGAIN = (REPEAT_DAYS - 1, _FEWEST_AGAIN, MOST_ABOUT, _FEWEST_PEOPLE)

DUE = """
SELECT scope, actor, day, agency, until FROM findings.due ORDER BY day, scope, actor LIMIT $1
"""
COUNTS = """
SELECT w.place, t.day, t.mark, t.n,
  CASE WHEN t.day = w.day THEN t.sample ELSE '{}' END AS sample
FROM unnest($1::text[], $2::text[], $3::date[])
  WITH ORDINALITY AS w (scope, actor, day, place)
JOIN findings.tally t ON t.scope = w.scope AND t.actor = w.actor
  AND t.day BETWEEN w.day - $4::int AND w.day
"""
BEFORE = """
SELECT w.place, l.day FROM unnest($1::text[], $2::text[], $3::date[])
  WITH ORDINALITY AS w (scope, actor, day, place) CROSS JOIN LATERAL (
  SELECT day FROM findings.tally t
  WHERE t.scope = w.scope AND t.actor = w.actor AND t.day < w.day AND t.mark = 'calls'
  ORDER BY day DESC LIMIT 1) l
"""
AGAIN = """
SELECT w.place, a.subject, a.days, a.first, a.sample, a.usual
FROM unnest($1::text[], $2::text[], $3::date[])
  WITH ORDINALITY AS w (scope, actor, day, place)
CROSS JOIN LATERAL (
  WITH met AS (
    SELECT subject, count(*) AS days, min(s.day) AS first, max(s.day) AS last,
      (array_agg(first_index ORDER BY first_index))[1:20] AS sample
    FROM findings.seen s
    WHERE s.scope = w.scope AND s.actor = w.actor AND s.mark = 'bare_persons'
      AND s.day BETWEEN w.day - $4::int AND w.day
    GROUP BY subject)
  SELECT met.*, (SELECT CASE WHEN count(*) >= $7 THEN percentile_disc(0.5) WITHIN GROUP
    (ORDER BY days) ELSE 1 END FROM met) AS usual
  FROM met WHERE met.days >= $5 AND met.last = w.day
  ORDER BY met.days DESC, met.subject LIMIT $6) a
ORDER BY w.place, a.days DESC, a.subject
"""
KNOWN = """
SELECT w.place, f.id, f.rule, f.about, f.first_day, f.last_day, f.state
FROM unnest($1::text[], $2::text[], $3::date[])
  WITH ORDINALITY AS w (scope, actor, day, place)
JOIN findings.finding f ON f.scope = w.scope AND f.actor = w.actor
  AND f.last_day >= w.day - $4::int
"""
SETTLE = """
WITH raised AS (
  INSERT INTO findings.finding AS f (id, rule, scope, actor, agency, about, first_day, last_day,
    value, usual, threshold, support, severity, sample, raised_at)
  SELECT id, rule, scope, actor, agency, about, first_day, last_day, value, usual, threshold,
    support, severity, sample, $2
  FROM jsonb_to_recordset($1::jsonb) AS n (id uuid, rule text, scope text, actor text, agency text,
    about text, first_day date, last_day date, value bigint, usual float8, threshold float8,
    support int, severity text, sample bigint[])
  ON CONFLICT ON CONSTRAINT finding_pkey DO UPDATE SET
    last_day = EXCLUDED.last_day, value = EXCLUDED.value,
    usual = EXCLUDED.usual, threshold = EXCLUDED.threshold, support = EXCLUDED.support,
    severity = EXCLUDED.severity, sample = EXCLUDED.sample
  WHERE f.state = 'open' AND EXCLUDED.last_day >= f.last_day
  RETURNING f.id)
DELETE FROM findings.due d
USING unnest($3::text[], $4::text[], $5::date[], $6::bigint[]) AS j (scope, actor, day, until)
WHERE d.scope = j.scope AND d.actor = j.actor AND d.day = j.day AND d.until = j.until
"""


class Due(Struct, frozen=True):
    """One actor's day that was counted into and not judged since."""

    key: Key
    agency: str | None
    until: int  # counted up to this index, excluded


class DueRepository:
    """What the follower judges; each method that changes anything is one statement."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def due(self) -> list[Due]:
        """Return what is to be judged, oldest first, at most 16."""
        rows = await self._rows.fetch(DUE, MOST_DUE)
        return [
            Due(Key(Scope(row["scope"]), row["actor"], row["day"]), row["agency"], row["until"])
            for row in rows
        ]

    async def histories(self, due: Sequence[Due]) -> list[History]:
        """Return what each of *due* is judged by, in their order."""
        wanted = _columns(due)
        days: list[dict[date, dict[str, Count]]] = [{} for _ in due]
        for row in await self._rows.fetch(COUNTS, *wanted, DAYS):
            marks = days[int(row["place"]) - 1].setdefault(row["day"], {})
            marks[row["mark"]] = Count(row["n"], tuple(row["sample"]))
        before = {row["place"]: row["day"] for row in await self._rows.fetch(BEFORE, *wanted)}
        again: dict[int, list[Again]] = {}
        usual: dict[int, float] = {}
        for row in await self._rows.fetch(AGAIN, *wanted, *_AGAIN):
            one = Again(row["subject"], row["days"], row["first"], tuple(row["sample"]))
            again.setdefault(row["place"], []).append(one)
            usual[row["place"]] = float(row["usual"])
        return [
            History(
                scope=one.key.scope,
                actor=one.key.actor,
                agency=one.agency,
                day=one.key.day,
                days=days[place - 1],
                before=before.get(place),
                again=tuple(again.get(place, ())),
                usual_again=usual.get(place, 1.0),
            )
            for place, one in enumerate(due, 1)
        ]

    async def known(self, due: Sequence[Due]) -> list[list[Known]]:
        """Return earlier findings that may be the same as new ones, for each of *due*."""
        found: list[list[Known]] = [[] for _ in due]
        for row in await self._rows.fetch(KNOWN, *_columns(due), REPEAT_DAYS):
            days = row["first_day"], row["last_day"]
            one = Known(row["id"], row["rule"], row["about"], *days, State(row["state"]))
            found[int(row["place"]) - 1].append(one)
        return found

    async def settle(
        self, found: Mapping[UUID, Found], judged: Sequence[Due], at: datetime
    ) -> None:
        """Keep *found* under their ids, and take *judged* off unless they were counted into."""
        rows: list[dict[str, object]] = [
            {**msgspec.structs.asdict(one), "id": str(key)} for key, one in found.items()
        ]
        untils = [one.until for one in judged]
        await self._rows.execute(SETTLE, as_json(rows), at, *_columns(judged), untils)


def _columns(due: Sequence[Due]) -> tuple[list[str], list[str], list[date]]:
    return (
        [one.key.scope.value for one in due],
        [one.key.actor for one in due],
        [one.key.day for one in due],
    )
