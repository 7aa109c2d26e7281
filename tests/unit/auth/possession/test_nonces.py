"""Nonces of ours: good for one period at every worker, and made by nobody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.possession.nonces import PERIOD_S, Nonces
from tests.possession_builders import NOW

FIRST, SECOND = b"1" * 32, b"2" * 32


def nonces(*secrets: bytes) -> Nonces:
    """Return the nonces of a worker that has read these secrets, newest first."""
    return Nonces(lambda: secrets or (FIRST,))


@pytest.mark.parametrize(
    ("age_s", "good"),
    [(0, True), (PERIOD_S, True), (PERIOD_S + 1, False), (-10, True), (-11, False)],
)
def test_a_nonce_is_good_for_one_period(age_s: float, *, good: bool) -> None:
    """And a little before it was made, for another worker's clock may be behind."""
    assert good is nonces().good(nonces().current(NOW), NOW + age_s)


def test_a_nonce_says_when_it_was_made() -> None:
    """So the proof around it cannot be older."""
    assert NOW == nonces().made_at(nonces().current(NOW))


def test_workers_with_the_same_secrets_agree() -> None:
    """Without asking each other."""
    assert nonces(FIRST).current(NOW) == nonces(FIRST).current(NOW)


def test_a_rotation_turns_nobody_away() -> None:
    """The secret before the present one still judges."""
    before = nonces(FIRST).current(NOW)

    assert nonces(SECOND, FIRST).good(before, NOW + 1)
    assert not nonces(SECOND).good(before, NOW + 1)
    assert nonces(SECOND).current(NOW) == nonces(SECOND, FIRST).current(NOW)


@pytest.mark.parametrize("nonce", ["", "x", "A" * 27, "A" * 28, "A" * 26 + "ạ", "!" * 27])
def test_what_we_did_not_make_is_not_good(nonce: str) -> None:
    """A guess, a wrong length, another alphabet."""
    assert not nonces().good(nonce, 0.0)
    assert nonces().made_at(nonce) is None


@given(place=st.integers(0, 26), character=st.sampled_from("ABab01-_"))
def test_a_touched_nonce_is_not_good(place: int, character: str) -> None:
    """Neither its hour nor its seal can be changed."""
    nonce = nonces().current(NOW)
    touched = nonce[:place] + character + nonce[place + 1 :]

    assert touched == nonce or not nonces().good(touched, NOW)
