"""Client certificates: read as RFC 9440 writes them, from proxies of ours and from nobody else."""

import base64
import hashlib
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from hypothesis import given
from hypothesis import strategies as st

from auth.possession.certificates import LARGEST, CertificatePeers, thumbprint_of
from gateway.demo.fronting import self_made
from tests.possession_builders import b64

DER = b"\x30\x82\x01\x2c" + bytes(300)
HEADER = b":" + base64.b64encode(DER) + b":"
THUMBPRINT = b64(hashlib.sha256(DER).digest())
SHOWN = {b"client-cert": HEADER}
PROXY = CertificatePeers(("10.1.0.0/16", "::1/128"))


def test_the_thumbprint_is_that_of_the_whole_certificate() -> None:
    """RFC 8705 section 3.1."""
    assert THUMBPRINT == thumbprint_of(HEADER)
    assert THUMBPRINT == thumbprint_of(b" " + HEADER + b"\t")


def test_a_real_certificate_has_the_thumbprint_that_others_compute() -> None:
    """A stranger's library reads the same bytes."""
    der = self_made("he-thong", datetime(2026, 11, 21, tzinfo=UTC))
    fingerprint = x509.load_der_x509_certificate(der).fingerprint(hashes.SHA256())

    assert b64(fingerprint) == thumbprint_of(b":" + base64.b64encode(der) + b":")


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b":",
        b"::",
        base64.b64encode(DER),
        b'"' + base64.b64encode(DER) + b'"',
        HEADER[:-3] + b":",
        b":" + base64.b64encode(DER + b"x") + b":",
        b":" + base64.b64encode(b"\x31" + DER[1:]) + b":",
        b":" + base64.b64encode(b"\x30\x80" + DER) + b":",
        b":" + base64.urlsafe_b64encode(b"\x30\x04\xff\xfe\xff\xfe") + b":",
        b":" + base64.b64encode(DER)[:40] + b"\n" + base64.b64encode(DER)[40:] + b":",
        HEADER + b", " + HEADER,
        b":" + b"A" * LARGEST + b":",
        b"-----BEGIN%20CERTIFICATE-----",
    ],
)
def test_what_is_not_one_certificate_is_none(value: bytes) -> None:
    """One byte sequence, one DER sequence, whole."""
    assert thumbprint_of(value) is None


@given(st.binary(max_size=200))
def test_no_header_breaks_the_reader(value: bytes) -> None:
    """Noise is no certificate, and no fault of ours."""
    assert thumbprint_of(value) is None


@pytest.mark.parametrize("peer", ["10.1.2.3", "::1", "::ffff:10.1.2.3"])
def test_a_proxy_of_ours_is_believed(peer: str) -> None:
    """In either family of addresses, mapped ones too."""
    assert THUMBPRINT == PROXY.handed_over(peer, SHOWN)


@pytest.mark.parametrize("peer", ["10.2.0.1", "127.0.0.1", "::2", "", "unix", "10.1.2.3.4", "x"])
def test_from_anybody_else_the_header_counts_as_absent(peer: str) -> None:
    """Everybody can write it."""
    assert PROXY.handed_over(peer, SHOWN) is None


def test_nobody_is_believed_unless_named() -> None:
    """The default of the settings."""
    assert CertificatePeers(()).handed_over("127.0.0.1", SHOWN) is None


@pytest.mark.parametrize(
    ("said", "found"),
    [(b"a long agreed secret", THUMBPRINT), (b"another secret", None), (b"", None), (None, None)],
)
def test_where_a_secret_is_agreed_the_address_alone_does_not_do(
    said: bytes | None, found: str | None
) -> None:
    """Other programs may share the proxy's address."""
    peers = CertificatePeers(("10.1.0.0/16",), "a long agreed secret")
    headers = SHOWN if said is None else {**SHOWN, b"motlan-proxy-secret": said}

    assert found == peers.handed_over("10.1.2.3", headers)


def test_a_connection_without_a_certificate_shows_none() -> None:
    """Nothing is made up for it."""
    assert PROXY.handed_over("10.1.2.3", {}) is None
