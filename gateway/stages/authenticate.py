"""1. Who asks: access token to principal."""

from collections.abc import Callable

from auth.errors import PartyError
from auth.principals import Principal
from gateway.errors import Code, Refusal
from gateway.stages.evidence import Asked, Identified


class Authenticate:
    """Believes a token once its signature, audience and age are proven.

    Revocation is not judged here but at the record's commit, where it holds from the next
    commit on (promise P3).
    """

    def __init__(self, verify: Callable[[str, float], Principal]) -> None:
        self._verify = verify

    async def __call__(self, asked: Asked) -> Identified:
        """Return who asks.

        Raises:
            Refusal: TOKEN_MISSING, TOKEN_EXPIRED or TOKEN_INVALID.
        """
        try:
            principal = self._verify(asked.token, asked.at.timestamp())
        except PartyError as unproven:
            raise Refusal(Code(unproven.code)) from unproven
        return Identified(asked, principal)
