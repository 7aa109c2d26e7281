"""The signature of a request: by a registered key, over all that matters, just now."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from auth.client import new_client_key
from auth.jose import verification_key
from auth.signatures.messages import Asking
from auth.signatures.requests import (
    LONGEST_FIELD,
    DigestWrong,
    Proven,
    SignatureMissing,
    SignatureWrong,
    is_signed,
    judge,
)
from tests.party_builders import CLIENT_KEY, NOON_S, OTHER_KEY
from tests.signature_builders import BODY, URL, a_signed, an_asking, key_of, with_headers

KEYS = (verification_key(CLIENT_KEY.public),)
ED = new_client_key("EdDSA")


def judged(asking: Asking, now: float = NOON_S) -> Proven:
    """Judge *asking* by our client's key."""
    return judge(asking, KEYS, now)


def fact_of(asking: Asking, now: float = NOON_S) -> str:
    """Return why *asking* is refused."""
    with pytest.raises(SignatureWrong) as wrong:
        judged(asking, now)
    return wrong.value.fact


def test_a_signed_request_is_proven_and_leaves_evidence() -> None:
    """Base, signature and key are all that anybody needs who was not there."""
    proven = judged(a_signed())

    lines = proven.evidence.base.split("\n")
    assert ['"@method": POST', f'"@target-uri": {URL}', '"authorization": DPoP at'] == lines[:3]
    assert '"dpop": proof' in lines
    assert lines[-1].startswith('"@signature-params": ')
    assert (int(NOON_S), NOON_S + 60) == (proven.created, proven.expires_at)


def test_the_evidence_holds_without_us() -> None:
    """The bytes verify with a plain elliptic-curve library."""
    evidence = judged(a_signed()).evidence
    raw = base64.b64decode(evidence.signature)
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    public = KEYS[0].native.public_key

    assert isinstance(public, EllipticCurvePublicKey)
    public.verify(der, evidence.base.encode("ascii"), ECDSA(SHA256()))
    assert CLIENT_KEY.public["x"] == evidence.jwk["x"]
    assert "d" not in evidence.jwk


def test_both_kinds_of_keys_sign() -> None:
    """ES256 and EdDSA are the two that a system may register (FAPI 2.0 section 5.4)."""
    keys = (*KEYS, verification_key(ED.public))

    assert ED.public["x"] == judge(a_signed(key=key_of(ED)), keys, NOON_S).evidence.jwk["x"]
    assert CLIENT_KEY.public["x"] == judge(a_signed(), keys, NOON_S).evidence.jwk["x"]


def test_a_caller_without_a_proof_need_not_cover_one() -> None:
    """A token may be bound to a certificate: then there is no DPoP header to sign."""
    asking = an_asking(headers={"authorization": "Bearer at"})

    assert '"dpop"' not in judged(a_signed(asking)).evidence.base


def test_a_request_without_signature_is_told_so() -> None:
    """Missing is another answer than wrong."""
    assert not is_signed(an_asking())
    with pytest.raises(SignatureMissing):
        judged(an_asking())


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"method": "PUT"}, id="another method"),
        pytest.param({"url": "https://khac.example/v1/data/dancu.tracuu"}, id="another gateway"),
        pytest.param({"url": URL.replace("tracuu", "hogiadinh")}, id="another service"),
    ],
)
def test_a_signature_for_another_request_is_refused(changes: dict[str, str]) -> None:
    """A signed question answers for nothing else."""
    assert "no registered key made it" == fact_of(replace(a_signed(), **changes))


@pytest.mark.parametrize("name", ["authorization", "dpop"])
def test_another_token_or_proof_is_refused(name: str) -> None:
    """What binds the request to its caller is under the signature, too."""
    assert "no registered key made it" == fact_of(with_headers(a_signed(), {name: "DPoP other"}))


def test_another_body_is_told_apart_from_another_key() -> None:
    """The signature is good; the bytes are not the ones that were signed."""
    with pytest.raises(DigestWrong):
        judged(replace(a_signed(), body=BODY + b" "))


