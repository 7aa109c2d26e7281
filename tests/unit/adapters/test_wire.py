"""The connection, fed by hand: every split of the same bytes is the same answer."""

import asyncio
from itertools import pairwise
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.client import SourceReply
from adapters.errors import SourceMalformed
from adapters.wire import Connection

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
REPLIES = [
    HEAD + b"Content-Length: 7\r\n\r\n" + b'{"a":1}',
    HEAD + b'Transfer-Encoding: chunked\r\n\r\n3\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n',
    b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + b"Content-Length: 7\r\n\r\n" + b'{"a":1}',
]
MANY = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class FakeTransport(asyncio.Transport):
    """Takes everything, and says whether it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = False

    def write(self, data: object) -> None:
        """Take it."""

    def is_closing(self) -> bool:
        """Tell."""
        return self.closed

    def abort(self) -> None:
        """Close."""
        self.closed = True


class Wired:
    """A connection with a question under way."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.idle: list[Connection] = []
        self.transport = FakeTransport()
        self.connection = Connection("land", 64, self.idle.append)
        self.connection.connection_made(self.transport)
        self.waiter: asyncio.Future[SourceReply] = loop.create_future()
        self.connection.ask(b"?", self.waiter)

    def outcome(self) -> SourceReply | BaseException:
        """Return the reply, or the error."""
        error = self.waiter.exception()
        return self.waiter.result() if error is None else error


def fed(*parts: bytes, ended: bool = False) -> Wired:
    """Return a connection that heard *parts*, and then perhaps its end."""
    loop = asyncio.new_event_loop()
    try:
        wired = Wired(loop)
        for part in parts:
            wired.connection.data_received(part)
        if ended:
            wired.connection.connection_lost(None)
        return wired
    finally:
        loop.close()


@pytest.mark.parametrize("reply", REPLIES, ids=["length", "chunks", "interim"])
@MANY
@given(data=st.data())
def test_every_split_is_the_same_answer(reply: bytes, data: st.DataObject) -> None:
    """Networks cut where they like."""
    cuts = sorted(data.draw(st.sets(st.integers(0, len(reply)), max_size=6)))
    edges = [0, *cuts, len(reply)]
    parts = [reply[a:b] for a, b in pairwise(edges) if a < b]

    wired = fed(*parts)

    assert SourceReply(200, "application/json", b'{"a":1}') == wired.outcome()
    assert [wired.connection] == wired.idle


@MANY
@given(parts=st.lists(st.binary(min_size=1, max_size=200), max_size=5))
def test_any_noise_ends_in_a_name(parts: list[bytes]) -> None:
    """Whatever a source sends, somebody waiting is told, and nothing is kept."""
    wired = fed(*parts, ended=True)

    assert wired.waiter.done()
    assert [] == wired.idle
    wired.outcome()


@MANY
@given(at=st.integers(1, 200), byte=st.integers(0, 255))
def test_one_wrong_byte_is_an_answer_or_a_name(at: int, byte: int) -> None:
    """No single flipped byte hangs a question or crashes a worker."""
    reply = bytearray(REPLIES[1])
    reply[at % len(reply)] = byte

    wired = fed(bytes(reply), ended=True)

    assert wired.waiter.done()
    outcome = wired.outcome()
    assert isinstance(outcome, SourceReply | SourceMalformed)


@pytest.mark.parametrize("more", [b"H", HEAD, REPLIES[0], REPLIES[2]])
def test_more_than_one_answer_is_none(more: bytes) -> None:
    """Even a second one's first byte would stand before the next caller's answer."""
    wired = fed(REPLIES[0] + more)

    assert isinstance(wired.outcome(), SourceMalformed)
    assert wired.transport.closed


@pytest.mark.parametrize(
    ("framing", "body"),
    [(b"Content-Length: 65\r\n\r\n", b"x" * 65),
     (b"Transfer-Encoding: chunked\r\n\r\n", b"41\r\n" + b"x" * 65 + b"\r\n0\r\n\r\n"),
     (b"\r\n", b"x" * 65)],
    ids=["length", "chunks", "the connection's end"],
)  # fmt: skip
def test_a_body_is_read_to_its_limit_in_whatever_frame(framing: bytes, body: bytes) -> None:
    """Nobody's word about a length is believed, and none is needed."""
    wired = fed(HEAD + framing + body, ended=True)

    assert isinstance(wired.outcome(), SourceMalformed)


def test_a_name_means_the_same_in_any_case() -> None:
    """Header names have none, RFC 9110 section 5.1."""
    head = b"HTTP/1.1 200 OK\r\nCONTENT-TYPE: application/json\r\ncOnTeNt-LeNgTh: 7\r\n\r\n"

    assert SourceReply(200, "application/json", b'{"a":1}') == fed(head + b'{"a":1}').outcome()


def test_endless_trailers_are_not_kept() -> None:
    """They say nothing to us, and would fill the memory."""
    trailers = b"".join(b"X-%d: y\r\n" % number for number in range(200))

    wired = fed(REPLIES[1][:-2], trailers)

    assert isinstance(wired.outcome(), SourceMalformed)


def test_a_byte_nobody_asked_for_ends_the_connection() -> None:
    """Before the next question could take it for its own."""
    wired = fed(REPLIES[0])

    wired.connection.data_received(b"H")

    assert wired.transport.closed
    assert not wired.connection.usable


def test_a_refusing_source_is_not_listened_to_any_longer() -> None:
    """After the first wrong byte the rest is not even parsed."""
    wired = fed(b"SSH-2.0\r\n")

    assert wired.transport.closed
    wired.connection.data_received(REPLIES[0])
    assert isinstance(cast("SourceMalformed", wired.outcome()), SourceMalformed)
