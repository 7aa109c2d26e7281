"""Hostile tokens and proofs, made with a library by others: all are refused, and good ones not."""

import json
from pathlib import Path
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from auth.client import new_client_key
from auth.errors import ProofRefused, TokenExpired, TokenInvalid
from auth.jose import payload_of, public_jwk
from auth.keys import SigningKeyRing
from auth.possession.proofs import prove, token_digest
from auth.tokens import Verifier
from tests.outside.judges import Node
from tests.party_builders import CLIENT, ISSUER, NOON, NOON_S, a_ring, a_token

STRANGER = new_client_key()
URL = f"{ISSUER}/v1/data/dancu.tracuu"


@pytest.fixture
def ring(tmp_path: Path) -> SigningKeyRing:
    """Give a ring with one key."""
    return a_ring(tmp_path)


def private_of(ring: SigningKeyRing) -> dict[str, str]:
    """Return the ring's own key: whoever makes these tokens could not be closer to it."""
    return cast("dict[str, str]", ring.signing(NOON).native.as_dict(private=True))


def a_case(ring: SigningKeyRing, **changes: Any) -> dict[str, Any]:
    """Return a token as we make it; *changes* of header and claims make it hostile."""
    key = ring.signing(NOON)
    claims = json.loads(payload_of(a_token(ring)))
    return {
        "how": changes.pop("how", "signed"),
        "jwk": changes.pop("jwk", private_of(ring)),
        "secret": changes.pop("secret", None),
        "header": {"alg": "ES256", "typ": "at+jwt", "kid": key.kid} | changes.pop("header", {}),
        "claims": claims | changes,
    }


def spki(ring: SigningKeyRing) -> str:
    """Return the published key as text: the secret of a verifier that mixes up algorithms."""
    public = ring.signing(NOON).native.public_key
    assert isinstance(public, EllipticCurvePublicKey)
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def hostile(ring: SigningKeyRing) -> dict[str, dict[str, Any]]:
    """Return every hostile token by what is wrong with it."""
    known = public_jwk(ring.signing(NOON))
    strangers = {"jwk": STRANGER.private}
    second = int(NOON_S)
    return {
        "alg none": a_case(ring, how="unsecured"),
        "HS256 with the public key": a_case(
            ring, how="shared", secret=spki(ring), header={"alg": "HS256"}
        ),
        "HS256 with the public key as JSON": a_case(
            ring, how="shared", secret=json.dumps(known), header={"alg": "HS256"}
        ),
        "the stranger's key inside": a_case(
            ring, **strangers, header={"jwk": STRANGER.public, "kid": STRANGER.public["kid"]}
        ),
        "the stranger's key set by address": a_case(
            ring, **strangers, header={"jku": "https://khac.example/jwks"}
        ),
        "the stranger's certificate by address": a_case(
            ring, **strangers, header={"x5u": "https://khac.example/x5u"}
        ),
        "the stranger under our key's id": a_case(ring, **strangers),
        "an id that is a path": a_case(ring, **strangers, header={"kid": "../../../etc/passwd"}),
        "an id that is a statement": a_case(ring, **strangers, header={"kid": "x' OR '1'='1"}),
        "an id that is empty": a_case(ring, **strangers, header={"kid": ""}),
        "an ID token's type": a_case(ring, header={"typ": "JWT"}),
        "a proof's type": a_case(ring, header={"typ": "dpop+jwt"}),
        "a person's type": a_case(ring, header={"typ": "person+jwt"}),
        "another audience": a_case(ring, aud="https://khac.example"),
        "another issuer": a_case(ring, iss="https://khac.example"),
        "from the future": a_case(ring, iat=second + 61, exp=second + 300),
        "for a day": a_case(ring, exp=second + 86_400),
        "without an end": a_case(ring, exp=None),
        "an end that is text": a_case(ring, exp=str(second + 100)),
        "an end beyond numbers": a_case(ring, exp=1e300),
    }


def test_what_jose_makes_as_we_do_is_believed(node: Node, ring: SigningKeyRing) -> None:
    """Otherwise the refusals would say nothing."""
    (good,) = node.tokens([a_case(ring)])

    assert CLIENT == a_verifier(ring).verify(good, NOON_S).client_id


def test_every_hostile_token_of_jose_is_refused(node: Node, ring: SigningKeyRing) -> None:
    """None of them is worth more for being well made."""
    cases = hostile(ring)
    believed = []
    for name, token in zip(cases, node.tokens(list(cases.values())), strict=True):
        try:
            a_verifier(ring).verify(token, NOON_S)
        except TokenInvalid:
            continue
        believed.append(name)

    assert [] == believed


def test_a_token_of_jose_that_is_over_is_expired(node: Node, ring: SigningKeyRing) -> None:
    """The caller is told to get a new one."""
    (old,) = node.tokens([a_case(ring, iat=int(NOON_S) - 400, exp=int(NOON_S) - 100)])

    with pytest.raises(TokenExpired):
        a_verifier(ring).verify(old, NOON_S)


def a_verifier(ring: SigningKeyRing) -> Verifier:
    """Return the verifier of our issuer."""
    return Verifier(ring, issuer=ISSUER, audience=ISSUER)


def a_proof(**changes: Any) -> dict[str, Any]:
    """Return a proof of the stranger's key over one request."""
    header = {"alg": "ES256", "typ": "dpop+jwt", "jwk": STRANGER.public}
    claims = {
        "jti": "x1",
        "htm": "POST",
        "htu": URL,
        "iat": int(NOON_S),
        "ath": token_digest("token"),
    }
    return {
        "how": changes.pop("how", "signed"),
        "jwk": changes.pop("jwk", STRANGER.private),
        "secret": changes.pop("secret", None),
        "header": header | changes.pop("header", {}),
        "claims": claims | changes,
    }


def test_a_proof_of_jose_is_believed_and_none_that_is_wrong(node: Node) -> None:
    """A caller may make its proofs with any library, and must make them right."""
    other = new_client_key()
    cases = {
        "good": a_proof(),
        "alg none": a_proof(how="unsecured"),
        "HS256": a_proof(how="shared", secret="x" * 32, header={"alg": "HS256"}),
        "a private key shown": a_proof(header={"jwk": STRANGER.private}),
        "another key shown": a_proof(header={"jwk": other.public}),
        "no key shown": a_proof(header={"jwk": None}),
        "a token's type": a_proof(header={"typ": "at+jwt"}),
        "another method": a_proof(htm="GET"),
        "another address": a_proof(htu=URL + "x"),
        "another token": a_proof(ath=token_digest("other")),
        "no token": a_proof(ath=None),
        "too old": a_proof(iat=int(NOON_S) - 61),
        "too early": a_proof(iat=int(NOON_S) + 11),
        "no id": a_proof(jti=""),
    }
    believed = []
    for name, proof in zip(cases, node.tokens(list(cases.values())), strict=True):
        try:
            prove(proof, method="POST", url=URL, now=NOON_S, token="token")
        except ProofRefused:
            continue
        believed.append(name)

    assert ["good"] == believed
