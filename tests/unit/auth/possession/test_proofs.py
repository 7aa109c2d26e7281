"""DPoP proofs: what makes one good, and each thing that makes it bad."""

import hmac
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.client import dpop_proof, new_client_key
from auth.errors import KeyMismatch, ProofRefused
from auth.possession.proofs import LONGEST_PROOF, Proved, prove, token_digest
from tests.possession_builders import (
    GONE,
    KEY,
    NOW,
    OTHER,
    TOKEN,
    URL,
    HandKey,
    a_proof,
    an_eddsa_key,
    b64,
    signed,
    some_claims,
    some_header,
)


def judged(proof: str, **changes: object) -> Proved:
    """Judge *proof* as the question of that instant."""
    about: dict[str, object] = {"method": "POST", "url": URL, "now": NOW, "token": TOKEN}
    return prove(proof, **(about | changes))  # type: ignore[arg-type]


def fact_of(proof: str, **changes: object) -> str:
    """Return why *proof* is refused."""
    with pytest.raises(ProofRefused) as refused:
        judged(proof, **changes)
    return refused.value.fact


@pytest.mark.parametrize("key", [KEY, an_eddsa_key()], ids=["ES256", "EdDSA"])
def test_a_good_proof_says_which_key_made_it(key: HandKey) -> None:
    """Thumbprint, id and hour, of a proof that our own signer had no part in."""
    assert Proved(thumbprint=key.thumbprint, jti="proof-1", iat=NOW, nonce=None) == judged(
        a_proof(key), bound_to=key.thumbprint
    )


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
def test_a_proof_of_our_own_client_is_good(algorithm: str) -> None:
    """The demo and `motlan call` make them."""
    key = new_client_key(algorithm)  # type: ignore[arg-type]
    proof = dpop_proof(key.private, method="POST", url=URL, now=NOW, token=TOKEN, nonce="n")

    assert "n" == judged(proof).nonce


def test_a_nonce_is_handed_on_and_not_judged_here() -> None:
    """Whose it is, is the desk's question."""
    assert "xyz" == judged(a_proof(nonce="xyz")).nonce


def test_the_token_endpoint_asks_for_no_digest_of_a_token() -> None:
    """There is none yet (RFC 9449 section 4.2)."""
    assert "proof-1" == judged(a_proof(ath=GONE), token=None).jti


def test_a_proof_by_another_key_is_named_as_such() -> None:
    """A stolen token in the hands of somebody who has a key of their own."""
    with pytest.raises(KeyMismatch):
        judged(a_proof(OTHER), bound_to=KEY.thumbprint)


CLAIMS: dict[str, tuple[dict[str, Any], str]] = {
    "another method": ({"htm": "GET"}, "htm"),
    "a method in small letters": ({"htm": "post"}, "htm"),
    "another address": ({"htu": "https://lgsp.example/v1/data/dancu.tracuu"}, "htu"),
    "another host": ({"htu": "https://lgsp.example.evil.example/v1/data/dancu.xacthuc"}, "htu"),
    "no address": ({"htu": ""}, "htu"),
    "another token": ({"ath": token_digest("another.token.text")}, "ath"),
    "no token": ({"ath": GONE}, "ath"),
    "an ath with padding": ({"ath": token_digest(TOKEN) + "="}, "ath"),
    "no id": ({"jti": GONE}, "required"),
    "an empty id": ({"jti": ""}, "jti"),
    "a long id": ({"jti": "x" * 257}, "jti"),
    "an id that is a number": ({"jti": 7}, "required"),
    "no method": ({"htm": GONE}, "required"),
    "no hour": ({"iat": GONE}, "required"),
    "an hour in words": ({"iat": "now"}, "required"),
    "an hour that is true": ({"iat": True}, "required"),
    "an hour without end": ({"iat": float("inf")}, "not JSON"),
    "an hour before all": ({"iat": float("-inf")}, "not JSON"),
    "an hour that is none": ({"iat": float("nan")}, "not JSON"),
    "a nonce that is a list": ({"nonce": ["x"]}, "required"),
}


@pytest.mark.parametrize(("changes", "fact"), CLAIMS.values(), ids=CLAIMS)
def test_a_proof_about_anything_else_is_refused(changes: dict[str, Any], fact: str) -> None:
    """RFC 9449 section 4.3, items 3, 8, 9, 11 and 12."""
    assert fact in fact_of(a_proof(**changes))


