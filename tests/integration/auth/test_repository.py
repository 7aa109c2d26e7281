"""Registrations and used assertions in a real database."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from auth import registrations, systems
from auth.errors import RegistrationConflict, RegistrationsUnavailable, SystemUnknown
from auth.registrations import Systems
from auth.repository import AssertionRepository, Desk, SystemRepository
from auth.systems import Act, Credentials, System, SystemState, amended
from gateway.database import engine, raw_pool, transaction
from gateway.rights import system_right
from tests import conftest
from tests.bound import THUMBPRINT
from tests.party_builders import (
    CLIENT,
    CLIENT_KEY,
    NOON,
    NOON_S,
    OTHER_KEY,
    OUR_NOTE,
    a_registration,
    a_system,
)


async def right(owner: AsyncEngine) -> tuple[int, bool]:
    """Return revision and life of the system's right."""
    question = text("SELECT rev, live FROM gateway.live_right WHERE key = :key")
    async with transaction(owner) as session:
        row = (await session.execute(question, {"key": system_right(CLIENT, 0).key})).one()
    return row.rev, row.live


async def execute(owner: AsyncEngine, statement: str) -> None:
    """Run one statement in a transaction of its own."""
    async with transaction(owner) as session:
        await session.execute(text(statement))


async def test_a_system_comes_back_as_it_was_stored(database: AsyncEngine) -> None:
    """Values in, the same values out: keys, names with their marks, hours with their zone."""
    system = a_system(sandbox=True, address_ranges=("10.1.0.0/16",))

    async with transaction(database) as session:
        await SystemRepository(session).append(system)
    async with transaction(database) as session:
        found = await SystemRepository(session).find(CLIENT)

    assert system == found


async def test_a_driver_connection_finds_what_a_session_finds(
    database: AsyncEngine, database_url: str
) -> None:
    """The token endpoint asks by the shorter way: the newest version, every value the same."""
    system = a_system(
        sandbox=True,
        address_ranges=("10.1.0.0/16",),
        certificates=(THUMBPRINT,),
        ends={THUMBPRINT: NOON},
    )
    async with transaction(database) as session:
        rows = SystemRepository(session)
        await rows.append(system)
        await registrations.suspend(rows, CLIENT, OUR_NOTE)

    async with await raw_pool(database_url, "motlan_app", 1, patience_s=30) as pool:
        desk = Desk(lambda: transaction(database), runs=pool)
        found = await desk.find(CLIENT)
        with pytest.raises(SystemUnknown):
            await desk.find("nobody")
        conftest.execute(database_url, "ALTER TABLE auth.system RENAME TO elsewhere")
        with pytest.raises(RegistrationsUnavailable):
            await desk.find(CLIENT)

    assert systems.suspended(system, OUR_NOTE) == found


async def test_nobody_is_found_under_an_unknown_id(database: AsyncEngine) -> None:
    """Unknown is a word of ours, not an empty row."""
    async with transaction(database) as session:
        with pytest.raises(SystemUnknown):
            await SystemRepository(session).find("la-ai")


async def test_the_life_of_a_system_is_the_life_of_its_right(
    database: AsyncEngine, owner: AsyncEngine
) -> None:
    """Promise P3: every act that ends something moves the right in the same transaction."""
    seen: list[tuple[int, bool]] = []
    other = a_registration(agency="H99.30.02", jwks=(OTHER_KEY.public,))
    acts: list[Callable[[Systems], Awaitable[object]]] = [
        lambda rows: registrations.register(rows, a_registration(), OUR_NOTE),
        lambda rows: registrations.rotate(
            rows, CLIENT, Credentials(jwks=(OTHER_KEY.public,)), NOON, OUR_NOTE
        ),
        lambda rows: registrations.suspend(rows, CLIENT, OUR_NOTE),
        lambda rows: registrations.resume(rows, CLIENT, OUR_NOTE),
        lambda rows: registrations.apply(rows, other, OUR_NOTE),
        lambda rows: registrations.block(rows, CLIENT, OUR_NOTE),
    ]

    for act in acts:
        async with transaction(database) as session:
            await act(SystemRepository(session))
        seen.append(await right(owner))

    assert [(1, True), (1, True), (2, False), (3, True), (4, True), (5, False)] == seen


