"""Client assertions: who made them, for whom, and when."""

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.assertions import Limits, Proof, named_client, prove
from auth.client import new_client_key
from auth.errors import AssertionRefused
from auth.jose import VerificationKey, verification_key
from tests.party_builders import (
    CLIENT,
    CLIENT_KEY,
    ISSUER,
    LIMITS,
    NOON_S,
    OTHER_KEY,
    an_assertion,
)

KEYS = (verification_key(CLIENT_KEY.public),)


def proven(
    assertion: str,
    *,
    keys: tuple[VerificationKey, ...] = KEYS,
    limits: Limits = LIMITS,
    now: float = NOON_S,
) -> Proof:
    """Judge *assertion* as our client's, at noon."""
    return prove(assertion, CLIENT, keys, limits, now)


def test_a_good_assertion_is_a_proof_for_once() -> None:
    """What must be remembered is what could be presented again, and until when."""
    proof = proven(an_assertion())

    assert (CLIENT, "a1", NOON_S + 60) == (proof.client_id, proof.jti, proof.expires_at)


@pytest.mark.parametrize(
    "audience",
    [
        pytest.param(ISSUER, id="the issuer"),
        pytest.param(f"{ISSUER}/oauth/token", id="the token endpoint"),
        pytest.param([ISSUER], id="the issuer alone in a list"),
    ],
)
def test_an_audience_that_is_us_is_accepted(audience: object) -> None:
    """RFC 7523 allows the endpoint, FAPI demands the issuer; clients do both."""
    assert CLIENT == proven(an_assertion(aud=audience)).client_id


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"aud": "https://other.example"}, id="another audience"),
        pytest.param({"aud": [ISSUER, "https://other.example"]}, id="an audience of two"),
        pytest.param({"aud": f"{ISSUER}/"}, id="nearly our audience"),
        pytest.param({"aud": None}, id="no audience"),
        pytest.param({"aud": []}, id="an empty audience"),
        pytest.param({"iss": "an-sinh"}, id="another issuer"),
        pytest.param({"sub": "an-sinh"}, id="another subject"),
        pytest.param({"iss": "an-sinh", "sub": "an-sinh"}, id="another client"),
        pytest.param({"iss": None}, id="no issuer"),
        pytest.param({"jti": None}, id="no id"),
        pytest.param({"jti": ""}, id="an empty id"),
        pytest.param({"jti": "x" * 257}, id="a long id"),
        pytest.param({"jti": 7}, id="an id that is a number"),
        pytest.param({"exp": None}, id="no end"),
        pytest.param({"exp": NOON_S}, id="over"),
        pytest.param({"exp": NOON_S + 61}, id="too far ahead"),
        pytest.param({"exp": NOON_S + 61, "iat": None}, id="too far ahead of nothing"),
        pytest.param({"iat": NOON_S - 1, "exp": NOON_S + 60}, id="too long a life"),
        pytest.param({"exp": "soon"}, id="an end that is text"),
        pytest.param({"exp": True}, id="an end that is a truth"),
        pytest.param({"iat": NOON_S + 61}, id="made in the future"),
        pytest.param({"nbf": NOON_S + 61}, id="not yet"),
    ],
)
def test_an_assertion_with_one_thing_wrong_is_refused(changes: dict[str, object]) -> None:
    """Each check by itself, on an assertion that is honestly signed."""
    with pytest.raises(AssertionRefused):
        proven(an_assertion(CLIENT_KEY, now=NOON_S, **changes))


@pytest.mark.parametrize("ahead_s", [-15, 0, 9, 60])
def test_a_clock_that_is_a_little_off_is_accepted(ahead_s: int) -> None:
    """FAPI 2.0 section 5.3.2.1; a minute's assertion outlives a clock 15 s behind."""
    assert CLIENT == proven(an_assertion(now=NOON_S + ahead_s)).client_id


def test_a_stricter_clock_can_be_demanded() -> None:
    """The settings go down to the 10 s that the profile asks for."""
    with pytest.raises(AssertionRefused, match="clock"):
        proven(an_assertion(now=NOON_S + 11), limits=Limits(audiences=LIMITS.audiences, ahead_s=10))


def test_another_systems_key_proves_nothing() -> None:
    """The keys are the registered ones of the client that is named."""
    with pytest.raises(AssertionRefused):
        proven(an_assertion(OTHER_KEY))


def test_during_a_rotation_either_key_counts() -> None:
    """An agency registers the next key, changes over, then removes the old one."""
    both = (*KEYS, verification_key(OTHER_KEY.public))

    assert [CLIENT, CLIENT] == [
        proven(an_assertion(key), keys=both).client_id for key in (CLIENT_KEY, OTHER_KEY)
    ]


def test_eddsa_counts_as_well() -> None:
    """The other algorithm of the profile."""
    key = new_client_key("EdDSA")

    assert CLIENT == proven(an_assertion(key), keys=(verification_key(key.public),)).client_id


def test_an_unverified_assertion_names_whom_to_look_up() -> None:
    """Before the keys are known; nothing else is believed."""
    assert CLIENT == named_client(an_assertion(OTHER_KEY))


@pytest.mark.parametrize("subject", ["", "x" * 65, "ab", "Motcua", "a\x00bc", "một-cửa", 7, None])
def test_what_is_no_client_id_is_not_looked_up(subject: object) -> None:
    """The database is not asked for a novel, nor for what it cannot store."""
    with pytest.raises(AssertionRefused):
        named_client(an_assertion(sub=subject))


@given(st.text(max_size=300))
def test_no_text_raises_anything_but_a_refusal(text: str) -> None:
    """Whatever comes over the wire, the answer is ours."""
    with pytest.raises(AssertionRefused):
        named_client(text)
    with pytest.raises(AssertionRefused):
        proven(text)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_refusal(header: bytes, payload: bytes) -> None:
    """The same for texts that look like a JWT from outside."""
    parts = (urlsafe_b64encode(each).rstrip(b"=").decode() for each in (header, payload, b"x"))

    with pytest.raises(AssertionRefused):
        proven(".".join(parts))
