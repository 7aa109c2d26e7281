"""Questions on a real database: asked about one's own access, answered by who looked, on time."""

from datetime import timedelta

import asyncpg
import pytest
from msgspec.structs import replace

from gateway.audit.acts import By
from gateway.audit.entry import Entry, Receipt
from gateway.audit.events import Event
from gateway.audit.leaf import parse
from gateway.disclosure.errors import MoveRefused, TextRefused, Unknown
from gateway.disclosure.questions import MOST_OPEN, Act, State, Step
from gateway.errors import AuditUnavailable
from gateway.sequencing.repository import TreeRepository
from tests.audit_rows import connected
from tests.disclosure_builders import ANSWERER, ASKER, MINE, POLICE, THEIRS, Disclosed
from tests.search_builders import an_access_of

WHY = "Vì sao cơ quan xem dữ liệu của tôi?"


async def test_a_question_goes_to_whoever_looked_and_its_clock_runs(told: Disclosed) -> None:
    """The person names the line; agency, exchange and deadlines follow from the record."""
    await told.add([an_access_of(told.pseudonyms, MINE)])

    asked = await told.asking.ask(ASKER, MINE, 0, WHY)

    question = asked.question
    assert (POLICE, 0, State.ASKED) == (
        question.agency, question.leaf_index, told.asking.state(asked),
    )  # fmt: skip
    assert question.exchange is not None
    assert timedelta(days=10) <= question.answer_by - question.asked_at <= timedelta(days=11)
    assert question.acknowledge_by < question.answer_by


async def test_the_whole_life_of_a_question_is_on_record(told: Disclosed) -> None:
    """Who asked and answered is provable later; the words themselves are in no leaf."""
    await told.add([an_access_of(told.pseudonyms, MINE)])
    asked = await told.asking.ask(ASKER, MINE, 0, WHY)
    of = asked.question.id
    await told.asking.acknowledge(ANSWERER, of)
    answered = await told.asking.answer(ANSWERER, of, "Để giải quyết hồ sơ của ông bà.")
    closed = await told.asking.close(ASKER, MINE, of)

    async with connected(told.dsn) as connection:
        places = await TreeRepository(connection).entries(1, 10)
    leaves = [parse(place.entry) for place in places]

    assert [
        Event.QUESTION_ASK, Event.QUESTION_ACKNOWLEDGE, Event.QUESTION_ANSWER, Event.QUESTION_CLOSE,
    ] == [leaf.type for leaf in leaves]  # fmt: skip
    assert {of} == {leaf.change.id for leaf in leaves if leaf.change}
    assert not any(WHY.encode() in place.entry for place in places)
    assert (State.ANSWERED, State.CLOSED) == tuple(map(told.asking.state, (answered, closed)))
    assert [Act.ACKNOWLEDGE, Act.ANSWER, Act.CLOSE] == [step.act for step in closed.steps]


async def test_nobody_asks_about_what_is_not_theirs_or_is_sealed(told: Disclosed) -> None:
    """A stranger's access, a sealed one and one that is not there get the same answer."""
    await told.add([an_access_of(told.pseudonyms, THEIRS), an_access_of(told.pseudonyms, MINE)])
    await told.seal()

    for index in (0, 1, 99, -1, 2**62):
        with pytest.raises(Unknown):
            await told.asking.ask(ASKER, MINE, index, WHY)


async def test_one_access_is_asked_about_once(told: Disclosed) -> None:
    """The agency owes one answer, not as many as somebody can click."""
    await told.add([an_access_of(told.pseudonyms, MINE)])
    await told.asking.ask(ASKER, MINE, 0, WHY)

    with pytest.raises(MoveRefused):
        await told.asking.ask(ASKER, MINE, 0, WHY)


async def test_a_person_has_so_many_open_questions_and_no_more(told: Disclosed) -> None:
    """One account must not drown an agency; an answer makes room."""
    await told.add(an_access_of(told.pseudonyms, MINE) for _ in range(MOST_OPEN + 1))
    asked = [await told.asking.ask(ASKER, MINE, index, WHY) for index in range(MOST_OPEN)]
    with pytest.raises(MoveRefused):
        await told.asking.ask(ASKER, MINE, MOST_OPEN, WHY)

    await told.asking.answer(ANSWERER, asked[0].question.id, "Đã trả lời.")

    assert await told.asking.ask(ASKER, MINE, MOST_OPEN, WHY)


