"""The follower: exactly once, whatever happens in between."""

import asyncio
import json
from collections.abc import AsyncGenerator
from datetime import timedelta

import asyncpg
import msgspec
import pytest

from catalog.assembly import EMPTY
from gateway.search.filling import Filling, opened
from gateway.search.follower import Follower
from gateway.search.lines import line
from gateway.search.projection import (
    COLUMNS,
    PART_BITS,
    UNREADABLE,
    digest_of,
    indexed,
    unreadable,
)
from gateway.search.sought import Sought
from gateway.sequencing.pacing import LEAST
from gateway.sequencing.repository import TreeRepository
from gateway.sequencing.rows import EntriesGone, Sequenced, TreeHead
from tests.audit_builders import a_deny, an_access
from tests.audit_rows import connected, until
from tests.folded import DAY, WRITER, fold, fold_bodies
from tests.replays import tamper
from tests.search_builders import Searched, searched


@pytest.fixture
async def log(database_url: str) -> AsyncGenerator[Searched]:
    """Give a database whose log is followed when told."""
    async with searched(database_url) as found:
        yield found


@pytest.fixture
async def filling(database_url: str) -> AsyncGenerator[Filling]:
    """Give one connection of a follower."""
    found = await opened(database_url)
    yield found
    await found.aclose()


async def expected(entries: list[bytes]) -> str:
    """Return the digest that the tables have once *entries* are followed."""
    rows = (indexed(at, DAY, WRITER, at, entry) for at, entry in enumerate(entries))
    return digest_of(rows).hex()


async def digest(log: Searched) -> str:
    """Return the digest of the tables."""
    return (await log.repository.digest()).hex()


async def test_two_followers_at_once_copy_each_leaf_once(log: Searched) -> None:
    """Keepers run on every host; the cursor's row lets one of them work at a time."""
    entries = await fold(log.dsn, [an_access() for _ in range(3 * LEAST + 50)])
    copied = await asyncio.gather(*(log.follow() for _ in range(3)))
    copied.append(await log.follow())

    assert len(entries) == sum(copied)
    assert await expected(entries) == await digest(log)


async def test_what_is_lost_is_found_missing_and_followed_anew(
    log: Searched, filling: Filling
) -> None:
    """Row 34 of the fault matrix: the index tables are dropped, the log is not."""
    entries = await log.add([an_access(), a_deny(), an_access()])
    before = await digest(log)
    assert await log.follower.heal(filling) is None
    async with connected(log.dsn) as connection:
        await connection.execute("DROP TABLE search.ix_00000000, search.subject_00000000")
    assert await digest(log) != before

    assert await log.follower.heal(filling) == 0
    assert await log.follower.catch_up(filling) == len(entries)
    assert before == await digest(log)


async def test_one_missing_row_is_noticed(log: Searched, filling: Filling) -> None:
    """An index that leaves out one record acquits somebody."""
    await log.add([an_access() for _ in range(5)])
    before = await digest(log)
    async with connected(log.dsn) as connection:
        await connection.execute("DELETE FROM search.ix WHERE leaf_index = 3")

    assert await log.follower.heal(filling) == 0
    await log.follower.catch_up(filling)
    assert before == await digest(log)


async def test_parts_are_looked_at_one_after_another(log: Searched, filling: Filling) -> None:
    """All at once, years of records would keep the search from following for minutes."""
    border = 1 << PART_BITS
    async with connected(log.dsn) as connection:
        for part in range(2):
            await connection.execute("SELECT search.ensure_part($1)", part)
        rows = [unreadable(at, DAY, WRITER, at) for at in range(border - 2, border + 2)]
        await connection.copy_records_to_table(
            "ix",
            schema_name="search",
            columns=COLUMNS,
            records=[msgspec.structs.astuple(row) for row in rows if row.leaf_index != border - 1],
        )
        await connection.execute(
            "UPDATE search.cursor SET floor = $1, next_index = $2", border - 2, border + 2
        )

    assert await log.follower.heal(filling) is None
    assert await log.follower.heal(filling) == 0
    assert (await log.repository.standing()).next_index == border - 2


async def test_a_crash_between_two_steps_repeats_nothing(log: Searched, filling: Filling) -> None:
    """Rows and cursor are one transaction: both are there, or neither."""

    class Dying:
        """A tree whose second look ends the process."""

        def __init__(self, tree: TreeRepository) -> None:
            self._tree = tree
            self.looks = 0

        async def head(self) -> TreeHead:
            return await self._tree.head()

        async def entries(self, first: int, limit: int) -> list[Sequenced]:
            self.looks += 1
            if self.looks > 1:
                raise ConnectionResetError
            return await self._tree.entries(first, min(limit, 3))

    entries = await fold(log.dsn, [an_access() for _ in range(8)])
    pool = await asyncpg.create_pool(log.dsn, min_size=1, max_size=1)
    dying = Follower(Dying(TreeRepository(pool)), lambda: opened(log.dsn))
    assert await dying.step(filling) == 3
    with pytest.raises(ConnectionResetError):
        await dying.step(filling)
    await pool.close()

    assert await log.follow() == len(entries) - 3
    assert await expected(entries) == await digest(log)


