"""An attempt waits where nobody can read it."""

import re

import pytest

from auth.signon import attempts
from auth.signon.refusals import Ending, SignOnRefused
from tests.sign_on_builders import ATTEMPT, NOW, an_attempt


def test_an_attempt_opens_with_the_secret_it_was_sealed_with() -> None:
    """The browser brings the one half, the database keeps the other."""
    secret = attempts.new_secret()

    assert ATTEMPT == attempts.opened(attempts.sealed(ATTEMPT, secret), secret)


def test_a_box_says_nothing_without_its_secret() -> None:
    """Whoever reads the table learns no state, no verifier, no target."""
    secret = attempts.new_secret()
    box = attempts.sealed(ATTEMPT, secret)

    assert not any(
        word.encode() in box for word in (ATTEMPT.state, ATTEMPT.verifier, ATTEMPT.target, "staff")
    )
    assert secret.encode() not in box + attempts.row_key(secret)
    with pytest.raises(SignOnRefused) as refused:
        attempts.opened(box, attempts.new_secret())
    assert Ending.ATTEMPT_UNKNOWN is refused.value.ending


@pytest.mark.parametrize("place", [0, 11, 12, -1])
def test_a_changed_box_does_not_open(place: int) -> None:
    """Who can write to the table must not choose where people go."""
    secret = attempts.new_secret()
    box = bytearray(attempts.sealed(ATTEMPT, secret))
    box[place] ^= 1

    with pytest.raises(SignOnRefused):
        attempts.opened(bytes(box), secret)


@pytest.mark.parametrize(
    "secret", ["", "short", "x" * 44, "é" * 43, "x" * 42 + "\n", "x" * 42 + "="]
)
def test_a_cookie_that_we_did_not_bake_opens_nothing(secret: str) -> None:
    """It is judged before the database is asked."""
    with pytest.raises(SignOnRefused) as refused:
        attempts.row_key(secret)
    assert Ending.ATTEMPT_UNKNOWN is refused.value.ending


def test_two_attempts_share_nothing() -> None:
    """What one browser learns is of no use in another."""
    one, other = (
        attempts.begun("staff", target="/me", level=1, max_age=None, now=NOW.timestamp())
        for _ in range(2)
    )

    assert not {one.state, one.nonce, one.verifier} & {other.state, other.nonce, other.verifier}
    assert re.fullmatch(r"[A-Za-z0-9_-]{64}", one.verifier)


def test_the_challenge_is_that_of_the_standard() -> None:
    """RFC 7636 appendix B."""
    attempt = an_attempt(verifier="dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")

    assert "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" == attempt.challenge


def test_an_attempt_does_not_show_itself() -> None:
    """What is logged by accident opens nothing."""
    assert "Attempt(provider='staff')" == repr(ATTEMPT)
