"""The catalog in a real database: versions, states, rights, two people."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from catalog.changes import Action
from catalog.documents import Document, Documents, read, read_folder, write
from catalog.entries import AgencyKind, AgreementState, ServiceState
from catalog.errors import (
    CatalogInvalid,
    EntryUnknown,
    Fault,
    SecondPersonMissing,
    TransitionRefused,
)
from catalog.kinds import Entry, Kind
from catalog.repository import CatalogRepository, TwoPeople
from gateway import migrating
from tests.catalog_builders import TODAY, agreement, basis, documents, element, rule, scope, service
from tests.integration.catalog.conftest import PEOPLE

SEED = Path(__file__).parents[3] / "deploy" / "seed"
TT = "TT-2026-0001"


async def rows(engine: AsyncEngine, sql: str) -> list[Any]:
    """Return the rows of one statement, in a transaction of its own."""
    async with engine.begin() as connection:
        return [tuple(row) for row in await connection.execute(text(sql))]


async def publish(engine: AsyncEngine, *entries: Entry, reason: str | None = None) -> None:
    """Apply *entries* as documents, in a transaction of its own."""
    said = Documents(tuple(Document(entry=each, reason=reason) for each in entries))
    async with engine.begin() as connection:
        await CatalogRepository(connection).apply(said, PEOPLE, today=TODAY)


async def move(
    engine: AsyncEngine,
    state: AgreementState | ServiceState,
    *,
    code: str = TT,
    approved_by: str | None = None,
) -> bool:
    """Move one agreement or service in a transaction of its own."""
    kind = Kind.AGREEMENT if isinstance(state, AgreementState) else Kind.SERVICE
    async with engine.begin() as connection:
        return await CatalogRepository(connection).set_state(
            kind, code, state, reason="lý do", by="demo:truc", approved_by=approved_by
        )


async def right(engine: AsyncEngine, key: str = f"agreement:{TT}") -> tuple[int, bool]:
    """Return revision and life of one right."""
    found = await rows(engine, f"SELECT rev, live FROM gateway.live_right WHERE key = '{key}'")
    return found[0]


async def revision(engine: AsyncEngine) -> int:
    """Return the catalog's number."""
    async with engine.begin() as connection:
        return await CatalogRepository(connection).revision()


async def test_an_empty_catalog_is_at_revision_zero(worker: AsyncEngine) -> None:
    """A worker may start before anything is published, and offers nothing."""
    async with worker.begin() as connection:
        repository = CatalogRepository(connection)
        assert (0, 0) == (await repository.revision(), len((await repository.snapshot()).services))


async def test_the_seed_is_applied_once_and_exported_as_it_was(owner: AsyncEngine) -> None:
    """Export gives back what was applied; applying the export changes nothing."""
    seed = read_folder(SEED)
    async with owner.begin() as connection:
        repository = CatalogRepository(connection)
        first = await repository.apply(seed, PEOPLE, today=TODAY)
        second = await repository.apply(seed, PEOPLE, today=TODAY)
        exported = await repository.export()
        third = await repository.apply(exported, PEOPLE, today=TODAY)

    assert (len(seed.items), 0, 0) == (len(first.items), len(second.items), len(third.items))
    assert len(seed.items) == second.unchanged == third.unchanged
    assert write(seed) == write(exported)


async def test_diff_says_what_apply_would_do_and_does_nothing(published: AsyncEngine) -> None:
    """A dry run leaves no trace."""
    before = await revision(published)
    said = documents(agreement(scope(calls_per_day=5)))
    async with published.begin() as connection:
        changes = await CatalogRepository(connection).diff(said, today=TODAY)

    assert [(Kind.AGREEMENT, TT)] == [each.key for each in changes.items]
    assert [Action.CHANGE] == [each.action for each in changes.items]
    assert before == await revision(published)


async def test_applying_nothing_new_leaves_the_revision(published: AsyncEngine) -> None:
    """Workers do not read a catalog again for a deployment that changed nothing."""
    before = await revision(published)
    await publish(published, *(each.entry for each in documents().items))

    assert before == await revision(published)


