"""The keeper beside systems: reads published keys by itself, and says what ends, once."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from auth.credentials.repository import KeySetRepository
from auth.systems import Note, System, registered
from gateway.clock import utc_now
from gateway.database import transaction
from gateway.settings import load
from gateway.wiring import systems
from gateway.wiring.shared import Shared
from tests.key_servers import KeyServer, publishing
from tests.oauth_servers import register
from tests.party_builders import CLIENT_KEY, OTHER_KEY, a_registration

KID = CLIENT_KEY.public["kid"]


def a_live(**changes: object) -> System:
    """Return a system that two people registered just now."""
    note = Note(by="qt-01", reason="thử", at=utc_now(), approved_by="qt-02")
    return registered(a_registration(**changes), note)


@pytest.fixture
def server() -> Iterator[KeyServer]:
    """Give an agency's server that publishes one key."""
    with publishing() as said:
        said.publish(OTHER_KEY.public)
        yield said


@pytest.fixture
async def shared(database_url: str, tmp_path: Path) -> AsyncIterator[Shared]:
    """Give the parts of a process whose settings let loopback be asked."""
    settings = load(
        {
            "database": {"url": database_url, "pool_connections": 3},
            "audit": {"keys_dir": tmp_path / "pseudonyms"},
            "identity": {"keys_dir": tmp_path / "signing", "key_networks": ["127.0.0.0/8"]},
        },
        {},
    )
    async with AsyncExitStack() as stack:
        made = Shared(settings)
        made.open_database(stack)
        yield made


async def test_the_keeper_reads_published_keys_before_anybody_asks(
    shared: Shared, server: KeyServer, database_url: str
) -> None:
    """The first token request finds the keys there; a second look asks nobody again."""
    await register(database_url, a_live(client_id="cong-bo", jwks=(), jwks_uri=server.url))
    look = systems.Look(shared)

    await look.once()
    await look.once()
    found = await KeySetRepository(lambda: transaction(shared.engine)).known("cong-bo")
    desk = await (await systems.desk_of(shared)).find("cong-bo", kid=OTHER_KEY.public["kid"])

    assert found is not None
    assert (OTHER_KEY.public,) == found.jwks == desk.registration.jwks
    assert (1, 0) == (server.asked, look.unread())


async def test_an_address_that_does_not_answer_is_counted(
    shared: Shared, server: KeyServer, database_url: str
) -> None:
    """The operator sees it on the gauge long before the last answer is too old."""
    server.status = 503
    await register(database_url, a_live(jwks=(), jwks_uri=server.url))
    look = systems.Look(shared)

    await look.once()

    assert 1 == look.unread()


async def test_what_ends_is_counted_and_said_once(shared: Shared, database_url: str) -> None:
    """A warning in each five seconds would be read by nobody."""
    now = utc_now()
    for name, days in (("sap-het", 10), ("het-han", -1), ("con-lau", 90)):
        ends = {KID: now + timedelta(days=days)}
        await register(database_url, a_live(client_id=name, ends=ends))
    look = systems.Look(shared)

    with structlog.testing.capture_logs() as lines:
        await look.once()
        await look.once()

    said = [(each["client_id"], each["days"]) for each in lines if "days" in each]
    assert [("het-han", 0), ("sap-het", 14)] == said
    assert (1, 1) == (look.ending(), look.ended())
    (left_s,) = look.left_s().values()
    assert timedelta(days=9) < timedelta(seconds=left_s) <= timedelta(days=10)


async def test_a_database_that_is_away_ends_no_watch(shared: Shared) -> None:
    """The keeper looks again; it is not the one that has to fail."""
    away = load(
        {"database": {"url": "postgresql://nobody@127.0.0.1:1/none", "pool_connections": 1}}, {}
    )
    look = systems.Look(Shared(away))

    with pytest.raises(systems.AWAY):
        await look.once()

    assert (0, 0, 0) == (look.ending(), look.ended(), look.unread())
    assert {} == look.left_s()
    assert shared.settings.identity.key_networks