def test_a_key_of_somebody_else_is_refused() -> None:
    """The token says who asks; only that system's keys count."""
    assert "no registered key made it" == fact_of(a_signed(key=key_of(OTHER_KEY)))


@pytest.mark.parametrize(
    ("late_s", "good"),
    [
        pytest.param(-10, True, id="ten seconds ahead"),
        pytest.param(-11, False, id="eleven seconds ahead"),
        pytest.param(0, True, id="now"),
        pytest.param(60, True, id="a minute old"),
        pytest.param(61, False, id="older"),
    ],
)
def test_a_signature_is_good_for_a_minute(late_s: float, *, good: bool) -> None:
    """Clocks differ by seconds; a stolen request is worth nothing after a minute."""
    asking = a_signed()
    if good:
        assert judged(asking, NOON_S + late_s).created == int(NOON_S)
    else:
        assert fact_of(asking, NOON_S + late_s).startswith("created must lie")


def test_a_signature_that_covers_too_little_is_refused() -> None:
    """Whoever leaves the proof out could put another one under the same signature."""
    asking = an_asking(headers={"authorization": "DPoP at"})
    signed = with_headers(a_signed(asking), {"dpop": "proof"})

    assert fact_of(signed).startswith("it must cover")


def test_a_digest_alone_is_no_signature_of_the_body() -> None:
    """A body digest that nobody signed binds nothing."""
    signed = a_signed()
    headers = {name: value for name, value in signed.headers.items() if name != "content-digest"}

    assert "Content-Digest is missing" == fact_of(replace(signed, headers=headers))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"signature": ""}, id="empty"),
        pytest.param({"signature": "motlan=1"}, id="a number"),
        pytest.param({"signature": "motlan=:AA==:"}, id="too short"),
        pytest.param({"signature": "other=:AA==:"}, id="another label"),
        pytest.param({"signature-input": "motlan=()"}, id="nothing covered"),
        pytest.param({"signature-input": "("}, id="no dictionary"),
        pytest.param({"signature-input": "motlan=1;created=1"}, id="no list"),
        pytest.param({"content-digest": "sha-256=:AA==:"}, id="a short digest"),
        pytest.param({"signature": "a" * (LONGEST_FIELD + 1)}, id="endless"),
    ],
)
def test_what_is_no_signature_is_refused(changes: dict[str, str]) -> None:
    """Each with a fact of ours, never with the caller's words."""
    fact = fact_of(with_headers(a_signed(), changes))

    assert fact
    assert "AA==" not in fact


def test_two_signatures_with_the_tag_are_refused() -> None:
    """Which of the two would be the caller's will?"""
    signed = a_signed()
    twice = {
        name: f"{signed.headers[name]}, {signed.headers[name].replace('motlan=', 'other=', 1)}"
        for name in ("signature", "signature-input")
    }

    assert fact_of(with_headers(signed, twice)).startswith("more than one signature")


def test_an_older_algorithm_by_name_is_refused() -> None:
    """The key decides the algorithm; a text that names another is not believed."""
    named = a_signed().headers["signature-input"].replace(";keyid", ';alg="hmac-sha256";keyid')

    assert fact_of(with_headers(a_signed(), {"signature-input": named}))


@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=80))
def test_noise_is_refused_and_nothing_else(signature: str, given_input: str, digest: str) -> None:
    """Whatever comes over the wire ends in one of the three refusals."""
    noise = {"signature": signature, "signature-input": given_input, "content-digest": digest}
    with pytest.raises((SignatureWrong, DigestWrong)):
        judged(with_headers(an_asking(), noise))


def test_the_same_signature_is_the_same_thing_twice() -> None:
    """What must not come again is told by the signature; a new one is another."""
    signed = a_signed()

    assert judged(signed).once == judged(signed).once
    assert judged(signed).once != judged(a_signed()).once
