"""What administrators do with registrations."""

import pytest
from msgspec.structs import replace

from auth import registrations
from auth.client import new_client_key
from auth.errors import (
    KeyRefused,
    SecondPersonNeeded,
    SystemBlocked,
    SystemExists,
    SystemUnknown,
)
from auth.systems import Credentials, SystemState
from tests.party_builders import (
    CLIENT,
    CLIENT_KEY,
    NOON,
    OTHER_KEY,
    OUR_NOTE,
    FakeSystems,
    a_registration,
    a_system,
)


async def test_a_client_id_is_given_once() -> None:
    """Otherwise a second agency would take over the first one's agreements."""
    rows = FakeSystems(a_system())

    with pytest.raises(SystemExists):
        await registrations.register(rows, a_registration(agency="H99.30.02"), OUR_NOTE)


async def test_a_document_registers_then_amends_then_rests() -> None:
    """Idempotent, with one row for each change."""
    rows = FakeSystems()
    wanted = (a_registration(), a_registration(name_en="Other"), a_registration(name_en="Other"))

    changed = [(await registrations.apply(rows, each, OUR_NOTE)).changed for each in wanted]

    assert [True, True, False] == changed
    assert 2 == len(rows.versions)


async def test_every_act_is_a_row() -> None:
    """The history is the audit of the registration."""
    rows = FakeSystems(a_system())

    await registrations.suspend(rows, CLIENT, OUR_NOTE)
    await registrations.suspend(rows, CLIENT, OUR_NOTE)
    await registrations.resume(rows, CLIENT, OUR_NOTE)
    await registrations.rotate(rows, CLIENT, Credentials(jwks=(OTHER_KEY.public,)), NOON, OUR_NOTE)
    await registrations.block(rows, CLIENT, OUR_NOTE)

    assert ["registered", "suspended", "resumed", "keys_rotated", "blocked"] == [
        each.act.value for each in rows.versions
    ]


async def test_a_private_key_is_never_stored() -> None:
    """Whoever sends one has to make another; ours must not hold it."""
    rows = FakeSystems(a_system())

    with pytest.raises(KeyRefused):
        await registrations.rotate(
            rows, CLIENT, Credentials(jwks=(new_client_key().private,)), NOON, OUR_NOTE
        )

    assert 1 == len(rows.versions)


async def test_an_unknown_system_cannot_be_suspended() -> None:
    """An operator who mistypes a client id must not believe that it is done."""
    with pytest.raises(SystemUnknown):
        await registrations.suspend(FakeSystems(), CLIENT, OUR_NOTE)


async def test_a_document_does_not_bring_a_blocked_system_back() -> None:
    """Blocked is for good, also for files."""
    rows = FakeSystems(a_system())
    blocked = await registrations.block(rows, CLIENT, OUR_NOTE)

    with pytest.raises(SystemBlocked):
        await registrations.apply(rows, a_registration(name_en="Other"), OUR_NOTE)

    assert SystemState.BLOCKED == blocked.state


async def test_nobody_registers_a_live_system_alone() -> None:
    """Promise P8: a second person stands behind it, and nothing is stored before."""
    rows, alone = FakeSystems(), replace(OUR_NOTE, approved_by=None)

    with pytest.raises(SecondPersonNeeded):
        await registrations.register(rows, a_registration(), alone)
    tried = await registrations.register(rows, a_registration(sandbox=True), alone)

    assert [tried] == rows.versions


async def test_a_key_is_revoked_by_one_person_and_its_tokens_end() -> None:
    """Whoever hears of a stolen key on a Sunday acts alone."""
    both = a_system(jwks=(CLIENT_KEY.public, OTHER_KEY.public))
    alone = replace(OUR_NOTE, approved_by=None)

    after = await registrations.revoke(FakeSystems(both), CLIENT, CLIENT_KEY.public["kid"], alone)

    assert ((OTHER_KEY.public,), both.rev + 1) == (after.registration.jwks, after.rev)


async def test_a_key_of_the_sandbox_is_not_registered_for_real() -> None:
    """Its id says where it belongs; the private part may lie in anybody's test folder."""
    test_key = {**CLIENT_KEY.public, "kid": "motlan_test_abc"}
    live_key = {**CLIENT_KEY.public, "kid": "motlan_live_abc"}
    rows = FakeSystems()

    with pytest.raises(KeyRefused):
        await registrations.register(rows, a_registration(jwks=(test_key,)), OUR_NOTE)
    with pytest.raises(KeyRefused):
        await registrations.register(rows, a_registration(jwks=(live_key,), sandbox=True), OUR_NOTE)

    assert [] == rows.versions
