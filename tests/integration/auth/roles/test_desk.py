"""Grants over a real database: two people, and no two roles that exclude each other."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from datetime import timedelta
from itertools import permutations
from typing import Literal, get_args

import asyncpg
import pytest

from auth.accounts.accounts import of_citizen
from auth.accounts.errors import AccountUnknown, SessionEnded
from auth.accounts.repository import AccountRepository
from auth.errors import PartyError
from auth.people import Role
from auth.roles.errors import (
    GrantRefused,
    GrantUnknown,
    MoveRefused,
    OutsideScope,
    RolesExclude,
    SecondPersonMissing,
)
from auth.roles.forbidden import PAIRS, forbidden
from auth.roles.grants import EVERYTHING, GRANTABLE, Scope, State, Wanted
from gateway import database
from gateway.clock import utc_now
from tests.account_builders import an_official
from tests.role_builders import APPROVER, ASKER, ELSEWHERE, HERE, REASON, Hall, hall, later

PAIRS_OF_STAFF = [pair for pair in PAIRS if Role.CITIZEN not in {pair.one, pair.other}]
Isolation = Literal["read_committed", "repeatable_read", "serializable"]
OF_HERE = Scope(HERE, frozenset({Role.OFFICIAL}))


@pytest.fixture
async def people(database_url: str) -> AsyncGenerator[Hall]:
    """Give the desks as the gateway has them: with the rights of the application."""
    async with hall(database_url, role="motlan_app") as made:
        yield made


async def outcome(work: Awaitable[object]) -> type[BaseException] | None:
    """Return what *work* was refused with."""
    try:
        await work
    except PartyError as refused:
        return type(refused)
    return None


async def test_a_role_is_held_once_a_second_person_approved(people: Hall) -> None:
    """Asking gives nothing; and both acts are owed to the record, with their names."""
    account = await people.an_official()

    asked = await people.asked(account, Role.AUDITOR)
    before = await people.held(account)
    granted = await people.decided(asked)

    code = f"{account.id}:auditor"
    assert (set[str](), {"auditor"}) == (before, await people.held(account))
    assert (State.ASKED, State.GRANTED) == (asked.state(utc_now()), granted.state(utc_now()))
    assert [("role.ask", code), ("role.grant", code)] == await people.owed()


async def test_a_grants_leaf_names_both_people_and_what_stood_before(people: Hall) -> None:
    """An auditor reads from the record alone who gave what to whom."""
    account = await people.an_official()
    await people.granted(account, Role.OPERATOR)

    (asked, granted) = await people.fetch(
        "SELECT by, approved_by, before, after FROM audit.change_due "
        "WHERE kind = 'role' ORDER BY id"
    )

    assert (ASKER, None, None) == (asked["by"], asked["approved_by"], asked["before"])
    assert (ASKER, APPROVER) == (granted["by"], granted["approved_by"])
    assert asked["after"] == granted["before"] != granted["after"]


async def test_nobody_approves_what_they_asked_for(people: Hall) -> None:
    """Four eyes, whoever the two belong to."""
    asked = await people.asked(await people.an_official(), Role.AUDITOR)

    with pytest.raises(SecondPersonMissing):
        await people.decided(asked, by=ASKER)


async def test_nobody_approves_their_own_role(people: Hall) -> None:
    """Not by their account, and not by the staff number that it stands for."""
    account = await people.an_official("CB-0007")
    asked = await people.asked(account, Role.AUDITOR)

    for by in (account.id, "CB-0007", "cb-0007"):
        with pytest.raises(SecondPersonMissing):
            await people.decided(asked, by=by)
    assert set() == await people.held(account)


async def test_the_database_itself_demands_the_second_person(people: Hall) -> None:
    """A statement by hand is held to the same rule (promise P8)."""
    grant = await people.asked(await people.an_official(), Role.AUDITOR)

    for decider in (grant.asked_by, grant.account_id):
        with pytest.raises(asyncpg.CheckViolationError, match="role_decision_four_eyes"):
            await people.fetch(
                "INSERT INTO auth.role_decision VALUES ($1, $2, $3, $4, true, 'vì thế', now())",
                grant.id, grant.account_id, grant.asked_by, decider,
            )  # fmt: skip


async def test_whoever_asked_may_take_it_back(people: Hall) -> None:
    """Refusing gives nothing to anybody, so one person is enough."""
    account = await people.an_official()
    asked = await people.asked(account, Role.AUDITOR)

    refused = await people.decided(asked, by=ASKER, approved=False)

    assert State.REFUSED is refused.state(utc_now())
    assert set() == await people.held(account)
    assert ("role.refuse", f"{account.id}:auditor") == (await people.owed())[-1]


async def test_a_request_is_decided_once(people: Hall) -> None:
    """Whoever comes second changes nothing, whatever they say."""
    asked = await people.asked(await people.an_official(), Role.AUDITOR)
    await people.decided(asked, approved=False)

    with pytest.raises(MoveRefused):
        await people.decided(asked)


async def test_the_database_refuses_what_excludes_each_other(people: Hall) -> None:
    """In both orders, though both were asked for while neither was held."""
    orders = [each for pair in PAIRS_OF_STAFF for each in permutations([pair.one, pair.other])]
    for number, (first, second) in enumerate(orders):
        account = await people.an_official(f"CB-00{number}")
        one, other = await people.asked(account, first), await people.asked(account, second)
        await people.decided(one)

        with pytest.raises(RolesExclude):
            await people.decided(other)
        assert {first.value} == await people.held(account)


async def test_asking_for_what_is_excluded_is_refused_at_once(people: Hall) -> None:
    """Nobody waits for a second person to hear it."""
    account = await people.an_official()
    await people.granted(account, Role.AUDITOR)

    with pytest.raises(RolesExclude):
        await people.asked(account, Role.OPERATOR)


async def test_the_table_in_the_database_is_the_table_in_the_code(people: Hall) -> None:
    """One rule in two places would be two rules."""
    rows = await people.fetch("SELECT one, other, source, mark FROM auth.role_forbidden")

    assert {(p.one.value, p.other.value, p.source, p.mark) for p in PAIRS} == {
        tuple(row) for row in rows
    }


async def test_what_is_not_excluded_can_be_held_together(people: Hall) -> None:
    """The refusal is of pairs, not of having two roles."""
    account = await people.an_official()
    held: set[Role] = set()
    for role in sorted(GRANTABLE):
        if forbidden(role, held) is None:
            await people.granted(account, role)
            held.add(role)

    assert {role.value for role in held} == await people.held(account)
    assert len(held) > 1


async def test_of_two_halves_at_the_same_instant_one_stands(people: Hall) -> None:
    """Two approvers who do not know of each other cannot make an auditor who administers."""
    for number in range(8):
        account = await people.an_official(f"CB-1{number}")
        halves = [await people.asked(account, each) for each in (Role.AUDITOR, Role.OPERATOR)]
        ends = await asyncio.gather(
            outcome(people.decided(halves[0], by="qt-mot")),
            outcome(people.decided(halves[1], by="qt-hai")),
        )

        assert 1 == len(await people.held(account))
        assert {None, RolesExclude} == set(ends)


@pytest.mark.parametrize("isolation", get_args(Isolation))
async def test_a_stale_snapshot_approves_nothing(people: Hall, isolation: Isolation) -> None:
    """The lock of the account is a row: who waited for it does not judge by what was before."""
    account = await people.an_official()
    one, other = [await people.asked(account, each) for each in (Role.AUDITOR, Role.OPERATOR)]
    insert = "INSERT INTO auth.role_decision VALUES ($1, $2, $3, 'qt', true, 'vì thế', now())"
    first, second = [await asyncpg.connect(people.dsn, timeout=10) for _ in range(2)]
    begun, late = first.transaction(isolation=isolation), second.transaction(isolation=isolation)
    await begun.start()
    await late.start()
    await second.fetch("SELECT 1 FROM auth.role_decision")  # its snapshot is taken
    await first.execute(insert, one.id, account.id, one.asked_by)
    waiting = asyncio.ensure_future(second.execute(insert, other.id, account.id, other.asked_by))
    await first.fetch("SELECT 1")
    await begun.commit()

    with pytest.raises((asyncpg.CheckViolationError, asyncpg.SerializationError)):
        await waiting
    await first.close()
    await second.close()
    assert {"auditor"} == await people.held(account)


async def test_a_citizens_account_is_given_no_role(people: Hall) -> None:
    """A citizen is a citizen alone, whatever an administrator asks for."""
    citizen = of_citizen(utc_now())
    async with database.transaction(people.engine) as asked:
        await AccountRepository(asked).add(citizen, "a" * 32)

    for role in sorted(GRANTABLE):
        with pytest.raises((RolesExclude, GrantRefused)):
            await people.asked(citizen, role)


async def test_some_roles_are_granted_to_nobody(people: Hall) -> None:
    """A citizen is born to it, and the last resort is opened at the machine."""
    account = await people.an_official()

    for role in (Role.CITIZEN, Role.BREAK_GLASS):
        with pytest.raises((GrantRefused, OutsideScope)):
            await people.asked(account, role)


async def test_a_revoked_role_is_gone_and_its_sessions_with_it(people: Hall) -> None:
    """Nobody goes on with yesterday's rights."""
    account = await people.an_official()
    grant = await people.granted(account, Role.AUDITOR)
    signed = an_official(agency=account.agency, staff_number=account.staff_number)
    opened = await people.visits.open(account, signed, utc_now())

    ended = await people.roles.revoke(
        grant.id, by=APPROVER, scope=EVERYTHING, reason=REASON, now=utc_now()
    )

    assert State.ENDED is ended.state(utc_now())
    assert set() == await people.held(account)
    assert ("role.revoke", f"{account.id}:auditor") == (await people.owed())[-1]
    with pytest.raises(SessionEnded):
        await people.visits.look(opened.secret, utc_now())


