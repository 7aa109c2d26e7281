"""Keys of systems at the token endpoint, over HTTP: published, ended, revoked, suspended, used."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from time import time

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from auth import registrations
from auth.client import client_assertion
from auth.credentials import keytexts
from auth.credentials.environments import Environment
from auth.credentials.repository import UseRepository
from auth.credentials.uses import Uses
from auth.jose import public_jwk, signing_key
from auth.repository import SystemRepository
from auth.systems import Note
from gateway.clock import utc_now
from gateway.database import engine, transaction
from tests.key_servers import KeyServer, publishing
from tests.oauth_servers import an_application, ask, register, serving
from tests.party_builders import CLIENT, CLIENT_KEY, ISSUER, OTHER_KEY, a_registration, a_system


@pytest.fixture
def base(database_url: str, tmp_path: Path) -> Iterator[str]:
    """Give the URL of a worker without any registered system."""
    with serving(an_application(database_url, tmp_path / "keys")) as url:
        yield url


@pytest.fixture
def server() -> Iterator[KeyServer]:
    """Give an agency's server that publishes one key."""
    with publishing() as said:
        said.publish(CLIENT_KEY.public)
        yield said


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Give an engine that acts as the application."""
    made = engine(database_url, pool_connections=2)
    yield made
    await made.dispose()


def signed_with(private: dict[str, str]) -> str:
    """Return an assertion of the commune's system, made by this key just now."""
    return client_assertion(private, client_id=CLIENT, audience=ISSUER, now=time())


async def moved(
    database: AsyncEngine, act: Callable[[SystemRepository, Note], Awaitable[object]]
) -> None:
    """Let two people do one act, in a commit of its own."""
    async with transaction(database) as session:
        note = Note(by="qt-01", reason="thử", at=utc_now(), approved_by="qt-02")
        await act(SystemRepository(session), note)


async def test_a_published_key_opens_and_one_that_is_not_there_does_not(
    base: str, server: KeyServer, database_url: str
) -> None:
    """The agency's own server says which keys are good; ours needs no visit to know it."""
    await register(database_url, a_system(jwks=(), jwks_uri=server.url))

    known = await ask(base, signed_with(CLIENT_KEY.private))
    other = await ask(base, signed_with(OTHER_KEY.private))

    assert (200, 401) == (known.status_code, other.status_code)
    assert "client_assertion_invalid" == other.json()["code"]


async def test_a_key_that_has_ended_opens_nothing(
    base: str, database: AsyncEngine, database_url: str
) -> None:
    """Its twin of the rotation goes on, to the same registration."""
    ended = {CLIENT_KEY.public["kid"]: utc_now() - timedelta(seconds=1)}
    keys = (CLIENT_KEY.public, OTHER_KEY.public)
    await register(database_url, a_system(jwks=keys, ends=ended))

    old = await ask(base, signed_with(CLIENT_KEY.private))
    new = await ask(base, signed_with(OTHER_KEY.private))
    used = await Uses(UseRepository(lambda: transaction(database))).of((CLIENT,))

    assert (401, 200) == (old.status_code, new.status_code)
    assert used[CLIENT].token_at is not None
    assert used[CLIENT].exchange_day is None


async def test_each_act_holds_at_the_next_request(
    base: str, database: AsyncEngine, database_url: str
) -> None:
    """Rotated, revoked, suspended, resumed: every worker reads what stands."""
    await register(database_url, a_system())
    kid = CLIENT_KEY.public["kid"]
    both = a_registration(jwks=(CLIENT_KEY.public, OTHER_KEY.public))
    acts: list[Callable[[SystemRepository, Note], Awaitable[object]]] = [
        lambda rows, note: registrations.apply(rows, both, note),
        lambda rows, note: registrations.revoke(rows, CLIENT, kid, note),
        lambda rows, note: registrations.suspend(rows, CLIENT, note),
        lambda rows, note: registrations.resume(rows, CLIENT, note),
    ]
    found: list[tuple[int, int]] = []

    for act in acts:
        await moved(database, act)
        old = await ask(base, signed_with(CLIENT_KEY.private))
        new = await ask(base, signed_with(OTHER_KEY.private))
        found.append((old.status_code, new.status_code))

    assert [(200, 200), (401, 200), (401, 400), (401, 200)] == found


async def test_a_key_of_our_own_making_opens_by_its_id(base: str, database_url: str) -> None:
    """From the line in a file to a token: the id with its prefix finds the key."""
    line = keytexts.text_of(keytexts.new(Environment.LIVE, "EdDSA"), Environment.LIVE)
    private, _ = keytexts.read(line)
    await register(database_url, a_system(jwks=(public_jwk(signing_key(private)),)))

    assert 200 == (await ask(base, signed_with(private))).status_code


async def test_a_use_is_kept_to_the_minute_and_never_set_back(database: AsyncEngine) -> None:
    """Two workers whose clocks differ: the later one counts."""
    first, second = (Uses(UseRepository(lambda: transaction(database))) for _ in range(2))
    noon = utc_now().replace(microsecond=0)
    soon = noon + timedelta(seconds=59)

    await first.note(CLIENT, noon)
    await first.note(CLIENT, soon)
    within = (await first.of((CLIENT,)))[CLIENT].token_at
    await first.note(CLIENT, noon + timedelta(seconds=60))
    await second.note(CLIENT, noon)
    after = await second.of((CLIENT, "la-ai"))

    assert noon == within
    assert noon + timedelta(seconds=60) == after[CLIENT].token_at
    assert after["la-ai"].token_at is None
