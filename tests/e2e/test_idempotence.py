"""Loading the seed, restarting and applying again change nothing that was there."""

from collections.abc import Callable
from typing import Any

from catalog.documents import read_folder
from catalog.repository import CatalogRepository, TwoPeople
from gateway import database
from gateway.calling.system import System
from gateway.clock import utc_now
from gateway.demo.province import APPROVER, PUBLISHER, Province
from gateway.quota.windows import LOCAL
from tests.conftest import in_a_loop
from tests.history import GENESIS, Row, violations
from tests.history import History as Run
from tests.province import ANH, PERMIT, a_province, in_thread, system_of, with_database

# Without what is forgotten by itself, and without the rights: those are compared one by one.
TABLES = """
SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables
WHERE table_type = 'BASE TABLE' AND table_schema IN ('catalog', 'auth', 'consents', 'gateway')
  AND table_name NOT IN ('used_assertion', 'used_proof', 'live_right')
"""
# Without the drain's own counter: it grows whenever another process takes the drain over.
RIGHTS = (
    "SELECT key, rev, live, valid_to FROM gateway.live_right"
    " WHERE key <> 'changes:drain' ORDER BY key"
)
ENTRIES = "SELECT writer, seq, entry, leaf FROM audit.entry ORDER BY writer, seq"
WHOLE = {"subject": ANH, **PERMIT}


def photograph(province: Province) -> tuple[dict[str, int], list[tuple[Any, ...]]]:
    """Return how many rows every table holds, and every right."""

    async def look(connection: Any) -> tuple[dict[str, int], list[tuple[Any, ...]]]:
        names = [row[0] for row in await connection.fetch(TABLES)]
        counts = {n: await connection.fetchval(f"SELECT count(*) FROM {n}") for n in names}
        return counts, [tuple(row) for row in await connection.fetch(RIGHTS)]

    return with_database(province, look)


def rows_of(province: Province) -> list[Row]:
    """Return the whole record."""

    async def look(connection: Any) -> list[Row]:
        return [Row(*row) for row in await connection.fetch(ENTRIES)]

    return with_database(province, look)


def apply_again(province: Province) -> int:
    """Apply the whole catalog once more; return how many entries changed."""

    async def apply() -> int:
        engine = database.engine(province.dsn, role=None)
        try:
            async with database.transaction(engine) as session:
                changes = await CatalogRepository(session).apply(
                    read_folder(province.plan.catalog),
                    TwoPeople(PUBLISHER, APPROVER),
                    today=utc_now().astimezone(LOCAL).date(),
                )
                return len(changes.items)
        finally:
            await engine.dispose()

    return in_a_loop(apply)


def test_applying_the_same_catalog_again_changes_nothing(
    province: Province, system: Callable[[str], System]
) -> None:
    """No new version, no right touched, no call refused because of it."""
    before = photograph(province)

    assert 0 == apply_again(province)
    assert before == photograph(province)
    assert "ok" == system("motcua-xa").ask("dancu.xacthuc", WHOLE).code


def test_a_province_that_starts_again_is_the_same_province() -> None:
    """`make demo` twice: same keys, same catalog, same rights, and the record goes on."""
    with a_province(workers=1, people=24) as province:
        assert "ok" == system_of(province, "motcua-xa").ask("dancu.xacthuc", WHOLE).code
        keys = dict(province.keys)
        state = photograph(province)
        in_thread(province.stop)

        in_thread(province.start)

        assert keys == province.keys
        assert state == photograph(province)
        assert "ok" == system_of(province, "motcua-xa").ask("dancu.xacthuc", WHOLE).code
        rows = rows_of(province)
        openings = [row for row in rows if row.seq == 0]
        assert [] == violations(Run(rows=rows))
        assert 4 == len(openings)  # a worker and the keeper, twice
        assert any(GENESIS not in row.entry.decode() or b"prior" in row.entry for row in openings)
        assert 2 == sum(b'"type":"access"' in row.entry for row in rows)