async def test_a_change_is_the_next_version_and_the_old_one_stays(published: AsyncEngine) -> None:
    """An audit leaf names a version; it must be readable for ever."""
    await publish(published, agreement(scope(calls_per_day=5)))
    found = await rows(
        published,
        "SELECT rev, document LIKE '%calls_per_day%'::bytea, published_by, approved_by "
        "FROM catalog.agreement_version ORDER BY rev",
    )

    assert [(1, False, *names()), (2, True, *names())] == found
    assert [(1, None), (2, 5)] == await rows(
        published, "SELECT rev, calls_per_day FROM catalog.agreement_scope ORDER BY rev"
    )
    assert (2, True) == await right(published)


def names() -> tuple[str, str]:
    """Return who publishes and who approves in these tests."""
    return PEOPLE.published_by, PEOPLE.approved_by


async def test_a_catalog_that_does_not_hang_together_is_not_written(
    published: AsyncEngine,
) -> None:
    """All or nothing: the good half of a bad change is bad too."""
    before = await revision(published)
    with pytest.raises(CatalogInvalid) as refused:
        await publish(published, element("moi"), agreement(scope(bases=("nd1",))))

    assert [Fault.UNKNOWN_BASIS] == [each.fault for each in refused.value.findings]
    assert before == await revision(published)
    assert [] == await rows(published, "SELECT 1 FROM catalog.entry WHERE code = 'moi'")


async def test_findings_carry_the_line_they_come_from(published: AsyncEngine) -> None:
    """What only the whole catalog can tell is still told at its line."""
    streams = write(documents(agreement(scope(bases=("nd1",)))))
    said = read({"agreements.yaml": streams[Kind.AGREEMENT]})
    async with published.begin() as connection:
        with pytest.raises(CatalogInvalid) as refused:
            await CatalogRepository(connection).apply(said, PEOPLE, today=TODAY)

    place = refused.value.findings[0].place
    assert place is not None
    line = streams[Kind.AGREEMENT].splitlines()[place.line - 1]
    assert ("agreements.yaml", True) == (place.file, "nd1" in line)


async def test_a_changed_entry_may_not_cite_dead_law_and_an_old_one_is_a_doubt(
    published: AsyncEngine,
) -> None:
    """A repeal lights up what cites it; it does not stop every other publication."""
    await publish(published, basis(valid_to=date(2026, 12, 1)))
    late = date(2026, 12, 1)
    async with published.begin() as connection:
        changes = await CatalogRepository(connection).apply(
            Documents((Document(entry=element("moi")),)), PEOPLE, today=late
        )
    async with published.begin() as connection:
        with pytest.raises(CatalogInvalid):
            await CatalogRepository(connection).apply(
                Documents((Document(entry=agreement(scope(calls_per_day=1))),)), PEOPLE, today=late
            )

    assert {Fault.BASIS_NOT_IN_FORCE} == {each.fault for each in changes.doubts}


async def test_a_doubt_about_the_whole_stops_nothing_and_is_told(published: AsyncEngine) -> None:
    """A silent case of the decision table belongs to no document and has no line."""
    narrow = rule(consumers=frozenset({AgencyKind.STATE}))
    async with published.begin() as connection:
        changes = await CatalogRepository(connection).apply(
            Documents((Document(entry=narrow),)), PEOPLE, today=TODAY
        )

    assert {(Fault.DECISION_TABLE_GAP, None)} == {(e.fault, e.place) for e in changes.doubts}


async def test_a_service_changes_only_under_a_new_version(published: AsyncEngine) -> None:
    """Version 1.0.0 is what its consumers read about."""
    with pytest.raises(CatalogInvalid) as refused:
        await publish(published, service(deadline_ms=900))
    await publish(published, service(deadline_ms=900, version="1.0.1"))

    assert [Fault.VERSION_NOT_RAISED] == [each.fault for each in refused.value.findings]
    assert (2, True) == await right(published, "service:dancu.tracuu")


async def test_a_suspension_takes_the_right_at_the_same_version(published: AsyncEngine) -> None:
    """Promise P3: the right goes in the transaction that suspends."""
    assert await move(published, AgreementState.SUSPENDED)
    assert (1, False) == await right(published)
    assert not await move(published, AgreementState.SUSPENDED)


