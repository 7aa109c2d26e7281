"""What every connector must do, as checks that anybody can run against their own.

A test suite parametrises over `CHECKS` and hands each check a `Rig`:

    @pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS.keys())
    async def test_conforms(check: Check, rig: Rig) -> None:
        await check(rig)
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Protocol, TypeAlias

import msgspec

from adapters.errors import (
    SourceError,
    SourceMalformed,
    SourceSchemaMismatch,
    SourceTimeout,
    SourceUnavailable,
    SubjectUnknown,
)
from adapters.protocol import Match, Query, Record, SourceAdapter

PATIENCE_S = 2.0  # for a right answer
SHORT_S = 0.3  # given to a source that will not answer
LATE_S = 0.2  # an error may come this much after its deadline


class Nonconforming(AssertionError):
    """A connector did not do what every connector must do."""


class Rig(Protocol):
    """What the author of a connector brings: a stand-in of the source, and questions to it."""

    def make(self) -> SourceAdapter:
        """Return a fresh connector to the stand-in, not opened."""
        ...

    def known(self) -> Query:
        """Return a question that the stand-in answers; at least two fields of the answer."""
        ...

    def unknown(self) -> Query:
        """Return the same kind of question about somebody the stand-in does not know."""
        ...

    async def misbehave(self, fault: str) -> None:
        """Make every next answer go wrong, until `mend`.

        Args:
            fault: "silent", "garbled", "truncated", "oversize", "redirect", "busy", "error-500",
                "half-closed", "wrong-person" or "schema-drift".
        """
        ...

    async def mend(self) -> None:
        """Make the stand-in behave again."""
        ...


Check: TypeAlias = Callable[[Rig], Awaitable[None]]


async def only_asked_fields_come_back(rig: Rig) -> None:
    """Insist that a record holds the fields asked, each as a value or with a reason."""
    async with _opened(rig) as adapter:
        whole = await _asked(adapter, rig.known())
        _demand_fields(rig.known(), whole)
        for field in rig.known().fields:
            one = msgspec.structs.replace(rig.known(), fields=frozenset({field}))
            _demand_fields(one, await _asked(adapter, one))


async def an_unknown_subject_is_named_so(rig: Rig) -> None:
    """Insist on SubjectUnknown, or Match.NONE from a verification; never an empty record."""
    async with _opened(rig) as adapter:
        try:
            record = await _asked(adapter, rig.unknown())
        except SubjectUnknown as unknown:
            _demand_silence(rig.unknown(), unknown)
        else:
            _demand(record.match is Match.NONE, "an unknown subject was recognised")


async def silence_ends_at_the_deadline(rig: Rig) -> None:
    """Insist on SourceTimeout, soon after the deadline and not before it."""
    loop = asyncio.get_running_loop()
    async with _opened(rig) as adapter, _misbehaving(rig, "silent"):
        begun = loop.time()
        await _fails(adapter, rig.known(), SourceTimeout, within=SHORT_S)
        spent = loop.time() - begun
    _demand(SHORT_S - 0.05 <= spent <= SHORT_S + LATE_S, f"silence took {spent:.3f} s")


async def a_cancelled_question_leaves_no_trace(rig: Rig) -> None:
    """Insist that the caller's going away ends the question, and that the next one is answered."""
    async with _opened(rig) as adapter:
        async with _misbehaving(rig, "silent"):
            try:
                async with asyncio.timeout(SHORT_S):
                    await _asked(adapter, rig.known())
            except TimeoutError:
                pass
            else:
                raise Nonconforming("a silent source answered")
        _demand_fields(rig.known(), await _asked(adapter, rig.known()))


async def closing_twice_is_harmless(rig: Rig) -> None:
    """Insist that a connector may be closed unopened, closed twice, and answers no more after."""
    adapter = rig.make()
    await adapter.aclose()
    await adapter.open()
    await _asked(adapter, rig.known())
    await adapter.aclose()
    await adapter.aclose()
    await _fails(adapter, rig.known(), SourceError)


def fault_is_named(fault: str, *names: type[SourceError]) -> Check:
    """Return the check that *fault* ends in one of *names*, and that the next answer is right."""

    async def check(rig: Rig) -> None:
        async with _opened(rig) as adapter:
            async with _misbehaving(rig, fault):
                await _fails(adapter, rig.known(), *names)
            _demand_fields(rig.known(), await _asked(adapter, rig.known()))

    return check


CHECKS: Mapping[str, Check] = {
    "only asked fields come back": only_asked_fields_come_back,
    "an unknown subject is named so": an_unknown_subject_is_named_so,
    "silence ends at the deadline": silence_ends_at_the_deadline,
    "noise is malformed": fault_is_named("garbled", SourceMalformed),
    "half an answer is malformed": fault_is_named("truncated", SourceMalformed),
    "too much is malformed": fault_is_named("oversize", SourceMalformed),
    "a redirect is malformed": fault_is_named("redirect", SourceMalformed),
    "a busy source is unavailable": fault_is_named("busy", SourceUnavailable),
    "a failing source is unavailable": fault_is_named("error-500", SourceUnavailable),
    "a closed door is unavailable": fault_is_named("half-closed", SourceUnavailable),
    "somebody else is a mismatch": fault_is_named("wrong-person", SourceSchemaMismatch),
    "another shape is a mismatch": fault_is_named("schema-drift", SourceMalformed),
    "a cancelled question leaves no trace": a_cancelled_question_leaves_no_trace,
    "closing twice is harmless": closing_twice_is_harmless,
}


@asynccontextmanager
async def _opened(rig: Rig) -> AsyncGenerator[SourceAdapter]:
    adapter = rig.make()
    await adapter.open()
    try:
        yield adapter
    finally:
        await adapter.aclose()


@asynccontextmanager
async def _misbehaving(rig: Rig, fault: str) -> AsyncGenerator[None]:
    await rig.misbehave(fault)
    try:
        yield
    finally:
        await rig.mend()


async def _asked(adapter: SourceAdapter, query: Query, within: float = PATIENCE_S) -> Record:
    deadline = asyncio.get_running_loop().time() + within
    return await adapter.fetch(msgspec.structs.replace(query, deadline=deadline))


async def _fails(
    adapter: SourceAdapter, query: Query, *names: type[SourceError], within: float = PATIENCE_S
) -> None:
    try:
        await _asked(adapter, query, within)
    except SourceError as error:
        wanted = " or ".join(name.__name__ for name in names)
        _demand(isinstance(error, names), f"{type(error).__name__} came, {wanted} was due")
        _demand_silence(query, error)
    else:
        raise Nonconforming("an answer came, an error was due")


def _demand(held: bool, fact: str) -> None:  # noqa: FBT001 - reads as "demand that"
    if not held:
        raise Nonconforming(fact)


def _demand_fields(query: Query, record: Record) -> None:
    given = record.values.keys() | record.unavailable.keys()
    _demand(record.values.keys() <= query.fields, "a field that was not asked")
    _demand(given >= query.fields, "a field without value and without reason")
    _demand(not record.values.keys() & record.unavailable.keys(), "a value that is unavailable")


def _demand_silence(query: Query, error: SourceError) -> None:
    """Insist that no error, nor any it was raised from, says who was asked about."""
    told = ""
    link: BaseException | None = error
    while link is not None:
        told += str(link)
        link = link.__cause__
    members: dict[str, object] = msgspec.to_builtins(query.subject)
    named = [each for each in members.values() if isinstance(each, str) and each in told]
    _demand(not named, "an error that names the person")
