"""What the database itself refuses: one person alone, a rewritten request, a mixed environment."""

import asyncio

import pytest
from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from auth import registrations
from auth.approvals.asked import Ask, Decided, Request, RequestState, Wanted, new_id
from auth.approvals.errors import MoveRefused, RequestUnknown
from auth.approvals.repository import RequestRepository
from auth.errors import KeyRefused, PartyError
from auth.repository import SystemRepository
from auth.systems import Credentials, registered
from gateway.database import transaction
from tests.party_builders import (
    CLIENT,
    CLIENT_KEY,
    NOON,
    OTHER_KEY,
    OUR_NOTE,
    a_registration,
    a_system,
)

REFUSALS = {"23514", "23505", "42501"}  # check, unique, insufficient privilege
BOTH = (CLIENT_KEY.public, OTHER_KEY.public)
A, B = "A" * 43, "B" * 42 + "A"
DECIDED = "state = 'approved', decided_at = now(), decided_by ="
ASKED = Request(
    id=new_id(),
    client_id=CLIENT,
    agency="H99.30.01",
    base=0,
    wanted=Wanted(act=Ask.REGISTER, registration=a_registration(certificates=(A,), ends={A: NOON})),
    asked_by="qt-01",
    asked_at=NOON,
    reason="thử",
)


async def refused(of: AsyncEngine, statement: str) -> bool:
    """Tell whether a constraint or trigger refuses one statement; a mistake of ours is none."""
    try:
        async with transaction(of) as session:
            await session.execute(text(statement))
    except DBAPIError as no:
        return getattr(no.orig, "sqlstate", None) in REFUSALS
    return False


def next_version(act: str, rev: str = "1", **changes: str) -> str:
    """Write the statement by which somebody stores the second version by hand."""
    kept = ("client_id", "agency", "name_vi", "name_en", "sandbox", "address_ranges", "jwks")
    more = ("jwks_uri", "certificates", "ends", "by", "at", "reason", "approved_by")
    said = {name: name for name in (*kept, *more)} | changes
    said |= {"version": "2", "rev": rev, "act": f"'{act}'", "state": "'active'"}
    names, values = ", ".join(f'"{name}"' for name in said), ", ".join(said.values())
    return f"INSERT INTO auth.system ({names}) SELECT {values} FROM auth.system WHERE version = 1"


async def test_nobody_opens_a_live_system_alone_by_hand(
    database: AsyncEngine, owner: AsyncEngine
) -> None:
    """Promise P8 is a constraint: it holds for SQL that was typed in at night."""
    async with transaction(database) as session:
        await SystemRepository(session).append(a_system(jwks=BOTH, certificates=(A,)))
    alone = {"approved_by": "NULL"}
    attempts = [
        next_version("amended", name_en="'x'", **alone),
        next_version("keys_rotated", jwks="jwks", **alone),
        next_version("amended", approved_by='"by"'),
        next_version("amended", approved_by="' '"),
        next_version("keys_revoked", rev="2", certificates=f"ARRAY['{A}', '{B}']", **alone),
        next_version("keys_revoked", rev="2", jwks='jwks || \'{"kid": "x"}\'', **alone),
        next_version(
            "keys_revoked", rev="2", jwks_uri="'https://a.example/'", jwks="'[]'", **alone
        ),
        next_version("keys_revoked", rev="2", address_ranges="ARRAY['10.0.0.0/8']", **alone),
        next_version("amended", jwks="'[]'", certificates="'{}'"),
        next_version("amended", certificates="ARRAY['abc']"),
    ]

    found = [await refused(owner, each) for each in attempts]

    assert [True] * len(attempts) == found
    assert not await refused(
        owner, next_version("keys_revoked", rev="2", certificates="'{}'", **alone)
    )


async def test_what_served_the_sandbox_never_serves_for_real(database: AsyncEngine) -> None:
    """By memory: whatever its id says, and also under another system's name."""
    async with transaction(database) as session:
        rows = SystemRepository(session)
        await rows.append(registered(a_registration(sandbox=True, certificates=(A,)), OUR_NOTE))
    renamed = {**CLIENT_KEY.public, "kid": "another"}

    twins = (
        a_registration(client_id="that", jwks=(renamed,)),
        a_registration(client_id="that", jwks=(OTHER_KEY.public,), certificates=(A,)),
    )

    for twin in twins:
        with pytest.raises(KeyRefused):
            async with transaction(database) as session:
                await registrations.register(SystemRepository(session), twin, OUR_NOTE)


