"""Sessions over a real database: shared by workers, read by nobody, over in time."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta

import asyncpg
import pytest
from msgspec.structs import replace

from auth.accounts.accounts import Account, Act
from auth.accounts.errors import AccountsUnavailable, SessionEnded, SignInBarred
from auth.accounts.sessions import Bounds
from auth.accounts.visits import Opened, Visits
from auth.people import Role
from auth.signon.signed_on import LoggedOut
from gateway import database
from tests.account_builders import (
    ANH_NUMBER,
    NOON,
    Office,
    a_citizen,
    an_account,
    an_official,
    blind,
    office,
)

MINUTE = timedelta(minutes=1)
MOMENT = timedelta(microseconds=1)


@pytest.fixture
async def worker(database_url: str) -> AsyncGenerator[Office]:
    """Give accounts and sessions as one worker has them."""
    async with office(database_url) as made:
        yield made


async def official(worker: Office, now: datetime = NOON) -> Account:
    """Return the account of an official who has just signed on for the first time."""
    await worker.accounts.prepare(an_account())
    return await worker.accounts.sign_in(an_official(), now)


async def opened(worker: Office, now: datetime = NOON) -> tuple[Account, Opened]:
    """Return an official's account with one open session."""
    account = await official(worker, now)
    return account, await worker.visits.open(account, an_official(), now)


async def is_open(worker: Office, secret: str, now: datetime = NOON) -> bool:
    """Say whether *secret* opens a session."""
    try:
        await worker.visits.look(secret, now)
    except SessionEnded:
        return False
    return True


async def hold(dsn: str, account: Account, role: Role) -> None:
    """Let *account* hold *role*, as the view of grants shows it."""
    connection = await asyncpg.connect(dsn, timeout=10)
    await connection.execute(
        "CREATE OR REPLACE VIEW auth.role_held AS "
        f"SELECT '{account.id}'::text AS account_id, '{role.value}'::text AS role, "
        "NULL::text AS agency"
    )
    await connection.close()


async def test_a_session_opens_with_its_secret_alone(worker: Office) -> None:
    """Whoever has the cookie is the person; nobody else is."""
    account, made = await opened(worker)

    found = await worker.visits.look(made.secret, NOON)

    assert (account.id, "Trần Thị Bình", "H99.30.01") == (
        found.person.id,
        found.person.name,
        found.person.agency,
    )
    assert not await is_open(worker, "A" * 43)
    assert not await is_open(worker, made.secret + "=")
    assert not await is_open(worker, "")


async def test_a_citizens_session_knows_the_number_and_the_database_does_not(
    worker: Office, database_url: str
) -> None:
    """A dump of the database, which operators may see, shows nobody (promise P6)."""
    account = await worker.accounts.sign_in(a_citizen(), NOON)
    made = await worker.visits.open(account, a_citizen(), NOON)

    found = await worker.visits.look(made.secret, NOON)
    connection = await asyncpg.connect(database_url, timeout=10)
    tables = ("account", "account_link", "session")
    rows = [await connection.fetch(f"SELECT t::text FROM auth.{t} t") for t in tables]
    owed = await connection.fetch("SELECT c::text FROM audit.change_due c")
    await connection.close()
    dump = repr([*rows, owed])

    assert ANH_NUMBER == found.person.so_dinh_danh
    assert frozenset({Role.CITIZEN}) == found.person.roles
    assert "u-" in dump
    for hidden in (ANH_NUMBER, "Nguyễn", "Ánh", made.secret, "e30.e30"):
        assert hidden not in dump
        assert hidden.encode().hex() not in dump


async def test_a_session_is_shared_by_workers_and_survives_them(
    worker: Office, database_url: str
) -> None:
    """Nobody signs on again because another process answers, or because one restarted."""
    _, made = await opened(worker)

    async with office(database_url) as other:
        assert await is_open(other, made.secret)
        await other.visits.end(made.secret)

    assert not await is_open(worker, made.secret)


async def test_a_session_rests_up_to_its_bound_and_not_a_moment_longer(worker: Office) -> None:
    """Whoever leaves the desk is signed out after 15 minutes."""
    _, made = await opened(worker)

    assert await is_open(worker, made.secret, NOON + 15 * MINUTE - MOMENT)
    _, again = await opened_again(worker)
    assert not await is_open(worker, again.secret, NOON + 15 * MINUTE)


async def opened_again(worker: Office) -> tuple[Account, Opened]:
    """Return the same account with another session."""
    account = await worker.accounts.sign_in(an_official(), NOON)
    return account, await worker.visits.open(account, an_official(), NOON)


