"""Every wrong answer that a witness can give, and what becomes of it (fault row 13)."""

import time

import pytest
from structlog.testing import capture_logs

from gateway.tlog.cosignatures import Ed25519Cosigner
from gateway.witnessing.outcomes import Outcome
from tests.tlog_builders import ed25519
from tests.witness_rounds import (
    LOG,
    Replied,
    a_stub,
    http,
    line_over,
    rounds_over,
    stub_keys,
    told,
)


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


async def test_a_conflict_over_the_same_size_is_a_fork_in_any_words() -> None:
    """The specification names no body for it, so other houses' witnesses send what they like."""

    def reply(body: bytes) -> bytes:
        if body.startswith(b"old 10\n"):
            return http(409, b"roots differ\n")
        return http(409, b"10\n", "text/x.tlog.size")

    outcome, _ = await told(reply)

    assert Outcome.FORKED.value == outcome


async def test_a_wrong_clock_is_told_once() -> None:
    """A cosignature bounds the records' times, so a clock that is off should be put right."""
    hour = int(time.time()) + 3600
    with capture_logs() as logged:
        async with (
            a_stub(lambda _: http(200, line_over(LOG.signed(10), time_s=hour))) as url,
            rounds_over((url, stub_keys(url)), needed=1) as rounds,
        ):
            assert await rounds.once()
            assert await rounds.once()

    assert 1 == [line["event"] for line in logged].count("witness.clock_apart")


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