async def test_what_was_taken_away_can_be_granted_anew(people: Hall) -> None:
    """And what it excluded is possible from then on."""
    account = await people.an_official()
    grant = await people.granted(account, Role.AUDITOR)
    await people.roles.revoke(grant.id, by=ASKER, scope=EVERYTHING, reason=REASON, now=utc_now())

    await people.granted(account, Role.OPERATOR)

    assert {"operator"} == await people.held(account)
    with pytest.raises(MoveRefused):
        await people.roles.revoke(
            grant.id, by=ASKER, scope=EVERYTHING, reason=REASON, now=utc_now()
        )


async def test_a_role_begins_and_ends_with_its_hours(people: Hall) -> None:
    """By the database's clock, so that every worker says the same."""
    account = await people.an_official()
    await people.granted(account, Role.PUBLISHER, valid_from=later(60))
    short = await people.granted(account, Role.OPERATOR, valid_to=utc_now() + timedelta(seconds=2))

    assert {"operator"} == await people.held(account)
    await people.fetch("SELECT pg_sleep_until($1)", short.valid_to)
    assert set() == await people.held(account)
    assert State.ENDED is short.state(utc_now())


async def test_what_is_over_before_it_is_approved_is_not_granted(people: Hall) -> None:
    """An approval that comes too late must not read as one that gave something."""
    account = await people.an_official()
    late = utc_now() + timedelta(seconds=1)
    asked = await people.asked(account, Role.PUBLISHER, valid_to=late)
    await people.fetch("SELECT pg_sleep_until($1)", late)

    with pytest.raises(MoveRefused):
        await people.decided(asked)
    assert [("role.ask", f"{account.id}:publisher")] == await people.owed()


