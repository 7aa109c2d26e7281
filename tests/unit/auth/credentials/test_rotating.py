"""Rotation and revocation: what counts from when, and what never stands together."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from auth.client import new_client_key
from auth.credentials import rotating
from auth.errors import CredentialUnknown, KeyRefused, SystemBlocked
from auth.systems import Act, Credentials, Registration, System, blocked
from tests.party_builders import CLIENT_KEY, NOON, NOON_S, OTHER_KEY, OUR_NOTE, a_system

OLD, NEW = CLIENT_KEY.public["kid"], OTHER_KEY.public["kid"]
A, B = "A" * 43, "B" * 42 + "A"
ADDED = Credentials(jwks=(OTHER_KEY.public,))
LATER = NOON + timedelta(days=7)


def good(registration: Registration, now: datetime) -> set[str]:
    """Return the ids of the keys that are good."""
    return {key.kid for key in registration.keys(now.timestamp())}


def test_old_and_new_key_both_count_until_the_overlap_ends() -> None:
    """The agency changes its servers one by one; nobody is locked out on the way."""
    rotated = rotating.rotated(a_system(), ADDED, LATER, OUR_NOTE)
    hours = (NOON, LATER - timedelta(microseconds=1), LATER)

    found = [good(rotated.registration, at) for at in hours]

    assert [{OLD, NEW}, {OLD, NEW}, {NEW}] == found
    assert (Act.KEYS_ROTATED, 2, 1) == (rotated.act, rotated.version, rotated.rev)


def test_an_end_that_was_sooner_stays() -> None:
    """A rotation never lengthens the life of a key."""
    sooner = NOON + timedelta(days=1)

    rotated = rotating.rotated(a_system(ends={OLD: sooner}), ADDED, LATER, OUR_NOTE)

    assert {OLD: sooner} == rotated.registration.ends


def test_a_key_relieves_keys_and_a_certificate_certificates() -> None:
    """Whoever brings a new certificate has not lost the keys."""
    system = a_system(certificates=(A,))

    rotated = rotating.rotated(system, Credentials(certificates=(B,)), LATER, OUR_NOTE)

    assert {A: LATER} == rotated.registration.ends
    assert (A, B) == rotated.registration.certificates


def test_what_has_ended_makes_room() -> None:
    """Four keys at most, and nobody has to tidy up first."""
    keys = tuple(new_client_key().public for _ in range(4))
    ended = a_system(jwks=keys, ends={keys[0]["kid"]: NOON})

    rotated = rotating.rotated(ended, ADDED, LATER, OUR_NOTE)

    assert (*keys[1:], OTHER_KEY.public) == rotated.registration.jwks
    with pytest.raises(KeyRefused):
        rotating.rotated(a_system(jwks=keys), ADDED, LATER, OUR_NOTE)


def test_the_same_rotation_again_is_none() -> None:
    """A repeated command writes no second row and moves no end."""
    once = rotating.rotated(a_system(), ADDED, LATER, OUR_NOTE)

    assert rotating.rotated(once, ADDED, LATER + timedelta(days=1), OUR_NOTE) is once


def test_another_key_under_an_id_that_is_taken_is_refused() -> None:
    """A kid names one key: otherwise nobody could say which one was revoked."""
    twin = {**OTHER_KEY.public, "kid": OLD}

    with pytest.raises(KeyRefused):
        rotating.rotated(a_system(), Credentials(jwks=(twin,)), LATER, OUR_NOTE)


def test_keys_given_here_end_the_address() -> None:
    """Keys stand in one place: whoever reads the registration sees them all."""
    published = a_system(jwks=(), jwks_uri="https://keys.example/jwks.json")

    rotated = rotating.rotated(published, ADDED, LATER, OUR_NOTE)

    assert (None, (OTHER_KEY.public,)) == (
        rotated.registration.jwks_uri,
        rotated.registration.jwks,
    )


def test_a_revoked_credential_is_gone_and_running_tokens_with_it() -> None:
    """The revision moves, so that the next commit releases nothing to the old tokens."""
    both = a_system(
        jwks=(CLIENT_KEY.public, OTHER_KEY.public), certificates=(A,), ends={OLD: LATER, A: LATER}
    )

    key = rotating.revoked(both, OLD, OUR_NOTE)
    certificate = rotating.revoked(both, A, OUR_NOTE)

    assert ((OTHER_KEY.public,), {A: LATER}) == (key.registration.jwks, key.registration.ends)
    assert ((), {OLD: LATER}) == (
        certificate.registration.certificates,
        certificate.registration.ends,
    )
    assert [2, 2] == [key.rev, certificate.rev]


@pytest.mark.parametrize(
    "system",
    [
        pytest.param(a_system(), id="the only one"),
        pytest.param(
            a_system(jwks=(CLIENT_KEY.public, OTHER_KEY.public), ends={NEW: NOON}),
            id="the other one has ended",
        ),
    ],
)
def test_the_last_living_credential_is_not_revoked(system: System) -> None:
    """Whoever wants the system out suspends it, and sees that it is out."""
    with pytest.raises(KeyRefused):
        rotating.revoked(system, OLD, OUR_NOTE)


def test_what_is_not_there_is_not_revoked() -> None:
    """A mistyped id at night must not look like a revocation."""
    with pytest.raises(CredentialUnknown):
        rotating.revoked(a_system(), "another", OUR_NOTE)


def test_a_blocked_system_gets_no_new_key() -> None:
    """Blocked is for good, by this way too."""
    gone = blocked(a_system(certificates=(A,)), OUR_NOTE)

    with pytest.raises(SystemBlocked):
        rotating.rotated(gone, ADDED, LATER, OUR_NOTE)
    with pytest.raises(SystemBlocked):
        rotating.revoked(gone, OLD, OUR_NOTE)


@pytest.mark.parametrize(
    "by",
    [
        pytest.param(Credentials(), id="none"),
        pytest.param(Credentials(jwks=(CLIENT_KEY.public,) * 2), id="twice"),
        pytest.param(Credentials(certificates=(A, A)), id="a certificate twice"),
        pytest.param(
            Credentials(jwks=(CLIENT_KEY.public,), jwks_uri="https://a.example/"), id="both places"
        ),
        pytest.param(Credentials(certificates=(A,), ends={B: NOON}), id="an end of nothing"),
        pytest.param(
            Credentials(certificates=tuple(f"{n}" * 43 for n in range(5))), id="five certificates"
        ),
    ],
)
def test_what_cannot_stand_together_is_refused(by: Credentials) -> None:
    """The bounds that the database has too."""
    with pytest.raises(KeyRefused):
        rotating.demand_bounds(by)


@given(st.lists(st.integers(0, 3 * 86_400), max_size=8))
def test_however_often_keys_are_rotated_one_that_is_new_is_good(pauses: list[int]) -> None:
    """And no rotation revives what has ended: ends only come nearer."""
    system, at = a_system(), NOON
    for number, pause in enumerate(pauses):
        at += timedelta(seconds=pause)
        added = {**OTHER_KEY.public, "kid": f"k{number}"}
        note = replace(OUR_NOTE, at=at)
        try:
            after = rotating.rotated(
                system, Credentials(jwks=(added,)), at + timedelta(days=1), note
            )
        except KeyRefused:
            continue  # four live ones: nothing changes
        assert added["kid"] in good(after.registration, at)
        for kid, end in system.registration.ends.items():
            assert after.registration.ends.get(kid, NOON) <= end
        system = after
    assert NOON_S <= at.timestamp()
