"""Where a question stands, and what may happen to it."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.disclosure.errors import MoveRefused
from gateway.disclosure.questions import Act, Question, State, Step, demand, state

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
LATE = NOON + timedelta(days=11)
QUESTION = Question(
    id="q",
    asker_ref="a" * 32,
    leaf_index=7,
    agency="H99.20",
    exchange=None,
    text="Vì sao?",
    asked_at=NOON,
    acknowledge_by=NOON + timedelta(days=2),
    answer_by=NOON + timedelta(days=10),
    rules=(),
)


def steps(*acts: Act) -> tuple[Step, ...]:
    """Return what happened, in order."""
    return tuple(Step(act=act, at=NOON, by_ref="b" * 32) for act in acts)


@pytest.mark.parametrize(
    ("acts", "now", "expected"),
    [
        ((), NOON, State.ASKED),
        ((), LATE, State.OVERDUE),
        ((Act.ACKNOWLEDGE,), NOON, State.ACKNOWLEDGED),
        ((Act.ACKNOWLEDGE,), LATE, State.OVERDUE),
        ((Act.ANSWER,), LATE, State.ANSWERED),
        ((Act.ANSWER, Act.CLOSE), LATE, State.CLOSED),
        ((Act.CLOSE,), LATE, State.CLOSED),
    ],
)
def test_the_state_follows_from_what_happened_and_the_clock(
    acts: tuple[Act, ...], now: datetime, expected: State
) -> None:
    """Nobody has to remember to call a question late."""
    assert expected is state(QUESTION, steps(*acts), now)


def test_a_question_is_overdue_from_its_instant_on() -> None:
    """The bound itself is late; the moment before is not."""
    assert State.OVERDUE is state(QUESTION, (), QUESTION.answer_by)
    assert State.ASKED is state(QUESTION, (), QUESTION.answer_by - timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("acts", "now", "act"),
    [
        ((Act.ANSWER,), NOON, Act.ANSWER),
        ((Act.ANSWER,), NOON, Act.ACKNOWLEDGE),
        ((Act.ACKNOWLEDGE,), LATE, Act.ACKNOWLEDGE),
        ((Act.CLOSE,), NOON, Act.ANSWER),
        ((Act.CLOSE,), NOON, Act.CLOSE),
    ],
)
def test_what_happened_is_not_undone_or_repeated(
    acts: tuple[Act, ...], now: datetime, act: Act
) -> None:
    """An answer that can be replaced is no answer."""
    with pytest.raises(MoveRefused):
        demand(act, QUESTION, steps(*acts), now)


@pytest.mark.parametrize("act", list(Act))
def test_a_late_answer_is_still_an_answer(act: Act) -> None:
    """The clock shows lateness; it does not close the door."""
    demand(act, QUESTION, (), LATE)

    assert State.OVERDUE is state(QUESTION, (), LATE)
