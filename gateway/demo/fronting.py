"""Callers behind a proxy that has seen their certificate: for tests, and for measuring speed."""

import base64
from collections.abc import Mapping
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

LIFE = timedelta(days=30)
BEFORE = timedelta(minutes=5)  # clocks differ


class Certificate:
    """A certificate that a proxy in front of the gateway has seen, handed over as it does.

    For peers that the gateway believes, on the loopback; from anybody else the header counts for
    nothing.  It costs no signature, so that a test of speed measures the gateway alone.
    """

    scheme = "Bearer"  # RFC 8705 section 3: the token's type stays, the binding is in the token

    def __init__(self, der: bytes) -> None:
        """Use the certificate *der*, without its chain."""
        self._header = {"Client-Cert": f":{base64.b64encode(der).decode()}:"}  # RFC 9440

    def headers(self, method: str, url: str, token: str | None) -> dict[str, str]:
        """Return the header of RFC 9440, the same for each request."""
        del method, url, token
        return dict(self._header)

    def learn(self, headers: Mapping[str, str]) -> None:
        """Learn nothing: a connection proves the certificate, and no answer changes it."""


def self_made(name: str, now: datetime) -> bytes:
    """Return the certificate of a new key, in DER; nobody vouches for it, nobody needs to.

    The token names the certificate's digest, and the digest is all that is compared (RFC 8705
    section 2.2 calls such certificates self-signed, and leaves their chain out of the check).

    Args:
        name: for people who look at it.
        now: from a little before to thirty days after this instant it is good.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BEFORE)
        .not_valid_after(now + LIFE)
    )
    return built.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
