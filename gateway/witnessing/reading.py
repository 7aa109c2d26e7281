"""What a web worker knows of the witnesses: looked up once a second, read at no cost."""

import asyncio
from datetime import timedelta
from typing import Protocol

import structlog

from gateway.clock import Clock
from gateway.witnessing.outcomes import Witnessed, strict_allowed

_log = structlog.get_logger(__name__)


class Known(Protocol):
    """Where it is looked up."""

    async def witnessed(self) -> Witnessed:
        """Return when a quorum last stood behind the newest checkpoint."""
        ...


class WitnessState:
    """Whether strict services may go on.

    What is known ages while the database is away, so that a silent database cannot keep strict
    services open.
    """

    def __init__(self, known: Known | None, *, clock: Clock, limit: timedelta) -> None:
        """Look at *known*; None where no policy asks for witnesses, and nothing stops."""
        self._known = known
        self._clock = clock
        self._limit = limit
        self._last: Witnessed | None = None

    @property
    def last(self) -> Witnessed | None:
        """Return what was looked up last; None before the first look, or without witnesses."""
        return self._last

    def strict_allowed(self) -> bool:
        """Tell whether strict services may go on now; raises nothing, waits for nothing."""
        if self._known is None:
            return True
        return self._last is not None and strict_allowed(self._last, self._clock(), self._limit)

    async def look(self) -> None:
        """Look once.

        Raises:
            Refusal: the database is away; what was known stays.
        """
        if self._known is not None:
            self._last = await self._known.witnessed()

    async def follow(self, look_s: float) -> None:
        """Look every *look_s* seconds, for ever."""
        trouble = ""
        while True:
            try:
                await self.look()
                trouble = ""
            except Exception as failure:  # noqa: BLE001 - the next look sees
                kind = type(failure).__name__
                if kind != trouble:
                    _log.warning("witness.state_not_read", error=kind)
                trouble = kind
            await asyncio.sleep(look_s)
