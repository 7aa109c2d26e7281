"""One question to one source, guarded: place, breaker, deadline, second try, count."""

import asyncio
import random
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import NoReturn, Protocol, TypeAlias, TypeVar, runtime_checkable

from msgspec import Struct

from adapters.breaker import Breaker, BreakerState
from adapters.client import QuestionRefused, SourceClient, SourceReply
from adapters.errors import (
    CircuitOpen,
    SourceError,
    SourceMalformed,
    SourceSchemaMismatch,
    SourceTimeout,
    SourceUnavailable,
    SubjectUnknown,
)
from adapters.fast import FastClient
from adapters.limits import Gate, RetryBudget
from adapters.settings import SourceSettings

Read = TypeVar("Read")
Observe: TypeAlias = Callable[[str, str, float], None]  # source, outcome code, seconds

_REDIRECTS = range(300, 400)
_BACKOFF_S = 0.025  # before the second try; twice that before the third; half to one and a half


class Question(Struct, frozen=True, kw_only=True):
    """One request on the wire, and whether asking it twice changes nothing."""

    path: str
    headers: Mapping[str, str]  # alike in question after question
    body: bytes
    trace: Mapping[str, str] = {}  # of this question alone
    method: str = "POST"
    safe: bool = True  # look-ups are, though registers want them as POST


class Guarded(Protocol):
    """What a connector holds: a door to its source."""

    async def ask(
        self, question: Question, read: Callable[[SourceReply], Read], *, deadline: float
    ) -> Read:
        """Return what *read* makes of the reply; raise a SourceError otherwise."""
        ...


@runtime_checkable
class Watched(Protocol):
    """A connector that shows how it stands with its source; `SourceAdapter` demands it of none."""

    @property
    def state(self) -> BreakerState:
        """Whether questions go through now."""
        ...

    @property
    def in_flight(self) -> int:
        """How many questions are under way."""
        ...