async def test_use_prolongs_a_session_and_never_beyond_its_end(worker: Office) -> None:
    """Eight hours after sign-on the person proves themselves again."""
    _, made = await opened(worker)
    now = NOON
    while now < NOON + timedelta(hours=8) - 10 * MINUTE:
        now += 10 * MINUTE
        assert await is_open(worker, made.secret, now)

    assert await is_open(worker, made.secret, NOON + timedelta(hours=8) - MOMENT)
    assert not await is_open(worker, made.secret, NOON + timedelta(hours=8))


async def test_administrators_rest_for_five_minutes(worker: Office, database_url: str) -> None:
    """Whoever may do more is watched more closely (TCVN 14423:2026 5.5)."""
    account, made = await opened(worker)
    await hold(database_url, account, Role.OPERATOR)

    assert await is_open(worker, made.secret, NOON + 5 * MINUTE - MOMENT)
    assert {Role.OPERATOR} == (await worker.visits.look(made.secret, NOON + MINUTE)).person.roles
    _, again = await opened_again(worker)
    assert not await is_open(worker, again.secret, NOON + 5 * MINUTE)


async def test_the_last_use_is_written_once_a_minute(worker: Office, database_url: str) -> None:
    """Reading does not write: a page of twenty requests costs one update at most."""
    _, made = await opened(worker)

    seen: list[datetime] = []
    connection = await asyncpg.connect(database_url, timeout=10)
    for seconds in (1, 59, 60, 61, 119, 125):
        await worker.visits.look(made.secret, NOON + timedelta(seconds=seconds))
        seen.append(await connection.fetchval("SELECT seen_at FROM auth.session"))
    await connection.close()

    expected = [0, 0, 60, 60, 60, 125]
    assert [NOON + timedelta(seconds=each) for each in expected] == seen


async def test_a_step_up_changes_the_secret_and_keeps_the_end(worker: Office) -> None:
    """Whoever stole the weaker cookie holds nothing afterwards."""
    _, made = await opened(worker)
    session = await worker.visits.look(made.secret, NOON)
    later = NOON + 3 * MINUTE
    stronger = an_official(level=2, auth_time=later.timestamp(), acr="urn:sso:3")

    rotated = await worker.visits.rotate(session, made.secret, stronger, later)

    assert not await is_open(worker, made.secret, later)
    found = await worker.visits.look(rotated.secret, later)
    assert (session.id, session.ends_at) == (found.id, found.ends_at)
    assert ("urn:sso:3", later.timestamp()) == (found.person.acr, found.person.auth_time)
    assert session.csrf != found.csrf


async def test_two_step_ups_at_once_leave_one_session(worker: Office) -> None:
    """The second finds its cookie dead."""
    _, made = await opened(worker)
    session = await worker.visits.look(made.secret, NOON)

    ended = await asyncio.gather(
        *(worker.visits.rotate(session, made.secret, an_official(), NOON) for _ in range(4)),
        return_exceptions=True,
    )

    good = [each for each in ended if isinstance(each, Opened)]
    assert 1 == len(good)
    assert all(isinstance(each, Opened | SessionEnded) for each in ended)
    assert await is_open(worker, good[0].secret)


async def test_signing_on_ends_the_session_that_the_browser_brought(worker: Office) -> None:
    """A cookie that somebody planted beforehand is nobody's afterwards (fixation)."""
    account, planted = await opened(worker)

    made = await worker.visits.open(account, an_official(), NOON, instead_of=planted.secret)

    assert not await is_open(worker, planted.secret)
    assert await is_open(worker, made.secret)
    assert planted.secret != made.secret


async def test_no_account_has_more_sessions_than_the_settings_say(database_url: str) -> None:
    """The oldest ends, also when ten sign-ons of one account meet."""
    async with office(database_url, Bounds(per_account=3)) as worker:
        account = await official(worker)
        first = [
            await worker.visits.open(account, an_official(), NOON + timedelta(seconds=n))
            for n in range(4)
        ]
        assert [False, True, True, True] == [
            await is_open(worker, each.secret, NOON + timedelta(seconds=5)) for each in first
        ]

        later = NOON + MINUTE
        many = await asyncio.gather(
            *(worker.visits.open(account, an_official(), later) for _ in range(10))
        )

        assert 3 == len(await worker.visits.listed(account.id, later))
        assert 3 == sum([await is_open(worker, each.secret, later) for each in many])


async def test_a_session_that_is_renewed_while_all_end_ends_as_well(worker: Office) -> None:
    """Whoever ends everything everywhere must not lose to a step-up of the thief."""
    account = await official(worker)
    for _ in range(20):
        made = [await worker.visits.open(account, an_official(), NOON) for _ in range(3)]
        found = [await worker.visits.look(each.secret, NOON) for each in made]

        renewed = [
            worker.visits.rotate(session, each.secret, an_official(), NOON)
            for session, each in zip(found, made, strict=True)
        ]
        await asyncio.gather(*renewed, worker.visits.end_all(account.id), return_exceptions=True)

        assert () == await worker.visits.listed(account.id, NOON)


