"""The client's side, as our own demo uses it."""

import base64
import hashlib
import json
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from auth.client import (
    ClientKey,
    client_assertion,
    dpop_proof,
    exchange_form,
    new_client_key,
    private_pem,
    token_form,
)
from auth.documents import read, write
from auth.jose import Algorithm
from tests.party_builders import ISSUER, NOON_S, a_registration

HERE = "https://motlan.example/v1/data/dancu.tracuu"


def test_two_assertions_are_never_the_same() -> None:
    """Each is good once."""
    key = new_client_key()

    made = {
        client_assertion(key.private, client_id="a", audience=ISSUER, now=NOON_S) for _ in range(3)
    }

    assert 3 == len(made)


def test_what_is_not_asked_for_is_left_out_of_the_form() -> None:
    """An empty scope would be a scope."""
    assert {"grant_type", "client_assertion_type", "client_assertion"} == parse_qs(
        token_form("x").decode()
    ).keys()


def test_an_exchange_carries_the_officials_token_beside_the_systems_own_assertion() -> None:
    """The system proves itself as always; the official's token only says for whom."""
    form = parse_qs(exchange_form("x", "y").decode())

    assert (["x"], ["y"]) == (form["client_assertion"], form["subject_token"])
    assert ["urn:ietf:params:oauth:grant-type:token-exchange"] == form["grant_type"]
    assert ["urn:ietf:params:oauth:token-type:access_token"] == form["subject_token_type"]
    assert "scope" not in form


def test_a_new_key_is_ready_for_a_registration() -> None:
    """What `motlan demo` writes, `read` accepts."""
    registration = a_registration(jwks=(new_client_key("EdDSA").public,))

    assert (registration,) == read(write((registration,)), "demo.yaml")


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
def test_a_key_can_be_taken_to_other_tools(algorithm: Algorithm) -> None:
    """Whoever has openssl and no library of ours can ask as well."""
    key = new_client_key(algorithm)

    loaded = load_pem_private_key(private_pem(key.private), password=None)

    spki = loaded.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    point = _decoded(key.public["x"]) + _decoded(key.public.get("y", ""))
    assert point == spki[-len(point) :]


def test_a_client_key_in_a_log_shows_its_id_alone() -> None:
    """Values are printed by accident one day."""
    key = new_client_key()

    assert key.private["d"] not in repr(key)


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _opened(proof: str, key: ClientKey) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims, once the signature has been checked without our own code."""
    header, claims, signature = proof.split(".")
    said, made = f"{header}.{claims}".encode(), _decoded(signature)
    if key.public["kty"] == "OKP":
        Ed25519PublicKey.from_public_bytes(_decoded(key.public["x"])).verify(made, said)
    else:
        x, y = (int.from_bytes(_decoded(key.public[name])) for name in "xy")
        point = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        pair = encode_dss_signature(int.from_bytes(made[:32]), int.from_bytes(made[32:]))
        point.verify(pair, said, ec.ECDSA(hashes.SHA256()))
    return json.loads(_decoded(header)), json.loads(_decoded(claims))


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
def test_a_proof_brings_the_public_key_and_nothing_of_the_private_one(algorithm: Algorithm) -> None:
    """The server meets the key for the first time; the private half must never travel."""
    key = new_client_key(algorithm)

    header, _ = _opened(dpop_proof(key.private, method="POST", url=HERE, now=NOON_S), key)

    shown = {name: value for name, value in key.public.items() if name in ("kty", "crv", "x", "y")}
    assert shown == header["jwk"]
    assert "dpop+jwt" == header["typ"]
    assert "kid" not in header


def test_a_proof_names_the_request_without_its_query() -> None:
    """RFC 9449 section 4.2: `htu` is the address without query and fragment."""
    key = new_client_key()
    proof = dpop_proof(key.private, method="GET", url=f"{HERE}?a=b#c", now=NOON_S + 0.9)

    _, claims = _opened(proof, key)

    assert HERE == claims["htu"]
    assert "GET" == claims["htm"]
    assert int(NOON_S) == claims["iat"]
    assert {"jti", "htm", "htu", "iat"} == claims.keys()


def test_a_proof_is_tied_to_the_token_and_the_nonce_it_goes_with() -> None:
    """A proof that was overheard fits no other token, and no other hour of the server."""
    key = new_client_key()
    proof = dpop_proof(
        key.private,
        method="GET",
        url=HERE,
        now=NOON_S,
        token="a.b.c",
        nonce="n-1",
    )

    _, claims = _opened(proof, key)

    digest = hashlib.sha256(b"a.b.c").digest()
    assert base64.urlsafe_b64encode(digest).decode().rstrip("=") == claims["ath"]
    assert "n-1" == claims["nonce"]


def test_two_proofs_are_never_the_same() -> None:
    """Each is good once, also within one second."""
    key = new_client_key()

    made = {dpop_proof(key.private, method="GET", url=HERE, now=NOON_S) for _ in range(3)}

    assert 3 == len(made)