class GuardedClient:
    """Everything between a connector's question and a transport.

    `read` runs inside the accounting, so that an answer that cannot be read counts against the
    source like no answer.  Against the breaker count: refused or lost connections, 5xx, answers
    outside HTTP or the agreed format, and silence, if the source was given at least half of
    `timeout_s`: a caller in a hurry must not shut a source for everybody.  An unknown subject, a
    refused question, another shape and a cancelled call do not count.
    """

    def __init__(
        self,
        source: str,
        settings: SourceSettings,
        *,
        client: SourceClient | None = None,
        observe: Observe | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._source = source
        self._settings = settings
        self._client = client or transport(source, settings)
        self._observe = observe
        self._jitter = jitter
        self._breaker = Breaker(settings.breaker.failures, settings.breaker.reset_s)
        self._budget = RetryBudget()
        self._gate: Gate | None = None
        self._now: Callable[[], float] = _never  # the event loop's time, once there is a loop

    @property
    def state(self) -> BreakerState:
        """Whether questions go through now."""
        return self._breaker.state

    @property
    def in_flight(self) -> int:
        """How many questions have a place now; whoever waits for one is not among them."""
        return 0 if self._gate is None else self._gate.taken

    async def open(self) -> None:
        """Make ready; raise AdapterMisconfigured when the settings cannot work."""
        self._now = asyncio.get_running_loop().time
        self._gate = Gate(self._source, self._settings.concurrency, self._settings.waiting)
        await self._client.open()

    async def aclose(self) -> None:
        """Let go of connections; twice is harmless."""
        gate, self._gate = self._gate, None
        if gate is not None:
            gate.close()
        await self._client.aclose()

    async def ask(
        self, question: Question, read: Callable[[SourceReply], Read], *, deadline: float
    ) -> Read:
        """Put *question* and return what *read* makes of the reply.

        Args:
            question: to be sent as it is.
            read: turns a reply of any status but 3xx into a value, or raises a SourceError.
            deadline: event-loop time; `timeout_s` may end the wait earlier.

        Raises:
            SourceError: one of its kinds, whatever happens.
        """
        start = self._now()
        deadline = min(deadline, start + self._settings.timeout_s)
        outcome = "cancelled"
        try:
            gate = self._gate
            if gate is None:
                raise SourceUnavailable(self._source, "closed")
            if not gate.enter_at_once():
                await self._wait(gate, start, deadline)
            try:
                answer = await self._tried(question, read, deadline)
            finally:
                gate.leave()
            outcome = "ok"
        except SourceError as error:
            outcome = error.code
            raise
        finally:
            if self._observe is not None:
                self._observe(self._source, outcome, self._now() - start)
        return answer

    async def _wait(self, gate: Gate, now: float, deadline: float) -> None:
        """Wait for a place, but not for a source that is not being asked."""
        if self._breaker.state is BreakerState.OPEN and not self._breaker.rested(now):
            raise self._shut()
        await gate.enter(deadline)

    async def _tried(
        self, question: Question, read: Callable[[SourceReply], Read], deadline: float
    ) -> Read:
        """Put *question*, and once more what may be put again; raise the last failure."""
        attempt = 0
        while True:
            begun = self._now()
            if begun >= deadline:
                raise SourceTimeout(self._source, "no time left to ask")
            permit = self._breaker.permit(begun)
            if permit is None:
                raise self._shut()
            try:
                reply = await self._client.request(
                    question.method,
                    question.path,
                    question.headers,
                    question.body,
                    trace=question.trace,
                    deadline=deadline,
                    safe=question.safe,
                )
                if reply.status in _REDIRECTS:
                    self._stay()
                answer = read(reply)
            except SourceError as error:
                self._learn(permit, error, allowed=deadline - begun)
                attempt += 1
                pause = self._pause(question, error, attempt, deadline)
                if pause is None:
                    raise
            except BaseException:  # cancelled: nothing was learnt
                self._breaker.abandoned(permit)
                raise
            else:
                self._breaker.succeeded(permit)
                self._budget.earn()
                return answer
            await asyncio.sleep(pause)

    def _pause(
        self, question: Question, error: SourceError, attempt: int, deadline: float
    ) -> float | None:
        """Return the seconds to wait before *question* is put again; None: not again."""
        lost = isinstance(error, SourceUnavailable) and not isinstance(error, QuestionRefused)
        if not (question.safe and lost and attempt <= self._settings.retries):
            return None
        pause = _BACKOFF_S * attempt * (0.5 + self._jitter())
        in_time = self._now() + pause < deadline
        return pause if in_time and self._budget.spend() else None

    def _stay(self) -> NoReturn:
        """Follow nobody: no word of a source moves a question."""
        raise SourceMalformed(self._source, "redirected")

    def _shut(self) -> CircuitOpen:
        return CircuitOpen(self._source, "not asked: failed too often just now")

    def _learn(self, permit: int, error: SourceError, *, allowed: float) -> None:
        """Settle what *error* says of the source's health, given *allowed* seconds to answer."""
        if isinstance(error, SubjectUnknown | QuestionRefused | SourceSchemaMismatch):
            self._breaker.succeeded(permit)
            self._budget.earn()
        elif isinstance(error, SourceTimeout) and allowed < self._settings.timeout_s / 2:
            self._breaker.abandoned(permit)
        else:
            self._breaker.failed(permit, self._now())


def transport(source: str, settings: SourceSettings) -> SourceClient:
    """Return the transport that *settings* choose; the one place where it is chosen."""
    plain = settings.base_url.startswith("http:")
    if settings.transport == "fast" or (settings.transport == "auto" and plain):
        return FastClient(source, settings)
    # Loaded by those who need it: the library and its transport take 14 MiB of a worker.
    module = import_module("adapters.through_httpx")
    client: SourceClient = module.HttpxClient(source, settings)
    return client


def _never() -> float:
    return 0.0
