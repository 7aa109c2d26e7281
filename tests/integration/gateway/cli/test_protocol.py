"""The service port's protocol over real sockets."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import uvicorn

from gateway.cli.protocol import ServiceProtocol

LARGE = b"x" * 300_000


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Echo the body's length; ``/large`` with more than a buffer holds, ``/early`` unread."""
    body, more = b"", scope["path"] != "/early"
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    content = LARGE if scope["path"] == "/large" else b"%d" % len(body)
    length = (b"content-length", b"%d" % len(content))
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": content})


class Hasty(ServiceProtocol):
    """The same, for whoever cannot wait half a minute."""

    patience_s = 0.2


@asynccontextmanager
async def serving(http: type[ServiceProtocol]) -> AsyncGenerator[uvicorn.Server]:
    """Run a server that speaks *http*, and lets connections rest for one second."""
    config = uvicorn.Config(
        application, port=0, http=http, lifespan="off", log_config=None, timeout_keep_alive=1
    )
    server = uvicorn.Server(config)
    task = asyncio.get_running_loop().create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield server
    server.should_exit = True
    await task


@pytest.fixture
async def server() -> AsyncGenerator[uvicorn.Server]:
    """A server that speaks this protocol."""
    async with serving(ServiceProtocol) as server:
        yield server


@pytest.fixture
async def hasty() -> AsyncGenerator[int]:
    """The port of one that waits for nobody."""
    async with serving(Hasty) as server:
        yield port_of(server)


@pytest.fixture
def port(server: uvicorn.Server) -> int:
    """Its port."""
    return port_of(server)


def port_of(server: uvicorn.Server) -> int:
    """Return where *server* listens."""
    return int(server.servers[0].sockets[0].getsockname()[1])


def only_connection(server: uvicorn.Server) -> ServiceProtocol:
    """Return the protocol of the one connection there is."""
    (protocol,) = server.server_state.connections
    assert isinstance(protocol, ServiceProtocol)
    return protocol


async def test_head_and_body_arrive_together(port: int) -> None:
    """One packet for one small answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")

    first = await reader.read(65_536)

    assert first.startswith(b"HTTP/1.1 200")
    assert first.endswith(b"\r\n\r\n3")
    writer.close()


async def test_one_connection_serves_many(port: int) -> None:
    """Kept alive, in order, also when questions come at once."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"".join(
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (n, b"a" * n)
        for n in range(1, 6)
    ))  # fmt: skip

    answers = [(await reader.readuntil(b"\r\n\r\n"), await reader.readexactly(1)) for _ in range(5)]

    assert [b"1", b"2", b"3", b"4", b"5"] == [body for _, body in answers]
    writer.close()


@pytest.mark.parametrize("version", [b"1.0", b"1.1\r\nConnection: close"])
async def test_a_closing_connection_still_says_everything(port: int, version: bytes) -> None:
    """What was kept for the end of the turn is sent before the close."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /large HTTP/%s\r\nHost: x\r\n\r\n" % version)

    whole = await reader.read()

    assert LARGE == whole.partition(b"\r\n\r\n")[2]
    writer.close()


async def refused(port: int, *pieces: bytes) -> tuple[bytes, dict[str, Any]]:
    """Send *pieces*; return the status line and the problem that came before the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with suppress(ConnectionError):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
    head, _, body = (await asyncio.wait_for(reader.read(), 30)).partition(b"\r\n\r\n")
    writer.close()
    assert b"\r\ncontent-type: application/problem+json\r\n" in head
    assert head.endswith(b"\r\nconnection: close")
    return head.partition(b"\r\n")[0], json.loads(body)


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"BREW / HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nhost: x\r\n\r\n",
    ],
    ids=["bytes", "TLS", "a method of its own", "two lengths", "no host", "two hosts"],
)
async def test_nonsense_is_refused_as_a_problem_like_any_other(port: int, nonsense: bytes) -> None:
    """A program reads one kind of refusal, and a person is told where to look."""
    line, told = await refused(port, nonsense)

    assert (b"HTTP/1.1 400 Bad Request", "not_http") == (line, told["code"])
    assert "HTTP" in told["title_vi"]


