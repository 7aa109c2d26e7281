"""What a system shows at our door: token, proof, certificate; read off the headers, not judged."""

from collections.abc import Mapping

from auth.possession.certificates import CertificatePeers
from auth.possession.shown import Shown

DPOP = b"dpop"
# Headers of which a second one would leave open which of them counts: values are joined, as
# RFC 9110 section 5.3 allows, and the joined value proves nothing.
SINGLE = frozenset({b"authorization", DPOP, b"client-cert", b"motlan-proxy-secret"})


class Credentials:
    """Reads credentials off requests.

    Args:
        origin: ours, as callers see it: scheme, host and port.
        peers: from whom a client certificate may be taken.
    """

    def __init__(self, origin: str, peers: CertificatePeers) -> None:
        self._origin = origin
        self._peers = peers

    def shown(self, headers: Mapping[bytes, bytes], *, method: str, path: str, peer: str) -> Shown:
        """Return what came with the token.

        Args:
            headers: by lower-case name, see `gateway.api.wire.header_map`.
            method: as it was sent.
            path: as it was sent, without query.
            peer: address of the other end of our connection; empty when nobody knows it.
        """
        proof = headers.get(DPOP)
        return Shown(
            method=method,
            url=self._origin + path,
            dpop=headers.get(b"authorization", b"")[:5].lower() == b"dpop ",
            proof=None if proof is None else proof.decode("latin-1"),
            certificate=self._peers.handed_over(peer, headers),
        )


def token_of(headers: Mapping[bytes, bytes]) -> str:
    """Return the access token, empty when there is none (RFC 6750 section 2.1, RFC 9449 7.1)."""
    kind, _, token = headers.get(b"authorization", b"").partition(b" ")
    return token.strip().decode("latin-1") if kind.lower() in {b"bearer", b"dpop"} else ""
