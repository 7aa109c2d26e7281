"""What a cookie's secret opens, and what nothing else does."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from auth.accounts import sealing
from auth.accounts.errors import SessionEnded
from auth.accounts.sessions import Payload
from tests.account_builders import ANH_NUMBER

PAYLOAD = Payload(
    acr="urn:vneid:2", id_token="e30.e30.c2ln", name="Nguyễn Thị Ánh", so_dinh_danh=ANH_NUMBER
)
MINE = "s-" + "a" * 16


def test_what_is_sealed_opens_with_its_secret_and_shows_nothing() -> None:
    """The ciphertext is all that the database has."""
    secret = sealing.drawn()
    sealed = secret.seal(PAYLOAD, bound_to=MINE)

    assert PAYLOAD == secret.open(sealed, bound_to=MINE)
    assert ANH_NUMBER.encode() not in sealed
    assert "Ánh".encode() not in sealed


def test_the_key_of_the_row_is_the_hash_of_the_secret_and_opens_nothing() -> None:
    """Whoever reads the table cannot make the cookie of it."""
    secret = sealing.drawn()
    stolen = sealing.Secret(secret.key.hex()[:43])

    assert hashlib.sha256(secret.text.encode()).digest() == secret.key
    with pytest.raises(SessionEnded):
        stolen.open(secret.seal(PAYLOAD, bound_to=MINE), bound_to=MINE)


@given(st.data())
def test_one_changed_byte_opens_nothing(data: st.DataObject) -> None:
    """A ciphertext is whole, or it is none."""
    secret = sealing.drawn()
    sealed = bytearray(secret.seal(PAYLOAD, bound_to=MINE))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))

    with pytest.raises(SessionEnded):
        secret.open(bytes(sealed), bound_to=MINE)


@given(st.binary(max_size=80))
def test_bytes_of_anybody_open_nothing(sealed: bytes) -> None:
    """A row written by hand is no session, and no error that stops the process."""
    with pytest.raises(SessionEnded):
        sealing.drawn().open(sealed, bound_to=MINE)


def test_a_ciphertext_is_of_one_session_alone() -> None:
    """Moved to another row it does not open, even with the right secret."""
    secret = sealing.drawn()
    sealed = secret.seal(PAYLOAD, bound_to=MINE)

    with pytest.raises(SessionEnded):
        secret.open(sealed, bound_to="s-" + "b" * 16)


def test_the_same_payload_is_never_sealed_alike() -> None:
    """Two rows do not tell that they are one person's."""
    secret = sealing.drawn()

    assert secret.seal(PAYLOAD, bound_to=MINE) != secret.seal(PAYLOAD, bound_to=MINE)


@pytest.mark.parametrize(
    "text", ["", "a" * 42, "a" * 44, "a" * 42 + "=", "a" * 42 + "\n", "ă" * 43]
)
def test_what_has_not_the_form_of_a_secret_is_none(text: str) -> None:
    """It is refused before the database is asked."""
    with pytest.raises(SessionEnded):
        sealing.read(text)


def test_a_secret_is_of_its_own_and_reads_as_it_was_written() -> None:
    """256 bits from the system's own source."""
    one, two = sealing.drawn(), sealing.drawn()

    assert one == sealing.read(one.text)
    assert one.text != two.text


def test_a_csrf_token_is_bound_to_secret_and_session() -> None:
    """It is neither the secret nor derived from what the database has."""
    one, two = sealing.drawn(), sealing.drawn()
    token = one.csrf(MINE)

    assert token == one.csrf(MINE)
    assert 4 == len({token, one.csrf("s-" + "b" * 16), two.csrf(MINE), one.text})


def test_nothing_of_a_secret_or_a_payload_shows_in_a_log() -> None:
    """A stray `repr` is the usual way out."""
    secret = sealing.drawn()

    assert secret.text not in repr(secret)
    assert "Ánh" not in repr(replace(PAYLOAD))
