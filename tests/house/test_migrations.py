"""What every migration must be: one chain, reversible, every constraint named by hand."""

import asyncio
import re
from importlib.util import module_from_spec, spec_from_file_location
from io import StringIO

import asyncpg
import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations

from gateway import migrating
from tests.house.tree import ROOT, Module, modules

CHAIN = re.compile(r'^(revision|down_revision)\b[^=]*= (?:"(\w+)"|None)', re.MULTILINE)
OWNERS = (
    "auth",
    "audit",
    "catalog",
    "consents",
    "disclosure",
    "exports",
    "findings",
    "gateway",
    "retention",
    "search",
)

# PostgreSQL's own choice is table_column_suffix; partitions inherit what their parent was given.
NAMES = """
SELECT n.nspname || '.' || c.relname || ': ' || k.conname
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY($1) AND NOT c.relispartition AND k.contype <> 'n' AND k.conparentid = 0
ORDER BY 1
"""
CROSSING = """
SELECT k.conname
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_class f ON f.oid = k.confrelid
WHERE k.contype = 'f' AND c.relnamespace <> f.relnamespace
"""
LOOSE = """
SELECT p.oid::regprocedure::text
FROM pg_proc p
JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = ANY($1) AND p.prosecdef
  AND NOT coalesce(p.proconfig::text LIKE '%search_path=pg_catalog%', false)
"""
PUBLIC = """
SELECT p.oid::regprocedure::text
FROM pg_proc p
JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = ANY($1) AND p.prosecdef AND p.prorettype <> 'trigger'::regtype
  AND has_function_privilege('public', p.oid, 'EXECUTE')
"""
SHAPE = """
SELECT n.nspname || '.' || c.relname || coalesce('.' || a.attname || ' '
       || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull, '')
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname = ANY($1)
ORDER BY 1
"""


def revisions() -> list[Module]:
    """Return the migrations, in order."""
    return [m for m in modules("migrations") if m.path.parent.name == "versions"]


def rendered() -> str:
    """Return the SQL of every migration, as it would be sent."""
    sent = StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": sent}
    )
    with Operations.context(context):
        for module in revisions():
            spec = spec_from_file_location(module.path.stem, ROOT / module.path)
            assert spec is not None
            assert spec.loader is not None
            revision = module_from_spec(spec)
            spec.loader.exec_module(revision)
            revision.upgrade()
    return sent.getvalue()


async def ask(dsn: str, query: str, *values: object) -> list[str]:
    """Return the first column of *query*."""
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        return [row[0] for row in await connection.fetch(query, *values)]
    finally:
        await connection.close()


def test_migrations_are_one_chain_in_the_order_of_their_names() -> None:
    """Two heads would leave it to chance what a database holds."""
    links = [dict(CHAIN.findall(module.source)) for module in revisions()]
    numbers = [module.path.name[:4] for module in revisions()]

    assert [(n, p) for n, p in zip(numbers, ["", *numbers], strict=False)] == [
        (link["revision"], link["down_revision"]) for link in links
    ]


@pytest.mark.parametrize("module", revisions(), ids=lambda module: module.path.name)
def test_a_migration_says_why_and_what_it_locks(module: Module) -> None:
    """Who runs it at night wants to know how long traffic waits."""
    assert "\nWhy: " in module.source
    assert "\nLocks: " in module.source


async def test_every_constraint_has_a_name_of_ours(database_url: str) -> None:
    """A later migration can only drop what it can name."""
    found = await ask(database_url, NAMES, list(OWNERS))
    written = rendered()
    unnamed = [each for each in found if not re.search(rf"\b{each.split(': ')[1]}\b", written)]

    assert [] == unnamed
    assert found


async def test_no_foreign_key_crosses_an_owner(database_url: str) -> None:
    """Records and consents must outlive what they speak of."""
    assert [] == await ask(database_url, CROSSING)


async def test_no_function_with_its_owners_rights_trusts_the_search_path(database_url: str) -> None:
    """A caller's schema must not decide what such a function calls."""
    assert [] == await ask(database_url, LOOSE, list(OWNERS))


async def test_no_function_with_its_owners_rights_is_everybodys(database_url: str) -> None:
    """Whoever may sign on must not be able to make a right live."""
    assert [] == await ask(database_url, PUBLIC, list(OWNERS))


async def test_migrations_go_up_and_down_and_up(empty_database_url: str) -> None:
    """A release that cannot be taken back is not released at night."""
    await asyncio.wait_for(migrating.upgrade(empty_database_url), 60)
    first = await ask(empty_database_url, SHAPE, list(OWNERS))
    await asyncio.wait_for(migrating.downgrade(empty_database_url, "base"), 60)
    bare = await ask(empty_database_url, SHAPE, list(OWNERS))
    await asyncio.wait_for(migrating.upgrade(empty_database_url), 60)

    assert [] == bare
    assert first == await ask(empty_database_url, SHAPE, list(OWNERS))
