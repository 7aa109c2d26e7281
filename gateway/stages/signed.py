"""4b. Where the agreement demands it: the request is signed, by this system, just now, once."""

from collections.abc import Awaitable, Callable, Sequence

from msgspec.structs import replace

from auth.errors import PartyError
from auth.jose import VerificationKey
from auth.principals import Principal
from auth.signatures.messages import Asking
from auth.signatures.requests import DigestWrong, Proven, SignatureMissing, SignatureWrong, judge
from catalog.entries import Signing
from gateway.clock import Clock
from gateway.errors import Code, Refusal
from gateway.stages.evidence import Consented

Keys = Callable[[Principal], Awaitable[Sequence[VerificationKey]]]
Once = Callable[[str, str, float], Awaitable[bool]]


class Signed:
    """Demands the signature of a request (RFC 9421), judged by the system's registered keys.

    Source: TCVN 14423:2026 5.4.2.8 demands a digital signature for highly sensitive data
    (second-hand, domain.md 1.8); which agreements that means is written in each agreement.
    """

    def __init__(self, *, keys: Keys, once: Once, clock: Clock) -> None:
        """Prepare.

        Args:
            keys: registered public keys of a system.
            once: says whether something of an owner comes for the first time, over all workers;
                owner, id, and until when it could come again in Unix seconds.
            clock: the present instant.
        """
        self._keys = keys
        self._once = once
        self._clock = clock

    async def __call__(self, consented: Consented) -> Consented:
        """Return *consented* with the proof that its request was signed.

        Raises:
            Refusal: SIGNATURE_MISSING, SIGNATURE_INVALID, CONTENT_DIGEST_MISMATCH or
                SIGNATURE_REPLAYED; DATABASE_UNAVAILABLE when nobody could say so.
        """
        identified = consented.identified
        presented, principal = identified.asked.signed, identified.principal
        if presented is None:
            raise Refusal(Code.SIGNATURE_MISSING)
        if consented.decision.cover.agreement.signing is Signing.BOTH:
            presented.wants_answer = True

        async def judged(asking: Asking) -> Proven:
            return await self._judged(asking, principal)

        try:
            return replace(consented, signed=await presented.judged(judged))
        except SignatureWrong as wrong:
            raise Refusal(Code.SIGNATURE_INVALID, fact=wrong.fact) from wrong
        except (SignatureMissing, DigestWrong) as wrong:
            raise Refusal(Code(wrong.code)) from wrong
        except PartyError as away:
            raise Refusal(Code.DATABASE_UNAVAILABLE) from away

    async def _judged(self, asking: Asking, principal: Principal) -> Proven:
        keys = await self._keys(principal)
        proven = judge(asking, keys, self._clock().timestamp())
        if not await self._once(f"signature:{principal.client_id}", proven.once, proven.expires_at):
            raise Refusal(Code.SIGNATURE_REPLAYED)
        return proven