@pytest.mark.parametrize(
    ("iat", "good"), [(-61, False), (-60, True), (-15, True), (9, True), (10, True), (11, False)]
)
def test_an_hour_counts_within_its_window(iat: int, *, good: bool) -> None:
    """FAPI 2.0 section 5.3.2.1: ten seconds ahead are accepted; a minute back is enough."""
    proof = a_proof(iat=int(NOW) + iat)

    if good:
        assert NOW + iat == judged(proof).iat
    else:
        assert fact_of(proof).startswith("iat is")


HEADERS: dict[str, tuple[dict[str, Any], str]] = {
    "another type": ({"typ": "JWT"}, "typ"),
    "no type": ({"typ": GONE}, "typ"),
    "the type of a token": ({"typ": "at+jwt"}, "typ"),
    "no algorithm": ({"alg": GONE}, "algorithm"),
    "none": ({"alg": "none"}, "algorithm"),
    "None": ({"alg": "None"}, "algorithm"),
    "a shared secret": ({"alg": "HS256"}, "algorithm"),
    "RSA": ({"alg": "RS256"}, "algorithm"),
    "an algorithm that is a list": ({"alg": ["ES256"]}, "algorithm"),
    "no key": ({"jwk": GONE}, "no key"),
    "a key that is text": ({"jwk": "key"}, "no key"),
    "a key with its private part": ({"jwk": {**KEY.jwk, "d": "AA"}}, "private"),
    "a shared key": ({"jwk": {"kty": "oct", "k": "AAAA"}}, "not accepted"),
    "a key on another curve": ({"jwk": {**KEY.jwk, "crv": "P-384"}}, "not accepted"),
    "a point off the curve": ({"jwk": {**KEY.jwk, "y": KEY.jwk["x"]}}, "not accepted"),
    "a key for encryption": ({"jwk": {**KEY.jwk, "use": "enc"}}, "not accepted"),
    "a key elsewhere": ({"jku": "https://evil.example/jwks"}, "member"),
    "a certificate": ({"x5c": ["AA"]}, "member"),
    "a certificate elsewhere": ({"x5u": "https://evil.example"}, "member"),
    "critical members": ({"crit": ["b64"], "b64": False}, "member"),
    "a payload that is packed": ({"zip": "DEF"}, "member"),
}


@pytest.mark.parametrize(("changes", "fact"), HEADERS.values(), ids=HEADERS)
def test_a_header_that_is_not_that_of_a_proof_is_refused(
    changes: dict[str, Any], fact: str
) -> None:
    """RFC 9449 section 4.3, items 4 to 7; RFC 8725 sections 3.1 and 3.11."""
    assert fact in fact_of(signed(some_header(**changes), some_claims(), KEY))


def test_a_header_may_name_its_key() -> None:
    """Some clients do; the name is not looked at."""
    assert "proof-1" == judged(signed(some_header(kid="k1"), some_claims(), KEY)).jti


def test_a_key_does_not_lend_itself_to_another_algorithm() -> None:
    """EdDSA in the header over a key on P-256 (RFC 8725 section 3.1)."""
    assert "signature" in fact_of(signed(some_header(alg="EdDSA"), some_claims(), KEY))


def test_the_public_key_is_no_shared_secret() -> None:
    """HS256 keyed with what everybody knows: the oldest trick."""
    head = ".".join(b64(json.dumps(p).encode()) for p in (some_header(alg="HS256"), some_claims()))
    mac = hmac.digest(json.dumps(KEY.jwk).encode(), head.encode(), "sha256")

    assert "algorithm" in fact_of(f"{head}.{b64(mac)}")