@pytest.mark.parametrize(
    "pieces",
    [
        [b"GET /" + b"a" * 9_000] + [b"a" * 9_000] * 7,
        [b"GET / HTTP/1.1\r\nX-Long: " + b"a" * 9_000] + [b"a" * 9_000] * 7,
        [b"GET / HTTP/1.1\r\n"] + [b"X-Many: %s\r\n" % (b"a" * 9_000)] * 8,
        [b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"]
        + [b"X-Trailer: %s\r\n" % (b"a" * 9_000)] * 8,
    ],
    ids=["an address", "one field", "many fields", "trailers"],
)
async def test_a_head_without_end_is_refused(port: int, pieces: list[bytes]) -> None:
    """One caller would fill the worker's memory, and be heard out for half a minute."""
    line, told = await refused(port, *pieces)

    assert line.startswith(b"HTTP/1.1 431")
    assert "head_too_large" == told["code"]


async def test_a_caller_of_before_hosts_is_served(port: int) -> None:
    """HTTP/1.0 knew no Host, and health checks still speak it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.0\r\n\r\n")

    assert (await reader.read()).startswith(b"HTTP/1.1 200")
    writer.close()


async def test_a_large_body_is_no_head(port: int) -> None:
    """It has a bound of its own, which each route knows."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(LARGE))
    for place in range(0, len(LARGE), 10_000):
        writer.write(LARGE[place : place + 10_000])
        await writer.drain()

    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    assert b"%d" % len(LARGE) == await reader.readexactly(6)
    writer.close()


async def asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """Ask on a kept connection, and return the answer's body."""
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    return await reader.readexactly(1)


async def test_a_connection_that_rests_is_closed(port: int) -> None:
    """Callers who went without a word must not fill the worker."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    assert b"0" == await asked(reader, writer)
    assert b"" == await asyncio.wait_for(reader.read(), 30)
    writer.close()


async def test_a_rest_after_an_early_answer_is_one_too(port: int) -> None:
    """A refusal need not read the body; what comes of it afterwards is no further question."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"abc")

    assert b"0" == await reader.readexactly(1)
    assert b"" == await asyncio.wait_for(reader.read(), 30)
    writer.close()


async def test_one_timer_serves_a_whole_connection(port: int, server: uvicorn.Server) -> None:
    """Arming one for each answer costs as much as reading a head."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    timers: set[object] = set()
    for _ in range(3):
        await asked(reader, writer)
        timers.add(only_connection(server).timeout_keep_alive_task)

    assert 1 == len(timers)
    writer.close()


async def test_a_rest_that_began_anew_is_given_its_time(port: int, server: uvicorn.Server) -> None:
    """The timer was armed by an answer of long ago."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await asked(reader, writer)
    protocol = only_connection(server)
    armed = protocol.timeout_keep_alive_task
    protocol.waits_since = protocol.loop.time()
    protocol.timeout_keep_alive_handler()

    assert protocol.timeout_keep_alive_task not in {None, armed}
    assert b"0" == await asked(reader, writer)
    writer.close()


async def test_a_request_under_way_is_no_rest(port: int, server: uvicorn.Server) -> None:
    """The timer of the answer before fires while the next request is still coming."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await asked(reader, writer)
    protocol = only_connection(server)
    writer.write(b"POST / HTTP/1.1\r\n")
    while not protocol.coming:
        await asyncio.sleep(0.01)
    protocol.waits_since = protocol.loop.time() - protocol.timeout_keep_alive
    protocol.timeout_keep_alive_handler()
    writer.write(b"Host: x\r\nContent-Length: 0\r\n\r\n")

    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
    writer.close()


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [b"\r\n"] * 8,
        [b"POST / HTTP/1.1\r\n", *[b"X-Drip: 1\r\n"] * 8],
        [b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 90\r\n\r\n", *[b"x"] * 8],
    ],
    ids=["nothing", "blanks", "a head in drops", "a body in drops"],
)
async def test_whoever_does_not_finish_a_request_is_let_go(hasty: int, pieces: list[bytes]) -> None:
    """A few thousand such callers would hold every connection that a worker may have."""
    reader, writer = await asyncio.open_connection("127.0.0.1", hasty)
    with suppress(ConnectionError):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.1)

        assert b"" == await asyncio.wait_for(reader.read(), 30)
    writer.close()


async def test_whoever_goes_on_asking_is_kept_beyond_that(hasty: int) -> None:
    """Patience is for one request, and begins anew with the next."""
    reader, writer = await asyncio.open_connection("127.0.0.1", hasty)
    for _ in range(5):
        assert b"0" == await asked(reader, writer)
        await asyncio.sleep(0.1)
    writer.close()


async def test_a_lost_connection_leaves_no_timer(port: int, server: uvicorn.Server) -> None:
    """It would hold the connection's last request for as long as a rest may last."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await asked(reader, writer)
    timer = only_connection(server).timeout_keep_alive_task
    writer.close()
    while server.server_state.connections:
        await asyncio.sleep(0.01)

    assert timer is not None
    assert timer.cancelled()