async def test_lifting_a_suspension_takes_two_people(published: AsyncEngine) -> None:
    """Stopping is done alone and at once; letting data flow again is not."""
    await move(published, AgreementState.SUSPENDED)
    with pytest.raises(SecondPersonMissing):
        await move(published, AgreementState.ACTIVE)
    with pytest.raises(SecondPersonMissing):
        await move(published, AgreementState.ACTIVE, approved_by="demo:truc")
    assert (1, False) == await right(published)

    await move(published, AgreementState.ACTIVE, approved_by="demo:nguoi-duyet")
    assert (1, True) == await right(published)


async def test_a_termination_is_final(published: AsyncEngine) -> None:
    """Keys were revoked and data destroyed; a new agreement has a new code."""
    await move(published, AgreementState.TERMINATED)
    with pytest.raises(TransitionRefused):
        await move(published, AgreementState.ACTIVE, approved_by="demo:nguoi-duyet")
    with pytest.raises(CatalogInvalid):
        await publish(published, agreement(scope(calls_per_day=5)))
    with pytest.raises(IntegrityError):
        await rows(published, _event("active", "'b'"))

    assert (1, False) == await right(published)


async def test_the_next_deployment_does_not_lift_a_suspension(published: AsyncEngine) -> None:
    """Its files still say what was true before."""
    await move(published, AgreementState.SUSPENDED)
    await publish(published, agreement())
    await publish(published, agreement(scope(calls_per_day=5)))

    assert (2, False) == await right(published)


async def test_a_suspension_is_exported_with_its_reason(published: AsyncEngine) -> None:
    """A copy of the catalog must not be more generous than the original."""
    await move(published, AgreementState.SUSPENDED)
    async with published.begin() as connection:
        exported = (await CatalogRepository(connection).export()).by_key()

    assert "lý do" == exported[Kind.AGREEMENT, TT].reason
    assert "suspended" == getattr(exported[Kind.AGREEMENT, TT].entry, "state", "")


async def test_a_document_may_suspend(published: AsyncEngine) -> None:
    """The file says so, and the reason is kept."""
    await publish(published, agreement(state=AgreementState.SUSPENDED), reason="Điều 43")

    assert (1, False) == await right(published)
    assert [("Điều 43", *names())] == await rows(
        published, "SELECT reason, decided_by, approved_by FROM catalog.state_event"
    )


@pytest.mark.parametrize(
    ("state", "live"),
    [
        (ServiceState.DEPRECATED, True),
        (ServiceState.DISABLED, False),
        (ServiceState.RETIRED, False),
    ],
)
async def test_only_a_published_service_is_a_right(
    published: AsyncEngine,
    state: ServiceState,
    live: bool,
) -> None:
    """Promise P8: retire it and calls stop, whatever a worker still has in memory."""
    sunset = datetime(2027, 1, 1, tzinfo=UTC)
    await publish(published, service(version="1.1.0", sunset=sunset))
    await move(published, state, code="dancu.tracuu", approved_by="demo:nguoi-duyet")

    assert (2, live) == await right(published, "service:dancu.tracuu")
    assert [(sunset,)] == await rows(
        published, "SELECT valid_to FROM gateway.live_right WHERE key = 'service:dancu.tracuu'"
    )


async def test_a_service_that_no_longer_fits_is_not_opened_again(published: AsyncEngine) -> None:
    """Deprecated without a sunset would answer for ever."""
    await move(published, ServiceState.DISABLED, code="dancu.tracuu")
    with pytest.raises(CatalogInvalid) as refused:
        await move(
            published, ServiceState.DEPRECATED, code="dancu.tracuu", approved_by="demo:nguoi-duyet"
        )

    assert Fault.SUNSET_MISSING in {each.fault for each in refused.value.findings}


async def test_what_was_never_published_has_no_state(published: AsyncEngine) -> None:
    """A typing error in an emergency must not look like success."""
    with pytest.raises(EntryUnknown):
        await move(published, AgreementState.SUSPENDED, code="TT-9")


@pytest.mark.parametrize(("one", "other"), [("a", "a"), ("", "b"), ("a", " "), ("a", "a ")])
def test_one_person_cannot_be_two(one: str, other: str) -> None:
    """Nobody publishes alone."""
    with pytest.raises(SecondPersonMissing):
        TwoPeople(one, other)


