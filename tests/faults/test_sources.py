"""Every way a source's wire can go wrong, through both transports, over real sockets."""

import asyncio
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import pytest

from adapters.client import SourceClient, SourceReply
from adapters.errors import SourceError, SourceMalformed, SourceTimeout, SourceUnavailable
from adapters.fast import FastClient
from adapters.settings import SourceSettings
from adapters.through_httpx import HttpxClient
from tests.hostile import (
    OK,
    Behaviour,
    Hostile,
    framed,
    hostile,
    one_after_another,
    question,
    saying,
)

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
TRANSPORTS = [FastClient, HttpxClient]


@pytest.fixture(params=TRANSPORTS, ids=["fast", "httpx"])
def transport(request: pytest.FixtureRequest) -> type[FastClient] | type[HttpxClient]:
    """Give each transport in turn."""
    return request.param


@asynccontextmanager
async def asking(
    transport: type[FastClient] | type[HttpxClient], url: str, **members: object
) -> AsyncGenerator[SourceClient]:
    """Open a client to *url* that reads at most 4 KiB, and close it."""
    settings = SourceSettings.model_validate(
        {"base_url": url, "max_bytes": 4096, "connect_timeout_s": 0.5} | members
    )
    client = transport("land", settings)
    await client.open()
    try:
        yield client
    finally:
        await client.aclose()


async def ask(client: SourceClient, *, within: float = 2.0, safe: bool = True) -> SourceReply:
    """Put a harmless question."""
    deadline = asyncio.get_running_loop().time() + within
    return await client.request(
        "POST", "/q", {"A": "b"}, b"{}", trace={}, deadline=deadline, safe=safe
    )


