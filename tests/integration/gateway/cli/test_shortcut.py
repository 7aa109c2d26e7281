"""The short way of an exchange over real sockets, and what goes the general way instead."""

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from gateway.api.exchanges import Body, Call, Reply
from gateway.cli.shortcut import ShortcutProtocol
from gateway.cli.turns import Turn

SHORT, GENERAL = b"short", b"general"
QUESTION = b'{"purpose":"x"}'
CHUNKED = (
    b"POST /v1/data/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"
)


class Answers:
    """Says what it was asked, after a while when told to wait."""

    def __init__(self) -> None:
        self.calls: list[tuple[Call, bytes]] = []
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.fails = False
        self.lost: list[bytes] = []

    async def answer(self, call: Call, body: Body) -> Reply:
        """Remember, then answer."""
        assert isinstance(body, bytes)
        self.calls.append((call, body))
        await self.go_on.wait()
        if self.fails:
            raise ValueError
        return Reply(200, [(b"x-way", SHORT)], body)

    async def undelivered(self, reply: Reply) -> None:
        """Remember what nobody got."""
        self.lost.append(reply.body)


class Application:
    """A general application with a handler that may be met the short way."""

    def __init__(self) -> None:
        self.exchange = Answers()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer everything else."""
        del scope
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = [(b"content-length", b"%d" % len(body)), (b"x-way", GENERAL)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@pytest.fixture
def application() -> Application:
    """Give an application."""
    return Application()


@pytest.fixture
async def server(application: Application) -> AsyncIterator[uvicorn.Server]:
    """Give a server that knows the short way."""
    config = uvicorn.Config(
        application, port=0, http=ShortcutProtocol, lifespan="off", log_config=None,
        timeout_graceful_shutdown=2, proxy_headers=False,
    )  # fmt: skip
    server = uvicorn.Server(config)
    serving = asyncio.get_running_loop().create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield server
    server.should_exit = True
    await serving


@pytest.fixture
def port(server: uvicorn.Server) -> int:
    """Give its port."""
    return int(server.servers[0].sockets[0].getsockname()[1])


def a_request(
    path: bytes = b"/v1/data/dancu.tracuu", *headers: bytes, body: bytes = QUESTION
) -> bytes:
    """Return one request with the length of its body."""
    lines = b"".join(b"%b\r\n" % line for line in (b"Host: x", *headers))
    return b"POST %b HTTP/1.1\r\n%bContent-Length: %d\r\n\r\n%b" % (path, lines, len(body), body)


async def way_of(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Return which way one answer came, and its body."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    lines = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
    return lines[b"x-way"], await reader.readexactly(int(lines[b"content-length"]))


async def test_a_plain_exchange_goes_the_short_way(port: int, application: Application) -> None:
    """Its call says all that the general way would have said."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(a_request(b"/v1/data/dancu.tracuu", b"Authorization: Bearer t"))

    assert (SHORT, QUESTION) == await way_of(reader)
    ((call, body),) = application.exchange.calls
    opening = call.opening
    assert (b"Bearer t", "dancu.tracuu", "POST", "127.0.0.1", QUESTION) == (
        opening.headers[b"authorization"], opening.service, opening.method, opening.peer, body
    )  # fmt: skip
    writer.close()


@pytest.mark.parametrize("hosts", [b"", b"Host: x\r\nHost: y\r\n"], ids=["none", "two"])
async def test_an_exchange_that_names_not_one_host_is_no_http(
    port: int, application: Application, hosts: bytes
) -> None:
    """Whoever stands between might have read another one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /v1/data/dancu.tracuu HTTP/1.1\r\n%bContent-Length: 2\r\n\r\n{}" % hosts)

    assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
    assert [] == application.exchange.calls
    writer.close()


async def test_a_call_is_let_go_before_the_collector_comes(port: int) -> None:
    """What each call leaves behind is what a worker weighs under load."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    gc.collect()
    gc.disable()
    try:
        for _ in range(5):
            writer.write(a_request())
            await way_of(reader)
        held = sum(type(each) is Turn for each in gc.get_objects())
    finally:
        gc.enable()

    assert 1 == held, "each connection holds its last one"
    writer.close()


