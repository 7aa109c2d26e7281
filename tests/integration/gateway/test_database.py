"""Tests of the database module: migrations alone and in order, roles, pools, transactions."""

import asyncio
import os
import shutil
import signal
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text

from gateway import database, migrating
from gateway.embedded import EmbeddedPostgres
from gateway.errors import Code, Refusal
from tests.embedded_places import DEBIAN, a_directory

STRUCTURE = """
SELECT coalesce(string_agg(line, E'\n' ORDER BY line), '') FROM (
  SELECT format('%s.%s %s', n.nspname, c.relname, c.relkind) AS line
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname IN ('catalog', 'auth', 'consents', 'audit', 'gateway')
  UNION ALL
  SELECT format('%s %s', conrelid::regclass, pg_get_constraintdef(oid)) FROM pg_constraint
  WHERE connamespace::regnamespace::text IN ('catalog', 'auth', 'consents', 'audit', 'gateway')
  UNION ALL
  SELECT format('%s(%s)', p.oid::regproc, pg_get_function_arguments(p.oid)) FROM pg_proc p
  WHERE p.pronamespace::regnamespace::text IN ('catalog', 'auth', 'consents', 'audit', 'gateway')
  UNION ALL
  SELECT format('%s on %s', tgname, tgrelid::regclass) FROM pg_trigger WHERE NOT tgisinternal
) AS found
"""


async def _value(dsn: str, sql: str, role: str | None = None) -> object:
    settings = {"role": role} if role else {}
    connection = await asyncpg.connect(dsn, server_settings=settings)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def _chain(folder: Path, number: str, script: str) -> Path:
    """Copy the migrations and add one to them."""
    shutil.copytree(database.scripts(), folder, dirs_exist_ok=True)
    head = max((folder / "versions").glob("[0-9]*.py")).name[:4]
    (folder / "versions" / f"{number}_more.py").write_text(
        f"from alembic import op\nrevision = {number!r}\ndown_revision = {head!r}\n"
        f"def upgrade() -> None:\n    op.execute({script!r})\n"
        f"def downgrade() -> None:\n    pass\n"
    )
    return folder


async def test_a_migrated_database_is_at_head(database_url: str) -> None:
    """The fixture that every other test leans on gives what it says."""
    found = await migrating.check(database_url)

    assert () == found.pending
    assert found.head == found.current


async def test_migrations_go_up_down_and_up(empty_database_url: str) -> None:
    """What cannot be taken back cannot be tried; what comes back must be the same."""
    await migrating.upgrade(empty_database_url)
    first = await _value(empty_database_url, STRUCTURE)
    await migrating.downgrade(empty_database_url, "base")
    nothing = await _value(empty_database_url, STRUCTURE)
    await migrating.upgrade(empty_database_url)

    assert "" == nothing
    assert first == await _value(empty_database_url, STRUCTURE)


async def test_each_migration_goes_down_by_itself(empty_database_url: str) -> None:
    """An operator takes back one step, not all of them."""
    await migrating.upgrade(empty_database_url)
    head = (await migrating.check(empty_database_url)).head
    for number in range(int(head) - 1, 0, -1):
        await migrating.downgrade(empty_database_url, f"{number:04}")
        assert f"{number:04}" == await migrating.current(empty_database_url)
    await migrating.upgrade(empty_database_url)

    assert head == await migrating.current(empty_database_url)


async def test_an_empty_database_names_everything_as_pending(empty_database_url: str) -> None:
    """`motlan db check` says what `motlan db upgrade` would do, in its order."""
    found = await migrating.check(empty_database_url)

    assert found.current is None
    assert tuple(sorted(found.pending)) == found.pending
    assert "0001" == found.pending[0]


async def test_two_upgrades_at_once_do_it_once(empty_database_url: str) -> None:
    """Two replicas that deploy together must not both create the tables."""
    await asyncio.gather(*(migrating.upgrade(empty_database_url) for _ in range(2)))

    assert (await migrating.check(empty_database_url)).at_head


async def test_who_waits_too_long_for_another_migration_is_told(empty_database_url: str) -> None:
    """A deployment that hangs is worse than one that fails."""
    holder = await asyncpg.connect(empty_database_url)
    await holder.execute(f"SELECT pg_advisory_lock({migrating.MIGRATION_LOCK})")
    try:
        with pytest.raises(database.MigrationBusy):
            await migrating.upgrade(empty_database_url, wait_s=0.2)
    finally:
        await holder.close()


