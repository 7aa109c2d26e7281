"""A person's question about one access, and where it stands; pure."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from gateway.disclosure.errors import MoveRefused

MOST_OPEN = 20  # questions of one person that nobody has answered yet


class State(StrEnum):
    """Where a question stands; OVERDUE is ASKED or ACKNOWLEDGED after its time."""

    ASKED = "asked"
    ACKNOWLEDGED = "acknowledged"
    OVERDUE = "overdue"
    ANSWERED = "answered"
    CLOSED = "closed"


class Act(StrEnum):
    """What happens to a question after it was asked."""

    ACKNOWLEDGE = "acknowledge"
    ANSWER = "answer"
    CLOSE = "close"  # by the person, once it is answered, or at any time


MOVES: dict[State, frozenset[Act]] = {
    State.ASKED: frozenset(Act),
    State.ACKNOWLEDGED: frozenset({Act.ANSWER, Act.CLOSE}),
    State.OVERDUE: frozenset(Act),
    State.ANSWERED: frozenset({Act.CLOSE}),
    State.CLOSED: frozenset(),
}
AFTER: dict[Act, State] = {
    Act.ACKNOWLEDGE: State.ACKNOWLEDGED,
    Act.ANSWER: State.ANSWERED,
    Act.CLOSE: State.CLOSED,
}


class Question(Struct, frozen=True, kw_only=True):
    """What was asked: about which record, of which agency, by when it is to be answered."""

    id: str  # UUIDv7
    asker_ref: str  # lasting pseudonym of the person; the agency never sees it
    leaf_index: int
    agency: str  # who looked, and so who answers
    exchange: str | None  # by which the agency finds the access in its own books
    text: str
    asked_at: datetime
    acknowledge_by: datetime
    answer_by: datetime
    rules: tuple[str, ...]  # codes of the deadlines that were in force


class Step(Struct, frozen=True, kw_only=True):
    """One thing that happened to a question."""

    act: Act
    at: datetime
    by_ref: str  # pseudonym of the official, or of the person
    text: str | None = None  # of the answer


def state(question: Question, steps: Sequence[Step], now: datetime) -> State:
    """Return where *question* stands at *now*."""
    reached = AFTER[steps[-1].act] if steps else State.ASKED
    if reached in (State.ASKED, State.ACKNOWLEDGED) and now >= question.answer_by:
        return State.OVERDUE
    return reached


def demand(act: Act, question: Question, steps: Sequence[Step], now: datetime) -> None:
    """Demand that *act* may follow.

    Raises:
        MoveRefused: it may not.
    """
    if act not in MOVES[state(question, steps, now)]:
        raise MoveRefused
    if any(step.act is act for step in steps):  # an overdue question was acknowledged before
        raise MoveRefused
