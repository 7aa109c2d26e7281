"""From a proven person to an account, over a real database, also when many come at once."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import asyncpg
import pytest

from auth.accounts.accounts import Account, AccountState, Act
from auth.accounts.errors import (
    AccountConflict,
    AccountExists,
    AccountsUnavailable,
    AccountUnknown,
    SignInBarred,
)
from auth.accounts.signing_in import Accounts
from gateway import database
from tests.account_builders import (
    NOON,
    Office,
    a_citizen,
    an_account,
    an_official,
    blind,
    office,
)

DAY = timedelta(days=1)
OWED = (
    "SELECT event, kind, code, rev, by, before IS NULL AS first FROM audit.change_due ORDER BY id"
)


@pytest.fixture
async def worker(database_url: str) -> AsyncGenerator[Office]:
    """Give accounts and sessions as one worker has them."""
    async with office(database_url) as made:
        yield made


async def rows(dsn: str, query: str) -> list[tuple[object, ...]]:
    """Return the rows of a query."""
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


async def refusal(worker: Office, **claims: object) -> str:
    """Return the code with which an official is not let in."""
    with pytest.raises(SignInBarred) as barred:
        await worker.accounts.sign_in(an_official(**claims), NOON)
    return barred.value.code


async def test_a_first_sign_on_links_for_good_and_owes_a_leaf(
    worker: Office, database_url: str
) -> None:
    """Who prepared an account, and when it became somebody's, stays on record."""
    new = an_account()
    await worker.accounts.prepare(new)

    first = await worker.accounts.sign_in(an_official(), NOON)
    again = await worker.accounts.sign_in(an_official(), NOON + DAY)

    assert (new.id, 2, Act.LINKED) == (first.id, first.version, first.act)
    assert (new.id, NOON) == (again.id, again.last_seen_at)
    assert NOON + DAY == (await worker.accounts.find(new.id)).last_seen_at
    assert [
        ("account.create", "account", new.id, 1, "cb-admin", True),
        ("account.link", "account", new.id, 2, new.id, False),
    ] == await rows(database_url, OWED)


async def test_an_account_is_found_by_its_stable_claim_and_not_by_a_name(worker: Office) -> None:
    """The provider's `sub` may change; the person does not."""
    await worker.accounts.prepare(an_account())
    first = await worker.accounts.sign_in(an_official(), NOON)

    renamed = an_official(sub="another", name="Trần Bình")
    assert first.id == (await worker.accounts.sign_in(renamed, NOON)).id
    assert "link_conflict" == await refusal(worker, link="tech-78")
    assert "link_conflict" == await refusal(worker, issuer="https://other.example")
    assert "link_conflict" == await refusal(worker, link="TECH-77")


@pytest.mark.parametrize(
    "claims",
    [
        {"staff_number": "CB-0002"},
        {"agency": "H99.30.02"},
        {"staff_number": None},
        {"agency": None},
    ],
    ids=["another number", "another agency", "no number", "no agency"],
)
async def test_nobody_else_is_linked(worker: Office, claims: dict[str, object]) -> None:
    """Both must fit: a number alone exists in every agency."""
    await worker.accounts.prepare(an_account())

    assert "account_unknown" == await refusal(worker, **claims)


async def test_many_first_sign_ons_at_once_link_one_person(worker: Office) -> None:
    """Of ten people who claim to be the same official, one is, for good."""
    await worker.accounts.prepare(an_account())
    claims = [an_official(link=f"tech-{n % 5}") for n in range(10)]

    ended = await asyncio.gather(
        *(worker.accounts.sign_in(each, NOON) for each in claims), return_exceptions=True
    )

    came = {each.link for each, end in zip(claims, ended, strict=True) if isinstance(end, Account)}
    refused = {end.code for end in ended if isinstance(end, SignInBarred)}
    assert 1 == len(came)
    assert {"link_conflict"} == refused
    assert 10 == sum(isinstance(end, Account | SignInBarred) for end in ended)


