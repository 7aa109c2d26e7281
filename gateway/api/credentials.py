"""What a system shows at our door: token, proof, certificate; read off the headers, not judged."""

from collections.abc import Mapping
from functools import lru_cache

from auth.credentials.proxies import FORWARDED, Proxies
from auth.possession.certificates import CertificatePeers
from auth.possession.shown import Shown

DPOP = b"dpop"
_FORWARDED = FORWARDED.encode("ascii")
# Headers of which a second one would leave open which of them counts: values are joined, as
# RFC 9110 section 5.3 allows, and the joined value proves nothing.
_SCHEMES = frozenset({b"bearer", DPOP})
SINGLE = frozenset({b"authorization", DPOP, b"client-cert", b"motlan-proxy-secret"})


class Credentials:
    """Reads credentials off requests.

    Args:
        origin: ours, as callers see it: scheme, host and port.
        peers: from whom a client certificate may be taken.
        proxies: who is believed about the address that a caller has.
    """

    def __init__(self, origin: str, peers: CertificatePeers, proxies: Proxies) -> None:
        self._origin = origin
        self._peers = peers
        self._whence = lru_cache(maxsize=1_024)(proxies.origin)

    def shown(self, headers: Mapping[bytes, bytes], *, method: str, path: str, peer: str) -> Shown:
        """Return what came with the token.

        Args:
            headers: by lower-case name, see `gateway.api.wire.header_map`.
            method: as it was sent.
            path: as it was sent, without query.
            peer: address of the other end of our connection; empty when nobody knows it.
        """
        proof = headers.get(DPOP)
        forwarded = headers.get(_FORWARDED, b"").decode("latin-1")
        return Shown(
            method=method,
            url=self._origin + path,
            dpop=_authorization(headers.get(b"authorization", b""))[0] == b"dpop",
            proof=None if proof is None else proof.decode("latin-1"),
            certificate=self._peers.handed_over(peer, headers),
            origin=self._whence(peer, forwarded) or peer,
        )


def token_of(headers: Mapping[bytes, bytes]) -> str:
    """Return the access token, empty when there is none (RFC 6750 section 2.1, RFC 9449 7.1)."""
    scheme, token = _authorization(headers.get(b"authorization", b""))
    return token if scheme in _SCHEMES else ""


@lru_cache(maxsize=1_024)
def _authorization(value: bytes) -> tuple[bytes, str]:
    """Return scheme, in lower case, and what follows it; the same value comes many times."""
    scheme, _, token = value.partition(b" ")
    return scheme.lower(), token.strip().decode("latin-1")