async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read a question and close the connection without a word."""
    del writer
    await question(reader)


async def fall_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read everything and answer nothing."""
    del writer
    await reader.read(-1)


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Break the connection in the middle of an answer, with a reset."""
    await question(reader)
    writer.write(HEAD + b"Content-Length: 100\r\n\r\n{")
    await writer.drain()
    await asyncio.sleep(0.02)
    writer.transport.abort()


GOOD: dict[str, Behaviour] = {
    "with a length": saying(OK),
    "in chunks": saying(CHUNKED + b"1\r\n{\r\n1;x=y\r\n}\r\n0\r\n\r\n"),
    "in chunks with a trailer": saying(
        CHUNKED + b"2\r\n{}\r\n0\r\nContent-Type: text/html\r\n\r\n"
    ),
    "byte by byte": saying(*(OK[at : at + 1] for at in range(len(OK)))),
    "until the end of the connection": saying(HEAD + b"\r\n", b"{}", pause_s=0.02, close=True),
    "as HTTP/1.0": saying(HEAD.replace(b"1.1", b"1.0") + b"\r\n{}", close=True),
    "after an interim answer": saying(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK),
    "and closes as announced": saying(framed(b"{}", b"Connection: close"), close=True),
}


@pytest.mark.parametrize("behave", GOOD.values(), ids=GOOD.keys())
async def test_every_honest_framing_is_read(
    transport: type[FastClient] | type[HttpxClient], behave: Behaviour
) -> None:
    """Registers are old and many; what HTTP/1.1 allows must work, twice in a row."""
    async with hostile(behave) as server, asking(transport, server.url) as client:
        for _ in range(2):
            assert SourceReply(200, "application/json", b"{}") == await ask(client)


MALFORMED: dict[str, Behaviour] = {
    "noise": saying(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 9, close=True),
    "another protocol": saying(b"SSH-2.0-OpenSSH_9.2\r\n", close=True),
    "half a body": saying(HEAD + b"Content-Length: 100\r\n\r\n{", close=True),
    "half a chunk": saying(CHUNKED + b"9\r\n{", close=True),
    "a bad chunk size": saying(CHUNKED + b"zz\r\n{}\r\n", close=True),
    "a reset in the body": reset,
    "two lengths": saying(HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", close=True),
    "a length that is none": saying(HEAD + b"Content-Length: two\r\n\r\n{}", close=True),
    "a negative length": saying(HEAD + b"Content-Length: -2\r\n\r\n{}", close=True),
    "an endless length": saying(HEAD + b"Content-Length: " + b"9" * 40 + b"\r\n\r\n{}", close=True),
    "a promised flood": saying(HEAD + b"Content-Length: 4097\r\n\r\n{}"),
    "a flood in chunks": saying(CHUNKED, *([b"400\r\n" + b"x" * 1024 + b"\r\n"] * 5)),
    "a flood until the end": saying(HEAD + b"\r\n", *([b"x" * 1024] * 5)),
    "one endless header": saying(HEAD + b"X-Long: " + b"x" * 70_000, close=True),
    "many headers": saying(HEAD + b"".join(b"X-%d: y\r\n" % n for n in range(9000)), close=True),
    "compressed": saying(framed(b"{}", b"Content-Encoding: gzip")),
}


@pytest.mark.parametrize("behave", MALFORMED.values(), ids=MALFORMED.keys())
async def test_a_broken_answer_is_malformed(
    transport: type[FastClient] | type[HttpxClient], behave: Behaviour
) -> None:
    """Neither crash nor guess, and the connection is never used again."""
    async with hostile(behave) as server:
        async with asking(transport, server.url) as client:
            with pytest.raises(SourceMalformed):
                await ask(client)
        await emptied(server)


async def test_half_a_head_is_no_answer(
    transport: type[FastClient] | type[HttpxClient],
) -> None:
    """Httpx cannot tell it from no word at all; either name is right."""
    async with (
        hostile(saying(HEAD, close=True)) as server,
        asking(transport, server.url) as client,
    ):
        with pytest.raises((SourceMalformed, SourceUnavailable)):
            await ask(client)


SLOW: dict[str, Behaviour] = {
    "silence": fall_silent,
    "a head drop by drop": saying(*(OK[at : at + 1] for at in range(40)), pause_s=0.05),
    "a body that stops": saying(HEAD + b"Content-Length: 100\r\n\r\n{"),
    "interim answers for ever": saying(*([b"HTTP/1.1 102 Processing\r\n\r\n"] * 60), pause_s=0.02),
}


@pytest.mark.parametrize("behave", SLOW.values(), ids=SLOW.keys())
async def test_slowness_ends_at_the_deadline(
    transport: type[FastClient] | type[HttpxClient], behave: Behaviour
) -> None:
    """Bytes now and then must not keep a question alive past its deadline."""
    loop = asyncio.get_running_loop()
    async with hostile(behave) as server, asking(transport, server.url) as client:
        begun = loop.time()
        with pytest.raises(SourceTimeout):
            await ask(client, within=0.3)
        assert 0.28 <= loop.time() - begun <= 0.6
        await emptied(server)


async def test_a_register_that_leaves_without_a_word_is_unavailable(
    transport: type[FastClient] | type[HttpxClient],
) -> None:
    """Nothing was said, so nothing was malformed."""
    async with hostile(leave) as server, asking(transport, server.url) as client:
        with pytest.raises(SourceUnavailable):
            await ask(client)


async def test_nobody_there_is_unavailable(
    transport: type[FastClient] | type[HttpxClient],
) -> None:
    """A refused connection is known at once; nobody waits for the deadline."""
    async with hostile(leave) as server:
        url = server.url
    loop = asyncio.get_running_loop()
    async with asking(transport, url) as client:
        begun = loop.time()
        with pytest.raises(SourceUnavailable):
            await ask(client)
        assert loop.time() - begun < 1.0


async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one question properly, read the next, and close without a word."""
    await question(reader)
    writer.write(OK)
    await question(reader)


async def test_a_kept_connection_closed_under_a_safe_question_is_replaced(
    transport: type[FastClient] | type[HttpxClient],
) -> None:
    """A register's restart between two questions is nobody's fault."""
    async with hostile(once) as server, asking(transport, server.url) as client:
        await ask(client)
        assert b"{}" == (await ask(client)).body
        assert 2 == server.connections


async def test_an_unsafe_question_is_never_put_twice(
    transport: type[FastClient] | type[HttpxClient],
) -> None:
    """The source may have acted on it before it closed."""
    async with hostile(once) as server, asking(transport, server.url) as client:
        await ask(client)
        with pytest.raises(SourceUnavailable):
            await ask(client, safe=False)
        assert 1 == server.connections


