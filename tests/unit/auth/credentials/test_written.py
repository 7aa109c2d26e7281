"""Credentials in documents: ends, certificates and key addresses, as people write them."""

from datetime import UTC, datetime

import pytest

from auth import documents
from auth.documents import DocumentsRefused
from tests.party_builders import CLIENT_KEY, OTHER_KEY, a_registration

END = datetime(2027, 6, 30, 17, tzinfo=UTC)
A, B = "A" * 43, "B" * 42 + "A"
HEAD = """kind: system
client_id: motcua-xa
agency: H99.30.01
name_vi: Một cửa xã
name_en: Commune one-stop
"""
KEY = f"{{kty: EC, crv: P-256, x: {CLIENT_KEY.public['x']!r}, y: {CLIENT_KEY.public['y']!r}"


def test_what_is_written_is_read_back_the_same() -> None:
    """Every member of a registration survives the file."""
    registrations = (
        a_registration(ends={CLIENT_KEY.public["kid"]: END}),
        a_registration(client_id="a-1", jwks=(), jwks_uri="https://keys.example/jwks.json"),
        a_registration(client_id="a-2", jwks=(), certificates=(A, B), ends={B: END}),
        a_registration(client_id="a-3", jwks=(OTHER_KEY.public,), certificates=(A,)),
    )

    assert registrations == documents.read(documents.write(registrations), "systems.yaml")


def test_an_end_may_be_written_with_or_without_quotes() -> None:
    """YAML takes a bare one for an instant of its own; it is the same to us."""
    texts = [f"{HEAD}jwks: {{keys: [{KEY}, expires_at: {end}}}]}}\n" for end in (
        '"2027-06-30T17:00:00Z"', "2027-06-30T17:00:00Z", "2027-07-01 00:00:00+07:00",
    )]  # fmt: skip

    found = [next(iter(documents.read(text, "s.yaml")[0].ends.values())) for text in texts]

    assert [END] * 3 == found


def test_a_certificate_may_be_written_alone() -> None:
    """Most have no end of ours: their own is in them."""
    (registration,) = documents.read(f"{HEAD}certificates: [{A}]\n", "systems.yaml")

    assert ((A,), (), {}) == (registration.certificates, registration.jwks, registration.ends)


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        pytest.param("", 1, "member_missing", id="nothing that proves"),
        pytest.param("certificates: []\n", 1, "member_missing", id="an empty list"),
        pytest.param(
            f"jwks: {{keys: [{KEY}}}]}}\njwks_uri: https://a.example/\n", 7, "two_key_sets"
        ),
        pytest.param("jwks_uri: http://a.example/\n", 6, "not_a_key_address", id="no TLS"),
        pytest.param("certificates: [abc]\n", 6, "not_a_thumbprint", id="a thumbprint"),
        pytest.param(f"certificates: [{A}, {A}]\n", 6, "certificate_twice", id="twice"),
        pytest.param(f"certificates: [{{x5t: {A}}}]\n", 6, "not_a_certificate", id="a member"),
        pytest.param("certificates: abc\n", 6, "not_a_list", id="no list"),
        pytest.param(
            f"certificates:\n- {{'x5t#S256': {A}, expires_at: soon}}\n", 7, "not_an_instant"
        ),
        pytest.param(
            f"jwks: {{keys: [{KEY}, expires_at: 2027-06-30}}]}}\n", 6, "not_an_instant", id="a day"
        ),
        pytest.param(
            f"jwks: {{keys: [{KEY}, kid: motlan_test_a}}]}}\n", 6, "key_refused", id="a test key"
        ),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, line: int, code: str) -> None:
    """Whoever wrote the file finds it."""
    with pytest.raises(DocumentsRefused) as refused:
        documents.read(HEAD + text, "systems.yaml")

    assert [(line, code)] == [(each.line, each.code) for each in refused.value.findings]
