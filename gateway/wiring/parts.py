"""What a part is: routes and background work around the record, wired by one module each."""

from contextlib import AsyncExitStack
from typing import Protocol

from litestar import Controller

from gateway.wiring.shared import Shared

__all__ = ["Part", "Shared"]


class Part(Protocol):
    """A module of `gateway.wiring`, as both processes see it."""

    @property
    def HANDLERS(self) -> tuple[type[Controller], ...]:  # noqa: N802 - a module's constant
        """Its routes."""
        ...

    @property
    def PROVIDES(self) -> tuple[str, ...]:  # noqa: N802 - a module's constant
        """Names of the dependencies that its routes ask for."""
        ...

    async def serve(self, stack: AsyncExitStack, shared: Shared) -> dict[str, object]:
        """Open in a web worker what the handlers need; return the dependencies by name."""
        ...

    async def keep(self, stack: AsyncExitStack, shared: Shared) -> None:
        """Start in the keeper what runs beside the exchanges."""
        ...