async def test_a_connection_closed_while_idle_is_not_used(
    transport: type[FastClient] | type[HttpxClient],
) -> None:
    """Keep-alive ends on the other side first; even an unsafe question survives that."""
    async with (
        hostile(one_after_another(saying(OK, close=True), saying(OK))) as server,
        asking(transport, server.url) as client,
    ):
        await ask(client)
        await asyncio.sleep(0.05)
        assert b"{}" == (await ask(client, safe=False)).body


async def test_an_answer_nobody_asked_for_belongs_to_nobody(
    transport: type[FastClient] | type[HttpxClient],
) -> None:
    """A second answer on one question must never become the next caller's."""
    poison = framed(b'{"so_dinh_danh": "somebody else"}')
    async with (
        hostile(one_after_another(saying(OK, poison, pause_s=0.03), saying(OK))) as server,
        asking(transport, server.url) as client,
    ):
        await ask(client)
        await asyncio.sleep(0.1)
        assert b"{}" == (await ask(client)).body
        assert 2 == server.connections


async def test_two_answers_in_one_breath_are_malformed_or_dropped() -> None:
    """Whichever it is, the second is never handed to the next question."""
    poison = framed(b'{"so_dinh_danh": "somebody else"}')
    async with (
        hostile(one_after_another(saying(OK + poison), saying(OK))) as server,
        asking(FastClient, server.url) as client,
    ):
        with pytest.raises(SourceMalformed):
            await ask(client)
        assert b"{}" == (await ask(client)).body


async def test_an_answer_after_the_deadline_belongs_to_nobody(
    transport: type[FastClient] | type[HttpxClient],
) -> None:
    """The late answer to one caller must never reach another."""
    late = saying(b"", framed(b'{"so_dinh_danh": "somebody else"}'), pause_s=0.25)
    async with (
        hostile(one_after_another(late, saying(OK))) as server,
        asking(transport, server.url) as client,
    ):
        with pytest.raises(SourceTimeout):
            await ask(client, within=0.1)
        await asyncio.sleep(0.3)
        assert b"{}" == (await ask(client)).body


async def test_a_cancelled_question_frees_its_connection(
    transport: type[FastClient] | type[HttpxClient],
) -> None:
    """A caller who leaves takes the question along."""
    async with hostile(fall_silent) as server, asking(transport, server.url) as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await ask(client)
        await emptied(server)


