"""Has our newest checkpoint cosigned: every witness at once, once a minute, whatever one does."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, cast

import structlog
from msgspec import Struct

from gateway.clock import Clock
from gateway.tlog.policies import Policy
from gateway.witnessing.outcomes import ALARMING, Outcome, Witnessed, alarming, unwitnessed
from gateway.witnessing.submission import Answer, Newest, Submission

RETRY_S = 5.0  # after a round without a quorum
EMPTY_S = 0.5  # while the tree is empty: the first checkpoint is offered at once
CLOCK_APART_S = 300  # a witness whose time differs by more has a wrong clock, or we have

_log = structlog.get_logger(__name__)


class Tree(Protocol):
    """Our log, as far as witnesses need it."""

    async def newest(self) -> Newest | None:
        """Return the newest committed checkpoint; None before the first."""
        ...

    async def consistency(self, old: int, new: int) -> Sequence[bytes]:
        """Return the proof that the tree at *new* begins with that at *old*."""
        ...


class Memory(Protocol):
    """Where a round's result is kept."""

    async def record(
        self, size: int, answers: Mapping[str, Answer], *, at: datetime, quorum: bool
    ) -> None:
        """Keep what one round brought."""
        ...

    async def witnessed(self) -> Witnessed:
        """Return when a quorum last stood behind the newest checkpoint."""
        ...


class Pace(Struct, frozen=True):
    """How often, and how long."""

    interval_s: float = 60.0
    deadline_s: float = 10.0
    alarm_s: float = 600.0


class Rounds:
    """Asks every witness of a policy; remembers what each holds."""

    def __init__(
        self,
        policy: Policy,
        submissions: Sequence[Submission],
        tree: Tree,
        memory: Memory,
        *,
        clock: Clock,
        pace: Pace | None = None,
    ) -> None:
        """Ask *submissions*, one for each address of *policy*."""
        self.counted: Counter[str] = Counter({each.value: 0 for each in Outcome})
        self._policy = policy
        self._submissions = submissions
        self._tree = tree
        self._memory = memory
        self._clock = clock
        self._pace = pace or Pace()
        self._held: dict[Submission, int] = {}
        self._said: dict[str, Outcome] = {}
        self._apart: set[str] = set()
        self._last: Witnessed | None = None
        self._trouble = ""
        self._alarmed = False
        self._empty = True

    def age_s(self) -> float:
        """Return for how long no quorum has stood behind the log; 0 until that is known."""
        return unwitnessed(self._last, self._clock()).total_seconds() if self._last else 0.0

    async def keep(self) -> None:
        """Hold rounds for ever; a failure is told once, and the next round does better."""
        while True:
            pause = RETRY_S
            try:
                pause = await self._paced()
                self._trouble = ""
            except Exception as failure:  # noqa: BLE001 - database away: the next round sees
                self._failed(failure)
            self._judge_age()
            await asyncio.sleep(min(pause, self._pace.interval_s))

    async def once(self) -> bool | None:
        """Hold one round; tell whether the policy is met, None while the tree is empty.

        Raises:
            Refusal: the database is away; nothing is known then.
        """
        at = self._clock()
        newest = await self._tree.newest()
        if newest is None or newest.size == 0:
            return None
        answers = await self._asked(newest)
        said = {
            name: _own(answer, name)
            for submission, answer in answers.items()
            for name in submission.names
        }
        quorum = self._policy.quorum_met(
            [name for name, answer in said.items() if answer.outcome is Outcome.COSIGNED]
        )
        self._tell(said, at)
        await self._memory.record(newest.size, said, at=at, quorum=quorum)
        self._last = await self._memory.witnessed()
        return quorum

    async def _paced(self) -> float:
        """Hold one round, and return how long to wait for the next."""
        if self._last is None:
            self._last = await self._memory.witnessed()
        met = await self.once()
        self._empty = met is None
        if self._empty:
            return EMPTY_S
        return self._pace.interval_s if met else RETRY_S

    async def _asked(self, newest: Newest) -> dict[Submission, Answer]:
        deadline = asyncio.get_running_loop().time() + self._pace.deadline_s
        async with asyncio.TaskGroup() as group:
            tasks = {
                each: group.create_task(self._ask(each, newest, deadline))
                for each in self._submissions
            }
        answers = {each: task.result() for each, task in tasks.items()}
        self._held |= {each: answer.size for each, answer in answers.items()}
        return answers

    async def _ask(self, submission: Submission, newest: Newest, deadline: float) -> Answer:
        held, prove = self._held.get(submission, 0), self._tree.consistency
        answer = await submission.offer(newest, held, prove, deadline=deadline)
        if answer.outcome is not Outcome.AHEAD:
            return answer
        now = await self._tree.newest()
        if now is None or now.size < answer.size:
            return answer
        # Not offered again in this round: a quorum stands behind one checkpoint, not behind two.
        return Answer(Outcome.OVERTAKEN, answer.size)

    def _tell(self, said: Mapping[str, Answer], at: datetime) -> None:
        """Count everything; log what changed."""
        for name, answer in said.items():
            self.counted[answer.outcome.value] += 1
            self._tell_clock(name, answer, at)
            if self._said.get(name) is answer.outcome:
                continue
            self._said[name] = answer.outcome
            level = "info" if answer.outcome is Outcome.COSIGNED else "warning"
            level = "critical" if answer.outcome in ALARMING else level
            getattr(_log, level)(
                "witness.answered",
                witness=name,
                outcome=answer.outcome.value,
                tree_size=answer.size,
            )

    def _tell_clock(self, name: str, answer: Answer, at: datetime) -> None:
        """Log once that a witness's clock and ours are apart, and again when they were together."""
        apart_s = [round(each.time_s - at.timestamp()) for each in answer.cosignatures]
        if any(abs(each) > CLOCK_APART_S for each in apart_s):
            if name not in self._apart:
                self._apart.add(name)
                _log.warning("witness.clock_apart", witness=name, age_s=-apart_s[0])
        elif apart_s:
            self._apart.discard(name)

    def _judge_age(self) -> None:
        """Raise the alarm once, and take it back once."""
        if self._last is None or self._empty:  # nothing is late in an empty tree
            return
        now = self._clock()
        is_late = alarming(self._last, now, timedelta(seconds=self._pace.alarm_s))
        if is_late and not self._alarmed:
            age_s = round(self.age_s())
            _log.error("witness.quorum_overdue", age_s=age_s, tree_size=self._last.size)
        elif self._alarmed and not is_late:
            _log.info("witness.quorum_again", tree_size=self._last.size)
        self._alarmed = is_late

    def _failed(self, failure: Exception) -> None:
        kind = _cause(failure)
        if kind != self._trouble:
            self._trouble = kind
            _log.error("witness.round_failed", error=kind)


def _own(answer: Answer, name: str) -> Answer:
    """Return what one key's holder did: an address may hold several keys, and sign with one."""
    if answer.outcome is not Outcome.COSIGNED:
        return answer
    lines = tuple(each for each in answer.cosignatures if each.witness == name)
    return Answer(answer.outcome if lines else Outcome.COSIGNATURE_BAD, answer.size, lines)


def _cause(failure: Exception) -> str:
    """Return the kind of a failure, of a group's first."""
    while isinstance(failure, ExceptionGroup):
        failure = cast("ExceptionGroup[Exception]", failure).exceptions[0]
    return type(failure).__name__