async def test_a_change_that_is_rolled_back_leaves_the_right_alone(
    database: AsyncEngine, owner: AsyncEngine
) -> None:
    """Right and registration are one commit, or none."""
    async with transaction(database) as session:
        await SystemRepository(session).append(a_system())

    async with transaction(database) as session:
        await registrations.suspend(SystemRepository(session), CLIENT, OUR_NOTE)
        await session.rollback()

    assert (1, True) == await right(owner)


async def test_of_two_changes_at_once_one_wins(database: AsyncEngine) -> None:
    """Both read version 1; the second hears that somebody was faster, and nothing is lost."""
    async with transaction(database) as session:
        await SystemRepository(session).append(a_system())

    async with transaction(database) as first:
        known = await SystemRepository(first).find(CLIENT)
        await registrations.suspend(SystemRepository(first), CLIENT, OUR_NOTE)
        second = asyncio.ensure_future(_amend(database, known))
        await asyncio.sleep(0.2)
    with pytest.raises(RegistrationConflict):
        await second

    async with transaction(database) as session:
        history = await SystemRepository(session).history(CLIENT)
    assert [Act.REGISTERED, Act.SUSPENDED] == [each.act for each in history]


async def _amend(database: AsyncEngine, known: System) -> None:
    later = amended(known, a_registration(name_en="Another"), OUR_NOTE)
    async with transaction(database) as session:
        await SystemRepository(session).append(later)


async def test_the_list_shows_the_newest_version_of_each(database: AsyncEngine) -> None:
    """An administrator sees where things stand, not where they stood."""
    async with transaction(database) as session:
        rows = SystemRepository(session)
        await rows.append(a_system())
        await rows.append(a_system(client_id="an-sinh"))
        await registrations.suspend(rows, CLIENT, OUR_NOTE)

    async with transaction(database) as session:
        listed = await SystemRepository(session).listed()

    assert [("an-sinh", SystemState.ACTIVE), (CLIENT, SystemState.SUSPENDED)] == [
        (each.client_id, each.state) for each in listed
    ]


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("UPDATE auth.system SET state = 'active'", id="rewrite"),
        pytest.param("DELETE FROM auth.system", id="delete"),
        pytest.param("TRUNCATE auth.system", id="truncate"),
    ],
)
async def test_history_is_not_rewritten_even_by_its_owner(
    database: AsyncEngine, owner: AsyncEngine, statement: str
) -> None:
    """Promise P5 in small: a registration only grows."""
    async with transaction(database) as session:
        await SystemRepository(session).append(a_system())

    with pytest.raises(DBAPIError, match="append-only"):
        await execute(owner, statement)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        pytest.param("rev", "1", id="a suspension that ends nothing"),
        pytest.param("rev", "4", id="a revision left out"),
        pytest.param("version", "3", id="a version left out"),
        pytest.param("""jwks""", """'[{"kty": "EC", "d": "x"}]'""", id="a private key"),
        pytest.param("reason", "''", id="no reason"),
    ],
)
async def test_the_database_itself_refuses_what_must_not_be(
    database: AsyncEngine,
    owner: AsyncEngine,
    column: str,
    value: str,
) -> None:
    """A constraint, not courtesy: whoever writes past our code is stopped as well."""
    async with transaction(database) as session:
        await SystemRepository(session).append(a_system())
    good = {"version": "2", "rev": "2", "state": "'suspended'", "act": "'suspended'"}

    with pytest.raises(IntegrityError):
        await execute(owner, _next_version(good | {column: value}))
    await execute(owner, _next_version(good))

    assert (2, False) == await right(owner)


def _next_version(changes: dict[str, str]) -> str:
    """Write the statement that stores what stands, but for *changes*."""
    named = ("client_id", "agency", "name_vi", "name_en", "sandbox", "address_ranges")
    kept = (*named, "by", "at", "jwks", "reason")
    said = {each: each for each in kept} | changes
    names, values = ", ".join(said), ", ".join(said.values())
    return f"INSERT INTO auth.system ({names}) SELECT {values} FROM auth.system"


async def test_an_assertion_counts_once_over_two_connections(database: AsyncEngine) -> None:
    """Invariant I10: at the same instant in two workers, exactly one wins."""
    desk = Desk(lambda: transaction(database))

    answers = await asyncio.gather(
        *(desk.remember(CLIENT, "a1", NOON_S + 60) for _ in range(5)),
    )

    assert [False, False, False, False, True] == sorted(answers)