DOCUMENT = "'\\x7b7d'::bytea"


def _version(rev: int = 1, people: str = "'a', 'b'", digest: str | None = None) -> str:
    shown = digest or f"encode(sha256({DOCUMENT}), 'hex')"
    return (
        "INSERT INTO catalog.purpose_version "
        "(code, rev, kind, digest, document, published_by, approved_by) "
        f"VALUES ('p', {rev}, 'procedure', {shown}, {DOCUMENT}, {people})"
    )


def _event(state: str, approved_by: str = "NULL", reason: str = "'vì'") -> str:
    return (
        "INSERT INTO catalog.state_event (kind, code, state, reason, decided_by, approved_by) "
        f"VALUES ('agreement', '{TT}', '{state}', {reason}, 'a', {approved_by})"
    )


@pytest.mark.parametrize(
    ("sql", "constraint"),
    [
        pytest.param(_version(people="'a', 'a'"), "two_people", id="one person"),
        pytest.param(_version(people="'a', ' '"), "two_people", id="nobody approves"),
        pytest.param(_version(people="'a', ' a'"), "two_people", id="one person and a blank"),
        pytest.param(_version(digest=f"'{'0' * 64}'"), "digest", id="another digest"),
        pytest.param(_version(rev=2), "without a gap", id="a gap"),
        pytest.param(_event("active"), "opening", id="opened alone"),
        pytest.param(_event("active", "'a'"), "two_people", id="opened by one as two"),
        pytest.param(_event("active", "'a '"), "two_people", id="opened by one and a blank"),
        pytest.param(_event("suspended", reason="' '"), "reason", id="no reason"),
        pytest.param(_event("disabled"), "entry_state", id="a state of another kind"),
    ],
)
async def test_the_database_itself_refuses(
    published: AsyncEngine, sql: str, constraint: str
) -> None:
    """Promise P8 is a constraint, not a courtesy: the owner's own SQL does not pass either."""
    with pytest.raises(IntegrityError, match=constraint):
        await rows(published, f"{sql} RETURNING 1")


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE catalog.agreement_version SET rev = 9 RETURNING 1",
        "DELETE FROM catalog.service_version RETURNING 1",
        "TRUNCATE catalog.state_event",
        "DELETE FROM catalog.agreement_scope RETURNING 1",
    ],
)
async def test_what_was_published_cannot_be_rewritten(published: AsyncEngine, sql: str) -> None:
    """Not even by who owns the tables."""
    with pytest.raises(IntegrityError, match="append-only"):
        await rows(published, sql)


@pytest.mark.parametrize(
    "sql",
    [
        _version(),
        _event("suspended"),
        "UPDATE catalog.entry SET rev = 9",
        "UPDATE catalog.head SET revision = 9",
        "SELECT catalog.next_revision()",
        "SELECT gateway.set_right('service:x', 1, true, NULL)",
    ],
)
async def test_a_running_gateway_only_reads(
    published: AsyncEngine, worker: AsyncEngine, sql: str
) -> None:
    """Whoever takes a worker over cannot publish a route."""
    assert published is not worker
    with pytest.raises(ProgrammingError, match="permission denied"):
        await rows(worker, sql)


async def test_a_publication_that_fails_late_leaves_no_right(owner: AsyncEngine) -> None:
    """Versions, states and rights stand or fall together."""

    async def fail_late() -> None:
        async with owner.begin() as connection:
            await CatalogRepository(connection).apply(documents(), PEOPLE, today=TODAY)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await fail_late()

    assert [] == await rows(owner, "SELECT 1 FROM gateway.live_right")
    assert 0 == await revision(owner)


async def test_taking_the_catalog_back_takes_its_rights_along(
    published: AsyncEngine, database_url: str
) -> None:
    """Version numbers start anew, and a right with a higher one would never be heeded again."""
    await publish(published, agreement(scope(calls_per_day=5)))
    await published.dispose()
    await migrating.downgrade(database_url, "0001")
    assert [] == await rows(published, "SELECT key FROM gateway.live_right")

    await published.dispose()
    await migrating.upgrade(database_url)
    async with published.begin() as connection:
        await CatalogRepository(connection).apply(documents(), PEOPLE, today=TODAY)
    assert (1, True) == await right(published)
