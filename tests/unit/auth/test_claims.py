"""Claims of an access token."""

import json

import msgspec
import pytest

from auth import claims
from auth.claims import Confirmation
from auth.errors import TokenInvalid
from tests.party_builders import some_claims


def test_the_members_are_those_of_rfc_9068() -> None:
    """Section 2.2 names them; three more are ours, and what is not said is left out."""
    members = json.loads(msgspec.json.encode(some_claims())).keys()

    standard = {"iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope"}
    assert standard | {"agency", "sys_rev", "env"} == members


def test_what_is_written_is_read() -> None:
    """Issuer and verifier are two processes, perhaps of two releases."""
    said = some_claims(cnf=Confirmation(jkt="thumb"))

    assert said == claims.read(msgspec.json.encode(said))


def test_members_of_a_later_release_are_passed_over() -> None:
    """A token lives five minutes, an upgrade of several workers longer."""
    later = json.dumps({**json.loads(msgspec.json.encode(some_claims())), "acr": "2"})

    assert some_claims() == claims.read(later.encode())


@pytest.mark.parametrize(
    "missing", ["iss", "sub", "aud", "exp", "iat", "jti", "client_id", "agency", "sys_rev", "env"]
)
def test_no_claim_has_a_default(missing: str) -> None:
    """What is not said is not assumed."""
    members = json.loads(msgspec.json.encode(some_claims()))
    del members[missing]

    with pytest.raises(TokenInvalid):
        claims.read(json.dumps(members).encode())


@pytest.mark.parametrize("payload", [b"", b"5", b"[]", b"[" * 5000, b"\xff"])
def test_what_is_no_object_is_refused(payload: bytes) -> None:
    """Signed or not."""
    with pytest.raises(TokenInvalid):
        claims.read(payload)


def test_agreements_are_read_from_the_scope() -> None:
    """An empty scope is no agreement, not one without a name."""
    assert frozenset() == claims.principal_of(some_claims(scope="")).scopes
    assert {"A", "B"} == claims.principal_of(some_claims(scope="A B")).scopes
