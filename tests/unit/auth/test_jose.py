"""Signatures: what counts, and what pretends to."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st

from auth.errors import KeyRefused, SignatureRefused
from auth.jose import (
    Algorithm,
    made_by,
    new_private_jwk,
    payload_of,
    public_jwk,
    signed,
    signing_key,
    verification_key,
    verified,
)

KEY = signing_key(new_private_jwk("ES256"))
PUBLIC = verification_key(public_jwk(KEY))
TYPES = frozenset({"at+jwt"})


def judged(text: str) -> bytes:
    """Verify *text* as the gateway does, with one known key."""
    return verified(text, types=TYPES, keys=lambda kid: [PUBLIC] if kid == PUBLIC.kid else [])


def read(segment: bytes) -> bytes:
    """Return what a segment of a compact serialization holds."""
    return base64.urlsafe_b64decode(segment + b"=" * (-len(segment) % 4))


def encoded(content: object) -> str:
    """Return *content* as a segment of a compact serialization."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forged(header: object, signature: bytes = b"x" * 64) -> str:
    """Return a text with that header, a harmless payload and any signature."""
    return f"{encoded(header)}.{encoded({})}.{encoded(signature)}"


def resigned(changes: dict[str, object]) -> str:
    """Return a text whose header holds *changes*, honestly signed with our key."""
    header = {"alg": "ES256", "typ": "at+jwt", "kid": KEY.kid} | changes
    text = f"{encoded(header)}.{encoded({})}"
    private = KEY.native.private_key
    assert isinstance(private, EllipticCurvePrivateKey)
    r, s = decode_dss_signature(private.sign(text.encode(), ECDSA(SHA256())))
    return f"{text}.{encoded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
def test_what_we_sign_we_verify(algorithm: Algorithm) -> None:
    """Both algorithms of the profile, there and back."""
    key = signing_key(new_private_jwk(algorithm))
    public = verification_key(public_jwk(key))

    text = signed(b'{"a":1}', key, typ="at+jwt")

    assert verified(text, types=TYPES, keys=lambda _: [public]) == b'{"a":1}'


def test_the_forging_of_these_tests_can_make_a_good_text() -> None:
    """Otherwise the refusals below would prove nothing."""
    assert judged(resigned({})) == b"{}"


def test_ed25519_is_known_by_its_newer_name() -> None:
    """RFC 9864 renames EdDSA; clients of both ages sign the same bytes."""
    key = signing_key(new_private_jwk("EdDSA"))
    public = verification_key(public_jwk(key))
    head, body, _ = signed(b"{}", key, typ="at+jwt").split(".")
    renamed = encoded({"alg": "Ed25519", "typ": "at+jwt", "kid": key.kid})
    private = key.native.private_key
    assert isinstance(private, Ed25519PrivateKey)
    signature = encoded(private.sign(f"{renamed}.{body}".encode()))

    text = f"{renamed}.{body}.{signature}"

    assert head != renamed
    assert verified(text, types=TYPES, keys=lambda _: [public]) == b"{}"


def symmetric() -> str:
    """Return the classic: HS256 with the public key's bytes as the secret (RFC 8725 2.1)."""
    text = f"{encoded({'alg': 'HS256', 'typ': 'at+jwt', 'kid': KEY.kid})}.{encoded({})}"
    secret = PUBLIC.native.as_pem(private=False)
    return f"{text}.{encoded(hmac.digest(secret, text.encode(), hashlib.sha256))}"


def with_own_key() -> str:
    """Return a text that brings the key it was signed with (CVE-2026-27962)."""
    stranger = signing_key(new_private_jwk("ES256"))
    header = {"alg": "ES256", "typ": "at+jwt", "kid": KEY.kid, "jwk": public_jwk(stranger)}
    text = f"{encoded(header)}.{encoded({})}"
    private = stranger.native.private_key
    assert isinstance(private, EllipticCurvePrivateKey)
    r, s = decode_dss_signature(private.sign(text.encode(), ECDSA(SHA256())))
    return f"{text}.{encoded(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