async def test_what_excludes_each_other_is_judged_by_hours_that_meet(people: Hall) -> None:
    """A role that begins tomorrow excludes what is asked for today without an end."""
    account = await people.an_official()
    await people.granted(account, Role.AUDITOR, valid_from=later(60))

    asked = await people.asked(account, Role.OPERATOR)
    with pytest.raises(RolesExclude):
        await people.decided(asked)
    await people.granted(account, Role.OPERATOR, valid_to=later(30))

    assert {"operator"} == await people.held(account)


async def test_a_role_is_not_granted_twice(people: Hall) -> None:
    """Taking it away would otherwise leave it."""
    account = await people.an_official()
    await people.granted(account, Role.PUBLISHER)

    with pytest.raises(MoveRefused):
        await people.granted(account, Role.PUBLISHER)


async def test_an_agencys_role_counts_at_the_agency_of_the_account(people: Hall) -> None:
    """Nobody is made an administrator of another agency, not even by hand."""
    account = await people.an_official()
    grant = await people.granted(account, Role.AGENCY_ADMINISTRATOR)

    assert HERE == grant.agency
    with pytest.raises(asyncpg.CheckViolationError, match="those who work there"):
        await people.fetch(
            "INSERT INTO auth.role_grant VALUES (gen_random_uuid()::text, $1, 'official', $2, "
            "now(), NULL, 'qt', 'vì thế', now())",
            account.id, ELSEWHERE,
        )  # fmt: skip


