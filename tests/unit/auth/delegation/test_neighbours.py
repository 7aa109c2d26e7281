"""Introspection and revocation, with rows in memory and a clock that stands still."""

from pathlib import Path

import pytest

from auth import systems
from auth.claims import actor_of
from auth.keys import SigningKeyRing
from auth.principals import Official
from tests.delegation_builders import (
    OFFICIAL,
    FakeOfficials,
    FakeTakenBack,
    a_question,
    an_access_token,
    another_systems_question,
    some_neighbours,
)
from tests.party_builders import (
    CLIENT,
    NOON_S,
    OUR_NOTE,
    FakeDesk,
    a_ring,
    a_system,
    a_token,
    some_claims,
)

ACTED = some_claims(act=actor_of(Official(id=OFFICIAL, agency="H99.30.01", acr="2")))
NOTHING = {"active": False}


@pytest.fixture
def ring(tmp_path: Path) -> SigningKeyRing:
    """Give a ring with one key."""
    return a_ring(tmp_path)


async def test_a_system_is_told_about_its_own_token(ring: SigningKeyRing) -> None:
    """What the door would read, and that it would be let in."""
    reply = await some_neighbours(ring, FakeDesk(a_system())).introspect(a_question(a_token(ring)))

    assert (200, True, CLIENT, int(NOON_S) + 300) == (
        reply.status,
        reply.body["active"],
        reply.body["client_id"],
        reply.body["exp"],
    )


async def test_a_token_that_was_taken_back_is_not_active(ring: SigningKeyRing) -> None:
    """The one fact that the token itself does not tell."""
    neighbours = some_neighbours(ring, FakeDesk(a_system()))
    token = a_token(ring)

    taken = await neighbours.revoke(a_question(token))
    again = await neighbours.revoke(a_question(token))
    reply = await neighbours.introspect(a_question(token))

    assert (200, {}, 200, NOTHING) == (taken.status, taken.body, again.status, reply.body)
    assert ("token.revoked", None) == (taken.event, reply.event)


async def test_a_suspended_system_has_no_active_token(ring: SigningKeyRing) -> None:
    """It may still ask, and take back."""
    desk = FakeDesk(systems.suspended(a_system(), OUR_NOTE))
    neighbours = some_neighbours(ring, desk)

    assert NOTHING == (await neighbours.introspect(a_question(a_token(ring)))).body
    assert 200 == (await neighbours.revoke(a_question(a_token(ring)))).status


@pytest.mark.parametrize(("active", "expected"), [(True, True), (False, False)])
async def test_an_official_who_may_not_act_ends_the_token(
    ring: SigningKeyRing, *, active: bool, expected: bool
) -> None:
    """As at the record's commit."""
    neighbours = some_neighbours(ring, FakeDesk(a_system()), officials=FakeOfficials(active=active))

    reply = await neighbours.introspect(a_question(an_access_token(ring, ACTED)))

    assert expected == reply.body["active"]


async def test_another_systems_token_is_nobodys_business(ring: SigningKeyRing) -> None:
    """Introspection tells nothing of it; taking it back is refused in plain words."""
    taken = FakeTakenBack()
    neighbours = some_neighbours(ring, FakeDesk(a_system(client_id="an-sinh")), taken)
    token = a_token(ring)

    looked = await neighbours.introspect(another_systems_question(token, "an-sinh"))
    refused = await neighbours.revoke(another_systems_question(token, "an-sinh"))

    assert NOTHING == looked.body
    assert (400, "invalid_grant", {}) == (refused.status, refused.body["error"], taken.revoked)


@pytest.mark.parametrize("text", ["abc", "a.b.c"])
async def test_what_is_no_token_is_no_error(ring: SigningKeyRing, text: str) -> None:
    """RFC 7009 section 2.2 and RFC 7662 section 2.2."""
    taken = FakeTakenBack()
    neighbours = some_neighbours(ring, FakeDesk(a_system()), taken)

    looked = await neighbours.introspect(a_question(text))
    back = await neighbours.revoke(a_question(text))

    assert (NOTHING, 200, {}) == (looked.body, back.status, taken.revoked)


@pytest.mark.parametrize(("over_s", "noted"), [(0, True), (59, True), (61, False)])
async def test_a_token_that_is_just_over_is_taken_back_all_the_same(
    ring: SigningKeyRing, over_s: int, *, noted: bool
) -> None:
    """Another worker's clock may be behind, and the 200 is a promise for it, too."""
    taken = FakeTakenBack()
    said = some_claims(iat=int(NOON_S) - over_s - 300, exp=int(NOON_S) - over_s)
    neighbours = some_neighbours(ring, FakeDesk(a_system()), taken)

    reply = await neighbours.revoke(a_question(an_access_token(ring, said)))

    assert (200, noted) == (reply.status, said.jti in taken.revoked)


async def test_nobody_is_told_anything_without_proof(ring: SigningKeyRing) -> None:
    """RFC 7662 section 2.1: otherwise one could scan for tokens."""
    neighbours = some_neighbours(ring, FakeDesk(a_system(jwks=())))

    looked = await neighbours.introspect(a_question(a_token(ring)))
    back = await neighbours.revoke(a_question(a_token(ring)))

    assert (401, 401) == (looked.status, back.status)


async def test_an_assertion_is_good_once_here_too(ring: SigningKeyRing) -> None:
    """One memory for all three endpoints."""
    neighbours = some_neighbours(ring, FakeDesk(a_system()))
    question = a_question(a_token(ring))

    await neighbours.introspect(question)
    replayed = await neighbours.revoke(question)

    assert "client_assertion_replayed" == replayed.code


async def test_a_token_is_not_taken_back_until_the_database_says_so(ring: SigningKeyRing) -> None:
    """A 200 is a promise for all workers."""
    taken = FakeTakenBack()
    taken.fails = True

    reply = await some_neighbours(ring, FakeDesk(a_system()), taken).revoke(
        a_question(a_token(ring))
    )

    assert (503, "temporarily_unavailable") == (reply.status, reply.body["error"])


async def test_a_question_names_a_token(ring: SigningKeyRing) -> None:
    """And an empty one is none."""
    reply = await some_neighbours(ring, FakeDesk(a_system())).introspect(a_question(""))

    assert (400, "invalid_request") == (reply.status, reply.body["error"])
