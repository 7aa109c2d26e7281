"""A signed request on its way through the stages: judged once, whatever rests on it."""

import asyncio
from collections.abc import Awaitable, Callable

from auth.signatures.messages import Asking
from auth.signatures.requests import Proven


class Presented:
    """What a caller signed; one form may put many questions under the same signature."""

    __slots__ = ("_alone", "asking", "proven", "wants_answer")

    def __init__(self, asking: Asking) -> None:
        self.asking = asking
        self.proven: Proven | None = None  # set once it has been judged good
        self.wants_answer = False  # an agreement that the request rests on wants signed answers
        self._alone = asyncio.Lock()

    async def judged(self, judge: Callable[[Asking], Awaitable[Proven]]) -> Proven:
        """Return what *judge* found; it is asked once, however many wait for it.

        Raises:
            whatever *judge* raises; it is asked again by whoever comes next.
        """
        async with self._alone:
            if self.proven is None:
                self.proven = await judge(self.asking)
            return self.proven