async def test_an_agencys_administrator_asks_for_officials_of_the_own_agency(people: Hall) -> None:
    """Another agency's accounts are as unknown as none, and higher roles are out of reach."""
    mine = await people.an_official("CB-1")
    other = await people.an_official("CB-2", ELSEWHERE)

    async def ask(account_id: str, role: Role) -> object:
        wanted = Wanted(account_id=account_id, role=role, reason=REASON)
        return await people.roles.ask(wanted, by=ASKER, scope=OF_HERE, now=utc_now())

    assert None is await outcome(ask(mine.id, Role.OFFICIAL))
    assert OutsideScope is await outcome(ask(mine.id, Role.OPERATOR))
    assert GrantUnknown is await outcome(ask(other.id, Role.OFFICIAL))
    assert AccountUnknown is await outcome(ask("u-aaaaaaaaaaaaaaaa", Role.OFFICIAL))


async def test_an_agencys_administrator_decides_and_revokes_no_more_than_that(people: Hall) -> None:
    """The scope holds for every act about a grant."""
    other = await people.asked(await people.an_official("CB-2", ELSEWHERE), Role.OFFICIAL)
    high = await people.asked(await people.an_official("CB-1"), Role.OPERATOR)

    async def decide(grant_id: str) -> object:
        return await people.roles.decide(
            grant_id, by=APPROVER, scope=OF_HERE, approved=True, reason=REASON, now=utc_now()
        )

    assert GrantUnknown is await outcome(decide(other.id))
    assert OutsideScope is await outcome(decide(high.id))
    assert (high.id,) == tuple(each.id for each in await people.roles.listed(OF_HERE))


async def test_grants_are_listed_page_by_page(people: Hall) -> None:
    """Newest first, without a gap and without a double."""
    account = await people.an_official()
    ids = [(await people.asked(account, Role.PUBLISHER)).id for _ in range(5)]

    first = await people.roles.listed(EVERYTHING, limit=3)
    rest = await people.roles.listed(EVERYTHING, before=first[-1].id, limit=3)

    assert list(reversed(ids)) == [each.id for each in (*first, *rest)]
    await people.decided(first[0])
    waiting = await people.roles.listed(EVERYTHING, undecided=True)
    assert ids[:4] == [each.id for each in reversed(waiting)]


async def test_what_was_decided_is_not_rewritten(people: Hall) -> None:
    """Also not by whoever owns the database, unless they take the rule away first."""
    await people.granted(await people.an_official(), Role.AUDITOR)

    for table in ("role_grant", "role_decision", "role_forbidden"):
        for statement in (f"DELETE FROM auth.{table}", f"TRUNCATE auth.{table} CASCADE"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await people.fetch(statement)


async def test_the_first_two_operators_are_made_at_the_machine(people: Hall) -> None:
    """By two people; from then on the two grant, and the machine does not."""
    accounts = [await people.an_official(f"CB-{number}") for number in range(3)]

    async def first(number: int, by: str = ASKER, approved_by: str = APPROVER) -> object:
        wanted = Wanted(account_id=accounts[number].id, role=Role.OPERATOR, reason=REASON)
        return await people.roles.first(
            wanted, by=by, approved_by=approved_by, emergency=False, now=utc_now()
        )

    assert SecondPersonMissing is await outcome(first(0, by=APPROVER))
    assert SecondPersonMissing is await outcome(first(0, approved_by="CB-0"))
    assert [None, None, MoveRefused] == [await outcome(first(number)) for number in range(3)]
