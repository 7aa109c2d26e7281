"""Row 33 of the fault matrix: whoever asks for too much gets a part, a place to go on, or a no."""

import time
from collections.abc import AsyncGenerator
from datetime import timedelta

import msgspec
import pytest

from gateway import database
from gateway.audit.repository import microseconds
from gateway.clock import utc_now
from gateway.errors import Code, Refusal
from gateway.search.projection import BLOCK_BITS, COLUMNS, PART_BITS, Indexed, unreadable
from gateway.search.repository import MOST_ROWS, SearchRepository, parts
from gateway.search.sought import Condition, Sought
from tests.audit_builders import an_access
from tests.audit_rows import connected
from tests.folded import DAY, WRITER
from tests.search_builders import Searched, searched

PART = 1 << PART_BITS
# Three parts of the tables, of which the middle one holds nothing that fits.
PLACES = [1, 2, PART + 7, 2 * PART, 2 * PART + 1, 2 * PART + 2]
OTHER = PART + 7


@pytest.fixture
async def wide(database_url: str) -> AsyncGenerator[Searched]:
    """Give tables that reach over three parts, and a search without any patience."""
    await spread(database_url)
    async with searched(database_url, budget_s=0) as found:
        yield found


async def spread(dsn: str) -> None:
    """Store a few rows far apart, as if all between them had been followed."""
    rows = [a_row(place) for place in PLACES]
    async with connected(dsn) as connection:
        for part in range(3):
            await connection.execute("SELECT search.ensure_part($1)", part)
        records = [msgspec.structs.astuple(row) for row in rows]
        await connection.copy_records_to_table(
            "ix", schema_name="search", columns=COLUMNS, records=records
        )
        for row in rows:
            await connection.execute(
                "INSERT INTO search.span VALUES ($1, $2, $2) ON CONFLICT DO NOTHING",
                row.leaf_index >> BLOCK_BITS,
                row.ts,
            )
        await connection.execute("UPDATE search.cursor SET next_index = $1", 3 * PART)


def a_row(place: int) -> Indexed:
    """Return a row a day old for each part that it lies before the last."""
    at = utc_now() - timedelta(days=2 - (place >> PART_BITS))
    org = "H2" if place == OTHER else "H1"
    return msgspec.structs.replace(
        unreadable(place, DAY, WRITER, place), org=org, type="access", ts=microseconds(at)
    )


async def test_a_page_that_ran_out_of_time_says_where_to_go_on(wide: Searched) -> None:
    """Nothing is left out, nothing comes twice, and each page costs at most one part."""
    sought = Sought(conditions=(Condition("org", ("H1",)),))
    told: list[list[int]] = []
    below: int | None = None
    while len(told) < 10:
        page = await wide.repository.page(sought, below=below, rows=2)
        told.append([row.leaf_index for row in page.rows])
        below = page.below
        if below is None:
            break

    assert [2 * PART + 2, 2 * PART + 1, 2 * PART, 2, 1] == [at for page in told for at in page]
    assert len(told) > 2
    assert [] in told  # a part was looked through in vain


async def test_a_window_of_time_opens_only_the_parts_it_needs(wide: Searched) -> None:
    """With no patience at all a page ends after one part: the others were never touched."""
    after = utc_now() - timedelta(hours=36)
    page = await wide.repository.page(Sought(after=after, before=after + timedelta(hours=24)))

    assert ([OTHER], None) == ([row.leaf_index for row in page.rows], page.below)


async def test_no_page_is_longer_than_its_bound(database_url: str) -> None:
    """Asking for a million rows brings 200."""
    async with searched(database_url) as log:
        await log.add(an_access() for _ in range(MOST_ROWS + 5))

        assert MOST_ROWS == len((await log.repository.page(Sought(), rows=10**6)).rows)
        assert 1 == len((await log.repository.page(Sought(), rows=-5)).rows)


async def test_a_question_that_cannot_be_answered_in_time_is_refused(wide: Searched) -> None:
    """A hanging database holds an auditor for seconds, not for ever."""
    async with connected(wide.dsn) as connection, connection.transaction():
        await connection.execute("LOCK TABLE search.ix IN ACCESS EXCLUSIVE MODE")
        began = time.monotonic()
        with pytest.raises(Refusal) as caught:
            await wide.repository.page(Sought())

    assert caught.value.code in {Code.SEARCH_TOO_WIDE, Code.DATABASE_UNAVAILABLE}
    assert time.monotonic() - began < 5


async def test_a_database_that_is_away_is_a_refusal() -> None:
    """The auditor reads what to do, not a stack of calls."""
    engine = database.engine("postgresql://127.0.0.1:1/none", role="motlan_auditor")
    repository = SearchRepository(lambda: database.transaction(engine))
    with pytest.raises(Refusal) as caught:
        await repository.page(Sought())
    await engine.dispose()

    assert Code.DATABASE_UNAVAILABLE is caught.value.code


@pytest.mark.parametrize(
    ("window", "cut"),
    [
        ((0, 0), []),
        ((5, 5), []),
        ((0, 1), [(0, 1)]),
        ((0, PART), [(0, PART)]),
        ((3, PART + 2), [(PART, PART + 2), (3, PART)]),
        ((PART - 1, 2 * PART + 1), [(2 * PART, 2 * PART + 1), (PART, 2 * PART), (PART - 1, PART)]),
    ],
)
def test_a_window_is_cut_at_the_borders_of_parts(
    window: tuple[int, int], cut: list[tuple[int, int]]
) -> None:
    """Newest first, no leaf twice, none left out."""
    assert cut == list(parts(*window))
