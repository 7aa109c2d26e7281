"""The raw handler by itself: how many calls it takes on, and what a wall of them is told."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from auth.credentials.proxies import Proxies
from auth.possession.certificates import CertificatePeers
from gateway.api.bodies import Limits
from gateway.api.credentials import Credentials
from gateway.api.exchanges import ExchangeHandler, Reply
from gateway.errors import Code, Refusal
from gateway.stages.evidence import Asked, Recorded
from tests.builders import NOON, asked
from tests.unit.gateway.test_pipeline import Bench

BODY = json.dumps({"subject": {}, "purpose": "giai-quyet-tthc"}).encode()
HEADERS = [(b"content-type", b"application/json"), (b"accept-language", b"en")]


class Slow:
    """An exchange that waits until told, then refuses; remembers who was turned away."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.begun = 0
        self.turned_away: list[Code] = []
        self.unheard: list[Recorded] = []

    async def __call__(self, asked: Asked) -> Recorded:
        """Wait, then say no."""
        del asked
        self.begun += 1
        await self.go_on.wait()
        raise Refusal(Code.NO_AGREEMENT)

    async def turn_away(self, asked: Asked, refused: Refusal) -> None:
        """Remember."""
        del asked
        self.turned_away.append(refused.code)

    async def undelivered(self, recorded: Recorded) -> None:
        """Remember."""
        self.unheard.append(recorded)


class NoSpans:
    """No call is sampled."""

    def start(self, name: str, traceparent: str | None = None, **attributes: str) -> None:
        """Begin nothing."""


def a_handler(exchange: Slow, ended: list[str], *, in_flight: int) -> ExchangeHandler:
    """Return a handler that takes on *in_flight* calls."""
    return ExchangeHandler(
        exchange=exchange,
        knows=lambda service: service == "dancu.xacthuc",
        limits=Limits(in_flight=in_flight),
        clock=lambda: NOON,
        observe=lambda _service, _agency, code, *_: ended.append(code),
        spans=NoSpans(),
        credentials=Credentials("https://lgsp.example", CertificatePeers(()), Proxies(())),
    )


async def call(handler: ExchangeHandler) -> tuple[int, dict[bytes, bytes], dict[str, Any]]:
    """Make one call and return status, headers and body."""
    sent: list[dict[str, Any]] = []
    scope = {
        "type": "http", "method": "POST", "path": "/v1/data/dancu.xacthuc", "headers": HEADERS,
        "client": ("127.0.0.1", 5),
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": BODY, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await handler(scope, receive, send)  # type: ignore[arg-type]
    start, body = sent
    return start["status"], dict(start["headers"]), json.loads(body["body"])


async def test_one_call_too_many_is_told_to_come_back_at_once() -> None:
    """A full worker answers 503 in no time instead of queueing until every caller gives up."""
    exchange, ended = Slow(), list[str]()
    handler = a_handler(exchange, ended, in_flight=3)
    async with asyncio.TaskGroup() as tasks:
        taken = [tasks.create_task(call(handler)) for _ in range(3)]
        while exchange.begun < 3:
            await asyncio.sleep(0)

        status, headers, body = await call(handler)
        held = handler.in_flight

        exchange.go_on.set()

    assert (3, 0) == (held, handler.in_flight)
    assert (503, Code.OVERLOADED.value, True) == (status, body["code"], body["retryable"])
    assert int(headers[b"retry-after"]) >= 1
    assert [403] * 3 == [each.result()[0] for each in taken]
    assert [Code.OVERLOADED] == exchange.turned_away
    assert ["overloaded", *["no_agreement"] * 3] == ended


async def test_room_that_was_given_back_is_room_again() -> None:
    """Refusals free their place too; otherwise a worker would fill up with ghosts."""
    exchange = Slow()
    exchange.go_on.set()
    handler = a_handler(exchange, [], in_flight=1)

    assert [403] * 5 == [(await call(handler))[0] for _ in range(5)]


async def test_an_answer_that_nobody_took_is_told_to_the_record_and_a_refusal_is_not(
    tmp_path: Path,
) -> None:
    """A record that says data left when they did not would accuse the caller of having them."""
    recorded = await Bench(tmp_path / "keys").exchange(asked())
    exchange = Slow()
    handler = a_handler(exchange, [], in_flight=1)

    await handler.undelivered(Reply(403, [], b"{}"))
    await handler.undelivered(Reply(200, [], b"{}", recorded))

    assert [recorded] == exchange.unheard


class Ready(Slow):
    """An exchange that has its answer."""

    def __init__(self, recorded: Recorded) -> None:
        super().__init__()
        self._recorded = recorded

    async def __call__(self, asked: Asked) -> Recorded:
        """Answer at once."""
        del asked
        return self._recorded


@pytest.mark.parametrize("leaves", [True, False])
async def test_who_leaves_by_the_general_way_is_told_to_the_record_too(
    tmp_path: Path, *, leaves: bool
) -> None:
    """The framework's way knows of a caller who left by its own message alone."""
    recorded = await Bench(tmp_path / "keys").exchange(asked())
    exchange = Ready(recorded)
    handler = a_handler(exchange, [], in_flight=1)
    scope = {
        "type": "http", "method": "POST", "path": "/v1/data/dancu.xacthuc", "headers": HEADERS,
        "client": ("127.0.0.1", 5),
    }  # fmt: skip
    words = [{"type": "http.request", "body": BODY, "more_body": False}]
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        if words:
            return words.pop()
        if not leaves:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await handler(scope, receive, send)  # type: ignore[arg-type]

    expected = ([recorded], 0) if leaves else ([], 2)
    assert expected == (exchange.unheard, len(sent))
