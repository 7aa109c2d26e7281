"""Credentials off the wire: read as they came, joined where they came twice, judged nowhere."""

from ipaddress import ip_network

import pytest

from auth.credentials.proxies import Proxies
from auth.possession.certificates import CertificatePeers
from auth.possession.shown import Shown
from gateway.api.credentials import SINGLE, Credentials, token_of
from gateway.api.wire import Headers, header_map

CERTIFICATE = b":MAIFAA==:"
PROXIES = Proxies([ip_network("127.0.0.0/8")])
OURS = Credentials("https://lgsp.example", CertificatePeers(("127.0.0.0/8",)), PROXIES)


def shown(raw: Headers, peer: str = "127.0.0.1") -> Shown:
    """Return what these header lines show."""
    return OURS.shown(header_map(raw), method="POST", path="/v1/data/x", peer=peer)


@pytest.mark.parametrize(
    ("header", "token"),
    [
        (b"Bearer abc", "abc"),
        (b"bearer  abc ", "abc"),
        (b"DPoP abc", "abc"),
        (b"dpop abc", "abc"),
        (b"Basic abc", ""),
        (b"Bearer", ""),
        (b"DPoPabc", ""),
        (b"", ""),
    ],
)
def test_a_token_comes_under_one_of_two_schemes(header: bytes, token: str) -> None:
    """RFC 9110 section 11.1: the scheme's name is case-insensitive."""
    assert token == token_of({b"authorization": header})


@pytest.mark.parametrize(
    ("header", "dpop"), [(b"DPoP t", True), (b"dpop t", True), (b"Bearer t", False), (b"", False)]
)
def test_the_scheme_is_noted(header: bytes, *, dpop: bool) -> None:
    """The door compares it with the token's binding."""
    assert dpop is shown([(b"authorization", header)]).dpop


def test_the_address_is_ours_and_not_what_the_caller_calls_us() -> None:
    """A Host header is a caller's word."""
    found = shown([(b"host", b"evil.example")])

    assert ("POST", "https://lgsp.example/v1/data/x") == (found.method, found.url)


@pytest.mark.parametrize(
    ("peer", "said", "origin"),
    [
        ("127.0.0.1", b"192.0.2.1, 203.0.113.9", "203.0.113.9"),
        ("203.0.113.9", b"192.0.2.1", "203.0.113.9"),
        ("127.0.0.1", b"", "127.0.0.1"),
        ("127.0.0.1", b"\xff", "127.0.0.1"),
        ("", b"192.0.2.1", ""),
    ],
)
def test_a_caller_is_where_our_proxy_saw_it(peer: str, said: bytes, origin: str) -> None:
    """A system registered with ranges would be refused behind a proxy, or let in from anywhere."""
    assert origin == shown([(b"x-forwarded-for", said)], peer).origin


def test_a_proof_is_taken_as_it_came() -> None:
    """Bytes of any kind: the judge refuses them, the reader does not break."""
    assert "\xffp" == shown([(b"dpop", b"\xffp")]).proof
    assert shown([]).proof is None


def test_a_second_proof_spoils_the_first() -> None:
    """Joined as RFC 9110 section 5.3 allows, which no judge takes for one."""
    assert "a, b" == shown([(b"dpop", b"a"), (b"dpop", b"b")]).proof


@pytest.mark.parametrize("name", sorted(SINGLE))
def test_of_repeated_credentials_none_is_chosen(name: bytes) -> None:
    """A proxy and we could choose differently."""
    assert b"a, b" == header_map([(name, b"a"), (name, b"b")])[name]


def test_of_any_other_repeated_header_the_last_counts() -> None:
    """As before."""
    assert (
        b"b"
        == header_map([(b"accept-language", b"a"), (b"accept-language", b"b")])[b"accept-language"]
    )


def test_a_certificate_counts_from_a_proxy_of_ours_alone() -> None:
    """From anybody else the header is as good as absent."""
    line = [(b"client-cert", CERTIFICATE)]

    assert shown(line).certificate is not None
    assert shown(line, peer="10.0.0.1").certificate is None
    assert shown([*line, *line]).certificate is None
