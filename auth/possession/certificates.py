"""Client certificates: whose connection it was, as a proxy of ours hands it over (RFC 9440).

The server behind the proxy never sees the connection's certificate, so it believes a header; and a
header can be written by anybody.  So it counts only from the addresses that are named for it, and,
where a secret is agreed with the proxy, only together with that secret.
"""

import binascii
import functools
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from ipaddress import ip_address, ip_network

from auth.base64url import encoded

HEADER = b"client-cert"
SECRET_HEADER = b"motlan-proxy-secret"
LARGEST = 16_384  # bytes of the header
REMEMBERED = 2_048  # headers that have been read; one for each certificate


class CertificatePeers:
    """Knows from whom a certificate may be taken.

    Args:
        ranges: address ranges of the proxies; none means that nobody is believed.
        secret: what the proxy sends along in `Motlan-Proxy-Secret`; None when none is agreed.
    """

    def __init__(self, ranges: Sequence[str], secret: str | None = None) -> None:
        self._networks = [ip_network(each) for each in ranges]
        self._secret = None if secret is None else secret.encode()
        self._trusted = functools.lru_cache(REMEMBERED)(self._is_trusted)

    def handed_over(self, peer: str, headers: Mapping[bytes, bytes]) -> str | None:
        """Return `x5t#S256` of the certificate that the connection showed to our proxy.

        Args:
            peer: address of the other end of our connection; empty when nobody knows it.
            headers: by lower-case name.

        None when there is no certificate, or when it comes from anybody else: then the header
        counts as absent.
        """
        value = headers.get(HEADER)
        if value is None or not self._trusted(peer):
            return None
        if self._secret is not None:
            shown = headers.get(SECRET_HEADER, b"")
            if not hmac.compare_digest(shown, self._secret):
                return None
        return thumbprint_of(value)

    def _is_trusted(self, peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        plain = getattr(address, "ipv4_mapped", None) or address
        return any(plain in network for network in self._networks)


@functools.lru_cache(REMEMBERED)
def thumbprint_of(header: bytes) -> str | None:
    """Return `x5t#S256` (RFC 8705 section 3.1) of a `Client-Cert` header; None when it has none.

    Source: RFC 9440 section 2.2: one byte sequence of RFC 8941, base64 between colons, which is
    the certificate in DER.
    """
    text = header.strip(b" \t")
    if len(header) > LARGEST or len(text) < 3 or text[:1] != b":" or text[-1:] != b":":  # noqa: PLR2004 - two colons around something
        return None
    try:
        certificate = binascii.a2b_base64(text[1:-1], strict_mode=True)
    except binascii.Error:
        return None
    return encoded(hashlib.sha256(certificate).digest()) if _is_sequence(certificate) else None


def _is_sequence(certificate: bytes) -> bool:
    """Say whether it is one whole DER sequence, as each certificate is (X.690 section 8.9)."""
    if len(certificate) < 4 or certificate[0] != 0x30:  # noqa: PLR2004 - tag and length
        return False
    first = certificate[1]
    if first < 0x80:  # noqa: PLR2004 - the short form
        return len(certificate) == 2 + first
    size = first & 0x7F
    return len(certificate) == 2 + size + int.from_bytes(certificate[2 : 2 + size], "big")