async def test_many_first_sign_ons_of_one_citizen_make_one_account(
    worker: Office, database_url: str
) -> None:
    """One person, one account, also when two tabs open at once."""
    found = await asyncio.gather(*(worker.accounts.sign_in(a_citizen(), NOON) for _ in range(8)))

    assert 1 == len({each.id for each in found})
    assert [(1,)] == await rows(database_url, "SELECT count(*) FROM auth.account")
    ((event, _, code, _, by, _),) = await rows(database_url, OWED)
    assert ("account.create", found[0].id, found[0].id) == (event, code, by)


async def test_an_agency_has_one_usable_account_for_a_staff_number(worker: Office) -> None:
    """A disabled one makes room for another, and is then not enabled beside it."""
    old, new = an_account(), an_account()
    await worker.accounts.prepare(old)
    with pytest.raises(AccountExists):
        await worker.accounts.prepare(an_account())
    await worker.accounts.change(old.id, Act.DISABLED, by="cb-9", reason="nghỉ việc", now=NOON)
    assert "account_disabled" == await refusal(worker)

    await worker.accounts.prepare(new)

    assert new.id == (await worker.accounts.sign_in(an_official(), NOON)).id
    with pytest.raises(AccountConflict):
        await worker.accounts.change(old.id, Act.ENABLED, by="cb-9", reason="trở lại", now=NOON)


async def test_a_linked_official_whose_account_rests_is_told_so(worker: Office) -> None:
    """Disabled and locked are different words: other people have to act."""
    await worker.accounts.prepare(an_account())
    account = await worker.accounts.sign_in(an_official(), NOON)
    changes = [
        (Act.LOCKED, "account_locked"),
        (Act.DISABLED, "account_disabled"),
    ]

    for act, code in changes:
        await worker.accounts.change(account.id, act, by=None, reason="theo quy tắc", now=NOON)
        assert code == await refusal(worker)
    await worker.accounts.change(account.id, Act.ENABLED, by="cb-9", reason="trở lại", now=NOON)
    assert AccountState.ACTIVE is (await worker.accounts.sign_in(an_official(), NOON)).state


async def test_of_two_changes_at_once_one_is_told_to_look_again(worker: Office) -> None:
    """No administrator's decision is lost under another's."""
    new = an_account()
    await worker.accounts.prepare(new)

    ended = await asyncio.gather(
        *(
            worker.accounts.change(new.id, Act.DISABLED, by="cb-9", reason="nghỉ việc", now=NOON)
            for _ in range(4)
        ),
        return_exceptions=True,
    )

    assert 1 == sum(isinstance(end, Account) for end in ended)
    assert 3 == sum(isinstance(end, AccountConflict) for end in ended)
    assert 2 == (await worker.accounts.find(new.id)).version


async def test_a_name_is_corrected_on_record_and_sessions_stay(
    worker: Office, database_url: str
) -> None:
    """A spelling is no reason to sign anybody out; the next request shows the new one."""
    await worker.accounts.prepare(an_account())
    account = await worker.accounts.sign_in(an_official(), NOON)
    made = await worker.visits.open(account, an_official(), NOON)

    await worker.accounts.rename(account.id, "Trần An", by="cb-9", reason="viết sai", now=NOON)

    assert "Trần An" == (await worker.visits.look(made.secret, NOON)).person.name
    event, _, code, _, by, _ = (await rows(database_url, OWED))[-1]
    assert ("account.rename", account.id, "cb-9") == (event, code, by)


async def test_an_account_nobody_made_is_unknown(worker: Office) -> None:
    """Looking and changing say the same."""
    with pytest.raises(AccountUnknown):
        await worker.accounts.find("u-" + "a" * 16)
    with pytest.raises(AccountUnknown):
        await worker.accounts.change(
            "u-" + "a" * 16, Act.DISABLED, by="cb-9", reason="nghỉ việc", now=NOON
        )


