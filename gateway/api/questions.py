"""Questions about accesses: people ask and close, the agency that looked answers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.status_codes import HTTP_200_OK
from msgspec import Meta, Struct

from auth.people import Person, Role
from auth.permissions import Permission
from gateway.api.disclosed import (
    LARGEST_BODY,
    NO_STORE,
    bounded,
    by,
    number_of,
    read,
    refusing,
    said,
    template,
)
from gateway.api.operations import OfPeople, takes
from gateway.api.own import Append, OwnReads
from gateway.audit.acts import Acts
from gateway.audit.entry import Entry
from gateway.audit.events import Event
from gateway.disclosure.asking import Asking
from gateway.disclosure.deadlines import ACKNOWLEDGE, ANSWER, Deadline
from gateway.disclosure.question_repository import MOST_LISTED, Asked
from gateway.disclosure.questions import Act
from gateway.errors import Code, Refusal

MINE = "/v1/own/questions"
CLOSE = "/v1/own/questions/{question:str}/close"
THEIRS = "/v1/agency/questions"
ACKNOWLEDGE_PATH = "/v1/agency/questions/{question:str}/acknowledgement"
ANSWER_PATH = "/v1/agency/questions/{question:str}/answer"

_RULES: dict[str, Deadline] = {rule.code: rule for rule in (*ACKNOWLEDGE, *ANSWER)}
Text = Annotated[str, Meta(max_length=4_000)]


class QuestionBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person asks about one access."""

    access: Annotated[int, Meta(ge=0)]  # `index` of the line
    text: Text


class AnswerBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an agency answers."""

    text: Text


class Rule(Struct, frozen=True, kw_only=True):
    """What a deadline follows from, and how sure we are of it."""

    code: str
    instrument: str
    article: str
    vi: str
    en: str
    mark: str


class QuestionTold(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A question as both sides see it; who asked is nobody's business but theirs."""

    id: str
    state: str  # asked | acknowledged | overdue | answered | closed
    access: int
    agency: str
    exchange: str | None
    text: str
    asked_at: datetime
    acknowledge_by: datetime
    answer_by: datetime
    rules: tuple[Rule, ...]
    acknowledged_at: datetime | None = None
    answered_at: datetime | None = None
    answer: str | None = None
    closed_at: datetime | None = None


class QuestionsListed(Struct, frozen=True, kw_only=True):
    """One page of questions, newest first."""

    items: tuple[QuestionTold, ...]
    next_cursor: str | None


class QuestionReads:
    """Writes down that an auditor reads other people's questions, before they are sent."""

    def __init__(self, acts: Acts, append: Append) -> None:
        self._acts = acts
        self._append = append

    async def record(self, person: Person) -> None:
        """Return once it is durable; raise AuditUnavailable when it could not be recorded."""
        leaf = self._acts.leaf(Event.AUDIT_SEARCH, by(person), route=template(THEIRS))
        await self._append(Entry(body=leaf))


_ASK = msgspec.json.Decoder(QuestionBody)
_ANSWER = msgspec.json.Decoder(AnswerBody)


class OwnQuestionsController(Controller):
    """The person's side."""

    tags: Sequence[str] | None = ("Own",)

    @post(
        MINE,
        opt={"permission": Permission.OWN_ASK},
        operation_class=takes(QuestionBody),
        request_max_body_size=LARGEST_BODY,
    )
    async def ask(
        self,
        request: Request[Any, Any, State],
        person: NamedDependency[Person],
        asking: NamedDependency[Asking],
        own_reads: NamedDependency[OwnReads],
    ) -> Response[QuestionTold]:
        """Ask the agency behind an access why it looked; its time to answer begins."""
        number = number_of(person)
        own_reads.spend(person)
        body, raw = await read(request, _ASK)
        with refusing():
            asked = await asking.ask(said(person, MINE, raw), number, body.access, body.text)
        return Response(told(asking, asked), headers=NO_STORE)

    @get(MINE, opt={"permission": Permission.OWN_READ}, operation_class=OfPeople)
    async def mine(
        self,
        person: NamedDependency[Person],
        asking: NamedDependency[Asking],
        cursor: FromQuery[str | None] = None,
        limit: FromQuery[int] = 50,
    ) -> Response[QuestionsListed]:
        """Return the person's own questions and what became of them."""
        rows = bounded(limit, MOST_LISTED)
        found = await asking.of_person(number_of(person), cursor, rows)
        return Response(_page(asking, found, rows), headers=NO_STORE)

    @post(
        CLOSE,
        opt={"permission": Permission.OWN_ASK},
        operation_class=OfPeople,
        status_code=HTTP_200_OK,
    )
    async def close(
        self,
        question: FromPath[str],
        person: NamedDependency[Person],
        asking: NamedDependency[Asking],
    ) -> Response[QuestionTold]:
        """Close a question, answered or not."""
        with refusing():
            asked = await asking.close(said(person, CLOSE), number_of(person), question)
        return Response(told(asking, asked), headers=NO_STORE)