HEAD = {"alg": "ES256", "typ": "at+jwt", "kid": KEY.kid}
HOSTILE: dict[str, Callable[[], str]] = {
    "no algorithm at all": lambda: forged(HEAD | {"alg": "none"}, b""),
    "none in other letters": lambda: forged(HEAD | {"alg": "nOnE"}, b""),
    "a symmetric algorithm": symmetric,
    "another curve": lambda: forged(HEAD | {"alg": "ES384"}, b"x" * 96),
    "an algorithm of RSA": lambda: forged(HEAD | {"alg": "RS256"}, b"x" * 256),
    "the other algorithm of ours": lambda: forged(HEAD | {"alg": "EdDSA"}),
    "an algorithm that is a list": lambda: forged(HEAD | {"alg": ["ES256"]}),
    "its own key": with_own_key,
    "a key by address": lambda: resigned({"jku": "https://evil.example/jwks"}),
    "a certificate": lambda: resigned({"x5c": ["MIIB"]}),
    "a critical member": lambda: resigned({"crit": ["exp"], "exp": 1}),
    "an unencoded payload": lambda: resigned({"b64": False, "crit": ["b64"]}),
    "another type": lambda: resigned({"typ": "JWT"}),
    "a content type that is a number": lambda: resigned({"cty": 5}),
    "no type": lambda: resigned({"typ": ""}),
    "a type that is a number": lambda: resigned({"typ": 1}),
    "an unknown key id": lambda: resigned({"kid": "another"}),
    "a key id that is a path": lambda: resigned({"kid": "../../etc/passwd"}),
    "a key id that is a list": lambda: resigned({"kid": [KEY.kid]}),
    "no key id": lambda: forged({"alg": "ES256", "typ": "at+jwt"}),
    "a signature of zeros": lambda: forged(HEAD, bytes(64)),
    "an empty signature": lambda: forged(HEAD, b""),
    "a header that is a list": lambda: forged(["alg"]),
    "a header that is a number": lambda: forged(5),
    "a header of brackets": lambda: forged(b"[" * 4000),
    "a payload of brackets": lambda: f"{encoded(HEAD)}.{encoded(b'[' * 4000)}.{encoded(b'x' * 64)}",
    "two segments": lambda: f"{encoded(HEAD)}.{encoded({})}",
    "five segments": lambda: ".".join([encoded(HEAD)] * 5),
    "letters of other scripts": lambda: resigned({})[:-1] + "ệ",
    "a lone surrogate": lambda: resigned({})[:-1] + "\ud800",
    "padding": lambda: resigned({}) + "=",
    "nothing": lambda: "",
    "a novel": lambda: resigned({}) + "A" * 8192,
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_text_that_pretends_is_refused(make: Callable[[], str]) -> None:
    """One refusal for all of them, and no exception of a library's."""
    with pytest.raises(SignatureRefused):
        judged(make())


@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_changed_letter_is_noticed(place: int) -> None:
    """Header, payload and signature are all under the signature."""
    parts = resigned({}).split(".")
    letter = "A" if parts[place][1] != "A" else "B"
    parts[place] = parts[place][0] + letter + parts[place][2:]

    with pytest.raises(SignatureRefused):
        judged(".".join(parts))


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
def test_a_signature_is_one_keys_over_one_message(algorithm: Algorithm) -> None:
    """A thousand of them: of ES256 one of 128 holds a number that begins with zeros."""
    key, other = (signing_key(new_private_jwk(algorithm)) for _ in range(2))
    public, stranger = verification_key(public_jwk(key)), verification_key(public_jwk(other))
    texts = [signed(b"%d" % number, key, typ="x").encode() for number in range(1000)]
    pairs = [(head, read(tail)) for head, _, tail in (text.rpartition(b".") for text in texts)]
    head, signature = pairs[0]

    assert all(made_by(public, algorithm, *pair) for pair in pairs)
    assert not made_by(stranger, algorithm, head, signature)
    assert not made_by(public, algorithm, head + b"A", signature)


NUMBERS = st.one_of(
    st.binary(min_size=32, max_size=32),
    st.integers(0, 32).map(lambda zeros: bytes(zeros) + b"\x80" * (32 - zeros)),
    st.integers(0, 31).map(lambda zeros: bytes(zeros) + b"\x7f" * (32 - zeros)),
)


@given(NUMBERS, NUMBERS, st.binary(max_size=3))
def test_two_numbers_are_a_signature_for_whoever_made_them(r: bytes, s: bytes, more: bytes) -> None:
    """Whatever they are, nothing breaks, and none that was made up is good."""
    assert not made_by(PUBLIC, "ES256", b"", r + s + more)
    assert not made_by(PUBLIC, "ES256", b"", (r + s)[: len(more)])


def test_a_key_answers_for_its_own_algorithm_alone() -> None:
    """RFC 8725 section 3.1."""
    assert not made_by(PUBLIC, "EdDSA", b"", bytes(64))
    assert not made_by(PUBLIC, "none", b"", b"")


def test_a_refusal_repeats_nothing_of_the_text() -> None:
    """A caller may have put a person's number anywhere; errors reach logs."""
    number = "003190000123"

    with pytest.raises(SignatureRefused) as refused:
        judged(forged(HEAD | {"alg": number, "kid": number, number: number}))

    assert number not in str(refused.value)
    assert refused.value.__cause__ is None


def test_an_unverified_payload_can_be_looked_at() -> None:
    """To find out whose keys to fetch, and for nothing else."""
    assert payload_of(forged(HEAD)) == b"{}"


PRIVATE = new_private_jwk("ES256")
GOOD = public_jwk(signing_key(PRIVATE))


@pytest.mark.parametrize(
    "jwk",
    [
        pytest.param(PRIVATE, id="a private key"),
        pytest.param({"kty": "oct", "k": "AAAA"}, id="a shared secret"),
        pytest.param({"kty": "RSA", "n": "AQAB", "e": "AQAB"}, id="RSA"),
        pytest.param(GOOD | {"crv": "P-384"}, id="another curve"),
        pytest.param(GOOD | {"use": "enc"}, id="for encryption"),
        pytest.param(GOOD | {"alg": "ES384"}, id="for another algorithm"),
        pytest.param(GOOD | {"x": GOOD["y"]}, id="not a point of the curve"),
        pytest.param(GOOD | {"x": 5}, id="a number for text"),
        pytest.param({"kty": "EC", "crv": "P-256"}, id="no coordinates"),
        pytest.param(GOOD | {"kid": ""}, id="an empty id"),
        pytest.param(GOOD | {"kid": "x" * 129}, id="a long id"),
        pytest.param({}, id="nothing"),
    ],
)
def test_a_key_that_nobody_should_use_is_refused(jwk: dict[str, object]) -> None:
    """At registration, by an administrator, not at the first call."""
    with pytest.raises(KeyRefused):
        verification_key(jwk)


def test_a_key_without_an_id_is_known_by_its_thumbprint() -> None:
    """RFC 7638 gives everybody the same name for the same key."""
    bare = {name: GOOD[name] for name in ("kty", "crv", "x", "y")}

    assert verification_key(bare).kid == GOOD["kid"]


@pytest.mark.parametrize(
    "jwk",
    [
        pytest.param(GOOD, id="a public key"),
        pytest.param(PRIVATE | {"crv": "P-384"}, id="another curve"),
        pytest.param(PRIVATE | {"d": "!"}, id="a broken private part"),
    ],
)
def test_what_cannot_sign_for_us_is_refused(jwk: dict[str, str]) -> None:
    """A ring that lost its private half says so when it is read."""
    with pytest.raises(KeyRefused):
        signing_key(jwk)


def test_what_the_world_sees_has_no_private_part() -> None:
    """The JWK set is public."""
    assert public_jwk(signing_key(PRIVATE)).keys() == {"kty", "crv", "x", "y", "kid", "use", "alg"}


def test_a_key_in_a_log_shows_its_id_alone() -> None:
    """Values are printed by accident one day."""
    assert PRIVATE["d"] not in repr(signing_key(PRIVATE))


def test_no_id_of_ours_looks_like_an_option() -> None:
    """One in sixty-four would, and `motlan keys revoke` could not be told which key it is."""
    assert not [kid for _ in range(600) if (kid := new_private_jwk("ES256")["kid"])[0] == "-"]