async def test_only_the_agency_that_looked_answers(told: Disclosed) -> None:
    """Another agency's officer does not even learn that there is a question."""
    await told.add([an_access_of(told.pseudonyms, MINE)])
    of = (await told.asking.ask(ASKER, MINE, 0, WHY)).question.id

    for by in (By(id="qt-02", agency="H31.99"), By(id="qt-03")):
        with pytest.raises(Unknown):
            await told.asking.answer(replace(ANSWERER, by=by), of, "Không phải việc của tôi")
        with pytest.raises(Unknown):
            await told.asking.acknowledge(replace(ANSWERER, by=by), of)
    with pytest.raises(Unknown):
        await told.asking.close(ASKER, THEIRS, of)
    with pytest.raises(Unknown):
        await told.asking.answer(ANSWERER, "no-such-question", "Không có")


async def test_what_is_late_is_overdue_and_may_still_be_answered(told: Disclosed) -> None:
    """The delay shows on its own; the answer is welcome all the same."""
    await told.add([an_access_of(told.pseudonyms, MINE)])
    asked = await told.asking.ask(ASKER, MINE, 0, WHY)
    told.clock.now = asked.question.answer_by

    assert State.OVERDUE is told.asking.state(asked)
    assert 1 == await told.asking.questions.overdue(told.clock())
    late = await told.asking.answer(ANSWERER, asked.question.id, "Xin lỗi vì chậm trễ.")
    assert State.ANSWERED is told.asking.state(late)
    assert 0 == await told.asking.questions.overdue(told.clock())


async def test_an_answer_is_given_once(told: Disclosed) -> None:
    """What the person has read stays what was said; two officers at once do not both answer."""
    await told.add([an_access_of(told.pseudonyms, MINE)])
    of = (await told.asking.ask(ASKER, MINE, 0, WHY)).question.id
    await told.asking.answer(ANSWERER, of, "Lần một")

    with pytest.raises(MoveRefused):
        await told.asking.answer(ANSWERER, of, "Lần hai")
    late = Step(act=Act.ANSWER, at=told.clock(), by_ref="b" * 32, text="Lần hai")
    with pytest.raises(MoveRefused):
        await told.asking.questions.step(of, late)


async def test_neither_side_can_leave_a_number_in_a_text(told: Disclosed) -> None:
    """The program refuses, and the database refuses by itself."""
    await told.add([an_access_of(told.pseudonyms, MINE)])
    with pytest.raises(TextRefused):
        await told.asking.ask(ASKER, MINE, 0, f"Số của tôi là {MINE}")
    of = (await told.asking.ask(ASKER, MINE, 0, WHY)).question.id
    with pytest.raises(TextRefused):
        await told.asking.answer(ANSWERER, of, "Ông mang số 003 190 000 123")
    bad = Step(act=Act.ANSWER, at=told.clock(), by_ref="b" * 32, text=f"số {MINE}")
    with pytest.raises(TextRefused):
        await told.asking.questions.step(of, bad)


async def test_without_a_record_there_is_no_question(told: Disclosed) -> None:
    """The leaf comes first."""

    async def away(_: Entry) -> Receipt:
        raise AuditUnavailable

    await told.add([an_access_of(told.pseudonyms, MINE)])
    with pytest.raises(AuditUnavailable):
        await replace(told.asking, append=away).ask(ASKER, MINE, 0, WHY)

    assert [] == await told.asking.of_person(MINE, None, 10)


async def test_lists_go_on_where_they_ended(told: Disclosed) -> None:
    """Newest first; an agency may ask for what still waits."""
    await told.add(an_access_of(told.pseudonyms, MINE) for _ in range(3))
    asked = [(await told.asking.ask(ASKER, MINE, index, WHY)).question.id for index in range(3)]
    await told.asking.answer(ANSWERER, asked[1], "Đã trả lời.")
    questions = told.asking.questions

    first = await told.asking.of_person(MINE, None, 2)
    rest = await told.asking.of_person(MINE, first[-1].question.id, 2)
    waiting = await questions.of_agency(POLICE, before=None, limit=9, waiting=True)
    all_of_them = await questions.of_agency(None, before=None, limit=9, waiting=False)

    assert asked[::-1] == [each.question.id for each in (*first, *rest)]
    assert [asked[2], asked[0]] == [each.question.id for each in waiting]
    assert 3 == len(all_of_them)
    assert [] == await questions.of_agency("H31.99", before=None, limit=9, waiting=False)
    assert [] == await told.asking.of_person(THEIRS, None, 9)


async def test_questions_and_answers_are_never_rewritten(told: Disclosed) -> None:
    """Neither by the application nor by the owner of the tables."""
    await told.add([an_access_of(told.pseudonyms, MINE)])
    of = (await told.asking.ask(ASKER, MINE, 0, WHY)).question.id
    await told.asking.answer(ANSWERER, of, "Đã trả lời.")

    for change in (
        "UPDATE disclosure.question SET answer_by = answer_by + interval '1 day'",
        "UPDATE disclosure.question_step SET text = 'khác'",
        "DELETE FROM disclosure.question_step",
    ):
        async with connected(told.dsn) as connection:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(change)
