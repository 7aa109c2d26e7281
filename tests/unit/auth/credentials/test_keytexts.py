"""Private keys as text: read back the same, recognised, and never taken when mistyped."""

import re
from base64 import urlsafe_b64decode
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.client import client_assertion
from auth.credentials import keytexts
from auth.credentials.environments import PREFIXES, Environment
from auth.credentials.keytexts import KeyTextRefused
from auth.errors import KeyRefused
from auth.jose import Algorithm, kid_of, public_jwk, signing_key

LIVE = keytexts.text_of(keytexts.new(Environment.LIVE), Environment.LIVE)
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize("environment", Environment)
@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
def test_a_key_is_read_back_the_same(environment: Environment, algorithm: Algorithm) -> None:
    """What is on disk is the whole key: the public half and the id follow from it."""
    for _ in range(20):
        private = keytexts.new(environment, algorithm)
        text = keytexts.text_of(private, environment)

        assert (private, environment) == keytexts.read(f"  {text}\n")
        assert re.fullmatch(rf"motlan_{environment.value}_[0-9A-Za-z]{{51}}", text)


def test_a_secret_that_begins_with_zeros_keeps_its_length() -> None:
    """One key in 256 has such a secret; it must not be another key after reading."""
    secret = bytes(31) + b"\x01"

    read, _ = keytexts.read(by_hand(2, secret))

    assert secret == urlsafe_b64decode(read["d"] + "=")
    assert by_hand(2, secret) == keytexts.text_of(read, Environment.TEST)


def test_a_second_spelling_of_a_secret_is_not_written() -> None:
    """Spare bits in the last letter: the line would not be read back the same."""
    private, _ = keytexts.read(by_hand(2, bytes(31) + b"\x01"))

    with pytest.raises(KeyRefused):
        keytexts.text_of({**private, "d": private["d"][:-1] + "F"}, Environment.TEST)


def test_the_id_in_what_is_signed_is_the_registered_one() -> None:
    """The prefix shows wherever the key shows, and the endpoint finds the key by it."""
    private = keytexts.new(Environment.LIVE)
    public = public_jwk(signing_key(private))

    assertion = client_assertion(private, client_id="a", audience="b", now=0)

    assert PREFIXES[Environment.LIVE] == public["kid"][:12]
    assert public["kid"] == kid_of(assertion)


@given(st.integers(0, len(LIVE) - 1), st.sampled_from(LETTERS + "_"))
def test_one_wrong_character_is_always_noticed(place: int, letter: str) -> None:
    """A CRC-32 sees every burst of 32 bits: nobody runs a night with half a key."""
    wrong = LIVE[:place] + letter + LIVE[place + 1 :]

    if wrong != LIVE:
        with pytest.raises(KeyTextRefused):
            keytexts.read(wrong)


@given(st.integers(0, len(LIVE) - 2))
def test_two_neighbours_exchanged_are_always_noticed(place: int) -> None:
    """The other way in which people mistype."""
    wrong = LIVE[:place] + LIVE[place + 1] + LIVE[place] + LIVE[place + 2 :]

    if wrong != LIVE:
        with pytest.raises(KeyTextRefused):
            keytexts.read(wrong)


@given(st.integers(0, len(LIVE) - 1))
def test_a_text_cut_short_is_noticed(length: int) -> None:
    """A line that was not copied whole."""
    with pytest.raises(KeyTextRefused):
        keytexts.read(LIVE[:length])


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("motlan_live_" + "z" * 51, id="above the largest number"),
        pytest.param("motlan_live_" + "0" * 51, id="no algorithm"),
        pytest.param(LIVE.replace("live", "test"), id="promoted from live to test by hand"),
        pytest.param(LIVE.replace("motlan_", "motlan-"), id="another mark"),
        pytest.param(LIVE + "\n" + LIVE, id="two"),
        pytest.param("motlan_live_" + "\u0661" * 51, id="digits of another script"),
    ],
)
def test_what_is_no_key_is_refused_without_being_repeated(text: str) -> None:
    """The message is shown and kept; it must not hold what stood in the file."""
    with pytest.raises(KeyTextRefused) as refused:
        keytexts.read(text)

    assert LIVE[12:] not in str(refused.value)


@pytest.mark.parametrize("secret", [bytes(32), b"\xff" * 32])
def test_a_number_outside_the_curve_is_no_key(secret: bytes) -> None:
    """The checksum may be right, and the text still nobody's key."""
    with pytest.raises(KeyTextRefused):
        keytexts.read(by_hand(1, secret))


def by_hand(kind: int, secret: bytes) -> str:
    """Return the text of a test key, by another way of counting."""
    said = "motlan_test_" + digits(int.from_bytes(bytes([kind]) + secret), 45)
    return said + digits(crc32(said.encode()), 6)


def digits(number: int, length: int) -> str:
    """Return a number with so many digits to the base 62."""
    return "".join(LETTERS[number // 62**place % 62] for place in reversed(range(length)))