async def test_a_database_of_a_newer_release_is_left_alone(
    database_url: str, tmp_path: Path
) -> None:
    """After going back to an older release, nothing may be applied on top."""
    newer = _chain(tmp_path, "9999", "CREATE TABLE gateway.later (a int)")
    await migrating.upgrade(database_url, folder=newer)

    with pytest.raises(database.RevisionUnknown, match="9999"):
        await migrating.upgrade(database_url)
    with pytest.raises(database.RevisionUnknown):
        await migrating.check(database_url)


async def test_a_migration_that_fails_leaves_nothing_behind(
    database_url: str, tmp_path: Path
) -> None:
    """Each migration is one transaction, also when its script has many statements."""
    broken = _chain(tmp_path, "9999", "CREATE TABLE gateway.half (a int); SELECT 1 / 0;")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrating.upgrade(database_url, folder=broken)

    assert (await migrating.check(database_url)).at_head
    assert await _value(database_url, "SELECT to_regclass('gateway.half') IS NULL")


async def test_a_migration_does_not_queue_all_traffic_behind_a_lock(
    database_url: str, tmp_path: Path
) -> None:
    """A lock that is not had in 5 s is given up: everybody else waits behind whoever waits."""
    chain = _chain(
        tmp_path, "9999", "DO $$ BEGIN ASSERT current_setting('lock_timeout') = '5s'; END $$"
    )

    await migrating.upgrade(database_url, folder=chain)

    assert "9999" == await migrating.current(database_url)


@pytest.mark.parametrize("role", ["motlan_app", "motlan_append", "motlan_sequencer"])
async def test_no_role_of_ours_may_write_a_live_right(database_url: str, role: str) -> None:
    """Rights follow the owners' rows through triggers, and through nothing else (P3)."""
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await _value(database_url, "INSERT INTO gateway.live_right VALUES ('a', 1, true)", role)


@pytest.mark.parametrize("role", ["motlan_app", "motlan_append", "motlan_sequencer"])
@pytest.mark.parametrize(
    "rewrite",
    ["UPDATE audit.entry SET seq = 0", "DELETE FROM audit.entry", "TRUNCATE audit.entry"],
    ids=["update", "delete", "truncate"],
)
async def test_nobody_who_serves_may_rewrite_the_record(
    database_url: str, role: str, rewrite: str
) -> None:
    """Promise P5 does not rest on our code alone."""
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await _value(database_url, rewrite, role)


async def test_the_application_may_not_write_the_record(database_url: str) -> None:
    """Only the writers' role appends; a hole in a route cannot forge an entry."""
    query = "SELECT has_table_privilege('motlan_app', 'audit.entry', 'INSERT')"

    assert await _value(database_url, query) is False


async def test_the_writer_may_append_and_only_that(database_url: str) -> None:
    """The one right that the record's writer needs."""
    query = "SELECT has_table_privilege('motlan_append', 'audit.entry', '{}')"

    assert await _value(database_url, query.format("INSERT")) is True
    assert await _value(database_url, query.format("UPDATE, DELETE, TRUNCATE")) is False


async def test_a_pool_acts_as_its_role_within_its_bounds(database_url: str) -> None:
    """Each part of the process has no more rights and no more time than it needs."""
    async with await database.raw_pool(
        database_url, "motlan_append", 1, statement_timeout_ms=50
    ) as pool:
        assert "motlan_append" == await pool.fetchval("SELECT current_user")
        with pytest.raises(asyncpg.QueryCanceledError):
            await pool.execute("SELECT pg_sleep(5)")


async def test_a_pool_tells_its_used_and_idle_connections(database_url: str) -> None:
    """A pool that is used up makes every caller wait; somebody should see it coming."""
    async with await database.raw_pool(database_url, "motlan_app", 2) as pool:
        before = pool.held
        asking = asyncio.ensure_future(pool.fetchval("SELECT pg_sleep(1)"))
        while not pool.held.used:
            await asyncio.sleep(0)
        during = pool.held
        await asking

    assert (0, 1) == before
    assert (1, 0) == during


async def test_an_engine_tells_its_used_and_idle_connections(database_url: str) -> None:
    """Use cases ask through the engine, exchanges through pools: both are connections."""
    engine = database.engine(database_url)
    before = database.held(engine)
    async with database.transaction(engine) as session:
        await session.execute(text("SELECT 1"))
        during = database.held(engine)
    after = database.held(engine)
    await engine.dispose()

    assert [(0, 0), (1, 0), (0, 1)] == [before, during, after]


async def test_a_pool_for_an_unknown_role_is_refused_at_once(database_url: str) -> None:
    """A missing role shows at start-up, not at the first exchange."""
    with pytest.raises(asyncpg.PostgresError):
        await database.raw_pool(database_url, "motlan_nobody", 1)


