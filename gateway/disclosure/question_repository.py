"""Questions in, questions out; rows and SQL stay in here."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg
from msgspec import Struct

from gateway.disclosure.errors import MoveRefused, TextRefused, Unknown
from gateway.disclosure.questions import MOST_OPEN, Act, Question, Step
from gateway.disclosure.rows import Row, Rows, rule_of

MOST_LISTED = 200

ASK = """
INSERT INTO disclosure.question (id, asker_ref, leaf_index, agency, exchange, text, asked_at,
  acknowledge_by, answer_by, rules)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10
WHERE (SELECT count(*) FROM disclosure.question q WHERE q.asker_ref = $2 AND NOT EXISTS (
  SELECT FROM disclosure.question_step s
  WHERE s.question_id = q.id AND s.act IN ('answer', 'close'))) < $11
"""
QUESTIONS = """
SELECT q.id, q.asker_ref, q.leaf_index, q.agency, q.exchange, q.text, q.asked_at,
       q.acknowledge_by, q.answer_by, q.rules,
       array_agg(s.act ORDER BY s.seq) FILTER (WHERE s.seq IS NOT NULL) AS acts,
       array_agg(s.at ORDER BY s.seq) FILTER (WHERE s.seq IS NOT NULL) AS instants,
       array_agg(s.by_ref ORDER BY s.seq) FILTER (WHERE s.seq IS NOT NULL) AS actors,
       array_agg(s.text ORDER BY s.seq) FILTER (WHERE s.seq IS NOT NULL) AS texts
FROM disclosure.question q
LEFT JOIN disclosure.question_step s ON s.question_id = q.id
"""
OF_ASKER = f"""{QUESTIONS} WHERE q.asker_ref = $1 AND ($2::text IS NULL OR q.id < $2)
GROUP BY q.id ORDER BY q.id DESC LIMIT $3"""
OF_AGENCY = f"""{QUESTIONS} WHERE ($1::text IS NULL OR q.agency = $1)
  AND ($2::text IS NULL OR q.id < $2)
  AND (NOT $4 OR NOT EXISTS (SELECT FROM disclosure.question_step e
    WHERE e.question_id = q.id AND e.act IN ('answer', 'close')))
GROUP BY q.id ORDER BY q.id DESC LIMIT $3"""
ONE = f"{QUESTIONS} WHERE q.id = $1 GROUP BY q.id"
STEP = """
INSERT INTO disclosure.question_step (question_id, seq, act, at, by_ref, text)
VALUES ($1, 1, $2, $3, $4, $5)
"""
OVERDUE = """
SELECT count(*) AS n FROM disclosure.question q
WHERE q.answer_by <= $1 AND NOT EXISTS (SELECT FROM disclosure.question_step s
  WHERE s.question_id = q.id AND s.act IN ('answer', 'close'))
"""


class Asked(Struct, frozen=True):
    """A question and everything that happened to it, in order."""

    question: Question
    steps: tuple[Step, ...]


class QuestionRepository:
    """Each act is one statement: whole, or not at all."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def ask(self, question: Question) -> None:
        """Store a question.

        Raises:
            MoveRefused: this person has asked about this access before, or has too many
                questions open.
            TextRefused: the database refuses the text.
        """
        try:
            done = await self._rows.execute(
                ASK,
                question.id,
                question.asker_ref,
                question.leaf_index,
                question.agency,
                question.exchange,
                question.text,
                question.asked_at,
                question.acknowledge_by,
                question.answer_by,
                list(question.rules),
                MOST_OPEN,
            )
        except asyncpg.IntegrityConstraintViolationError as refused:
            raise _refusal(refused) from None
        if done != "INSERT 0 1":
            raise MoveRefused

    async def step(self, question_id: str, step: Step) -> None:
        """Add what happened to a question; the database numbers and judges it.

        Raises:
            MoveRefused: it may not follow, or happened before.
            TextRefused: the database refuses the text.
            Unknown: no such question.
        """
        try:
            await self._rows.execute(
                STEP, question_id, step.act.value, step.at, step.by_ref, step.text
            )
        except asyncpg.ForeignKeyViolationError:
            raise Unknown from None
        except asyncpg.IntegrityConstraintViolationError as refused:
            raise _refusal(refused) from None

    async def one(self, question_id: str) -> Asked:
        """Return one question; raise Unknown when there is none."""
        row = await self._rows.fetchrow(ONE, question_id)
        if row is None:
            raise Unknown
        return _asked(row)

    async def of_asker(self, asker_ref: str, *, before: str | None, limit: int) -> list[Asked]:
        """Return a person's own questions, newest first, at most 200."""
        return _all(await self._rows.fetch(OF_ASKER, asker_ref, before, _bounded(limit)))

    async def of_agency(
        self, agency: str | None, *, before: str | None, limit: int, waiting: bool
    ) -> list[Asked]:
        """Return questions to *agency* (None: to any), newest first, at most 200.

        Args:
            agency: who is asked.
            before: the id of the last one seen.
            limit: how many.
            waiting: only those that nobody has answered.
        """
        return _all(await self._rows.fetch(OF_AGENCY, agency, before, _bounded(limit), waiting))

    async def overdue(self, now: datetime) -> int:
        """Return how many questions have waited longer than the rules allow."""
        row = await self._rows.fetchrow(OVERDUE, now)
        return 0 if row is None else int(row["n"])


def _bounded(limit: int) -> int:
    return min(max(limit, 1), MOST_LISTED)


def _refusal(refused: asyncpg.IntegrityConstraintViolationError) -> Exception:
    if rule_of(refused) in {"question_text_check", "question_step_text_check"}:
        return TextRefused("digits")
    return MoveRefused()


def _all(rows: Sequence[Row]) -> list[Asked]:
    return [_asked(row) for row in rows]


def _asked(row: Row) -> Asked:
    members = {name: row[name] for name in Question.__struct_fields__}
    members["rules"] = tuple(members["rules"])
    columns = (row["acts"] or (), row["instants"] or (), row["actors"] or (), row["texts"] or ())
    steps = tuple(
        Step(act=Act(act), at=at, by_ref=by, text=text)
        for act, at, by, text in zip(*columns, strict=True)
    )
    return Asked(Question(**members), steps)
