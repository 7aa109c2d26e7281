"""Rounds of witnesses for tests: in memory, over real sockets, with stubs that answer anything."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime

from gateway.clock import utc_now
from gateway.tlog.cosignatures import Ed25519Cosigner, cosign
from gateway.tlog.policies import Policy, Witness, parse_policy
from gateway.witnessing.outcomes import Witnessed
from gateway.witnessing.rounds import Pace, Rounds
from gateway.witnessing.submission import Answer
from tests.tlog_builders import ed25519
from tests.witness_builders import Tree, a_log, submission_to

LOG = a_log(60)
START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
KEY = Ed25519Cosigner("stub.example/w", ed25519(9))
Replied = Callable[[bytes], bytes]


class Book:
    """Where rounds leave what they learned; in memory."""

    def __init__(self) -> None:
        self.last = Witnessed(0, START)
        self.said: dict[str, Answer] = {}
        self.kept: dict[tuple[int, str], str] = {}

    async def record(
        self, size: int, answers: Mapping[str, Answer], *, at: datetime, quorum: bool
    ) -> None:
        """Keep it."""
        self.said = dict(answers)
        for answer in answers.values():
            for each in answer.cosignatures:
                self.kept.setdefault((size, each.witness), each.line)
        if quorum:
            self.last = Witnessed(size, at)

    async def witnessed(self) -> Witnessed:
        """Return the last quorum."""
        return self.last

    @property
    def outcomes(self) -> dict[str, str]:
        """Return what each witness did, in words."""
        return {name: answer.outcome.value for name, answer in self.said.items()}


class Watch:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = utc_now()

    def __call__(self) -> datetime:
        """Return the present."""
        return self.now


def policy(*witnesses: Witness, needed: int) -> Policy:
    """Return a policy that wants *needed* of these witnesses."""
    lines = [f"log {signer.vkey}" for signer in LOG.signers]
    lines += [f"witness {each.name} {each.key} {each.url}" for each in witnesses]
    names = " ".join(each.name for each in witnesses)
    return parse_policy("\n".join([*lines, f"group q {needed} {names}", "quorum q", ""]).encode())


@asynccontextmanager
async def rounds_over(
    *asked: tuple[str, list[Witness]],
    needed: int,
    tree: Tree | None = None,
    book: Book | None = None,
    clock: Watch | None = None,
    pace: Pace | None = None,
) -> AsyncGenerator[Rounds]:
    """Give rounds that ask witnesses at their addresses."""
    async with AsyncExitStack() as stack:
        yield Rounds(
            policy(*(key for _, keys in asked for key in keys), needed=needed),
            [await stack.enter_async_context(submission_to(*each)) for each in asked],
            tree or Tree(LOG, 10),
            book or Book(),
            clock=clock or Watch(),
            pace=pace or Pace(60.0, 2.0, 600.0),
        )


@asynccontextmanager
async def a_stub(reply: Replied, *, delay_s: float = 0.0) -> AsyncGenerator[str]:
    """Run a witness that answers what *reply* makes of the request's body, however wrong."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        (length,) = (
            int(line.split(b":")[1])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length")
        )
        body = await reader.readexactly(length)
        await asyncio.sleep(delay_s)
        writer.write(reply(body))
        await writer.drain()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await serve(reader, writer)
        except (OSError, EOFError, asyncio.CancelledError):
            pass  # the client left, or the test is over
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def http(status: int, body: bytes, kind: str = "text/plain") -> bytes:
    """Spell an HTTP answer."""
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def stub_keys(url: str) -> list[Witness]:
    """Return what a policy says of a stub."""
    return [Witness("stub", KEY.vkey, url)]


def line_over(note: str, key: Ed25519Cosigner = KEY, *, time_s: int | None = None) -> bytes:
    """Return the line of a stub's key over the text of *note*."""
    at = int(time.time()) if time_s is None else time_s
    return cosign(note.partition("\n\n")[0] + "\n", key, at).line().encode()


async def told(reply: Replied, *, delay_s: float = 0.0) -> tuple[str, Book]:
    """Hold one round with one stub; return what came of it."""
    book = Book()
    async with (
        a_stub(reply, delay_s=delay_s) as url,
        rounds_over((url, stub_keys(url)), needed=1, book=book) as rounds,
    ):
        await rounds.once()
    return book.outcomes["stub"], book
