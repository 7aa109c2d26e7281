"""What stands between a connector's question and a transport."""

import asyncio
from collections.abc import Mapping

import pytest

from adapters.breaker import BreakerState
from adapters.client import ClosedUnanswered, QuestionRefused, SourceReply
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
from adapters.guard import GuardedClient, Question, transport
from adapters.settings import SourceSettings
from adapters.through_httpx import HttpxClient

GOOD = SourceReply(200, "application/json", b"{}")
LOST = SourceUnavailable("land", "lost")


class FakeTransport:
    """Answers or fails in the order it was told; the last outcome repeats."""

    def __init__(self, *outcomes: SourceReply | SourceError) -> None:
        self._outcomes = list(outcomes)
        self.asked = 0
        self.deadline = 0.0  # of the last question, event-loop time
        self.gate: asyncio.Event | None = None

    async def open(self) -> None:
        """Nothing to open."""

    async def aclose(self) -> None:
        """Nothing to close."""

    async def request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        trace: Mapping[str, str],
        deadline: float,
        safe: bool = False,
    ) -> SourceReply:
        """Answer, once the gate is open."""
        del method, path, headers, body, trace, safe
        self.deadline = deadline
        outcome = self._outcomes[min(self.asked, len(self._outcomes) - 1)]
        self.asked += 1
        if self.gate is not None:
            await self.gate.wait()
        if isinstance(outcome, SourceError):
            raise outcome
        return outcome


async def guarded(fake: FakeTransport, **members: object) -> GuardedClient:
    """Return an open guard around *fake*, with no wait between tries."""
    settings = SourceSettings.model_validate({"base_url": "http://127.0.0.1:1"} | members)
    client = GuardedClient("land", settings, client=fake, jitter=lambda: -0.5)
    await client.open()
    return client


async def ask(client: GuardedClient, *, within: float = 5.0, safe: bool = True) -> SourceReply:
    """Put a question and take the reply as it is."""
    question = Question(path="/q", headers={}, body=b"", safe=safe)
    deadline = asyncio.get_running_loop().time() + within
    return await client.ask(question, lambda reply: reply, deadline=deadline)


@pytest.mark.parametrize(("within", "expected"), [(60.0, 2.0), (1.0, 1.0)])
async def test_a_source_is_waited_for_as_long_as_caller_and_settings_allow(
    within: float, expected: float
) -> None:
    """A patient caller must not hold a place of a silent source longer than the settings say."""
    fake = FakeTransport(GOOD)
    client = await guarded(fake, timeout_s=2.0)
    before = asyncio.get_running_loop().time()
    await ask(client, within=within)
    after = asyncio.get_running_loop().time()

    assert before + expected <= fake.deadline <= after + expected


async def test_a_lost_connection_is_tried_once_more() -> None:
    """A single mishap is not the caller's business."""
    fake = FakeTransport(LOST, GOOD)

    assert GOOD == await ask(await guarded(fake))


@pytest.mark.parametrize(
    ("failure", "safe"),
    [
        pytest.param(LOST, False, id="an unsafe question"),
        pytest.param(SourceTimeout("land", "late"), True, id="silence"),
        pytest.param(SourceMalformed("land", "noise"), True, id="noise"),
        pytest.param(QuestionRefused("land", "no"), True, id="a refusal"),
        pytest.param(SubjectUnknown("land", "nobody"), True, id="nobody"),
    ],
)
async def test_what_another_try_cannot_mend_is_not_tried_again(
    failure: SourceError, safe: bool
) -> None:
    """A second question costs the source, and sometimes the person."""
    fake = FakeTransport(failure, GOOD)

    with pytest.raises(type(failure)):
        await ask(await guarded(fake), safe=safe)

    assert 1 == fake.asked


async def test_retries_stay_a_small_share() -> None:
    """When everything fails, the source gets little more than everything."""
    fake = FakeTransport(LOST)
    client = await guarded(fake, breaker={"failures": 1000})

    for _ in range(100):
        with pytest.raises(SourceUnavailable):
            await ask(client)

    assert 110 == fake.asked


async def test_no_time_left_is_no_question() -> None:
    """A question whose answer nobody awaits is not put."""
    fake = FakeTransport(GOOD)

    with pytest.raises(SourceTimeout):
        await ask(await guarded(fake), within=0.0)

    assert 0 == fake.asked


async def test_a_redirect_is_never_followed() -> None:
    """It could lead anywhere, with our credentials."""
    fake = FakeTransport(SourceReply(302, "", b""))

    with pytest.raises(SourceMalformed, match="redirected"):
        await ask(await guarded(fake))


