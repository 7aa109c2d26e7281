"""Tests of the management port, over a real socket."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from http.client import HTTPConnection

import msgspec
import pytest

from gateway.api.health import Health, Management, bind_first_free, listening


class _Part:
    """Something that can be up or down."""

    def __init__(self) -> None:
        self.error: Exception | None = None

    async def __call__(self) -> None:
        if self.error:
            raise self.error


Ask = Callable[..., Awaitable[tuple[int, bytes, str]]]


@pytest.fixture
def part() -> _Part:
    """Give the one thing that is checked."""
    return _Part()


@pytest.fixture
async def ask(part: _Part) -> AsyncIterator[Ask]:
    """Give a way to ask the management port of a worker."""
    listener, _ = bind_first_free("127.0.0.1", 0)
    management = Management.of({"database": part}, lambda: b"up 1\n", "text/plain; version=1.0.0")
    async with listening(management, listener) as port:

        async def request(path: str, method: str = "GET") -> tuple[int, bytes, str]:
            return await asyncio.to_thread(_request, port, method, path)

        yield request


def _request(port: int, method: str, path: str) -> tuple[int, bytes, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    with contextlib.closing(connection):
        connection.request(method, path)
        reply = connection.getresponse()
        return reply.status, reply.read(), reply.headers["content-type"]


async def test_ready_names_every_check(ask: Ask) -> None:
    """An operator reads what is down, not only that something is."""
    status, body, kind = await ask("/health/ready")

    assert (200, "application/json") == (status, kind)
    expected = {"status": "UP", "checks": [{"name": "database", "status": "UP", "reason": None}]}
    assert expected == msgspec.json.decode(body)


async def test_one_check_that_is_down_is_not_ready_and_alive(ask: Ask, part: _Part) -> None:
    """Traffic goes elsewhere; a restart would not help, and is not asked for."""
    part.error = ConnectionRefusedError("postgresql://gw:secret@db")

    status, body, _ = await ask("/health/ready")
    health = msgspec.json.decode(body, type=Health)

    assert (503, "DOWN") == (status, health.status)
    assert "ConnectionRefusedError" == health.checks[0].reason
    assert b"secret" not in body
    assert 200 == (await ask("/health/live"))[0]
    assert 503 == (await ask("/health"))[0]


async def test_started_stays_so(ask: Ask, part: _Part) -> None:
    """Kubernetes asks this one until it is true once."""
    part.error = OSError()
    before = (await ask("/health/started"))[0]
    part.error = None
    once = (await ask("/health/started"))[0]
    part.error = OSError()

    assert (503, 200, 200) == (before, once, (await ask("/health/started"))[0])


async def test_a_check_that_hangs_is_down() -> None:
    """A probe gives up after three seconds, and must have its answer by then."""

    async def hangs() -> None:
        await asyncio.sleep(60)

    health = await Management.of({"slow": hangs}, lambda: b"", "text/plain").ready()

    assert ("DOWN", "TimeoutError") == (health.status, health.checks[0].reason)


async def test_metrics_have_their_own_type(ask: Ask) -> None:
    """Prometheus chooses its parser by it."""
    assert (200, b"up 1\n", "text/plain; version=1.0.0") == await ask("/metrics")


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/", 404), ("POST", "/health", 405)]
)
async def test_there_is_nothing_else(ask: Ask, method: str, path: str, status: int) -> None:
    """The port shows health and metrics, and does nothing."""
    assert status == (await ask(path, method))[0]


async def test_who_looks_elsewhere_is_told_where_to_look(ask: Ask) -> None:
    """An empty page tells an operator nothing."""
    assert (
        b"/health\n/health/live\n/health/ready\n/health/started\n/metrics\n" == (await ask("/"))[1]
    )
    assert b"GET, HEAD\n" == (await ask("/health", "POST"))[1]


def test_the_second_worker_takes_the_next_port() -> None:
    """Each worker answers for itself; the number names its audit writer."""
    free, _ = bind_first_free("127.0.0.1", 0)
    port = free.getsockname()[1]
    free.close()
    first, slot = bind_first_free("127.0.0.1", port)
    second, next_slot = bind_first_free("127.0.0.1", port)
    with first, second:
        assert next_slot > slot
        assert first.getsockname()[1] != second.getsockname()[1]


def test_an_address_that_is_not_ours_is_an_error() -> None:
    """TEST-NET-1 is nobody's."""
    with pytest.raises(OSError, match="assign"):
        bind_first_free("192.0.2.1", 9000)


async def test_the_socket_is_closed_at_the_end() -> None:
    """The next worker of this number needs the port."""
    listener, _ = bind_first_free("127.0.0.1", 0)
    async with listening(Management.of({}, lambda: b"", "text/plain"), listener) as port:
        pass

    with socket.socket() as again:
        again.bind(("127.0.0.1", port))
