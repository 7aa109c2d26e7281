"""People: who proves by a token that somebody has signed on: a test issuer, in demonstrations."""

from contextlib import AsyncExitStack

from litestar import Controller

from auth.stand_in import verifier
from gateway.wiring.shared import Shared

HANDLERS: tuple[type[Controller], ...] = ()
PROVIDES: tuple[str, ...] = ("people",)


async def serve(stack: AsyncExitStack, shared: Shared) -> dict[str, object]:
    """Return what proves people by tokens: in a demonstration alone; elsewhere they sign on."""
    del stack
    demo = shared.settings.environment == "demo"
    return {"people": verifier(shared.settings.identity, shared.clock, demo=demo)}


async def keep(stack: AsyncExitStack, shared: Shared) -> None:
    """Nobody signs on at the keeper."""
    del stack, shared
