"""ID tokens, claim by claim, and every way in which one can be wrong."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auth.errors import SignatureRefused
from auth.jose import new_private_jwk, public_jwk, signing_key, verification_key, verified
from auth.signon.id_tokens import TYPES, judge, read
from auth.signon.refusals import Ending, SignOnRefused
from tests.sign_on_builders import (
    ATTEMPT,
    KEY,
    NOW,
    PROVIDER,
    an_attempt,
    encoded,
    id_members,
    sealed,
)

SECONDS = int(NOW.timestamp())
PUBLIC = verification_key(public_jwk(KEY))


def judged(
    claims: dict[str, Any], *, max_age: int | None = None, access_token: str | None = None
) -> str:
    """Judge claims as the desk does; return whose they are."""
    found, _ = read(encoded(claims))
    judge(
        found,
        PROVIDER,
        an_attempt(max_age=max_age),
        access_token=access_token,
        now=NOW.timestamp(),
    )
    return found.sub


def how(claims: dict[str, Any], **options: Any) -> Ending:
    """Return how claims that are wrong end."""
    with pytest.raises(SignOnRefused) as refused:
        judged(claims, **options)
    return refused.value.ending


@pytest.mark.parametrize(
    "claims",
    [
        id_members(),
        id_members(aud=[PROVIDER.client_id], azp=PROVIDER.client_id),
        id_members(iat=SECONDS + 10, auth_time=SECONDS + 10),
        id_members(exp=SECONDS + 1),
        id_members(auth_time=SECONDS - PROVIDER.oldest_s - 10),
        id_members(sid=None, amr=None, acr=None),
        id_members(iat=SECONDS - 0.5, exp=SECONDS + 0.5),
    ],
)
def test_a_good_token_is_taken(claims: dict[str, Any]) -> None:
    """The bounds themselves are inside."""
    assert claims["sub"] == judged(claims)


@pytest.mark.parametrize(
    "changes",
    [
        *({"iss": "https://sso.h99.example/"}, {"iss": ""}),
        *({"aud": "another"}, {"aud": []}, {"aud": [PROVIDER.client_id, "another"]}),
        *({"azp": "another"}, {"nonce": "another"}, {"nonce": ""}, {"sub": ""}, {"sub": "x" * 256}),
        *({"sub": "đ"}, {"exp": SECONDS}, {"exp": SECONDS - 60}, {"iat": SECONDS + 11}),
        *({"nbf": SECONDS + 11}, {"auth_time": SECONDS + 11}, {"auth_time": 0}, {"auth_time": -5}),
        *({"nonce": "\ud800"}, {"sid": "\ud800"}, {"sid": "x" * 257}),
    ],
    ids=str,
)
def test_one_wrong_claim_is_enough(changes: dict[str, Any]) -> None:
    """Each check holds by itself."""
    assert Ending.PROVIDER_UNTRUSTED is how(id_members(**changes))


@pytest.mark.parametrize("name", ["iss", "sub", "aud", "exp", "iat", "nonce", "auth_time"])
@pytest.mark.parametrize("value", [None, True, {}, [1]], ids=["missing", "true", "object", "list"])
def test_what_is_demanded_is_there_and_has_its_type(name: str, value: object) -> None:
    """A claim of another type must not slip through a comparison."""
    assert Ending.PROVIDER_UNTRUSTED is how(id_members(**{name: value}))


def test_a_sign_on_of_long_ago_is_not_one_of_now() -> None:
    """Somebody else may sit at the desk by now."""
    old = id_members(auth_time=SECONDS - 71)

    assert Ending.ASSURANCE_TOO_LOW is how(old, max_age=60)
    assert "sub-Ab1" == judged(old)


def test_an_access_token_that_was_swapped_is_noticed() -> None:
    """The token that fetches the claims belongs to the one that names the person."""
    half = base64.urlsafe_b64encode(hashlib.sha256(b"token-1").digest()[:16]).rstrip(b"=").decode()
    bound = id_members(at_hash=half)

    assert "sub-Ab1" == judged(bound, access_token="token-1")
    assert Ending.PROVIDER_UNTRUSTED is how(bound, access_token="token-2")


def test_a_claim_that_stands_twice_is_refused() -> None:
    """Also when both are signed."""
    twice = encoded(id_members())[:-1] + b', "sub": "somebody-else"}'

    with pytest.raises(SignOnRefused):
        read(twice)


@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault of the claims
@given(
    st.dictionaries(
        st.sampled_from(sorted(id_members())),
        st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.text()),
        max_size=4,
    )
)
def test_no_mixture_of_claims_does_anything_but_pass_or_refuse(changes: dict[str, Any]) -> None:
    """Whatever a provider sends, it is no fault of ours."""
    try:
        judged({**id_members(), **changes})
    except SignOnRefused as refused:
        ending = refused.ending
    else:
        ending = None
    assert ending in {None, Ending.PROVIDER_UNTRUSTED, Ending.ASSURANCE_TOO_LOW}


def segment(content: object) -> str:
    """Return *content* as a segment of a token."""
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def by_shared_secret() -> str:
    """Return a token whose MAC is made with our idea of the provider's public key."""
    head = f"{segment({'alg': 'HS256', 'kid': KEY.kid})}.{segment(id_members())}"
    mac = hmac.new(json.dumps(public_jwk(KEY)).encode(), head.encode(), "sha256").digest()
    return f"{head}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


STRANGER = signing_key(new_private_jwk("ES256"))
HOSTILE = {
    "unsigned": f"{segment({'alg': 'none'})}.{segment(id_members())}.",
    "shared secret": by_shared_secret(),
    "a stranger's key": sealed(id_members(), key=STRANGER),
    "an access token": sealed(id_members(), typ="at+jwt"),
    "a logout token": sealed(id_members(), typ="logout+jwt"),
    "cut": sealed(id_members())[:-4],
    "changed": sealed(id_members()).replace(".", ".e30", 1),
    "empty": "",
    "five parts": "a.b.c.d.e",
    "too long": "a" * 9000,
}


@pytest.mark.parametrize("token", HOSTILE.values(), ids=HOSTILE)
def test_no_signature_but_the_provider_s_counts(token: str) -> None:
    """Everything after this line trusts the signature."""
    with pytest.raises(SignatureRefused):
        verified(token, types=TYPES, keys=lambda _: [PUBLIC])


def test_the_nonce_is_that_of_the_attempt() -> None:
    """Nothing else ties a token to this browser once the code is gone."""
    assert ATTEMPT.nonce == read(encoded(id_members()))[0].nonce
    assert "IdClaims()" == repr(read(encoded(id_members()))[0])
