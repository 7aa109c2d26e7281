"""A worker's catalog is replaced whole, and kept when the new one is bad."""

import asyncio
from collections.abc import AsyncGenerator

from catalog.canonical import Stored, canonical, digest
from catalog.entries import AgreementState
from catalog.errors import CatalogInvalid
from catalog.feed import Fresh, SnapshotKeeper
from catalog.kinds import Entry, key_of, state_of
from tests.catalog_builders import agency, agreement, entries, scope, service


def stored(entry: Entry) -> Stored:
    """Return *entry* as the database would hold it."""
    document = canonical(entry)
    return Stored(
        kind=key_of(entry)[0],
        document=document,
        rev=1,
        state=state_of(entry),
        digest=digest(document),
    )


class FakeSource:
    """A catalog whose every publication is one revision; counts how often it was read."""

    def __init__(self, *first: Entry) -> None:
        self.steps = [tuple(stored(each) for each in first)]
        self.reads = 0
        self.down = False
        self.breaks = False  # after the first part

    def publish(self, *some: Entry | Stored) -> None:
        """Add one revision."""
        self.steps.append(
            tuple(each if isinstance(each, Stored) else stored(each) for each in some)
        )

    async def revision(self) -> int:
        """Return the number of the last publication."""
        if self.down:
            raise ConnectionError
        return len(self.steps)

    async def since(self, revision: int) -> AsyncGenerator[Fresh]:
        """Yield what was published after *revision*, in parts of three."""
        self.reads += 1
        latest = {each.document: each for step in self.steps[revision:] for each in step}
        found = tuple(latest.values())
        for at in range(0, len(found), 3):
            yield Fresh(len(self.steps), found[at : at + 3])
            if self.breaks:
                raise ConnectionError


async def opened(source: FakeSource) -> tuple[SnapshotKeeper, list[Exception]]:
    """Return a keeper that has taken the first catalog in, and its list of failures."""
    failures: list[Exception] = []
    keeper = SnapshotKeeper(source, on_failure=failures.append)
    await keeper.open()
    return keeper, failures


async def test_nothing_is_read_while_nothing_changes() -> None:
    """Twice a second in every worker: it must cost one row."""
    source = FakeSource(*entries())
    keeper, _ = await opened(source)

    assert (False, 1) == (await keeper.refresh(), source.reads)


async def test_a_change_replaces_the_snapshot_whole() -> None:
    """Exchanges see the catalog of before or of after, never a mixture."""
    source = FakeSource(*entries())
    keeper, _ = await opened(source)
    before = keeper.current
    source.publish(agreement(state=AgreementState.SUSPENDED))

    assert await keeper.refresh()
    assert keeper.current is not before
    assert "suspended" == keeper.current.agreements["TT-2026-0001"].state  # type: ignore[index]
    assert "active" == before.agreements["TT-2026-0001"].state  # type: ignore[index]


async def test_a_broken_version_never_replaces_a_working_one() -> None:
    """It is told once, not twice a second, until somebody mends it."""
    source = FakeSource(*entries())
    keeper, failures = await opened(source)
    working = keeper.current
    source.publish(agreement(scope(elements=frozenset({"bi_mat"}))))

    assert [False, False] == [await keeper.refresh(), await keeper.refresh()]
    assert [CatalogInvalid] == [type(each) for each in failures]
    assert working is keeper.current

    source.publish(agreement(scope(calls_per_day=3)))
    assert await keeper.refresh()
    assert 3 == keeper.current.agreements["TT-2026-0001"].scopes[0].calls_per_day  # type: ignore[index]


async def test_bytes_that_are_no_document_replace_nothing() -> None:
    """A row that somebody damaged by hand is a failure like any other."""
    source = FakeSource(*entries())
    keeper, failures = await opened(source)
    good = stored(service())
    source.publish(Stored(kind=good.kind, document=b"{}", rev=2, state="published", digest="x"))

    assert not await keeper.refresh()
    assert 1 == len(failures)
    assert "dancu.tracuu" in keeper.current.services


async def test_a_lost_database_is_asked_again() -> None:
    """Unlike a bad catalog, a lost connection comes back by itself."""
    source = FakeSource(*entries())
    keeper, failures = await opened(source)
    source.publish(agency(name_en="Provincial police"))
    source.down = True
    assert not await keeper.refresh()

    source.down = False
    assert await keeper.refresh()
    assert [ConnectionError] == [type(each) for each in failures]


async def test_half_a_catalog_replaces_nothing() -> None:
    """The connection breaks between two parts; the next look reads all of it."""
    source = FakeSource(*entries())
    keeper, failures = await opened(source)
    working = keeper.current
    source.publish(*(agency(code=f"H99.{n}") for n in range(100, 110)))
    source.breaks = True
    assert not await keeper.refresh()
    assert working is keeper.current

    source.breaks = False
    assert await keeper.refresh()
    assert 12 == len(keeper.current.agencies)
    assert [ConnectionError] == [type(each) for each in failures]


async def test_a_restored_backup_is_read_from_the_start() -> None:
    """Its numbers are lower, so nothing that is held counts."""
    source = FakeSource(*entries())
    source.publish(agency(code="H99.77"))
    keeper, _ = await opened(source)
    source.steps.pop()

    assert await keeper.refresh()
    assert 1 == keeper.current.revision
    assert "H99.77" not in keeper.current.agencies


async def test_a_large_change_is_taken_in_beside_the_loop() -> None:
    """Five hundred agencies at once must not hold up the exchanges of a worker."""
    source = FakeSource(*entries())
    keeper, _ = await opened(source)
    source.publish(*(agency(code=f"H99.{n}") for n in range(100, 600)))

    assert await keeper.refresh()
    assert 502 == len(keeper.current.agencies)


async def test_looks_at_the_same_time_take_turns() -> None:
    """The loop and an exchange that found a right gone may both look."""
    source = FakeSource(*entries())
    keeper, failures = await opened(source)
    source.publish(agency(name_en="Provincial police"))

    looks = await asyncio.gather(*(keeper.refresh() for _ in range(5)))

    assert (1, []) == (sum(looks), failures)
    assert 2 == source.reads


async def test_the_loop_looks_until_it_is_cancelled() -> None:
    """A change is in every worker within a second without anybody asking."""
    source = FakeSource(*entries())
    keeper, _ = await opened(source)
    source.publish(agency(name_en="Provincial police"))

    async with asyncio.timeout(5):
        async with asyncio.TaskGroup() as group:
            loop = group.create_task(keeper.keep(0.01))
            while keeper.current.revision == 1:
                await asyncio.sleep(0.01)
            loop.cancel()

    assert "Provincial police" == keeper.current.agencies["H99.20"].name_en  # type: ignore[index]