async def test_many_at_once_each_get_their_own_answer(
    transport: type[FastClient] | type[HttpxClient],
) -> None:
    """Two hundred questions over as many connections as it takes, none mixed up."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await question(reader)
            writer.write(framed(head.lower().split(b"x-number: ")[1].split(b"\r\n")[0]))

    async def one(client: SourceClient, number: int) -> bytes:
        deadline = asyncio.get_running_loop().time() + 5
        trace = {"X-Number": str(number)}
        reply = await client.request("POST", "/q", {}, b"{}", trace=trace, deadline=deadline)
        return reply.body

    async with hostile(echo) as server, asking(transport, server.url) as client:
        for _ in range(3):
            answers = await asyncio.gather(*(one(client, number) for number in range(70)))
            assert [str(number).encode() for number in range(70)] == answers


async def test_idle_connections_are_let_go() -> None:
    """A quiet night does not keep sixty-four sockets open."""
    async with hostile(saying(OK)) as server, asking(FastClient, server.url, idle_s=0.1) as client:
        await asyncio.gather(*(ask(client) for _ in range(8)))
        assert server.open_now > 0
        await emptied(server)
        assert b"{}" == (await ask(client)).body


async def test_the_environment_names_no_proxy(
    transport: type[FastClient] | type[HttpxClient],
) -> None:
    """A proxy variable on a server must not see a single question.

    The variable is set for a child process, so that nothing leaks into the other tests.
    """
    script = (
        "import asyncio, sys\n"
        "from tests.faults.test_sources import ask, asking\n"
        f"from {transport.__module__} import {transport.__name__} as transport\n"
        "async def main():\n"
        "    async with asking(transport, sys.argv[1]) as client:\n"
        "        print((await ask(client)).status)\n"
        "asyncio.run(main())\n"
    )
    async with hostile(leave) as proxy, hostile(saying(OK)) as server:
        variables = {"http_proxy": proxy.url, "HTTP_PROXY": proxy.url, "ALL_PROXY": proxy.url}
        child = await asyncio.create_subprocess_exec(
            "/usr/bin/env", *(f"{name}={value}" for name, value in variables.items()),
            sys.executable, "-c", script, server.url,
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(30):
            out, _ = await child.communicate()
        assert (b"200\n", 0, 1) == (out, proxy.connections, server.connections)


@pytest.mark.parametrize(
    ("path", "headers", "trace"),
    [
        ("/q\r\nX: y", {}, {}),
        ("/q r", {}, {}),
        ("q", {}, {}),
        ("/ánh", {}, {}),
        ("/q", {"A": "b\r\nX: y"}, {}),
        ("/q", {"A\nB": "c"}, {}),
        ("/q", {}, {"A": "b\r\nX: y"}),
        ("/q", {}, {"A": "ánh"}),
    ],
)
async def test_a_question_never_smuggles_another(
    path: str, headers: dict[str, str], trace: dict[str, str]
) -> None:
    """A line break in a value would be a second request on the same connection."""
    async with hostile(saying(OK)) as server, asking(FastClient, server.url) as client:
        deadline = asyncio.get_running_loop().time() + 1
        with pytest.raises(SourceUnavailable, match="cannot carry"):
            await client.request("POST", path, headers, b"", trace=trace, deadline=deadline)
        assert 0 == server.connections


async def test_a_remembered_head_is_not_another_kinds() -> None:
    """What is written once must stay with its method, path and headers; the trace is new."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(framed(await question(reader)))

    kinds = [("GET", "/a", "1"), ("POST", "/a", "1"), ("POST", "/b", "1"), ("POST", "/b", "2")]
    kinds.append(("POST", "/b%20%s", "100%"))  # nothing in it makes room for a value
    async with hostile(echo) as server, asking(FastClient, server.url) as client:
        for mark in ("x", "y"):
            for method, path, key in kinds:
                deadline = asyncio.get_running_loop().time() + 5
                reply = await client.request(
                    method, path, {"K": key}, b"", trace={"M": mark}, deadline=deadline
                )
                assert reply.body.startswith(f"{method} {path} HTTP/1.1\r\n".encode())
                assert f"\r\nK: {key}\r\nM: {mark}\r\n".encode() in reply.body


async def emptied(server: Hostile) -> None:
    """Wait until the server holds no connection any more; at most two seconds."""
    async with asyncio.timeout(2):
        while server.open_now:
            await asyncio.sleep(0.01)


async def test_a_closed_client_says_so(
    transport: type[FastClient] | type[HttpxClient],
) -> None:
    """After the end there is a name for it, too."""
    async with hostile(saying(OK)) as server, asking(transport, server.url) as client:
        await ask(client)
        await client.aclose()
        await client.aclose()
        with pytest.raises(SourceError, match="closed"):
            await ask(client)


@asynccontextmanager
async def full_queue() -> AsyncGenerator[str]:
    """Give the address of a listener that accepts nobody and has no room for waiting."""
    loop = asyncio.get_running_loop()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        where = listener.getsockname()
        waiting = [socket.socket() for _ in range(3)]
        try:
            for each in waiting:
                each.setblocking(False)
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await loop.sock_connect(each, where)
            yield f"http://127.0.0.1:{where[1]}"
        finally:
            for each in waiting:
                each.close()


@pytest.mark.parametrize(
    ("within", "error"),
    [
        pytest.param(3.0, SourceUnavailable, id="with time to spare"),
        pytest.param(0.2, SourceTimeout, id="past the deadline"),
    ],
)
async def test_a_source_that_does_not_pick_up_is_given_up(
    transport: type[FastClient] | type[HttpxClient], within: float, error: type[SourceError]
) -> None:
    """Half a second for a connection, or less when the caller has less."""
    loop = asyncio.get_running_loop()
    async with full_queue() as url, asking(transport, url) as client:
        begun = loop.time()
        with pytest.raises(error):
            await ask(client, within=within)
        assert loop.time() - begun <= 1.0