async def test_a_transaction_commits_or_leaves_nothing(database_url: str) -> None:
    """Nobody else commits, so this must."""
    opened = database.engine(database_url, pool_connections=1, role=None)
    count = text("SELECT count(*) FROM gateway.live_right")
    right = text("SELECT gateway.set_right(:key, 1, true, NULL)")
    async with database.transaction(opened) as session:
        await session.execute(right, {"key": "service:kept"})
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the error ends the transaction
        async with database.transaction(opened) as session:
            await session.execute(right, {"key": "service:lost"})
            raise ZeroDivisionError
    async with database.transaction(opened) as session:
        assert 1 == await session.scalar(count)
    await opened.dispose()


async def test_an_engine_acts_as_the_application(database_url: str) -> None:
    """The default is the least: the owner's rights are for migrations and operators."""
    opened = database.engine(database_url, pool_connections=1)
    async with database.transaction(opened) as session:
        assert "motlan_app" == await session.scalar(text("SELECT current_user"))
    await opened.dispose()


def test_migrations_run_on_debians_postgresql_15() -> None:
    """The oldest PostgreSQL that we promise: nothing newer may slip into a migration."""
    if not DEBIAN.exists():
        pytest.skip("Debian's PostgreSQL 15 is not installed: apt-get install postgresql")
    with a_directory() as place, EmbeddedPostgres(place, programs=DEBIAN) as dsn:
        asyncio.run(migrating.upgrade(dsn))
        assert asyncio.run(migrating.check(dsn)).at_head
        asyncio.run(migrating.downgrade(dsn, "base"))
        asyncio.run(migrating.upgrade(dsn))
        version = asyncio.run(_value(dsn, "SHOW server_version_num"))

    assert str(version).startswith("15")


async def test_a_pool_does_not_wait_for_a_server_that_stands_still(database_url: str) -> None:
    """A caller's patience is bounded at every step; the refusal says whose fault it is."""
    loop = asyncio.get_running_loop()
    async with await database.raw_pool(database_url, "motlan_app", 1, patience_s=0.3) as pool:
        held = await pool.fetchval("SELECT pg_backend_pid()")
        os.kill(held, signal.SIGSTOP)
        began = loop.time()
        try:
            with pytest.raises(Refusal, match=Code.DATABASE_UNAVAILABLE):
                await pool.fetchval("SELECT 1")
            spent = loop.time() - began
            fresh = await pool.fetchval("SELECT pg_backend_pid()")
        finally:
            os.kill(held, signal.SIGCONT)

    assert spent < 2
    assert held != fresh  # the one that hangs is given up, the next caller gets another


async def test_a_line_is_one_connection_for_one_thing_after_the_other(database_url: str) -> None:
    """It acts as its role, opens at first use, and stays."""
    line = database.Line(database_url, "motlan_app", application_name="a line")

    role = await line.fetchval("SELECT current_user")
    first, second = [await line.fetchval("SELECT pg_backend_pid()") for _ in range(2)]
    nothing = await line.fetchrow("SELECT 1 WHERE false")
    none = await line.fetchval("SELECT 1 WHERE false")
    await line.close()

    assert ("motlan_app", None, None) == (role, nothing, none)
    assert first == second
    await line.close()


async def test_a_line_that_broke_says_so_once_and_opens_anew(database_url: str) -> None:
    """The one who asked is refused; the next one is not."""
    line = database.Line(database_url, "motlan_app", application_name="a line")
    held = await line.fetchval("SELECT pg_backend_pid()")
    await _value(database_url, f"SELECT pg_terminate_backend({held}, 30000)")

    with pytest.raises(Refusal) as refusal:
        await line.fetchval("SELECT 1")
    again = await line.fetchval("SELECT pg_backend_pid()")
    await line.close()

    assert Code.DATABASE_UNAVAILABLE is refusal.value.code
    assert held != again


async def test_a_line_does_not_wait_for_a_server_that_stands_still(database_url: str) -> None:
    """And never takes a late answer for that of the next question."""
    line = database.Line(database_url, "motlan_app", application_name="a line", patience_s=3)
    with pytest.raises(Refusal):
        await line.fetchval("SELECT 'late' FROM pg_sleep(30)")

    said = await line.fetchval("SELECT 'next'")
    await line.close()

    assert "next" == said


async def test_a_pool_lets_the_databases_own_no_pass(database_url: str) -> None:
    """A broken constraint is no absence: whoever asked must see which one it was."""
    async with await database.raw_pool(database_url, "motlan_app", 1) as pool:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute("DELETE FROM gateway.live_right")
