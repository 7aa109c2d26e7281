"""Key sets read over a real socket into a real database: faults, rotation, and how often."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from ipaddress import ip_network

import pytest
from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.credentials.fetching import KeySets, due
from auth.credentials.keysets import AGAIN, FRESH, KEPT
from auth.credentials.repository import KeySetRepository
from auth.outbound import Outbound
from auth.systems import System, suspended
from gateway.database import engine, transaction
from tests.key_servers import KeyServer, publishing
from tests.party_builders import CLIENT, CLIENT_KEY, NOON, OTHER_KEY, OUR_NOTE, a_system

LOOPBACK = (ip_network("127.0.0.0/8"),)
OLD, NEW = CLIENT_KEY.public["kid"], OTHER_KEY.public["kid"]


class Agency:
    """A system whose keys stand at an address, its server, a worker's reader, and the hour."""

    def __init__(self, server: KeyServer, database: AsyncEngine) -> None:
        self.server = server
        self.database = database
        self.now = NOON
        self.system = a_system(jwks=(), jwks_uri=server.url)
        self.rows = KeySetRepository(lambda: transaction(database))

    def reader(self, outbound: Outbound | None = None) -> KeySets:
        """Return what one worker reads with."""
        asks = outbound or Outbound(networks=LOOPBACK, timeout_s=20, largest_bytes=65_536)
        return KeySets(self.rows, asks.get, lambda: self.now)

    async def keys(self, kid: str | None = None, *, of: KeySets | None = None) -> list[str]:
        """Return the ids of the keys that count now."""
        complete = await (of or self.reader()).complete(self.system, kid)
        return [key.kid for key in complete.registration.keys(self.now.timestamp())]

    def later(self, pause: timedelta) -> datetime:
        """Let time pass."""
        self.now += pause
        return self.now


@pytest.fixture
def server() -> Iterator[KeyServer]:
    """Give an agency's server."""
    with publishing() as said:
        said.publish(CLIENT_KEY.public)
        yield said


@pytest.fixture
def agency(server: KeyServer, database: AsyncEngine) -> Agency:
    """Give an agency that publishes its keys."""
    return Agency(server, database)


async def test_the_first_question_reads_the_address_and_the_next_ones_the_rows(
    agency: Agency,
) -> None:
    """Every token request of every worker, and one question to the agency."""
    found = [await agency.keys(OLD) for _ in range(3)]

    assert [[OLD]] * 3 == found
    assert 1 == agency.server.asked


async def test_a_new_key_is_read_when_somebody_uses_it(agency: Agency) -> None:
    """The agency rotates, its system signs with the new key, and nobody has to tell us."""
    await agency.keys(OLD)
    agency.server.publish(CLIENT_KEY.public, OTHER_KEY.public)
    agency.later(AGAIN)

    assert [OLD, NEW] == await agency.keys(NEW)
    assert 2 == agency.server.asked


async def test_nobody_makes_us_ask_more_often_than_we_want(agency: Agency) -> None:
    """An id that does not exist costs its inventor nothing; it must not cost the agency either."""
    await agency.keys(OLD)
    for number in range(20):
        await agency.keys(f"made-up-{number}")
    early = agency.server.asked
    agency.later(AGAIN)
    await asyncio.gather(*(agency.keys("made-up", of=agency.reader()) for _ in range(5)))

    assert (1, 2) == (early, agency.server.asked)


async def test_an_address_that_is_gone_leaves_what_was_read(agency: Agency) -> None:
    """For 72 hours; then nobody knows whether the agency withdrew the key."""
    await agency.keys(OLD)
    agency.server.status = 404
    agency.later(AGAIN)
    after = await agency.keys(NEW)
    known = await agency.rows.known(CLIENT)
    agency.later(KEPT)

    assert [OLD] == after
    assert known is not None
    assert (NOON, "the address answered 404") == (known.fetched_at, known.fault)
    assert [] == await agency.keys(OLD)


FAULTS: dict[str, Callable[[KeyServer], object]] = {
    "a page": lambda said: setattr(said, "body", b"<html>"),
    "a huge set": lambda said: setattr(said, "body", b" " * 65_537),
    "an error": lambda said: setattr(said, "status", 500),
    "compressed": lambda said: said.headers.update({"Content-Encoding": "gzip"}),
}


