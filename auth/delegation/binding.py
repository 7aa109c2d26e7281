"""To what a new token is bound: a key proven in this request, or the connection's certificate."""

from typing import Protocol

from msgspec import Struct

from auth import replies
from auth.claims import Confirmation
from auth.errors import (
    MemoryUnavailable,
    NonceDemanded,
    ProofRefused,
    ProofReplayed,
    RegistrationsUnavailable,
)
from auth.forms import Post
from auth.possession.proofs import Proved
from auth.replies import Declined


class Proofs(Protocol):
    """What is asked of `auth.possession.desk`."""

    def read(self, proof: str, *, method: str, url: str, now: float, token: str | None) -> Proved:
        """Return what a proof proves, or raise ProofRefused."""
        ...

    async def use(self, proved: Proved, now: float, *, demand_nonce: bool) -> str | None:
        """Use a proof up; return a newer nonce when its own will soon be too old."""
        ...


class Bound(Struct, frozen=True):
    """What a token will be bound to, and the proof that must still be used up."""

    confirmation: Confirmation
    proof: Proved | None = None


class Binding:
    """Judges what a token request brings along.

    A DPoP proof goes before the connection's certificate: whoever sends one asked for it.

    Args:
        url: of the token endpoint, which proofs must name.
        proofs: judges them.
    """

    def __init__(self, url: str, proofs: Proofs) -> None:
        self._url = url
        self._proofs = proofs

    def of(self, post: Post, now: float) -> Bound:
        """Return the binding that *post* asks for.

        Raises:
            Declined: UNBOUND or PROOF.

        Source: RFC 9449 section 5, RFC 8705 section 3.
        """
        if post.proof is not None:
            return self._proven(post.proof, now)
        if post.certificate is not None:
            return Bound(Confirmation(certificate=post.certificate))
        raise Declined(replies.UNBOUND)

    async def use(self, bound: Bound, now: float) -> str | None:
        """Use the proof up, over all workers; return a newer nonce for the next one, if any.

        Raises:
            Declined: NONCE or PROOF_REPLAYED.
            RegistrationsUnavailable: nobody can say whether it was used before.

        Source: RFC 9449 sections 8 and 11.1: at this endpoint each proof carries a nonce of ours.
        """
        if bound.proof is None:
            return None
        try:
            return await self._proofs.use(bound.proof, now, demand_nonce=True)
        except NonceDemanded as demanded:
            raise Declined(replies.NONCE, nonce=demanded.nonce) from None
        except ProofReplayed:
            raise Declined(replies.PROOF_REPLAYED) from None
        except MemoryUnavailable as silent:
            raise RegistrationsUnavailable from silent

    def _proven(self, text: str, now: float) -> Bound:
        try:
            proof = self._proofs.read(text, method="POST", url=self._url, now=now, token=None)
        except ProofRefused as refused:
            raise Declined(replies.PROOF, refused.fact) from None
        return Bound(Confirmation(jkt=proof.thumbprint), proof)
