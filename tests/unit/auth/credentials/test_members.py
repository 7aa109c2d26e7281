"""Members of a registration: what has the agreed form, and what never gets in."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth.client import new_client_key
from auth.credentials import members
from auth.credentials.members import MemberRefused
from tests.party_builders import CLIENT_KEY


@pytest.mark.parametrize(
    "url",
    [
        "https://keys.example/jwks.json",
        "https://keys.example:8443/a/b",
        "https://10.20.30.40/jwks",
        "http://127.0.0.1:8080/jwks",
        "http://localhost/jwks",
        "http://[::1]:80/jwks",
    ],
)
def test_addresses_where_keys_may_stand(url: str) -> None:
    """Which networks may be asked is another question, answered when it is asked."""
    assert url == members.key_address(url)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://keys.example/jwks", id="no TLS"),
        pytest.param("http://127.0.0.1.example/", id="not this host"),
        pytest.param("ftp://keys.example/jwks", id="another protocol"),
        pytest.param("file:///etc/passwd", id="a file"),
        pytest.param("https://", id="no host"),
        pytest.param("https://user@keys.example/", id="a user"),
        pytest.param("https://keys.example/?key=1", id="a query"),
        pytest.param("https://keys.example/#a", id="a fragment"),
        pytest.param("https://keys.example/003190000123", id="a person's number"),
        pytest.param("https://keys.example/ a", id="a space"),
        pytest.param("https://keys.exämple/", id="not ASCII"),
        pytest.param("https://keys.example:0/", id="port 0"),
        pytest.param("https://keys.example:99999/", id="no port"),
        pytest.param("https://[::1/", id="broken brackets"),
        pytest.param("https://keys.example/" + "a" * 512, id="too long"),
    ],
)
def test_addresses_where_they_may_not(url: str) -> None:
    """An address is written down, shown and asked; nothing secret and nobody's number in it."""
    with pytest.raises(MemberRefused):
        members.key_address(url)


@pytest.mark.parametrize(
    ("said", "at"),
    [
        ("2027-06-30T17:00:00Z", datetime(2027, 6, 30, 17, tzinfo=UTC)),
        ("2027-07-01 00:00:00+07:00", datetime(2027, 6, 30, 17, tzinfo=UTC)),
        ("2027-06-30t17:00:00.5z", datetime(2027, 6, 30, 17, 0, 0, 500_000, tzinfo=UTC)),
    ],
)
def test_an_instant_is_one_wherever_it_was_written(said: str, at: datetime) -> None:
    """In UTC from then on."""
    assert at == members.instant(said)


@pytest.mark.parametrize(
    "said",
    [
        "2027-06-30",
        "2027-06-30T17:00:00",
        "2027-06-31T17:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "20270630T170000Z",
        "٢٠٢٧-06-30T17:00:00Z",
        "soon",
    ],
)
def test_what_could_be_two_instants_is_none(said: str) -> None:
    """Without its offset nobody knows when a key ends."""
    with pytest.raises(MemberRefused):
        members.instant(said)


@pytest.mark.parametrize("said", ["A" * 42, "A" * 44, "=" * 43, "A" * 42 + "B", "é" * 43, ""])
def test_a_thumbprint_is_256_bits_in_its_one_form(said: str) -> None:
    """The last character of 43 has four bits: any other would be a second name of the same."""
    with pytest.raises(MemberRefused):
        members.thumbprint(said)


@given(st.binary(min_size=32, max_size=32))
def test_every_digest_is_a_thumbprint(digest: bytes) -> None:
    """What openssl computes is taken."""
    from base64 import urlsafe_b64encode  # noqa: PLC0415 - of this test alone

    said = urlsafe_b64encode(digest).rstrip(b"=").decode()

    assert said == members.thumbprint(said)


@pytest.mark.parametrize(
    ("said", "kept"),
    [("10.1.0.0/16", "10.1.0.0/16"), ("10.1.0.7", "10.1.0.7/32"), ("::/0", "::/0")],
)
def test_a_range_is_kept_in_its_one_form(said: str, kept: str) -> None:
    """The same range is the same text, so that an amendment that says nothing new is none."""
    assert kept == members.address_range(said)


@pytest.mark.parametrize(
    "said",
    ["10.1.2.3/16", "10.2", "fe80::%eth0/64", "fe80::%003190000123/64", "::ffff:10.0.0.0/104"],
)
def test_a_range_that_could_hold_nobody_or_anything_is_none(said: str) -> None:
    """It stands in every token; a zone is free text, and dressed IPv4 is nobody's address here."""
    with pytest.raises(MemberRefused) as refused:
        members.address_range(said)

    assert ("not_a_range", False) == (refused.value.word, said in refused.value.fact)


def test_a_private_key_is_never_a_public_one() -> None:
    """The refusal names the mistake and nothing of the key."""
    private = new_client_key().private

    with pytest.raises(MemberRefused) as refused:
        members.jwk(private)

    assert private["d"] not in str(refused.value)


def test_what_tools_export_beside_a_key_is_passed_over() -> None:
    """Certificates and addresses in a JWK are not believed, and do no harm."""
    said = {**CLIENT_KEY.public, "x5u": "https://evil.example/", "key_ops": "verify"}

    assert CLIENT_KEY.public == members.jwk(said)


@pytest.mark.parametrize("kid", ["a\x00", "a\u202eb", "a\nb"])
def test_an_id_that_cannot_be_seen_is_refused(kid: str) -> None:
    """Somebody has to read it aloud when the key is lost, and a row has to hold it."""
    with pytest.raises(MemberRefused):
        members.jwk({**CLIENT_KEY.public, "kid": kid})
