"""1. Who asks: access token to principal, in the hands of whoever it is bound to."""

from collections.abc import Awaitable, Callable

from auth.credentials.places import within
from auth.errors import NonceDemanded, PartyError, ProofRefused
from auth.possession.shown import Shown
from auth.principals import Principal
from gateway.errors import Code, Refusal
from gateway.stages.evidence import Asked, Identified


class Authenticate:
    """Believes a token once its signature, audience and age are proven, and whose it is.

    Revocation is not judged here but at the record's commit, where it holds from the next
    commit on (promise P3).
    """

    def __init__(
        self,
        admit: Callable[[str, Shown, float], Awaitable[Principal]],
        *,
        sandbox: bool = True,
    ) -> None:
        """Prepare.

        Args:
            admit: `auth.possession.door.Door.admit`: token, what came with it, Unix seconds.
            sandbox: whether systems of the sandbox may ask here; never where sources are the real
                ones.
        """
        self._admit = admit
        self._sandbox = sandbox

    async def __call__(self, asked: Asked) -> Identified:
        """Return who asks.

        Raises:
            Refusal: TOKEN_MISSING, TOKEN_EXPIRED or TOKEN_INVALID; BINDING_REQUIRED; of a token
                that is bound to a key DPOP_PROOF_MISSING, DPOP_PROOF_INVALID, DPOP_PROOF_REPLAYED,
                DPOP_KEY_MISMATCH, USE_DPOP_NONCE or AUTHORIZATION_SCHEME_WRONG; of one that is
                bound to a certificate CERTIFICATE_MISSING or CERTIFICATE_MISMATCH;
                ADDRESS_REFUSED outside the ranges that the system is registered with;
                SANDBOX_REFUSED for a system of the sandbox where data are real;
                DATABASE_UNAVAILABLE when nobody can say whether a proof was used before.
        """
        try:
            principal = await self._admit(asked.token, asked.shown, asked.at.timestamp())
        except NonceDemanded as demanded:
            raise Refusal(Code.USE_DPOP_NONCE, dpop_nonce=demanded.nonce) from demanded
        except ProofRefused as refused:
            raise Refusal(Code(refused.code), fact=refused.fact) from refused
        except PartyError as unproven:
            raise Refusal(Code(unproven.code)) from unproven
        if principal.places and not within(asked.peer, principal.places):
            raise Refusal(Code.ADDRESS_REFUSED)
        if principal.sandbox and not self._sandbox:
            raise Refusal(Code.SANDBOX_REFUSED)
        return Identified(asked, principal)
