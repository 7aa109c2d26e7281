"""What witnesses said, in a real database, by the roles that write and read it."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
import pytest_asyncio

from gateway import database
from gateway.witnessing.outcomes import Outcome, Witnessed
from gateway.witnessing.repository import WitnessRepository
from gateway.witnessing.submission import Answer, Cosignature

AT = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest_asyncio.fixture
async def rows(database_url: str) -> AsyncGenerator[database.Pool]:
    """Give connections of the role that the keeper has."""
    async with await database.raw_pool(database_url, "motlan_sequencer", 2) as pool:
        yield pool


def cosigned(name: str, size: int, line: str = "line\n") -> Answer:
    """Return the answer of a witness that cosigned."""
    stamp = int(AT.timestamp())
    return Answer(Outcome.COSIGNED, size, (Cosignature(name, line, stamp),))


SILENT = Answer(Outcome.SILENT, 7)


async def lines_at(rows: database.Pool, size: int) -> list[tuple[str, str]]:
    """Return the cosignatures that are kept for *size*."""
    found = await rows.fetch(
        "SELECT witness, line FROM audit.cosignature WHERE size = $1 ORDER BY witness", size
    )
    return [(row[0], row[1]) for row in found]


async def test_an_empty_tree_is_witnessed_from_the_migration_on(rows: database.Pool) -> None:
    """Strict services may begin before the first minute is over."""
    last = await WitnessRepository(rows).witnessed()

    assert 0 == last.size
    assert [] == await WitnessRepository(rows).lines()


async def test_a_round_with_a_quorum_is_kept_whole(rows: database.Pool) -> None:
    """Who cosigned what, when, and that it was enough."""
    book = WitnessRepository(rows)
    later = (await book.witnessed()).at + MINUTE
    await book.record(9, {"a": cosigned("a", 9), "b": SILENT}, at=later, quorum=True)

    found = {line.name: line for line in await book.lines()}

    assert Witnessed(9, later) == await book.witnessed()
    assert [("a", "line\n")] == await lines_at(rows, 9)
    assert (Outcome.COSIGNED, 9, later) == (
        found["a"].outcome,
        found["a"].size,
        found["a"].cosigned_at,
    )
    assert (Outcome.SILENT, 7, None) == (
        found["b"].outcome,
        found["b"].size,
        found["b"].cosigned_at,
    )


async def test_without_a_quorum_the_clock_runs_on(rows: database.Pool) -> None:
    """One of two is not two."""
    book = WitnessRepository(rows)
    before = await book.witnessed()
    await book.record(9, {"a": cosigned("a", 9)}, at=before.at + MINUTE, quorum=False)

    assert before == await book.witnessed()
    assert [("a", "line\n")] == await lines_at(rows, 9)


async def test_the_first_cosignature_over_a_size_stays(rows: database.Pool) -> None:
    """The earlier time bounds the records' own times more tightly."""
    book = WitnessRepository(rows)
    at = (await book.witnessed()).at + MINUTE
    await book.record(9, {"a": cosigned("a", 9, "first\n")}, at=at, quorum=True)
    await book.record(9, {"a": cosigned("a", 9, "second\n")}, at=at + MINUTE, quorum=True)

    assert [("a", "first\n")] == await lines_at(rows, 9)
    assert Witnessed(9, at + MINUTE) == await book.witnessed()


async def test_since_when_a_witness_is_as_it_is(rows: database.Pool) -> None:
    """Silent for a minute is a reboot, silent since Friday is a telephone call."""
    book = WitnessRepository(rows)
    for n, answer in enumerate([cosigned("a", 9), SILENT, SILENT, SILENT]):
        await book.record(9, {"a": answer}, at=AT + n * MINUTE, quorum=False)

    (line,) = await book.lines()

    assert (AT + MINUTE, AT + 3 * MINUTE, AT) == (line.since, line.asked_at, line.cosigned_at)


async def test_a_witness_that_left_the_policy_is_forgotten(rows: database.Pool) -> None:
    """The page names those who watch now; their cosignatures of then stay."""
    book = WitnessRepository(rows)
    await book.record(9, {"a": cosigned("a", 9), "b": SILENT}, at=AT, quorum=False)
    await book.record(10, {"b": SILENT}, at=AT + MINUTE, quorum=False)

    assert ["b"] == [line.name for line in await book.lines()]
    assert [("a", "line\n")] == await lines_at(rows, 9)


async def test_an_older_round_does_not_undo_a_newer_one(rows: database.Pool) -> None:
    """Two keepers may finish in another order than they began."""
    book = WitnessRepository(rows)
    at = (await book.witnessed()).at + MINUTE
    await book.record(10, {}, at=at + MINUTE, quorum=True)
    await book.record(9, {}, at=at, quorum=True)

    assert Witnessed(10, at + MINUTE) == await book.witnessed()


async def test_a_clock_that_was_put_right_is_believed(rows: database.Pool) -> None:
    """A quorum of tomorrow would keep strict services open through a day without witnesses."""
    book = WitnessRepository(rows)
    at = (await book.witnessed()).at
    await book.record(9, {}, at=at + 1440 * MINUTE, quorum=True)
    await book.record(10, {}, at=at + MINUTE, quorum=True)

    assert Witnessed(10, at + MINUTE) == await book.witnessed()


async def test_workers_read_and_cannot_write(database_url: str) -> None:
    """Whoever serves data must not be able to say that it was witnessed."""
    async with await database.raw_pool(database_url, "motlan_app", 1) as pool:
        book = WitnessRepository(pool)

        assert 0 == (await book.witnessed()).size
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await book.record(9, {}, at=AT, quorum=True)


async def test_not_even_the_keeper_rewrites_a_cosignature(rows: database.Pool) -> None:
    """What a witness signed is evidence, of us as much as of it."""
    for forbidden in ("UPDATE audit.cosignature SET line = ''", "DELETE FROM audit.cosignature"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await rows.execute(forbidden)
