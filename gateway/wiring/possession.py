"""Proof of possession: the door of the exchanges, the memory of proofs, the secrets of nonces."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

import structlog
from litestar import Controller

from auth.errors import KeyRingUnusable, MemoryUnavailable
from auth.possession.desk import ProofDesk
from auth.possession.door import Door
from auth.possession.once import Once
from auth.possession.repository import ProofRepository
from auth.principals import Principal
from gateway import database
from gateway.errors import Refusal
from gateway.wiring.shared import Shared

HANDLERS: tuple[type[Controller], ...] = ()
PROVIDES: tuple[str, ...] = ("credentials",)

FORGET_EVERY_S = 10.0
BREATH_S = 0.05  # between two batches: others want the disk as well
KEPT_S = 60.0  # beyond its time: another host's clock may be behind
BATCH = 5_000
LOOK_EVERY_S = 60.0

_log = structlog.get_logger(__name__)


async def serve(stack: AsyncExitStack, shared: Shared) -> dict[str, object]:
    """Give routes what reads credentials; keep secrets of nonces young, and used proofs few."""
    pool = await shared.pool("motlan_app")
    shared.background(stack, _renew(shared), "nonce secrets")
    shared.background(stack, _forget(ProofRepository(pool), shared), "used proofs")
    return {"credentials": shared.credentials}


async def keep(stack: AsyncExitStack, shared: Shared) -> None:
    """Nobody is let in by the keeper."""
    del stack, shared


def door(stack: AsyncExitStack, shared: Shared, verify: Callable[[str, float], Principal]) -> Door:
    """Return what admits systems; the token endpoint judges proofs by the same desk from now on.

    Args:
        stack: closes it.
        shared: the process.
        verify: `auth.tokens.Verifier.verify`.

    Raises:
        KeyRingUnusable: the secrets of nonces cannot be made or read.
    """
    ensure_secret(shared)
    shared.proofs = _proofs(stack, shared)
    return Door(verify, shared.proofs, demand_nonce=shared.settings.identity.demand_nonces)


def _proofs(stack: AsyncExitStack, shared: Shared) -> ProofDesk:
    """Return what judges proofs; they are claimed over a connection of their own."""
    line = database.Line(shared.dsn, "motlan_app", application_name="motlan proofs")
    stack.push_async_callback(line.close)
    once = Once(ProofRepository(line))
    stack.push_async_callback(once.aclose)
    return ProofDesk(once, shared.nonces)


def ensure_secret(shared: Shared) -> bool:
    """Make a secret for nonces when there is none, or it is old; say whether one was made."""
    every_s = shared.settings.identity.nonce_rotation_s
    return shared.nonce_secrets.ensure(shared.clock().timestamp(), every_s=every_s)


async def _renew(shared: Shared) -> None:
    """Look by the minute whether the secret is old; whichever worker comes first makes the next."""
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        try:
            if ensure_secret(shared):
                _log.info("nonce.secret_renewed")
        except KeyRingUnusable as unusable:
            _log.error("nonce.secret_not_renewed", reason=unusable.fact)


async def _forget(proofs: ProofRepository, shared: Shared) -> None:
    """Drop proofs that could not be used again anyway, a batch at a time; any worker may."""
    while True:
        forgotten = 0
        try:
            before = shared.clock().timestamp() - KEPT_S
            forgotten = await proofs.forget(before, at_most=BATCH)
        except (MemoryUnavailable, Refusal) as away:
            _log.debug("proofs.not_forgotten", error=type(away).__name__)
        await asyncio.sleep(BREATH_S if forgotten == BATCH else FORGET_EVERY_S)
