"""Claims of an access token."""

import json

import msgspec
import pytest

from auth import claims
from auth.claims import Confirmation
from auth.errors import TokenInvalid
from auth.narrowing.details import AgreementDetail
from auth.principals import Official
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


def test_a_binding_is_written_as_the_rfcs_spell_it() -> None:
    """RFC 9449 section 6.1 and RFC 8705 section 3.1: other people's programs read it too."""
    by_key = json.loads(msgspec.json.encode(some_claims(cnf=Confirmation(jkt="k"))))
    by_certificate = json.loads(msgspec.json.encode(some_claims(cnf=Confirmation(certificate="c"))))

    assert ({"jkt": "k"}, {"x5t#S256": "c"}) == (by_key["cnf"], by_certificate["cnf"])


def test_a_binding_reaches_the_principal() -> None:
    """Otherwise nobody would ask for the proof."""
    by_key = claims.principal_of(some_claims(cnf=Confirmation(jkt="k")))
    by_certificate = claims.principal_of(some_claims(cnf=Confirmation(certificate="c")))

    assert ("k", None) == (by_key.key_thumbprint, by_key.certificate_thumbprint)
    assert (None, "c") == (by_certificate.key_thumbprint, by_certificate.certificate_thumbprint)


def test_an_official_travels_there_and_back() -> None:
    """What the exchange has proven about the person is what the leaf will say."""
    official = Official(
        id="u-abc", agency="H99.30.01", acr="2", amr=("pwd", "otp"), name="Lê Văn Ba", level=2
    )

    said = msgspec.json.encode(some_claims(act=claims.actor_of(official)))

    assert official == claims.principal_of(claims.read(said)).official


def test_details_narrow_a_principal() -> None:
    """RFC 9396: what the details leave out, the token is not good for."""
    detail = AgreementDetail(
        type="motlan_agreement", identifier="A", services=("s1",), purposes=("p1",)
    )
    said = msgspec.json.encode(some_claims(scope="A", authorization_details=(detail,)))

    principal = claims.principal_of(claims.read(said))

    assert not principal.narrows("A", "s1", "p1")
    assert all(
        principal.narrows(*each)
        for each in (("A", "s2", "p1"), ("A", "s1", "p2"), ("B", "s1", "p1"))
    )


def test_a_detail_of_a_later_release_is_refused() -> None:
    """A member that we pass over may be the one that narrows."""
    members = json.loads(msgspec.json.encode(some_claims()))
    detail = {"type": "motlan_agreement", "identifier": "A", "hours": "8-17"}

    with pytest.raises(TokenInvalid):
        claims.read(json.dumps(members | {"authorization_details": [detail]}).encode())
