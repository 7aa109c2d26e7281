"""The small HTTP server under the registers, over raw sockets."""

import asyncio
import json

import pytest

from tests.registers import LAND_HEADERS

PATH = "/api/v1/giay-chung-nhan/tim-kiem"
BODY = b'{"soGiayTo":"003190000123"}'


def request(body: bytes = BODY, **more: str) -> bytes:
    """Return one question as bytes."""
    headers = {"Host": "h", "Content-Length": str(len(body)), **LAND_HEADERS, **more}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {PATH} HTTP/1.1\r\n{lines}\r\n".encode() + body


async def exchange(url: str, sent: bytes, *, answers: int = 1) -> list[tuple[int, bytes]]:
    """Send bytes on one connection; return that many statuses and bodies."""
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(sent)
        return [await asyncio.wait_for(_read(reader), 5) for _ in range(answers)]
    finally:
        writer.close()
        await writer.wait_closed()


async def _read(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    lengths = [line for line in head.split("\r\n") if line.startswith("Content-Length")]
    return int(head.split()[1]), await reader.readexactly(int(lengths[0].split(":")[1]))


async def test_questions_on_one_connection_are_answered_in_order(land: str) -> None:
    """A pool keeps connections; a pipelined question must not overtake."""
    other = b'{"soGiayTo":"003072001515"}'

    found = await exchange(land, request() + request(other) + request(), answers=3)

    assert [1, 2, 1] == [json.loads(body)["tongSo"] for _, body in found]


async def test_a_question_may_arrive_in_pieces(land: str) -> None:
    """TCP promises bytes, not messages."""
    host, _, port = land.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    for at in range(0, len(request()), 40):
        writer.write(request()[at : at + 40])
        await writer.drain()
        await asyncio.sleep(0)

    status, _ = await asyncio.wait_for(_read(reader), 5)

    writer.close()
    assert 200 == status


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(b"hello\r\n\r\n", 400, id="no HTTP"),
        pytest.param(request(b" " * 70_000), 413, id="a body beyond 64 KiB"),
        pytest.param(request(b"{"), 400, id="half a JSON object"),
        pytest.param(request(b"\xff"), 400, id="no text"),
    ],
)
async def test_bad_questions_are_refused_and_the_server_lives(
    land: str, sent: bytes, status: int
) -> None:
    """A stand-in that dies of a bad question hides what the caller did wrong."""
    ((refused, _),) = await exchange(land, sent)
    ((later, _),) = await exchange(land, request())

    assert (status, 200) == (refused, later)


async def test_a_caller_who_wants_to_close_is_let_go(land: str) -> None:
    """Connection: close is a promise of both sides."""
    host, _, port = land.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request(Connection="close"))

    whole = await asyncio.wait_for(reader.read(), 5)

    writer.close()
    assert b"Connection: close\r\n" in whole