SPOILED: dict[str, Callable[[str], str]] = {
    "no signature": lambda proof: proof.rpartition(".")[0] + ".",
    "another's signature": lambda proof: (
        proof.rpartition(".")[0] + "." + a_proof(OTHER).rpartition(".")[2]
    ),
    "a signature in DER": lambda proof: proof.rpartition(".")[0] + "." + b64(b"0\6" + b"1" * 6),
    "a signature of zeros": lambda proof: proof.rpartition(".")[0] + "." + b64(bytes(64)),
    "another payload": lambda proof: ".".join(
        [proof.split(".")[0], a_proof(jti="other").split(".")[1], proof.split(".")[2]]
    ),
    "two proofs": lambda proof: f"{proof}, {a_proof(jti='second')}",
    "two parts": lambda proof: proof.rpartition(".")[0],
    "five parts": lambda proof: f"{proof}.AA.AA",
    "padding": lambda proof: proof + "==",
    "a space": lambda proof: proof + " ",
    "standard base64": lambda proof: proof.replace("-", "+").replace("_", "/") + "+",
    "nothing": lambda _: "",
    "words of another alphabet": lambda proof: proof + "ạ",
    "too long": lambda proof: proof + "A" * LONGEST_PROOF,
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_what_was_touched_is_refused(spoil: Callable[[str], str]) -> None:
    """One proof, whole, as its key signed it."""
    assert fact_of(spoil(a_proof()))


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        ('{"typ":"dpop+jwt","alg":"none","alg":"ES256","jwk":%s}', None),
        ('{"typ":"JWT","typ":"dpop+jwt","alg":"ES256","jwk":%s}', None),
        (None, '{"jti":"a","jti":"b",%s}'),
        (None, '{"jti":"a","j\\u0074i":"b",%s}'),
        (None, '{"jti" :"a","jti":"b",%s}'),
        ('{"typ":"dpop+jwt","alg":"ES256","jwk":{"kty":"oct","kty":"EC",%.0s}}', None),
    ],
    ids=[
        "two algorithms",
        "two types",
        "two ids",
        "an id in two spellings",
        "two with a space",
        "two types of key",
    ],
)
def test_a_member_that_is_there_twice_is_refused(header: str | None, claims: str | None) -> None:
    """Two readers would read two proofs (RFC 7515 section 4, RFC 7519 section 4)."""
    rest = json.dumps(some_claims(jti=GONE), separators=(",", ":"))[1:-1]
    made = signed(
        some_header() if header is None else header % json.dumps(KEY.jwk),
        some_claims() if claims is None else claims % rest,
        KEY,
    )

    assert "twice" in fact_of(made)


NAMES = ["jti", "j\\u0074i", "htm", "htu", "iat", "ath", "nonce", "", "more", '\\"iat']
VALUES = ['""', '"a:b"', '"\\u003a"', f'"{URL}"', "0", "18e8", "null", "[]", '{"a":1,"b":2}']


@given(
    st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)), max_size=4),
    st.sampled_from(['"iat":1795000000', '"iat":1795e6', '"iat" : 1795000000']),
    st.sampled_from([URL, URL.replace("/", "\\/"), URL.replace(":", "\\u003a")]),
)
def test_no_spelling_leaves_room_for_a_second_member(
    more: list[tuple[str, str]], iat: str, htu: str
) -> None:
    """Read pair by pair or at a glance, a proof that is good holds each member once."""
    others = "".join(f',"{name}":{value}' for name, value in more)
    head = f'"jti":"proof-1","htm":"POST","htu":"{htu}","ath":"{token_digest(TOKEN)}",{iat}'
    text = f"{{{head}{others}}}"
    names = [name for name, _ in json.loads(text, object_pairs_hook=list)]

    with suppress(ProofRefused):
        assert "proof-1" == judged(signed(some_header(), text, KEY)).jti
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("text", ["[]", "7", "null", '"x"', "{", "[" * 1500, "{}"])
def test_what_is_no_object_of_claims_is_refused(text: str) -> None:
    """Whatever is signed there, by whomever."""
    assert fact_of(signed(text, some_claims(), KEY))
    assert fact_of(signed(some_header(), text, KEY))


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (" , ", " : ")])
def test_a_proof_may_be_written_with_spaces_or_without(separators: tuple[str, str]) -> None:
    """Both ways of reading it come to the same."""
    claims = json.dumps(some_claims(more="ạ"), separators=separators, ensure_ascii=False)

    assert "proof-1" == judged(signed(some_header(), claims, KEY)).jti


def test_a_proof_that_is_refused_before_its_signature_says_nothing_of_its_words() -> None:
    """What a caller typed is repeated nowhere."""
    assert "003190000123" not in fact_of(a_proof(htu="https://x.example/003190000123"))


@given(st.text(max_size=300))
def test_no_text_breaks_the_judge(text: str) -> None:
    """Refused is the only thing that may happen to noise."""
    with pytest.raises(ProofRefused):
        judged(text)


@given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_no_proof_survives_a_flipped_bit(place: int, bit: int) -> None:
    """The last characters of a part may hold spare bits; they are not spare to us."""
    proof = bytearray(a_proof().encode())
    proof[place % len(proof)] ^= 1 << bit

    with pytest.raises(ProofRefused):
        judged(proof.decode("latin-1"), bound_to=KEY.thumbprint)