@pytest.mark.parametrize(("sandbox", "other"), [(False, "test"), (True, "live")])
async def test_a_key_is_of_its_systems_environment_by_its_id_too(
    database: AsyncEngine, owner: AsyncEngine, *, sandbox: bool, other: str
) -> None:
    """A key that was made for the other environment and never used there, typed in by hand."""
    async with transaction(database) as session:
        said = a_registration(jwks=(CLIENT_KEY.public,), sandbox=sandbox)
        await SystemRepository(session).append(registered(said, OUR_NOTE))
    own = "live" if other == "test" else "test"

    def rotated(environment: str) -> str:
        key = f'{{"kid": "motlan_{environment}_x", "crv": "Ed25519", "x": "{A}"}}'
        return next_version("keys_rotated", jwks=f"'[{key}]'", approved_by="'qt-02'")

    assert await refused(owner, rotated(other))
    assert not await refused(owner, rotated(own))


async def test_two_who_register_one_key_in_both_environments_do_not_both_succeed(
    database: AsyncEngine,
) -> None:
    """At the same instant, each not seeing the other's row."""

    async def one(client_id: str, *, sandbox: bool) -> bool:
        said = a_registration(client_id=client_id, sandbox=sandbox)
        try:
            async with transaction(database) as session:
                await SystemRepository(session).append(registered(said, OUR_NOTE))
                await asyncio.sleep(0.1)
        except PartyError:
            return False
        return True

    done = await asyncio.gather(one("thu", sandbox=True), one("that", sandbox=False))

    assert [False, True] == sorted(done)


async def test_a_request_comes_back_as_it_was_asked(database: AsyncEngine) -> None:
    """Whoever decides reads exactly what will stand: keys, certificates, ends."""
    async with transaction(database) as session:
        await RequestRepository(session).add(ASKED)
    async with transaction(database) as session:
        requests = RequestRepository(session)
        found = await requests.find(ASKED.id), await requests.open_of(CLIENT)
        with pytest.raises(RequestUnknown):
            await requests.find(new_id())

    assert (ASKED, ASKED) == found


async def test_a_rotation_comes_back_too(database: AsyncEngine) -> None:
    """The other shape of a wish."""
    wanted = Wanted(act=Ask.ROTATE, added=Credentials(jwks=BOTH), overlap_s=60)
    async with transaction(database) as session:
        await RequestRepository(session).add(replace(ASKED, base=3, wanted=wanted))
        found = await RequestRepository(session).find(ASKED.id)

    assert wanted == found.wanted


async def test_what_was_asked_and_decided_is_not_rewritten(
    database: AsyncEngine, owner: AsyncEngine
) -> None:
    """Not the wish under the second person's eyes, not the decision afterwards."""
    async with transaction(database) as session:
        await RequestRepository(session).add(ASKED)
    open_ones = [
        f"UPDATE auth.system_request SET wanted = '{{\"act\": \"amend\"}}', {DECIDED} 'vh-01'",
        f"UPDATE auth.system_request SET {DECIDED} 'qt-01'",
        "UPDATE auth.system_request SET state = 'approved'",
        "UPDATE auth.system_request SET reason = 'x'",
        "DELETE FROM auth.system_request",
    ]
    before = [await refused(owner, each) for each in open_ones]
    decided = Decided(by="vh-01", at=NOON, reason="thử")
    ended = replace(ASKED, state=RequestState.REFUSED, decided=decided)
    async with transaction(database) as session:
        await RequestRepository(session).decide(ended)

    with pytest.raises(MoveRefused):
        async with transaction(database) as session:
            await RequestRepository(session).decide(ended)
    assert [True] * 5 == before
    assert await refused(owner, "UPDATE auth.system_request SET state = 'open'")


async def test_one_request_of_a_system_is_open_at_a_time(database: AsyncEngine) -> None:
    """Two wishes for one system would not both be read."""
    async with transaction(database) as session:
        await RequestRepository(session).add(ASKED)

    with pytest.raises(MoveRefused):
        async with transaction(database) as session:
            await RequestRepository(session).add(replace(ASKED, id=new_id()))
