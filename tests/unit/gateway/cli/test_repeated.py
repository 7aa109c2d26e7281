"""Heads that came before: what is remembered, and that a caller cannot tell."""

import asyncio
import re
from typing import Any

import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from uvicorn.server import ServerState

from gateway.api.exchanges import Body, Call, Reply
from gateway.cli.repeated import begins_alike, is_all
from gateway.cli.shortcut import ShortcutProtocol

HEAD = b"POST /v1/data/a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n"
OTHER = HEAD.replace(b"data/a", b"data/b")
TAIL = b"POST /v1/data/a HTTP/1.1\r\nX-Y: "
EARLY = b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(TAIL)
SMUGGLED = TAIL + OTHER + b"abc"
OF_ITS_OWN = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}")  # of a refusal
SETTLED = 8  # turns of the loop, more than any answer here needs


def test_a_request_that_differs_in_its_body_alone_begins_alike() -> None:
    """Its head has been read."""
    assert begins_alike(HEAD + b"xyz", HEAD + b"abc", 3)


@pytest.mark.parametrize(
    "data",
    [HEAD + b"xyz" + HEAD, HEAD + b"xy", HEAD, OTHER + b"abc", b"\r\n" + HEAD + b"abc", b""],
)
def test_no_other_bytes_begin_alike(data: bytes) -> None:
    """More, less, or another head by one byte is read by the parser."""
    assert not begins_alike(data, HEAD + b"abc", 3)


@pytest.mark.parametrize("piece", [b"", HEAD, HEAD + b"abc\r\n", HEAD + b"abc\r", HEAD + b"ab\n"])
def test_a_piece_that_ends_in_a_line_end_is_not_remembered(piece: bytes) -> None:
    """Where the request ends in it would be a guess: the parser passes over stray line ends."""
    assert not is_all(piece)
    assert is_all(HEAD + b"abc")


