"""Challenges: what a client that knows the standards reads off a 401."""

import pytest

from gateway.api.challenges import DPOP, challenges
from gateway.api.wire import problem_reply
from gateway.errors import Code, Refusal
from gateway.problems import PROBLEMS


def challenge(code: Code, **facts: object) -> str:
    """Return the challenge of a refusal."""
    return dict(challenges(Refusal(code, **facts)))[b"www-authenticate"].decode()


def test_whoever_brings_nothing_hears_of_both_schemes_and_of_no_error() -> None:
    """RFC 6750 section 3.1."""
    assert 'DPoP realm="motlan", algs="ES256 EdDSA", Bearer realm="motlan"' == challenge(
        Code.TOKEN_MISSING
    )


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (Code.DPOP_PROOF_MISSING, "invalid_token"),
        (Code.DPOP_PROOF_INVALID, "invalid_dpop_proof"),
        (Code.DPOP_PROOF_REPLAYED, "invalid_dpop_proof"),
        (Code.DPOP_KEY_MISMATCH, "invalid_token"),
        (Code.USE_DPOP_NONCE, "use_dpop_nonce"),
        (Code.BINDING_REQUIRED, "invalid_token"),
    ],
)
def test_whoever_has_to_prove_a_key_hears_how(code: Code, error: str) -> None:
    """RFC 9449 section 7.1: scheme, algorithms, and a word that clients switch on."""
    assert f'DPoP realm="motlan", algs="ES256 EdDSA", error="{error}"' == challenge(code)


@pytest.mark.parametrize("code", [Code.TOKEN_INVALID, Code.TOKEN_EXPIRED, Code.CERTIFICATE_MISSING])
def test_anybody_else_hears_that_the_token_will_not_do(code: Code) -> None:
    """RFC 6750 section 3.1."""
    assert 'Bearer realm="motlan", error="invalid_token"' == challenge(code)


def test_the_wrong_scheme_hears_of_both() -> None:
    """One of them fits its token."""
    said = challenge(Code.AUTHORIZATION_SCHEME_WRONG)

    assert said.startswith("DPoP ")
    assert ", Bearer " in said


def test_the_failed_check_is_said_in_words_of_ours() -> None:
    """A person reads it in a log of theirs."""
    assert challenge(
        Code.DPOP_PROOF_INVALID, fact="iat is in the future: check the clock"
    ).endswith(', error_description="iat is in the future: check the clock"')


def test_the_nonce_travels_in_its_header_and_nowhere_else() -> None:
    """RFC 9449 section 9."""
    refused = Refusal(Code.USE_DPOP_NONCE, dpop_nonce="n-1")

    status, headers, body = problem_reply(refused, "e-1", None, english=False)

    assert (401, b"n-1") == (status, dict(headers)[b"dpop-nonce"])
    assert b"n-1" not in body


def test_a_stronger_sign_on_is_asked_for_as_the_standard_does() -> None:
    """RFC 9470 section 3."""
    said = challenge(Code.STEP_UP_REQUIRED, level=2, max_age_s=300)

    assert 'error="insufficient_user_authentication", acr_values="2", max_age="300"' in said
    assert "max_age" not in challenge(Code.STEP_UP_REQUIRED, level=2)


def test_every_code_about_keys_is_a_401() -> None:
    """A challenge belongs to no other status."""
    assert {401} == {PROBLEMS[code].status for code in DPOP}