class AgencyQuestionsController(Controller):
    """The agency's side: its own questions alone; auditors and privacy officers may read all."""

    tags: Sequence[str] | None = ("Questions",)

    @get(THEIRS, opt={"permission": Permission.QUESTION_READ}, operation_class=OfPeople)
    async def listed(
        self,
        *,
        person: NamedDependency[Person],
        asking: NamedDependency[Asking],
        question_reads: NamedDependency[QuestionReads],
        cursor: FromQuery[str | None] = None,
        limit: FromQuery[int] = 50,
        waiting: FromQuery[bool] = False,
    ) -> Response[QuestionsListed]:
        """Return questions to the caller's agency; to any agency for an auditor."""
        rows = bounded(limit, MOST_LISTED)
        agency = None if Role.AUDITOR in person.roles else person.agency
        if agency is None:
            if Role.AUDITOR not in person.roles:
                raise Refusal(Code.PERMISSION_MISSING)
            await question_reads.record(person)
        found = await asking.questions.of_agency(agency, before=cursor, limit=rows, waiting=waiting)
        return Response(_page(asking, found, rows), headers=NO_STORE)

    @post(
        ACKNOWLEDGE_PATH,
        opt={"permission": Permission.QUESTION_ANSWER},
        operation_class=OfPeople,
        status_code=HTTP_200_OK,
    )
    async def acknowledge(
        self,
        question: FromPath[str],
        person: NamedDependency[Person],
        asking: NamedDependency[Asking],
    ) -> Response[QuestionTold]:
        """Say that the agency has the question."""
        with refusing():
            asked = await asking.acknowledge(said(person, ACKNOWLEDGE_PATH), question)
        return Response(told(asking, asked), headers=NO_STORE)

    @post(
        ANSWER_PATH,
        opt={"permission": Permission.QUESTION_ANSWER},
        operation_class=takes(AnswerBody),
        status_code=HTTP_200_OK,
        request_max_body_size=LARGEST_BODY,
    )
    async def answer(
        self,
        request: Request[Any, Any, State],
        question: FromPath[str],
        person: NamedDependency[Person],
        asking: NamedDependency[Asking],
    ) -> Response[QuestionTold]:
        """Answer a question; the person sees it at once."""
        body, raw = await read(request, _ANSWER)
        with refusing():
            asked = await asking.answer(said(person, ANSWER_PATH, raw), question, body.text)
        return Response(told(asking, asked), headers=NO_STORE)


def told(asking: Asking, asked: Asked) -> QuestionTold:
    """Return a question as both sides see it."""
    question = asked.question
    steps = {step.act: step for step in asked.steps}
    answer = steps.get(Act.ANSWER)
    return QuestionTold(
        id=question.id,
        state=asking.state(asked).value,
        access=question.leaf_index,
        agency=question.agency,
        exchange=question.exchange,
        text=question.text,
        asked_at=question.asked_at,
        acknowledge_by=question.acknowledge_by,
        answer_by=question.answer_by,
        rules=tuple(_rule(_RULES[code]) for code in question.rules if code in _RULES),
        acknowledged_at=steps[Act.ACKNOWLEDGE].at if Act.ACKNOWLEDGE in steps else None,
        answered_at=answer.at if answer else None,
        answer=answer.text if answer else None,
        closed_at=steps[Act.CLOSE].at if Act.CLOSE in steps else None,
    )


def _rule(rule: Deadline) -> Rule:
    return Rule(
        code=rule.code,
        instrument=rule.instrument,
        article=rule.article,
        vi=rule.text_vi,
        en=rule.text_en,
        mark=rule.mark.value,
    )


def _page(asking: Asking, found: Sequence[Asked], rows: int) -> QuestionsListed:
    more = found[-1].question.id if len(found) == rows else None
    return QuestionsListed(items=tuple(told(asking, each) for each in found), next_cursor=more)
