"""Witnesses that are down, slow, wrong or lied to; and a log that went back (fault rows 10, 13)."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.clock import utc_now
from gateway.tlog.cosignatures import Ed25519Cosigner, cosign
from gateway.tlog.policies import Policy, Witness, parse_policy
from gateway.witnessing.outcomes import Outcome, Witnessed
from gateway.witnessing.rounds import Pace, Rounds
from gateway.witnessing.submission import Answer, Submission
from tests.tlog_builders import SmallLog, ed25519
from tests.witness_builders import (
    Tree,
    WitnessProcess,
    a_fork,
    a_log,
    a_witness,
    posted,
    request,
    submission_to,
)

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
        self, size: int, answers: dict[str, Answer], *, at: datetime, quorum: bool
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
    async with _all([submission_to(url, keys) for url, keys in asked]) as submissions:
        yield Rounds(
            policy(*(key for _, keys in asked for key in keys), needed=needed),
            submissions,
            tree or Tree(LOG, 10),
            book or Book(),
            clock=clock or Watch(),
            pace=pace or Pace(60.0, 2.0, 600.0),
        )


@asynccontextmanager
async def _all(managers: list) -> AsyncGenerator[list[Submission]]:  # type: ignore[type-arg]
    opened: list[Submission] = []
    try:
        opened.extend([await each.__aenter__() for each in managers])
        yield opened
    finally:
        for each in managers:
            await each.__aexit__(None, None, None)


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


async def test_both_witnesses_cosign_the_newest_checkpoint(tmp_path: Path) -> None:
    """The promise as it is on a good day: two houses, four signatures, one checkpoint."""
    book = Book()
    async with (
        a_witness(tmp_path / "1", LOG, name="a.example/w") as one,
        a_witness(tmp_path / "2", LOG, name="b.example/w") as two,
        rounds_over(
            (one.url, one.lines("a")), (two.url, two.lines("b")), needed=4, book=book
        ) as rounds,
    ):
        assert await rounds.once()

    assert {(10, name) for name in ("a", "a-pq", "b", "b-pq")} == set(book.kept)
    assert 10 == book.last.size


async def test_a_log_goes_on_being_witnessed_as_it_grows(tmp_path: Path) -> None:
    """Each round proves that the last one is its beginning; an idle round keeps the clock fresh."""
    book, tree = Book(), Tree(LOG, 1)
    async with (
        a_witness(tmp_path, LOG) as one,
        rounds_over((one.url, one.lines()), needed=2, book=book, tree=tree) as rounds,
    ):
        for tree.size in (1, 2, 3, 3, 7, 8, 31, 60, 60):
            assert await rounds.once(), tree.size

    assert 60 == book.last.size


async def test_one_witness_down_is_told_and_the_others_suffice(tmp_path: Path) -> None:
    """A reboot in one house is no affair of the province."""
    book = Book()
    async with (
        a_witness(tmp_path / "1", LOG, name="a.example/w") as one,
        a_witness(tmp_path / "2", LOG, name="b.example/w") as two,
        rounds_over(
            (one.url, one.lines("a")[:1]), (two.url, two.lines("b")[:1]), needed=1, book=book
        ) as rounds,
    ):
        await two.kill()
        assert await rounds.once()
        assert {"a": "cosigned", "b": "silent"} == book.outcomes

        await two.start()
        assert await rounds.once()

    assert {"a": "cosigned", "b": "cosigned"} == book.outcomes


async def test_a_slow_witness_holds_nobody_up(tmp_path: Path) -> None:
    """The round ends at its deadline with what came by then."""
    book = Book()
    async with (
        a_witness(tmp_path, LOG) as one,
        a_stub(lambda _: http(200, b""), delay_s=30) as url,
        rounds_over(
            (one.url, one.lines()[:1]),
            (url, stub_keys(url)),
            needed=1,
            book=book,
            pace=Pace(60.0, 1.0, 600.0),
        ) as rounds,
    ):
        began = time.monotonic()
        assert await rounds.once()
        assert time.monotonic() - began < 2.5

    assert {"w1": "cosigned", "stub": "silent"} == book.outcomes


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (lambda _: http(404, b""), Outcome.LOG_UNKNOWN),
        (lambda _: http(403, b""), Outcome.KEY_REFUSED),
        (lambda _: http(422, b""), Outcome.FORKED),
        (lambda _: http(500, b""), Outcome.ANSWER_ODD),
        (lambda _: http(302, b""), Outcome.ANSWER_ODD),
        (lambda _: http(400, b""), Outcome.ANSWER_ODD),
        (lambda _: http(409, b"7\n"), Outcome.ANSWER_ODD),
        (lambda _: http(409, b"x\n", "text/x.tlog.size"), Outcome.ANSWER_ODD),
        (lambda _: http(409, b"999\n", "text/x.tlog.size"), Outcome.AHEAD),
        (lambda _: http(409, b"0\n", "text/x.tlog.size"), Outcome.FORKED),
        (lambda _: http(200, b""), Outcome.COSIGNATURE_BAD),
        (lambda _: http(200, b"x" * 500_000), Outcome.SILENT),
        (lambda _: b"\x00\x01garbage\r\n\r\n", Outcome.SILENT),
        (lambda _: b"", Outcome.SILENT),
    ],
    ids=[
        *("unknown", "key", "fork", "error", "redirect", "form", "untyped", "unsized", "ahead"),
        *("stubborn", "empty", "huge", "garbage", "hangup"),
    ],
)
async def test_every_answer_has_its_name(reply: Replied, expected: Outcome) -> None:
    """An operator reads one word and knows whom to call."""
    outcome, book = await told(reply)

    assert expected.value == outcome
    assert {} == book.kept


@pytest.mark.parametrize(
    "line",
    [
        line_over(LOG.signed(10), Ed25519Cosigner("stub.example/w", ed25519(8))),
        line_over(LOG.signed(10), Ed25519Cosigner("other.example/w", ed25519(9))),
        line_over(LOG.signed(11)),
        line_over(LOG.signed(10), time_s=0),
        line_over(LOG.signed(10), time_s=2**62),
        line_over(LOG.signed(10))[:-20] + b"AAAAAAAAAAAAAAAAAAA\n",
        line_over(LOG.signed(10)).replace(b"\n", b""),
        "\N{EM DASH} stub.example/w\n".encode(),
    ],
    ids=["key", "name", "tree", "timeless", "beyond", "spoilt", "unended", "short"],
)
async def test_a_bad_cosignature_is_dropped_and_counted(line: bytes) -> None:
    """What does not hold is never stored: a proof with it would be thrown out in court."""
    outcome, book = await told(lambda _: http(200, line))

    assert Outcome.COSIGNATURE_BAD.value == outcome
    assert {} == book.kept


async def test_a_bad_line_does_not_spoil_a_good_one() -> None:
    """A witness that changes its keys sends old and new lines together."""
    other = line_over(LOG.signed(10), Ed25519Cosigner("stub.example/w", ed25519(8)))
    outcome, book = await told(lambda _: http(200, other + line_over(LOG.signed(10))))

    assert Outcome.COSIGNED.value == outcome
    assert [(10, "stub")] == list(book.kept)


async def test_what_was_counted_can_be_measured() -> None:
    """A witness that fails once a day shows on a curve, not in a log line."""
    async with (
        a_stub(lambda _: http(200, b"")) as url,
        rounds_over((url, stub_keys(url)), needed=1) as rounds,
    ):
        await rounds.once()
        await rounds.once()

    assert 2 == rounds.counted["cosignature_bad"]
    assert 0 == rounds.counted["cosigned"]


async def test_a_restarted_keeper_learns_where_the_witness_stands(tmp_path: Path) -> None:
    """Nobody keeps on our side what a 409 tells at once."""
    book = Book()
    async with a_witness(tmp_path, LOG) as one:
        for size in (10, 25):
            asked = (one.url, one.lines())
            async with rounds_over(asked, needed=2, tree=Tree(LOG, size), book=book) as rounds:
                assert await rounds.once()

    assert 25 == book.last.size


async def test_a_restored_database_is_an_alarm(tmp_path: Path) -> None:
    """An old backup goes on as if nothing had been: the witness remembers, and says so."""
    book, tree = Book(), Tree(LOG, 30)
    async with (
        a_witness(tmp_path, LOG) as one,
        rounds_over((one.url, one.lines()[:1]), needed=1, book=book, tree=tree) as rounds,
    ):
        assert await rounds.once()
        tree.size = 20  # the backup
        with capture_logs() as logged:
            assert not await rounds.once()
        assert {"w1": "ahead"} == book.outcomes
        assert ["critical"] == [line["log_level"] for line in logged]

        tree.log, tree.size = a_fork(40, after=20), 40  # and it grew another way
        with capture_logs() as logged:
            assert not await rounds.once()

    assert {"w1": "forked"} == book.outcomes
    assert ["critical"] == [line["log_level"] for line in logged]
    assert 30 == book.last.size


async def test_two_checkpoints_of_one_size_are_found_out(tmp_path: Path) -> None:
    """A log that tells two people two stories meets a witness that has heard the other one."""
    book = Book()
    async with (
        a_witness(tmp_path, LOG) as one,
        rounds_over((one.url, one.lines()), needed=2, tree=Tree(LOG, 20)) as honest,
        rounds_over((one.url, one.lines()), needed=2, tree=Tree(a_fork(), 20), book=book) as liar,
    ):
        assert await honest.once()
        assert not await liar.once()

    assert {"w1": "forked", "w1-pq": "forked"} == book.outcomes


async def test_a_replayed_request_says_nothing_new(tmp_path: Path) -> None:
    """Whoever recorded an old request can send it again; the witness stays where it is."""
    from gateway.witnessing.requests import encode  # noqa: PLC0415 - this test alone

    old = encode(request(LOG, 0, 10))
    book, tree = Book(), Tree(LOG, 10)
    async with (
        a_witness(tmp_path, LOG) as one,
        rounds_over((one.url, one.lines()[:1]), needed=1, book=book, tree=tree) as rounds,
    ):
        assert await rounds.once()
        tree.size = 20
        assert await rounds.once()
        statuses = [await asyncio.to_thread(_status, one, old) for _ in range(3)]
        tree.size = 30
        assert await rounds.once()

    assert [409, 409, 409] == statuses


async def test_a_witness_killed_between_writing_and_answering_is_asked_again(
    tmp_path: Path,
) -> None:
    """It has signed and nobody heard: a 409 with our own size leads to the same signature."""
    book, tree = Book(), Tree(LOG, 5)
    async with (
        a_witness(tmp_path, LOG) as one,
        rounds_over((one.url, one.lines()[:1]), needed=1, book=book, tree=tree) as rounds,
    ):
        assert await rounds.once()
        for tree.size in (10, 20, 30):
            asking = asyncio.ensure_future(rounds.once())
            await asyncio.sleep(0.004)
            await one.kill()
            await asking
            await one.start()
            assert await rounds.once(), book.outcomes

    assert 30 == book.last.size


async def test_another_keeper_ahead_of_us_is_no_alarm() -> None:
    """Two keepers of one log cross each other; only a tree that went back is an alarm."""
    book, tree = Book(), Tree(LOG, 30)

    def passing(_: bytes) -> bytes:
        tree.size = 31  # meanwhile the tree grew, and the other keeper offered it
        return http(409, b"31\n", "text/x.tlog.size")

    async with (
        a_stub(passing) as url,
        rounds_over((url, stub_keys(url)), needed=1, book=book, tree=tree) as rounds,
    ):
        await rounds.once()

    assert {"stub": "overtaken"} == book.outcomes


async def test_an_empty_tree_is_offered_to_nobody(tmp_path: Path) -> None:
    """There is nothing to confirm, and nothing is late."""
    async with (
        a_witness(tmp_path, LOG) as one,
        rounds_over((one.url, one.lines()), needed=2, tree=Tree(LOG, 0)) as rounds,
    ):
        assert await rounds.once() is None


async def test_ten_minutes_without_a_quorum_are_told_once_and_taken_back(tmp_path: Path) -> None:
    """An alarm that repeats itself each minute is switched off by the second night."""
    book, clock = Book(), Watch()
    book.last = Witnessed(0, clock.now)
    async with (
        a_witness(tmp_path, LOG) as one,
        rounds_over(
            (one.url, one.lines()[:1]),
            needed=1,
            book=book,
            clock=clock,
            pace=Pace(0.05, 1.0, 600.0),
        ) as rounds,
    ):
        await one.kill()
        with capture_logs() as logged:
            keeping = asyncio.ensure_future(rounds.keep())
            await asyncio.sleep(0.5)
            assert [] == alarms(logged)
            clock.now += timedelta(minutes=11)
            await asyncio.sleep(0.5)
            assert ["witness.quorum_overdue"] == alarms(logged)
            assert 660 == pytest.approx(rounds.age_s(), abs=1)
            await one.start()
            await until(lambda: "witness.quorum_again" in alarms(logged))
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    assert ["witness.quorum_overdue", "witness.quorum_again"] == alarms(logged)


async def test_a_database_that_is_away_ends_no_rounds(tmp_path: Path) -> None:
    """The next round does what this one could not; the failure is told once."""

    class Away(Book):
        failing = True

        async def record(self, size: int, answers: dict[str, Answer], **how: object) -> None:
            if self.failing:
                raise ConnectionError
            await super().record(size, answers, **how)  # type: ignore[arg-type]

    book = Away()
    async with (
        a_witness(tmp_path, LOG) as one,
        rounds_over(
            (one.url, one.lines()[:1]), needed=1, book=book, pace=Pace(0.05, 1.0, 1e9)
        ) as rounds,
    ):
        with capture_logs() as logged:
            keeping = asyncio.ensure_future(rounds.keep())
            await asyncio.sleep(0.6)
            book.failing = False
            await until(lambda: book.last.size == 10)
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)

    assert 1 == [line["event"] for line in logged].count("witness.round_failed")


def alarms(logged: list) -> list[str]:  # type: ignore[type-arg]
    """Return the alarms among log lines."""
    return [line["event"] for line in logged if line["event"].startswith("witness.quorum")]


async def until(condition: Callable[[], bool], within_s: float = 10.0) -> None:
    """Return once *condition* holds."""
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.02)


def _status(witness: WitnessProcess, body: bytes) -> int:
    with posted(witness.url, body) as (status, _, _):
        return status


def test_the_small_log_and_its_fork_share_their_keys() -> None:
    """Otherwise the tests above would be about unknown keys."""
    fork: SmallLog = a_fork()

    assert [str(each.vkey) for each in LOG.signers] == [str(each.vkey) for each in fork.signers]
