"""The door: a token is good in the hands of whoever it is bound to, and in no others."""

from collections.abc import Callable

from auth.errors import (
    BindingRequired,
    CertificateMismatch,
    CertificateMissing,
    ProofMissing,
    SchemeWrong,
)
from auth.possession.desk import ProofDesk
from auth.possession.shown import Shown
from auth.principals import Principal


class Door:
    """Admits whoever presents a token of ours and shows that it is theirs.

    Args:
        verify: returns whom a token speaks for at an instant (Unix seconds), or raises.
        proofs: judges DPoP proofs.
        demand_nonce: whether proofs must carry a nonce of ours.
    """

    def __init__(
        self,
        verify: Callable[[str, float], Principal],
        proofs: ProofDesk,
        *,
        demand_nonce: bool = False,
    ) -> None:
        self._verify = verify
        self._proofs = proofs
        self._demand_nonce = demand_nonce

    async def admit(self, token: str, shown: Shown, now: float) -> Principal:
        """Return whom *token* speaks for, once its holder has been proven.

        The token is judged first, and a proof is used up last: what is refused costs little, and
        is good for another try.

        Raises:
            TokenMissing, TokenExpired, TokenInvalid: the token proves nothing.
            BindingRequired: it is bound to nothing.
            CertificateMissing, CertificateMismatch: the connection showed no certificate, or
                another than the token names.
            ProofMissing, SchemeWrong, ProofRefused, KeyMismatch, ProofReplayed, NonceDemanded: it
                is bound to a key that was not proven, and why.
            MemoryUnavailable: nobody can say whether the proof was used before.

        Source: RFC 8705 section 3; RFC 9449 section 7.1.
        """
        principal = self._verify(token, now)
        if shown.admitted == token:
            return principal
        if principal.certificate_thumbprint is not None:
            _demand_certificate(principal.certificate_thumbprint, shown)
        if principal.key_thumbprint is not None:
            await self._demand_proof(principal.key_thumbprint, token, shown, now)
        elif principal.certificate_thumbprint is None:
            raise BindingRequired
        elif shown.dpop:
            raise SchemeWrong
        shown.admitted = token
        return principal

    async def _demand_proof(self, thumbprint: str, token: str, shown: Shown, now: float) -> None:
        if shown.proof is None:
            raise ProofMissing
        if not shown.dpop:
            raise SchemeWrong
        proved = self._proofs.read(
            shown.proof,
            method=shown.method,
            url=shown.url,
            now=now,
            token=token,
            bound_to=thumbprint,
        )
        shown.nonce = await self._proofs.use(proved, now, demand_nonce=self._demand_nonce)


def _demand_certificate(thumbprint: str, shown: Shown) -> None:
    if shown.certificate is None:
        raise CertificateMissing
    if shown.certificate != thumbprint:
        raise CertificateMismatch
