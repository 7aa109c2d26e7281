"""Tokens that were taken back, and what the record's commit hears of it."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.accounts.accounts import Act
from auth.accounts.signing_in import Accounts
from auth.delegation.repository import RevokedTokens, UsedAssertions
from auth.errors import RegistrationsUnavailable
from gateway.clock import utc_now
from gateway.database import Pool, engine, raw_pool, transaction
from gateway.errors import RightsGone
from gateway.rights import official_right, system_right, token_right
from tests.account_builders import an_account, blind
from tests.audit_builders import an_entry
from tests.audit_rows import a_writer, connected, grant
from tests.party_builders import CLIENT

TOKEN = "tok_AAAAAAAAAAAAAAAAAA"


def tokens(database: AsyncEngine) -> RevokedTokens:
    """Return the rows."""
    return RevokedTokens(lambda: transaction(database))


def later(seconds: float = 300) -> float:
    """Return an instant to come, in Unix seconds."""
    return utc_now().timestamp() + seconds


async def changed(accounts: Accounts, account_id: str, act: Act) -> None:
    """Disable or enable an account."""
    await accounts.change(account_id, act, by="cb-admin", reason="thử nghiệm", now=utc_now())


async def dead_tokens(database_url: str) -> set[str]:
    """Return what the register of rights says of tokens."""
    question = "SELECT key FROM gateway.live_right WHERE key LIKE 'token:%' AND NOT live"
    async with connected(database_url) as connection:
        return {row[0] for row in await connection.fetch(question)}


async def test_a_token_is_revoked_for_everybody_once(database: AsyncEngine) -> None:
    """RFC 7009 section 2.2: to take back what is taken back already is a success."""
    rows = tokens(database)
    before = await rows.is_revoked(TOKEN)

    await asyncio.gather(*(rows.revoke(TOKEN, CLIENT, later()) for _ in range(4)))

    assert (False, True, False) == (
        before,
        await rows.is_revoked(TOKEN),
        await rows.is_revoked("another"),
    )


async def test_nothing_rests_on_a_revoked_token(database: AsyncEngine, database_url: str) -> None:
    """Promise P3 for tokens: judged by the statement that records the release."""
    system, token = system_right(CLIENT, 1), token_right(TOKEN)
    await grant(database_url, system.key)
    async with a_writer(database_url) as writer:
        await writer.append(an_entry(system, token))  # no row: it stands
        await tokens(database).revoke(TOKEN, CLIENT, later())
        with pytest.raises(RightsGone) as gone:
            await writer.append(an_entry(system, token))
        await writer.append(an_entry(system, token_right("another")))

    assert (token.key,) == gone.value.keys


async def test_nothing_rests_on_a_disabled_official(
    database: AsyncEngine, database_url: str
) -> None:
    """Not for the five minutes that the token would live; and again once enabled."""
    accounts = Accounts(lambda: transaction(database), blind)
    account = an_account()
    await accounts.prepare(account)
    system, official = system_right(CLIENT, 1), official_right(account.id)
    await grant(database_url, system.key)
    async with a_writer(database_url) as writer:
        await writer.append(an_entry(system, official))
        await changed(accounts, account.id, Act.DISABLED)
        with pytest.raises(RightsGone) as gone:
            await writer.append(an_entry(system, official))
        await changed(accounts, account.id, Act.ENABLED)
        await writer.append(an_entry(system, official))

    assert (official.key,) == gone.value.keys


async def test_what_could_not_live_any_more_is_forgotten(
    database: AsyncEngine, database_url: str
) -> None:
    """With its right: the register holds what can matter, and no more."""
    rows = tokens(database)
    await rows.revoke(TOKEN, CLIENT, later(-10))
    await rows.revoke("living", CLIENT, later())

    first, second = await rows.forget(utc_now()), await rows.forget(utc_now())

    assert (1, 0) == (first, second)
    assert (False, True) == (await rows.is_revoked(TOKEN), await rows.is_revoked("living"))
    assert {"token:living"} == await dead_tokens(database_url)


async def test_a_token_that_could_live_stays_revoked(database: AsyncEngine) -> None:
    """Not even by a worker whose clock is ahead, nor by hand."""
    rows = tokens(database)
    await rows.revoke(TOKEN, CLIENT, later())

    with pytest.raises(RegistrationsUnavailable):
        await rows.forget(utc_now() + timedelta(hours=2))
    with pytest.raises(DBAPIError, match="permission denied"):
        async with transaction(database) as session:
            await session.execute(text("UPDATE auth.revoked_token SET expires_at = now()"))

    assert await rows.is_revoked(TOKEN)


async def test_a_database_that_is_away_says_neither_yes_nor_no() -> None:
    """Nobody hears that a token was taken back when it was not."""
    away = engine("postgresql://127.0.0.1:1/none", pool_connections=1)
    rows = tokens(away)

    with pytest.raises(RegistrationsUnavailable):
        await rows.revoke(TOKEN, CLIENT, later())
    with pytest.raises(RegistrationsUnavailable):
        await rows.is_revoked(TOKEN)
    await away.dispose()


async def test_an_assertion_is_first_once_over_all_workers(database_url: str) -> None:
    """Invariant I10: eight ask at the same instant over two pools."""
    async with two_pools(database_url) as pools:
        uses = [UsedAssertions(pool) for pool in pools] * 4
        answers = await asyncio.gather(*(each.remember(CLIENT, "a1", later()) for each in uses))
        others = [
            await uses[0].remember("an-sinh", "a1", later()),
            await uses[1].remember(CLIENT, "a2", later()),
        ]

    assert [True, *[False] * 7] == sorted(answers, reverse=True)
    assert [True, True] == others


async def test_a_memory_of_assertions_that_is_away_lets_nobody_in(database_url: str) -> None:
    """Neither first nor used: nobody knows."""
    async with two_pools(database_url) as (pool, _):
        await pool.execute("SELECT 1")
    with pytest.raises(RegistrationsUnavailable):
        await UsedAssertions(pool).remember(CLIENT, "a1", later())


@asynccontextmanager
async def two_pools(dsn: str) -> AsyncGenerator[tuple[Pool, Pool]]:
    """Give the driver connections of two workers."""
    async with (
        await raw_pool(dsn, "motlan_app", 4) as one,
        await raw_pool(dsn, "motlan_app", 4) as two,
    ):
        yield one, two