class Line(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep it."""
        self.written += bytes(data)

    def close(self) -> None:
        """End."""
        self.closed = True

    abort = close

    def is_closing(self) -> bool:
        """Say whether it ended."""
        return self.closed

    def pause_reading(self) -> None:
        """Take everything all the same."""

    resume_reading = pause_reading


class Application:
    """Answers by both ways with what it was asked."""

    def __init__(self) -> None:
        self.exchange = self
        self.calls: list[tuple[Any, ...]] = []

    async def answer(self, call: Call, body: Body) -> Reply:
        """Remember, then answer the short way."""
        assert isinstance(body, bytes)
        self.calls.append((call.opening.service, tuple(call.opening.headers.items()), body))
        return Reply(200, [(b"x-service", call.opening.service.encode())], body)

    async def undelivered(self, reply: Reply) -> None:
        """Remember what nobody got."""
        self.calls.append(("undelivered", reply.body))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Remember, then answer the general way; ``/early`` before the body is there."""
        body, more = b"", scope["path"] != "/early"
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        self.calls.append((scope["path"], tuple(scope["headers"]), body))
        length = (b"content-length", b"%d" % len(body))
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": body})


class Remembering(ShortcutProtocol):
    """Counts the heads that the parser read."""

    read = 0

    def on_headers_complete(self) -> None:
        """Count one."""
        self.read += 1
        super().on_headers_complete()


class Forgetful(Remembering):
    """Has every head read."""

    def data_received(self, data: bytes) -> None:
        """Forget, then take it."""
        self.last = b""
        super().data_received(data)


async def told(
    kind: type[Remembering], pieces: list[tuple[bytes, bool]]
) -> tuple[list[tuple[Any, ...]], bytes, bool, int]:
    """Return what was asked and answered, whether the line was closed, and the heads read."""
    application, line = Application(), Line()
    config = uvicorn.Config(
        application, lifespan="off", log_config=None, ws="none", proxy_headers=False
    )
    config.load()
    protocol = kind(config, ServerState(), {}, asyncio.get_running_loop())
    protocol.connection_made(line)
    for data, settles in pieces:
        if line.closed:
            break  # the loop reads no more from a closing connection
        protocol.data_received(data)
        for _ in range(SETTLED if settles else 0):
            await asyncio.sleep(0)
    for _ in range(SETTLED * 3):
        await asyncio.sleep(0)
    protocol.connection_lost(None)
    await asyncio.sleep(0)
    return application.calls, OF_ITS_OWN.sub(b"", line.written), line.closed, protocol.read


async def test_the_same_head_is_read_once() -> None:
    """That is what is saved, and each call has its own body all the same."""
    pieces = [(HEAD + body, True) for body in (b"one", b"two", b"six")]
    calls, answers, _, read = await told(Remembering, pieces)

    assert 1 == read
    assert [b"one", b"two", b"six"] == [body for *_, body in calls]
    assert 3 == answers.count(b"HTTP/1.1 200")


async def test_a_head_in_another_order_is_read_again() -> None:
    """It may mean the same; to say so is the parser's office."""
    swapped = b"POST /v1/data/a HTTP/1.1\r\nContent-Length: 3\r\nHost: x\r\n\r\nabc"
    calls, _, _, read = await told(Remembering, [(HEAD + b"abc", True), (swapped, True)])

    assert 2 == read
    assert [("host", "content-length"), ("content-length", "host")] == [
        tuple(name.decode() for name, _ in headers) for _, headers, _ in calls
    ]


async def test_the_tail_of_a_body_is_not_taken_for_a_head() -> None:
    """Who remembers it would later read another path than the parser: a smuggled request."""
    pieces = [(EARLY, True), (SMUGGLED, True), (SMUGGLED, True), (SMUGGLED, True)]
    calls, *_ = remembering = await told(Remembering, pieces)

    assert ["/early", "b", "a", "a"] == [path for path, *_ in calls]
    assert (await told(Forgetful, pieces))[:3] == remembering[:3]


LINE_ENDS_BARE = HEAD.replace(b"\r\n", b"\n") + b"abc"
CHUNKED = HEAD.replace(b"Content-Length: 3", b"Transfer-Encoding: chunked") + b"1\r\na\r\n0\r\n\r\n"
GET = b"GET /v1/data/a HTTP/1.1\r\nHost: x\r\n\r\n"
HOSTILE = (
    EARLY,
    SMUGGLED,
    HEAD + b"abc",
    HEAD + b"xyz",
    HEAD + b"\r\n\r",
    OTHER + b"abc",
    HEAD,
    HEAD[:20],
    HEAD[20:] + b"abc",
    b"ab",
    b"abc",
    b"abcd",
    b"\r\n",
    b"\r\n\r\n",
    b"\r\n\r\nabc",
    b"\r\n" + HEAD + b"abc",
    b"\r\n\r\n" + HEAD + b"abc",
    HEAD + b"abc\r\n",
    HEAD + b"\r\n\r\n\r",
    HEAD + b"\r\n\rab",
    HEAD.replace(b": 3", b": 6") + b"\r\n" * 4,
    HEAD.replace(b": 3", b": 6") + b"\r\nabcdef",
    HEAD + b"abcd",
    HEAD + b"abc" + GET,
    HEAD + b"abc" + HEAD + b"xyz",
    HEAD + b"abc" + HEAD[:30],
    GET,
    GET + HEAD + b"abc",
    GET.replace(b"Host: x", b"Content-Length: 3\r\nHost: x"),
    CHUNKED,
    CHUNKED[:-4],
    LINE_ENDS_BARE,
    HEAD.replace(b"\r\n\r\n", b"\n\n") + b"abc",
    HEAD.replace(b"\r\n\r\n", b"\r\n\n") + b"\r\n\r\nabc",
    HEAD.replace(b": 3", b": 7") + b"\r\n\r\nabc",
    HEAD.replace(b": 3", b": 0"),
    HEAD.replace(b": 3", b": 3\r\nContent-Length: 3") + b"abc",
    HEAD.replace(b": 3", b": 3\r\nTransfer-Encoding: chunked") + b"abc",
    HEAD.replace(b": x", b": x\r\nX: POST /v1/data/b HTTP/1.1") + b"abc",
    HEAD.replace(b": x", b": x\r\nConnection: close") + b"abc",
    HEAD.replace(b": x", b": x\r\nConnection: keep-alive\r\nConnection: close") + b"abc",
    HEAD.replace(b": x", b": x\r\nConnection: upgrade\r\nUpgrade: h2c") + b"abc",
    HEAD.replace(b"1.1", b"1.0") + b"abc",
    HEAD.replace(b": x", b": x\r\nHost: y") + b"abc",
)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(HOSTILE), st.booleans()), min_size=2, max_size=7))
def test_nobody_can_tell_whether_heads_are_remembered(pieces: list[tuple[bytes, bool]]) -> None:
    """Whatever is sent, in whatever pieces, is understood as if the parser had read all of it."""
    read_by_parser = asyncio.run(told(Forgetful, pieces))

    assert read_by_parser[:3] == asyncio.run(told(Remembering, pieces))[:3]