async def test_what_cannot_be_read_is_found_by_its_place(log: Searched) -> None:
    """A record that a later release wrote, or none of ours, does not stop the search."""
    huge = b'{"id":"01960000-0000-7000-8000-000000000000","res":{"status":70000},"ts":1,"type":"x"}'
    entries = await fold_bodies(log.dsn, [b'{"id":1}', huge, b'{"type":"new","x":[]}'])
    await log.follow()
    rows = [await log.repository.at(index) for index in range(3)]

    assert len(entries) == (await log.repository.standing()).next_index
    assert [(UNREADABLE, WRITER, seq) for seq in range(3)] == [
        (row.type, row.writer, row.seq) for row in rows if row
    ]


async def test_a_hole_in_the_map_of_the_tree_is_told(log: Searched) -> None:
    """A follower that finds nothing where the tree has records must not ask again at once."""
    await fold(log.dsn, [an_access() for _ in range(5)])
    await tamper(log.dsn, "UPDATE audit.run SET first_index = first_index + 1000")

    with pytest.raises(EntriesGone):
        await log.follow()


FORGED = {
    "a NUL": {"actor": {"org": "H31\0"}},
    "a NUL among the people": {"subj": {"k": "2026", "p": ["a\0"]}},
    "a word too long for an index": {"actor": {"org": "".join(map(chr, range(300, 9300)))}},
    "a long name of a person": {"subj": {"k": "2026", "p": ["".join(map(chr, range(300, 9300)))]}},
    "a day that no calendar has": {"ts": 2**63 - 1},
    "a day before all": {"ts": -(2**63)},
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
async def test_a_forged_record_stops_neither_the_search_nor_a_page_of_it(
    log: Searched, forged: dict[str, object]
) -> None:
    """One record of a stolen worker must not blind every auditor and every citizen."""
    own = {"id": "01960000-0000-7000-8000-000000000000", "ts": 1, "type": "access"}
    await fold_bodies(log.dsn, [json.dumps({**own, **forged}, ensure_ascii=False).encode()])
    await fold(log.dsn, [an_access()])

    assert await log.follow() == 2
    page = await log.repository.page(Sought())
    assert [1, 0] == [line(row, EMPTY).index for row in page.rows]


async def test_it_goes_on_by_itself_after_its_connection_was_cut(log: Searched) -> None:
    """A restart of the database costs a second of lag, and nobody gets up at night."""
    task = asyncio.get_running_loop().create_task(log.follower.follow())
    try:
        await fold(log.dsn, [an_access()])
        await until(lambda: reached(log, 1))
        async with connected(log.dsn) as connection:
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'motlan search follower'"
            )
        await fold(log.dsn, [an_access()])
        await until(lambda: reached(log, 2))
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.wait({task})


async def reached(log: Searched, index: int) -> bool:
    """Tell whether the tables hold everything below *index*."""
    return (await log.repository.standing()).next_index >= index


async def test_raising_the_floor_lets_go_of_what_has_left_the_record(
    log: Searched, filling: Filling
) -> None:
    """What the archive holds alone is not found here, and a rebuild starts above it."""
    await log.add([an_access() for _ in range(6)])
    async with connected(log.dsn) as connection:
        await connection.execute("SET ROLE motlan_retention")
        await connection.execute("SELECT search.raise_floor(4)")
    before = await digest(log)

    assert await log.repository.at(3) is None
    assert await log.repository.at(4) is not None
    assert await log.follower.heal(filling) is None
    await filling.rewind(0)
    assert await log.follower.catch_up(filling) == 2
    assert (4, before) == ((await log.repository.standing()).floor, await digest(log))


async def test_a_day_that_left_the_record_leaves_the_search(
    log: Searched, filling: Filling
) -> None:
    """Nobody has to tell the search: it looks which day is the oldest."""
    old, new = [an_access() for _ in range(4)], [an_access() for _ in range(3)]
    gone = DAY - timedelta(days=2)
    await fold(log.dsn, old, writer=f"gw1.0.{gone:%y%m%d}.abcdefghijkm", day=gone)
    await log.add(new)
    assert await filling.let_go() == 0
    async with connected(log.dsn) as connection:
        await connection.execute(f"DROP TABLE audit.entry_{gone:%Y%m%d}")
    assert await filling.let_go() == 4

    page = await log.repository.page(Sought())
    assert [6, 5, 4] == [row.leaf_index for row in page.rows]
    await filling.rewind(0)
    assert await log.follower.catch_up(filling) == 3
    assert await filling.let_go() == 4


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO search.cursor VALUES (false, 0, 0, now())",
        "UPDATE search.cursor SET next_index = 0",
        "DELETE FROM search.ix",
        "INSERT INTO search.subject VALUES ('x', 1)",
        "SELECT search.rewind(0)",
        "SELECT search.raise_floor(1)",
        "UPDATE search.inquiry SET reason = 'another one'",
        "DELETE FROM search.inquiry",
    ],
)
async def test_an_auditor_changes_nothing_of_it(log: Searched, statement: str) -> None:
    """Whoever reads the search cannot make it forget."""
    async with connected(log.dsn) as connection:
        await connection.execute("SET ROLE motlan_auditor")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
