"""`motlan audit index`: the search tables beside the log."""

from tests.audit_builders import a_deny, an_access
from tests.audit_rows import connected
from tests.command_line import answer, motlan
from tests.conftest import execute, in_a_loop
from tests.folded import fold
from tests.search_builders import searched


def filled(dsn: str, leaves: int = 5) -> None:
    """Record and follow a few leaves, then record two more."""

    async def work() -> None:
        async with searched(dsn) as log:
            await log.add(an_access() for _ in range(leaves))
        await fold(dsn, [a_deny(), a_deny()])

    in_a_loop(work)


def index(dsn: str, command: str, *more: str) -> tuple[int, dict[str, object]]:
    """Run one command; return its code and facts."""
    ended = motlan("audit", "index", command, "--url", dsn, *more)
    return ended.exit_code, answer("audit", "index", command, "--url", dsn, *more)


def test_lag_tells_how_far_behind_the_search_is(database_url: str) -> None:
    """Row 34 of the fault matrix."""
    filled(database_url)

    assert (0, {"floor": 0, "searched_to": 5, "tree_size": 7, "behind": 2}) == index(
        database_url, "lag"
    )


def test_a_rebuild_equals_what_was_there_byte_for_byte(database_url: str) -> None:
    """What one row differs in is seen, and a rebuild puts it right."""
    filled(database_url)
    code, before = index(database_url, "digest")
    assert (0, True) == (code, before["equal"])
    execute(database_url, "UPDATE search.ix SET org = 'H00' WHERE leaf_index = 2")
    code, changed = index(database_url, "digest")
    assert (7, False, before["projected"]) == (code, changed["equal"], changed["projected"])

    assert 6 == motlan("audit", "index", "rebuild", "--url", database_url).exit_code
    code, after = index(database_url, "rebuild", "--yes")
    assert (0, True, 7) == (code, after["equal"], after["searched_to"])


def test_subjects_and_spans_count_too(database_url: str) -> None:
    """A person who is missing from one table is missing from the search."""
    filled(database_url)
    for statement in (
        "DELETE FROM search.subject WHERE leaf_index = 1",
        "UPDATE search.span SET max_ts = max_ts - 1",
    ):
        execute(database_url, "SELECT search.rewind(0)")
        index(database_url, "rebuild", "--yes")
        execute(database_url, statement)
        expected = 7 if "subject" in statement else 0  # the block at the edge may still grow
        assert expected == index(database_url, "digest")[0]


def test_tables_that_were_dropped_come_back(database_url: str) -> None:
    """The log alone is enough."""
    filled(database_url)
    before = index(database_url, "digest")[1]["projected"]
    execute(database_url, "DROP TABLE search.ix_00000000, search.subject_00000000")
    assert 7 == index(database_url, "digest")[0]
    index(database_url, "rebuild", "--yes")

    async def rows() -> int:
        async with connected(database_url) as connection:
            return int(await connection.fetchval("SELECT count(*) FROM search.ix"))

    assert 7 == in_a_loop(rows)
    assert before != index(database_url, "digest")[1]["projected"]  # two more leaves were followed
