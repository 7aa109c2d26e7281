"""To what a new token is bound: a key proven in this request, or the connection's certificate."""

from typing import Protocol

from msgspec import Struct

from auth import replies
from auth.claims import Confirmation
from auth.delegation.post import Post
from auth.errors import ProofRefused
from auth.possession.proofs import Proved, prove
from auth.possession.transition import REQUIRED
from auth.replies import Declined


class Nonces(Protocol):
    """What is asked of the server's nonces."""

    def current(self, now: float) -> str:
        """Return the nonce that proofs are to carry at *now* (Unix seconds)."""
        ...

    def good(self, nonce: str, now: float) -> bool:
        """Say whether a proof may carry *nonce* at *now*."""
        ...


class Bound(Struct, frozen=True):
    """What a token will be bound to, and the proof that must still be counted once."""

    confirmation: Confirmation | None  # None only while unbound tokens are let pass
    proof: Proved | None = None


class Binding:
    """Judges what a token request brings along; without any I/O.

    A DPoP proof goes before the connection's certificate: whoever sends one asked for it.

    Args:
        url: of the token endpoint, which proofs must name.
        nonces: the server's, shared by all workers.
    """

    def __init__(self, *, url: str, nonces: Nonces) -> None:
        self._url = url
        self._nonces = nonces

    def of(self, post: Post, now: float) -> Bound:
        """Return the binding that *post* asks for.

        Raises:
            Declined: UNBOUND, PROOF or NONCE.

        Source: RFC 9449 sections 5 and 8, RFC 8705 section 3.
        """
        if len(post.proofs) > 1:
            raise Declined(replies.PROOF, "more than one DPoP header")
        for proof in post.proofs:
            return self._proven(proof, now)
        if post.certificate is not None:
            return Bound(Confirmation(certificate=post.certificate))
        if REQUIRED:
            raise Declined(replies.UNBOUND)
        return Bound(None)

    def nonce(self, now: float) -> str:
        """Return what an answer to a proof tells the client for its next one."""
        return self._nonces.current(now)

    def _proven(self, text: str, now: float) -> Bound:
        try:
            proof = prove(text, method="POST", url=self._url, now=now, token=None)
        except ProofRefused as refused:
            raise Declined(replies.PROOF, refused.fact) from None
        if proof.nonce is None or not self._nonces.good(proof.nonce, now):
            raise Declined(replies.NONCE)
        return Bound(Confirmation(jkt=proof.thumbprint), proof)