async def test_whatever_the_server_says_the_old_keys_count(agency: Agency) -> None:
    """Fault by fault, each after a good answer; and a good answer heals them all."""
    await agency.keys(OLD)
    found: list[list[str]] = []
    for fault in FAULTS.values():
        fault(agency.server)
        agency.later(AGAIN)
        found.append(await agency.keys(NEW))
        agency.server.headers.pop("Content-Encoding", None)
        agency.server.publish(CLIENT_KEY.public)
    agency.server.publish(OTHER_KEY.public)
    agency.later(AGAIN)

    assert [[OLD]] * len(FAULTS) == found
    assert [NEW] == await agency.keys(NEW)
    known = await agency.rows.known(CLIENT)
    assert known is not None
    assert known.fault is None


async def test_a_redirect_is_an_answer_and_is_not_followed(agency: Agency) -> None:
    """The registered address is what somebody approved; another one is nobody's promise."""
    with publishing() as elsewhere:
        elsewhere.publish(OTHER_KEY.public)
        agency.server.status = 302
        agency.server.headers["Location"] = elsewhere.url

        assert [] == await agency.keys(NEW)
        assert 0 == elsewhere.asked


async def test_a_silent_server_costs_its_patience_and_no_more(agency: Agency) -> None:
    """The token endpoint waits two seconds in all; this is a part of it."""
    await agency.keys(OLD)
    agency.server.silent = True
    agency.later(AGAIN)
    hasty = agency.reader(Outbound(networks=LOOPBACK, timeout_s=0.3))

    async with asyncio.timeout(20):
        assert [OLD] == await agency.keys(NEW, of=hasty)


async def test_a_private_network_is_not_asked_unless_it_is_listed(agency: Agency) -> None:
    """The address comes from an agency: it must not make us look around in the province's nets."""
    strict = agency.reader(Outbound(timeout_s=20))

    assert [] == await agency.keys(OLD, of=strict)
    assert 0 == agency.server.asked


async def test_a_published_private_key_stops_counting_at_once(agency: Agency) -> None:
    """Also when the rest of the answer is of no use."""
    await agency.keys(OLD)
    agency.server.publish(CLIENT_KEY.private)
    agency.later(AGAIN)

    assert [] == await agency.keys(NEW)


async def test_another_address_begins_with_nothing(agency: Agency) -> None:
    """Keys that stood at the old address were the old address's promise."""
    await agency.keys(OLD)
    with publishing() as moved:
        moved.publish(OTHER_KEY.public)
        registration = replace(agency.system.registration, jwks_uri=moved.url)
        agency.system = replace(agency.system, registration=registration)

        assert [NEW] == await agency.keys(NEW)


async def test_another_key_at_the_address_is_owed_to_the_record(
    agency: Agency, database_url: str
) -> None:
    """The agency changed what opens its system; the record says so, in the agency's name."""
    await agency.keys(OLD)
    agency.server.publish(CLIENT_KEY.public, OTHER_KEY.public)
    agency.later(AGAIN)
    await agency.keys(NEW)
    agency.server.publish(OTHER_KEY.public)
    agency.later(FRESH)
    await agency.reader().renew(agency.system)

    assert [("key.rotate", CLIENT), ("key.rotate", CLIENT), ("key.revoke", CLIENT)] == await owed(
        database_url
    )


async def test_the_keeper_asks_what_is_due_and_nobody_else(agency: Agency) -> None:
    """Never read, moved, or older than ten minutes; not what is suspended or was just tried."""
    others: list[System] = [
        a_system(client_id="khoa-tai-cho"),
        suspended(a_system(client_id="tam-dung", jwks=(), jwks_uri="https://a.example/"), OUR_NOTE),
    ]
    every = [agency.system, *others]
    first = due(every, {}, agency.now)
    await agency.reader().renew(agency.system)
    second = due(every, await agency.rows.listed(), agency.now)
    third = due(every, await agency.rows.listed(), agency.later(FRESH))

    assert ((agency.system,), (), (agency.system,)) == (first, second, third)


async def owed(dsn: str) -> list[tuple[str, str]]:
    """Return the changes that are owed a leaf, by event and actor."""
    database = engine(dsn, role=None, pool_connections=1)
    query = text("SELECT event, by FROM audit.change_due WHERE by_is = 'code' ORDER BY id")
    async with transaction(database) as session:
        found = [(row.event, row.by) for row in await session.execute(query)]
    await database.dispose()
    return found