async def test_accounts_are_listed_by_agency_and_page(worker: Office) -> None:
    """An agency's administrator sees one agency; citizens are in no list."""
    made = [
        an_account(id="u-" + letter * 16, staff_number=f"CB-1{n}", agency=agency)
        for n, (letter, agency) in enumerate(zip("abcd", ("H99.1", "H99.2") * 2, strict=True))
    ]
    for each in made:
        await worker.accounts.prepare(each)
    await worker.accounts.sign_in(a_citizen(), NOON)

    whole = await worker.accounts.listed()
    first = await worker.accounts.listed(limit=2)
    assert [each.id for each in made] == [each.id for each in whole]
    assert [each.id for each in made[2:]] == [
        each.id for each in await worker.accounts.listed(after=first[-1].id)
    ]
    assert {"H99.2"} == {each.agency for each in await worker.accounts.listed(agency="H99.2")}


async def test_unused_accounts_are_those_that_nobody_used_or_changed(worker: Office) -> None:
    """After 45 idle days the gateway disables them; one that waits counts from its beginning."""
    waiting = an_account(staff_number="CB-2", id="u-" + "b" * 16)
    await worker.accounts.prepare(an_account())
    await worker.accounts.prepare(waiting)
    used = await worker.accounts.sign_in(an_official(), NOON + 40 * DAY)

    assert () == await worker.accounts.unused(NOON)
    assert [waiting.id] == [each.id for each in await worker.accounts.unused(NOON + 40 * DAY)]
    both = await worker.accounts.unused(NOON + 40 * DAY + timedelta(seconds=1))
    assert {waiting.id, used.id} == {each.id for each in both}


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("DELETE FROM auth.account", "never removed"),
        ("UPDATE auth.account SET agency = 'H99.9'", "of one person"),
        ("UPDATE auth.account SET staff_number = 'CB-9'", "of one person"),
        ("UPDATE auth.account SET state = 'locked'", "a new version"),
        ("UPDATE auth.account SET name = 'X'", "a new version"),
        ("UPDATE auth.account SET version = 9, act = 'locked', state = 'locked'", "came first"),
        ("UPDATE auth.account SET version = version + 1, act = 'enabled'", "from that state"),
        ("UPDATE auth.account SET version = version + 1, act = 'disabled'", "from that state"),
        ("DELETE FROM auth.account_link", "for good"),
        ("UPDATE auth.account_link SET ref = repeat('c', 32)", "for good"),
    ],
)
async def test_the_database_refuses_what_no_act_leads_to(
    worker: Office, database_url: str, statement: str, why: str
) -> None:
    """Also by hand, as the owner of the database."""
    await worker.accounts.prepare(an_account())
    await worker.accounts.sign_in(an_official(), NOON)

    with pytest.raises(asyncpg.PostgresError, match=why):
        await rows(database_url, statement)


async def test_a_change_by_hand_in_the_database_is_owed_a_leaf_as_well(
    worker: Office, database_url: str
) -> None:
    """In an emergency somebody writes SQL; the record learns of it all the same."""
    await worker.accounts.prepare(an_account())
    await rows(
        database_url,
        "UPDATE auth.account SET version = version + 1, act = 'locked', state = 'locked', "
        "by = 'dba-1', reason = 'sự cố'",
    )

    event, _, _, _, by, _ = (await rows(database_url, OWED))[-1]
    assert ("account.lock", "dba-1") == (event, by)


async def test_a_database_that_is_away_lets_nobody_in() -> None:
    """No answer is no yes."""
    engine = database.engine("postgresql://127.0.0.1:1/none", pool_connections=1)
    accounts = Accounts(lambda: database.transaction(engine), blind)

    with pytest.raises(AccountsUnavailable):
        await accounts.sign_in(an_official(), NOON)
    await engine.dispose()