async def test_the_second_use_waits_for_the_first_commit(database: AsyncEngine) -> None:
    """Were it not to wait, a rolled back first use would make the second one a replay."""
    async with transaction(database) as first:
        assert await AssertionRepository(first).remember(CLIENT, "a1", NOON_S)
        second = asyncio.ensure_future(
            Desk(lambda: transaction(database)).remember(CLIENT, "a1", NOON_S)
        )
        await asyncio.sleep(0.2)
        waiting = not second.done()
        await first.rollback()

    assert (True, True) == (waiting, await second)


async def test_ids_of_two_systems_do_not_meet(database: AsyncEngine) -> None:
    """An id is unique for whoever made it, so nobody can use up another system's ids."""
    desk = Desk(lambda: transaction(database))

    answers = [await desk.remember(each, "a1", NOON_S) for each in (CLIENT, "an-sinh")]

    assert [True, True] == answers


async def test_what_a_caller_wrote_as_an_id_is_not_stored(
    database: AsyncEngine, owner: AsyncEngine
) -> None:
    """Promise P6: the id is free text of a caller, who may put a person's number there."""
    await Desk(lambda: transaction(database)).remember(CLIENT, "003190000123", NOON_S)

    everything = text("SELECT string_agg(CAST(t AS text), ' ') FROM auth.used_assertion t")
    async with transaction(owner) as session:
        stored = str(await session.scalar(everything))

    assert "003190000123" not in stored
    assert CLIENT in stored


async def test_old_assertions_are_forgotten_in_batches(database: AsyncEngine) -> None:
    """The table stays as large as the assertions that could still be presented."""
    async with transaction(database) as session:
        rows = AssertionRepository(session)
        for number in range(5):
            await rows.remember(CLIENT, f"a{number}", NOON_S + number)

    async with transaction(database) as session:
        rows = AssertionRepository(session)
        dropped = [
            await rows.forget(NOON + timedelta(seconds=4), at_most=3),
            await rows.forget(NOON + timedelta(seconds=4), at_most=3),
            await rows.forget(NOON + timedelta(seconds=4), at_most=3),
        ]

    assert [3, 1, 0] == dropped


async def test_one_worker_cleans_at_a_time(database: AsyncEngine) -> None:
    """The others go on at once instead of waiting for rows that go anyway."""
    await Desk(lambda: transaction(database)).remember(CLIENT, "a1", NOON_S)
    async with transaction(database) as first:
        dropped = await AssertionRepository(first).forget(NOON + timedelta(seconds=1))
        second = await Desk(lambda: transaction(database)).forget(NOON + timedelta(seconds=1))

    assert (1, 0) == (dropped, second)


async def test_a_database_that_is_gone_is_said_in_one_word(
    database: AsyncEngine, owner: AsyncEngine
) -> None:
    """Whatever the driver says, the token endpoint fails closed."""
    await execute(owner, "DROP TABLE auth.used_assertion")
    unreachable = engine("postgresql://nobody@127.0.0.1:1/none", pool_connections=1)

    with pytest.raises(RegistrationsUnavailable):
        await Desk(lambda: transaction(unreachable)).find(CLIENT)
    with pytest.raises(RegistrationsUnavailable):
        await Desk(lambda: transaction(database)).remember(CLIENT, "a1", NOON_S)
    await unreachable.dispose()


async def test_the_appending_role_sees_nothing_here(database_url: str) -> None:
    """The role that writes the log has no business with keys."""
    made = engine(database_url, role="motlan_append", pool_connections=1)

    with pytest.raises(RegistrationsUnavailable):
        await Desk(lambda: transaction(made)).find(CLIENT)
    await made.dispose()


async def test_applying_a_document_twice_changes_nothing(database: AsyncEngine) -> None:
    """Idempotent: a deployment may run its files every night."""
    async with transaction(database) as session:
        first = await registrations.apply(SystemRepository(session), a_registration(), OUR_NOTE)
    async with transaction(database) as session:
        second = await registrations.apply(SystemRepository(session), a_registration(), OUR_NOTE)

    assert (True, False, 1) == (first.changed, second.changed, second.system.version)
    assert (CLIENT_KEY.public,) == second.system.registration.jwks