async def test_coming_and_going_at_once_never_stands_still(worker: Office) -> None:
    """Sign-ons, evictions and ends of one account take their locks in one order."""
    account = await official(worker)

    ended = await asyncio.gather(
        *(
            worker.visits.open(account, an_official(), NOON + timedelta(seconds=n))
            if n % 3
            else worker.visits.end_all(account.id)
            for n in range(60)
        ),
        return_exceptions=True,
    )

    assert [] == [each for each in ended if isinstance(each, Exception)]
    assert 5 >= len(await worker.visits.listed(account.id, NOON + MINUTE))


async def test_a_disabled_account_has_no_session_from_that_commit_on(worker: Office) -> None:
    """Disabling is not a wish for the next sign-on."""
    account, made = await opened(worker)

    await worker.accounts.change(account.id, Act.DISABLED, by="cb-9", reason="nghỉ việc", now=NOON)

    assert not await is_open(worker, made.secret)
    assert () == await worker.visits.listed(account.id, NOON)
    with pytest.raises(SignInBarred) as barred:
        await worker.visits.open(account, an_official(), NOON)
    assert "account_disabled" == barred.value.code


async def test_a_list_shows_what_still_opens(worker: Office) -> None:
    """What rested too long for its roles is over, whether or not it was swept."""
    account, made = await opened(worker)
    later = NOON + 6 * MINUTE

    assert (made.id,) == tuple(x.id for x in await worker.visits.listed(account.id, later))
    assert () == await worker.visits.listed(account.id, later, frozenset({Role.OPERATOR}))


async def test_ending_sessions_ends_those_that_are_meant(worker: Office) -> None:
    """One, all others, or all."""
    account, one = await opened(worker)
    _, two = await opened_again(worker)
    _, three = await opened_again(worker)

    assert not await worker.visits.end_one("u-" + "a" * 16, one.id)
    assert await worker.visits.end_one(account.id, one.id)
    assert not await worker.visits.end_one(account.id, one.id)
    assert (three.id,) == await worker.visits.end_all(account.id, but_cookie=two.secret)
    assert [False, True, False] == [await is_open(worker, x.secret) for x in (one, two, three)]
    assert (two.id,) == await worker.visits.end_all(account.id)
    assert not await is_open(worker, two.secret)


async def test_a_provider_ends_one_session_or_every_one_of_a_person(worker: Office) -> None:
    """Back-channel logout names a session, or a person (OpenID Back-Channel Logout 2.7)."""
    account, one = await opened(worker)
    two = await worker.visits.open(account, an_official(sid="sid-2"), NOON)
    three = await worker.visits.open(account, an_official(sid=None), NOON)
    told = LoggedOut(provider="staff", issuer="https://sso.example", sid="sid-2")

    assert ((two.id, account.id),) == await worker.visits.logged_out(told)
    assert () == await worker.visits.logged_out(replace(told, issuer="https://other.example"))
    assert () == await worker.visits.logged_out(replace(told, sid=None))
    everywhere = replace(told, sid=None, sub="sub-Ab1")
    assert {one.id, three.id} == {each for each, _ in await worker.visits.logged_out(everywhere)}
    assert not await is_open(worker, three.secret)


async def test_a_ciphertext_moved_to_another_row_opens_nothing(
    worker: Office, database_url: str
) -> None:
    """Whoever can write the database cannot make one person's session another's."""
    _, one = await opened(worker)
    _, two = await opened_again(worker)
    connection = await asyncpg.connect(database_url, timeout=10)
    await connection.execute(
        "UPDATE auth.session SET sealed = (SELECT sealed FROM auth.session WHERE id = $1) "
        "WHERE id = $2",
        one.id,
        two.id,
    )
    await connection.close()

    assert await is_open(worker, one.secret)
    assert not await is_open(worker, two.secret)


async def test_while_the_database_is_away_no_cookie_opens_anything() -> None:
    """No answer is no yes, and is told apart from a session that is over."""
    engine = database.engine("postgresql://127.0.0.1:1/none", pool_connections=1)
    visits = Visits(lambda: database.transaction(engine), blind, Bounds())

    with pytest.raises(AccountsUnavailable):
        await visits.look("A" * 43, NOON)
    with pytest.raises(SessionEnded):
        await visits.look("no secret", NOON)
    await engine.dispose()


async def test_what_is_over_is_removed_and_nothing_else(worker: Office) -> None:
    """The keeper sweeps by the longest rest there is."""
    _, one = await opened(worker)
    later = NOON + 10 * MINUTE
    account = await worker.accounts.sign_in(an_official(), later)
    two = await worker.visits.open(account, an_official(), later)

    assert 0 == await worker.visits.forget(NOON + 14 * MINUTE)
    assert 1 == await worker.visits.forget(NOON + 15 * MINUTE)
    assert [False, True] == [await is_open(worker, each.secret, later) for each in (one, two)]
