"""Questions about accesses: asked by people, answered by agencies, each act on record first."""

from collections.abc import Awaitable, Callable

import uuid_utils
from msgspec import Struct

from gateway.audit.acts import Acts, By
from gateway.audit.entry import Entry, Receipt
from gateway.audit.events import Changed, Event, Method
from gateway.audit.leaf import Change
from gateway.audit.pseudonyms import Pseudonyms, Scheme
from gateway.clock import Clock
from gateway.disclosure import deadlines
from gateway.disclosure.errors import Unknown
from gateway.disclosure.own import Own
from gateway.disclosure.question_repository import Asked, QuestionRepository
from gateway.disclosure.questions import Act, Question, State, Step, demand, state
from gateway.disclosure.seals import COVERED
from gateway.disclosure.texts import written

Append = Callable[[Entry], Awaitable[Receipt]]

EVENTS: dict[Act, Event] = {
    Act.ACKNOWLEDGE: Event.QUESTION_ACKNOWLEDGE,
    Act.ANSWER: Event.QUESTION_ANSWER,
    Act.CLOSE: Event.QUESTION_CLOSE,
}


class Said(Struct, frozen=True, kw_only=True):
    """Who acts, by which route, and the body as it came; the leaf keeps a salted digest of it."""

    by: By
    route: str
    raw: bytes


class Asking(Struct, frozen=True, kw_only=True):
    """What people and agencies do with questions; the leaf is durable before the row is."""

    questions: QuestionRepository
    own: Own
    acts: Acts
    append: Append
    pseudonyms: Pseudonyms
    clock: Clock

    async def ask(self, said: Said, number: str, index: int, text: str) -> Asked:
        """Ask the agency behind the access at *index* why it looked.

        Args:
            said: the person who asks.
            number: the person's own, proven by the sign-on.
            index: of a record about this person.
            text: 3 to 2,000 characters.

        Raises:
            Unknown: no such access, it is about somebody else, or it is sealed.
            MoveRefused: asked before, or too many questions are open.
            TextRefused: the text cannot be kept.
        """
        plain = written(text)
        record = await self.own.record(await self.own.owner(number), index)
        leaf, now = record.leaf, self.clock()
        if leaf.type not in COVERED or leaf.actor is None or leaf.actor.org is None:
            raise Unknown
        first = deadlines.in_force(deadlines.ACKNOWLEDGE, now)
        last = deadlines.in_force(deadlines.ANSWER, now)
        question = Question(
            id=str(uuid_utils.uuid7()),
            asker_ref=self.pseudonyms.person(number),
            leaf_index=index,
            agency=leaf.actor.org,
            exchange=leaf.req.id if leaf.req else None,
            text=plain,
            asked_at=now,
            acknowledge_by=min(deadlines.due(first, now), deadlines.due(last, now)),
            answer_by=deadlines.due(last, now),
            rules=(first.code, last.code),
        )
        await self._record(Event.QUESTION_ASK, said, question.id, number)
        await self.questions.ask(question)
        return Asked(question, ())

    async def close(self, said: Said, number: str, question_id: str) -> Asked:
        """Close one's own question; raise Unknown for another's, MoveRefused when it is closed."""
        asked = await self.questions.one(question_id)
        asker_ref = self.pseudonyms.person(number)
        if asked.question.asker_ref != asker_ref:
            raise Unknown
        return await self._step(said, asked, Act.CLOSE, by_ref=asker_ref)

    async def acknowledge(self, said: Said, question_id: str) -> Asked:
        """Say that the agency has the question; raise Unknown for another agency's."""
        asked = await self._to_agency(said.by, question_id)
        return await self._step(said, asked, Act.ACKNOWLEDGE)

    async def answer(self, said: Said, question_id: str, text: str) -> Asked:
        """Answer a question for the agency that was asked.

        Raises:
            Unknown: no such question, or it was put to another agency.
            MoveRefused: it was answered or closed before.
            TextRefused: the text cannot be kept.
        """
        asked = await self._to_agency(said.by, question_id)
        return await self._step(said, asked, Act.ANSWER, text=written(text))

    async def of_person(self, number: str, before: str | None, limit: int) -> list[Asked]:
        """Return a person's own questions, newest first."""
        asker_ref = self.pseudonyms.person(number)
        return await self.questions.of_asker(asker_ref, before=before, limit=limit)

    def state(self, asked: Asked) -> State:
        """Return where a question stands now."""
        return state(asked.question, asked.steps, self.clock())

    async def _to_agency(self, by: By, question_id: str) -> Asked:
        asked = await self.questions.one(question_id)
        if by.agency is None or asked.question.agency != by.agency:
            raise Unknown
        return asked

    async def _step(
        self,
        said: Said,
        asked: Asked,
        act: Act,
        *,
        by_ref: str | None = None,
        text: str | None = None,
    ) -> Asked:
        now, question = self.clock(), asked.question
        demand(act, question, asked.steps, now)
        await self._record(EVENTS[act], said, question.id, None)
        actor = by_ref or self.acts.pseudonym(said.by.id)
        await self.questions.step(question.id, Step(act=act, at=now, by_ref=actor, text=text))
        return await self.questions.one(question.id)

    async def _record(
        self, event: Event, said: Said, question_id: str, number: str | None
    ) -> Receipt:
        leaf = self.acts.leaf(
            event,
            said.by,
            route=said.route,
            method=Method.POST,
            request=said.raw,
            subjects=() if number is None else ((Scheme.CITIZEN, number),),
            change=Change(kind=Changed.QUESTION, id=question_id),
        )
        return await self.append(Entry(body=leaf))
