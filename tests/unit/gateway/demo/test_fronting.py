"""Certificates that callers make themselves."""

import base64
from datetime import UTC, datetime, timedelta

from cryptography import x509

from gateway.demo.fronting import Certificate, self_made

NOON = datetime(2026, 11, 20, 5, tzinfo=UTC)


def test_the_header_is_a_byte_sequence_of_structured_fields() -> None:
    """RFC 9440 section 2.1: base64 with padding, between colons, on one line."""
    der = self_made("thu", NOON)

    header = Certificate(der).headers("POST", "http://127.0.0.1/", "t")["Client-Cert"]

    assert (":", ":") == (header[0], header[-1])
    assert der == base64.b64decode(header[1:-1], validate=True)


def test_a_self_made_certificate_is_good_now_and_signed_by_itself() -> None:
    """Whoever checks its hours, or opens it, finds nothing odd."""
    made = x509.load_der_x509_certificate(self_made("thu", NOON))

    made.verify_directly_issued_by(made)
    assert made.not_valid_before_utc < NOON < made.not_valid_after_utc
    assert made.not_valid_after_utc - NOON < timedelta(days=31)


def test_two_certificates_are_never_the_same() -> None:
    """A token that is bound to one is no good with the other."""
    assert self_made("thu", NOON) != self_made("thu", NOON)