@pytest.mark.parametrize(
    "failure",
    [LOST, SourceMalformed("land", "noise"), SourceTimeout("land", "late"),
     ClosedUnanswered("land", "closed")],
    ids=["lost", "noise", "silence", "closed"],
)  # fmt: skip
async def test_failures_in_a_row_spare_the_source(failure: SourceError) -> None:
    """After five, the sixth is not put."""
    fake = FakeTransport(failure)
    client = await guarded(fake, retries=0)
    for _ in range(5):
        with pytest.raises(type(failure)):
            await ask(client)

    with pytest.raises(CircuitOpen):
        await ask(client)

    assert (5, BreakerState.OPEN) == (fake.asked, client.state)


@pytest.mark.parametrize(
    "failure",
    [SubjectUnknown("land", "nobody"), QuestionRefused("land", "no"),
     SourceSchemaMismatch("land", "drift")],
    ids=["nobody", "a refusal", "another shape"],
)  # fmt: skip
async def test_an_answer_is_an_answer(failure: SourceError) -> None:
    """One caller's wrong questions must not shut the source for everybody."""
    fake = FakeTransport(failure)
    client = await guarded(fake)
    for _ in range(20):
        with pytest.raises(type(failure)):
            await ask(client)

    assert BreakerState.CLOSED is client.state


async def test_a_caller_in_a_hurry_shuts_no_source() -> None:
    """A deadline of a millisecond says nothing of the source."""
    fake = FakeTransport(SourceTimeout("land", "late"))
    client = await guarded(fake, timeout_s=3.0)
    for _ in range(20):
        with pytest.raises(SourceTimeout):
            await ask(client, within=1.0)

    assert BreakerState.CLOSED is client.state


async def test_after_the_rest_the_source_is_tried_again() -> None:
    """A source that is back is found within one rest."""
    fake = FakeTransport(LOST, GOOD)
    client = await guarded(fake, retries=0, breaker={"failures": 1, "reset_s": 0.1})
    with pytest.raises(SourceUnavailable):
        await ask(client)
    with pytest.raises(CircuitOpen):
        await ask(client)

    await asyncio.sleep(0.12)

    assert GOOD == await ask(client)
    assert BreakerState.CLOSED is client.state


async def test_a_cancelled_probe_leaves_room_for_the_next() -> None:
    """A caller who goes away during the one probe must not shut the source for ever."""
    fake = FakeTransport(LOST, GOOD)
    client = await guarded(fake, retries=0, breaker={"failures": 1, "reset_s": 0.05})
    with pytest.raises(SourceUnavailable):
        await ask(client)
    await asyncio.sleep(0.06)
    fake.gate = asyncio.Event()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await ask(client)
    fake.gate.set()

    assert GOOD == await ask(client)


async def test_no_more_than_agreed_at_once_and_all_in_the_end() -> None:
    """A register's own limit is ours."""
    fake = FakeTransport(GOOD)
    fake.gate = asyncio.Event()
    client = await guarded(fake, concurrency=3)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(ask(client)) for _ in range(10)]
        await asyncio.sleep(0.01)
        assert 3 == fake.asked
        fake.gate.set()

    assert [GOOD] * 10 == [task.result() for task in tasks]


async def test_every_call_is_counted_once_by_its_outcome() -> None:
    """What an operator sees is what happened, retries included in one call."""
    counted: list[tuple[str, str]] = []
    settings = SourceSettings(base_url="http://127.0.0.1:1", retries=1)
    fake = FakeTransport(LOST, GOOD, SubjectUnknown("land", "nobody"))
    client = GuardedClient(
        "land",
        settings,
        client=fake,
        jitter=lambda: -0.5,
        observe=lambda source, outcome, _: counted.append((source, outcome)),
    )
    await client.open()
    await ask(client)
    with pytest.raises(SubjectUnknown):
        await ask(client)

    assert [("land", "ok"), ("land", "no_match")] == counted


@pytest.mark.parametrize(
    ("base_url", "choice", "kind"),
    [
        ("http://127.0.0.1:1", "auto", FastClient),
        ("http://127.0.0.1:1", "fast", FastClient),
        ("http://127.0.0.1:1", "httpx", HttpxClient),
        ("https://127.0.0.1:1", "auto", HttpxClient),
    ],
)
def test_the_transport_is_chosen_in_one_place(base_url: str, choice: str, kind: type) -> None:
    """Plain HTTP goes fast, TLS through httpx, unless an operator says otherwise."""
    settings = SourceSettings.model_validate({"base_url": base_url, "transport": choice})

    assert kind is type(transport("land", settings))


async def test_a_question_is_in_flight_until_its_answer() -> None:
    """Places that never come back would be seen long before there are none left."""
    fake = FakeTransport(GOOD)
    fake.gate = asyncio.Event()
    client = await guarded(fake)
    asking = asyncio.ensure_future(ask(client))
    while not fake.asked:
        await asyncio.sleep(0)
    during = client.in_flight
    fake.gate.set()
    await asking
    after = client.in_flight
    await client.aclose()

    assert (1, 0, 0) == (during, after, client.in_flight)
