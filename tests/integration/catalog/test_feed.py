"""Workers follow a real catalog."""

import asyncio
from time import monotonic

import pytest
from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from catalog.canonical import canonical, digest
from catalog.documents import Document, Documents
from catalog.entries import AgreementState
from catalog.errors import CatalogInvalid
from catalog.feed import SOME, SnapshotKeeper
from catalog.kinds import Kind
from catalog.repository import CatalogRepository, CatalogSource
from tests.catalog_builders import TODAY, agreement, element, scope
from tests.integration.catalog.conftest import PEOPLE

TT = "TT-2026-0001"


async def opened(engine: AsyncEngine) -> tuple[SnapshotKeeper, list[Exception]]:
    """Return a keeper of *engine* that has taken the catalog in, and its list of failures."""
    failures: list[Exception] = []
    keeper = SnapshotKeeper(CatalogSource(engine.connect), on_failure=failures.append)
    await keeper.open()
    return keeper, failures


async def suspend(engine: AsyncEngine) -> None:
    """Suspend the agreement, as an operator would."""
    async with engine.begin() as connection:
        await CatalogRepository(connection).set_state(
            Kind.AGREEMENT, TT, AgreementState.SUSPENDED, reason="lý do", by="demo:truc"
        )


async def test_every_worker_follows_within_a_second(
    published: AsyncEngine, worker: AsyncEngine
) -> None:
    """A change in any process is in all of them one second later."""
    keepers = [(await opened(worker))[0] for _ in range(3)]
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        loops = [group.create_task(keeper.keep()) for keeper in keepers]
        await suspend(published)
        begun = monotonic()
        while any(keeper.current.agreements[TT].state == "active" for keeper in keepers):  # type: ignore[index]
            await asyncio.sleep(0.01)
        took_s = monotonic() - begun
        for loop in loops:
            loop.cancel()

    assert took_s < 1


async def test_growing_gives_what_loading_gives(
    published: AsyncEngine, worker: AsyncEngine
) -> None:
    """A worker of last week and one of this minute decide alike."""
    old, _ = await opened(worker)
    said = Documents((Document(entry=element("moi")), Document(entry=agreement(scope(id="b")))))
    async with published.begin() as connection:
        await CatalogRepository(connection).apply(said, PEOPLE, today=TODAY)
    await suspend(published)

    assert await old.refresh()
    new, _ = await opened(worker)
    assert replace(new.current, grants={}) == replace(old.current, grants={})
    assert dict(new.current.grants) == dict(old.current.grants)


async def test_a_large_catalog_is_read_in_parts_of_one_instant(
    published: AsyncEngine, worker: AsyncEngine
) -> None:
    """The documents of 100,000 agreements are a hundred megabytes; a worker has no room for all."""
    said = Documents(tuple(Document(entry=element(f"e{n}")) for n in range(2 * SOME)))
    async with published.begin() as connection:
        await CatalogRepository(connection).apply(said, PEOPLE, today=TODAY)
        reached = await CatalogRepository(connection).revision()
    parts = [part async for part in CatalogSource(worker.connect).since(0)]

    assert {reached} == {part.revision for part in parts}
    assert max(len(part.stored) for part in parts) <= SOME
    assert 2 * SOME < sum(len(part.stored) for part in parts)


async def publish_raw(engine: AsyncEngine, document: bytes) -> None:
    """Write a version past the linter, as nobody should."""
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO catalog.agreement_version (code, rev, provider, consumer, systems, "
                "valid_from, valid_to, digest, document, published_by, approved_by) "
                "SELECT code, rev + 1, provider, consumer, systems, valid_from, valid_to, "
                ":digest, :document, 'a', 'b' FROM catalog.agreement_version ORDER BY rev DESC "
                "LIMIT 1"
            ),
            {"digest": digest(document), "document": document},
        )


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(canonical(agreement(scope(elements=frozenset({"x"})))), id="does not fit"),
        pytest.param(b'{"code":"TT-2026-0001"}', id="is not whole"),
        pytest.param(b"\xff\xff", id="is not JSON"),
    ],
)
async def test_a_broken_version_never_replaces_a_working_one(
    published: AsyncEngine, worker: AsyncEngine, document: bytes
) -> None:
    """Exchanges go on with the catalog of before; the operator is told, once."""
    keeper, failures = await opened(worker)
    working = keeper.current
    await publish_raw(published, document)

    assert [False, False] == [await keeper.refresh(), await keeper.refresh()]
    assert working is keeper.current
    assert 1 == len(failures)

    await publish_raw(published, canonical(agreement(scope(calls_per_day=3))))
    assert await keeper.refresh()
    assert 3 == keeper.current.agreements[TT].rev  # type: ignore[index]


async def test_a_worker_does_not_start_on_a_broken_catalog(
    published: AsyncEngine, worker: AsyncEngine
) -> None:
    """Better no worker than one that decides by half a catalog."""
    await publish_raw(published, canonical(agreement(scope(elements=frozenset({"x"})))))

    with pytest.raises(CatalogInvalid):
        await opened(worker)


async def test_two_publishers_take_turns(published: AsyncEngine) -> None:
    """Two halves that nobody saw together must not become one catalog."""

    async def add(code: str) -> int:
        async with published.begin() as connection:
            repository = CatalogRepository(connection)
            said = Documents((Document(entry=element(code)),))
            await repository.apply(said, PEOPLE, today=TODAY)
            return await repository.revision()

    before = await add("khong")
    reached = await asyncio.gather(*(add(f"e{n}") for n in range(5)))

    assert list(range(before + 1, before + 6)) == sorted(reached)