@pytest.mark.parametrize(
    "request_bytes",
    [
        a_request(b"/oauth/token"),
        a_request(b"/v1/data/"),
        a_request(b"/v1/data/a/b"),
        a_request(b"/v1/data/dancu.tracuu?x=1"),
        a_request(b"/v1/data/dancu%2Etracuu"),
        a_request(b"/v1/data/x", b"Expect: 100-continue"),
        a_request(b"/v1/data/x", body=b"a" * 65_537),
        CHUNKED,
        b"GET /v1/data/x HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    ],
)
async def test_everything_else_goes_the_general_way(port: int, request_bytes: bytes) -> None:
    """The short way understands one form only, and leaves every doubt to the server's own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request_bytes)
    if b"Expect" in request_bytes:
        await reader.readuntil(b"100 Continue\r\n\r\n")

    assert GENERAL == (await way_of(reader))[0]
    writer.close()


async def test_one_connection_takes_both_ways_in_turn(port: int) -> None:
    """A caller keeps its connection whatever it asks."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    ways: list[bytes] = []
    for path in (b"/v1/data/a", b"/oauth/token", b"/v1/data/b", b"/v1/data/c"):
        writer.write(a_request(path, b"Connection: keep-alive"))
        ways.append((await way_of(reader))[0])

    assert [SHORT, GENERAL, SHORT, SHORT] == ways
    writer.close()


async def test_answers_of_both_ways_leave_in_order(port: int) -> None:
    """A short answer is sent at once, and must not overtake what waits for the turn's end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number in range(20):
        writer.write(a_request(b"/oauth/token", body=b"%d" % number))
        assert (GENERAL, b"%d" % number) == await way_of(reader)
        writer.write(a_request(body=b"%d" % number))
        assert (SHORT, b"%d" % number) == await way_of(reader)
    writer.close()


async def test_a_header_said_twice_goes_the_general_way(port: int) -> None:
    """Which of the two counts is decided there, once for all."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(a_request(b"/v1/data/x", b"X-Y: 1", b"x-y: 2"))

    assert GENERAL == (await way_of(reader))[0]
    writer.close()


async def test_a_connection_has_one_task_that_ends_with_it(
    port: int, server: uvicorn.Server
) -> None:
    """One left behind for each connection would fill the worker."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    seen: set[object] = set()
    for _ in range(3):
        writer.write(a_request())
        await way_of(reader)
        seen |= server.server_state.tasks

    assert 1 == len(seen)
    writer.close()
    while server.server_state.tasks:
        await asyncio.sleep(0.01)


async def test_a_caller_who_leaves_before_its_task_wakes_is_known_to_have_left(
    port: int, application: Application, server: uvicorn.Server
) -> None:
    """The request and the end of its connection may come in one turn of the loop."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(a_request())
    await way_of(reader)
    (protocol,) = server.server_state.connections
    protocol.data_received(a_request(body=b"1" * len(QUESTION)))
    protocol.connection_lost(None)
    while server.server_state.tasks:
        await asyncio.sleep(0.01)

    assert [b"1" * len(QUESTION)] == application.exchange.lost
    writer.close()


async def test_requests_sent_ahead_are_answered_in_order(
    port: int, application: Application
) -> None:
    """Answers in another order would be answers to the wrong question."""
    application.exchange.go_on.clear()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"".join(a_request(body=b"%d" % number) for number in range(4)))
    await asyncio.sleep(0.1)
    application.exchange.go_on.set()

    assert [b"0", b"1", b"2", b"3"] == [(await way_of(reader))[1] for _ in range(4)]
    writer.close()


async def test_a_body_that_comes_in_pieces_is_whole(port: int) -> None:
    """The handler begins when the last byte is there."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    whole = a_request(body=b"a" * 40_000)
    for start in range(0, len(whole), 9_000):
        writer.write(whole[start : start + 9_000])
        await writer.drain()
        await asyncio.sleep(0.01)

    assert (SHORT, b"a" * 40_000) == await way_of(reader)
    writer.close()


async def test_a_caller_who_goes_away_is_not_written_to(
    port: int, application: Application, server: uvicorn.Server
) -> None:
    """The exchange runs to its end, and its record is followed by what became of the answer."""
    application.exchange.go_on.clear()
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(a_request())
    while not application.exchange.calls:
        await asyncio.sleep(0.01)
    writer.close()
    await asyncio.sleep(0.05)

    application.exchange.go_on.set()
    while server.server_state.tasks:
        await asyncio.sleep(0.01)

    assert 0 == len(server.server_state.connections)
    assert [QUESTION] == application.exchange.lost


async def test_a_closing_server_finishes_what_is_under_way(
    port: int, application: Application, server: uvicorn.Server
) -> None:
    """A restart must not cut an answer whose record is durable."""
    application.exchange.go_on.clear()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(a_request())
    while not application.exchange.calls:
        await asyncio.sleep(0.01)
    server.should_exit = True
    await asyncio.sleep(0.3)
    application.exchange.go_on.set()

    answer = await reader.read()

    assert b"connection: close" in answer
    assert answer.endswith(QUESTION)
    writer.close()


async def test_a_fault_of_ours_ends_the_connection(port: int, application: Application) -> None:
    """Nothing half is sent: the caller sees a lost connection and asks again."""
    application.exchange.fails = True
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(a_request())

    assert b"" == await reader.read()
    writer.close()
