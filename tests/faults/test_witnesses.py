"""Witnesses that are down, slow or lied to; and a log that went back (fault rows 10, 13)."""

import asyncio
import time
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.witnessing.outcomes import Witnessed
from gateway.witnessing.requests import encode
from gateway.witnessing.rounds import Pace
from gateway.witnessing.submission import Answer
from tests.tlog_builders import SmallLog
from tests.witness_builders import Tree, WitnessProcess, a_fork, a_witness, posted, request
from tests.witness_rounds import LOG, Book, Watch, a_stub, http, rounds_over, stub_keys


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

        async def record(self, size: int, answers: Mapping[str, Answer], **how: Any) -> None:
            if self.failing:
                raise ConnectionError
            await super().record(size, answers, **how)

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


def alarms(logged: Sequence[MutableMapping[str, Any]]) -> list[str]:
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
