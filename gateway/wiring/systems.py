"""Systems of agencies: routes for those who administer them, their published keys kept young."""

import asyncio
from contextlib import AsyncExitStack
from datetime import datetime

import structlog
from litestar import Controller

from auth.approvals.desk import RegistrationDesk
from auth.credentials.expiring import Warned, next_end, warnings
from auth.credentials.fetching import KeySets, due
from auth.credentials.keysets import KeySet
from auth.credentials.repository import KeySetRepository, UseRepository
from auth.credentials.uses import Uses
from auth.errors import RegistrationsUnavailable
from auth.outbound import Outbound
from auth.repository import Desk
from auth.systems import System
from gateway import database
from gateway.api.registrars import Registry
from gateway.api.system_requests import SystemRequestsController
from gateway.api.systems import SystemsController
from gateway.wiring.shared import Shared

HANDLERS: tuple[type[Controller], ...] = (SystemsController, SystemRequestsController)
PROVIDES: tuple[str, ...] = ("registry",)

LOOK_EVERY_S = 5.0
AT_ONCE_S = 1.2  # within a token request, whose patience is longer
IN_TIME_S = 5.0  # by the keeper
AWAY = (RegistrationsUnavailable, *database.TROUBLES)
SIDE_BY_SIDE = 8  # addresses that the keeper asks at the same time

_log = structlog.get_logger(__name__)


async def serve(stack: AsyncExitStack, shared: Shared) -> dict[str, object]:
    """Open what the routes of systems need."""
    del stack
    registry = Registry(
        desk=RegistrationDesk(lambda: database.transaction(shared.engine)),
        key_sets=KeySetRepository(lambda: database.transaction(shared.engine)),
        uses=Uses(UseRepository(lambda: database.transaction(shared.engine))),
        agencies=lambda: shared.keeper.current.agencies,
        clock=shared.clock,
    )
    return {"registry": registry}


async def keep(stack: AsyncExitStack, shared: Shared) -> None:
    """Ask the agencies' addresses in time, and warn of what ends."""
    look = Look(shared)
    shared.background(stack, look.keep(), "systems' credentials")
    shared.meters.observe("motlan.systems.ending", look.ending)
    shared.meters.observe("motlan.systems.ended", look.ended)
    shared.meters.observe("motlan.systems.keys.unread", look.unread)
    shared.meters.observe("motlan.credential.expiry.seconds", look.left_s)


async def desk_of(shared: Shared) -> Desk:
    """Return what the token endpoint asks about systems.

    Raises:
        OSError, asyncpg.PostgresError: the database is away.
    """
    return Desk(
        lambda: database.transaction(shared.engine),
        published=key_sets_of(shared, AT_ONCE_S),
        uses=Uses(UseRepository(lambda: database.transaction(shared.engine))),
        runs=await shared.pool("motlan_app"),
    )


def key_sets_of(shared: Shared, patience_s: float) -> KeySets:
    """Return what reads key sets at agencies' addresses.

    Raises:
        Unreachable: the settings name a certificate authority whose file cannot be used.
    """
    said = shared.settings.identity
    outbound = Outbound(
        networks=said.key_networks,
        ca_file=said.key_ca_file,
        timeout_s=patience_s,
        largest_bytes=65_536,
    )
    rows = KeySetRepository(lambda: database.transaction(shared.engine))
    return KeySets(rows, outbound.get, shared.clock)


class Look:
    """What the keeper sees of systems, now and again."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._desk = RegistrationDesk(lambda: database.transaction(shared.engine))
        self._rows = KeySetRepository(lambda: database.transaction(shared.engine))
        self._key_sets = key_sets_of(shared, IN_TIME_S)
        self._warned: frozenset[Warned] = frozenset()
        self._unread = 0
        self._next_end: datetime | None = None

    async def keep(self) -> None:
        """Look for ever; a database that is away is looked at again."""
        while True:
            try:
                await self.once()
            except AWAY as away:
                _log.debug("systems.not_seen", error=type(away).__name__)
            await asyncio.sleep(LOOK_EVERY_S)

    async def once(self) -> None:
        """Ask the addresses that are due, and say what ends that was not said before."""
        now = self._shared.clock()
        found = await self._desk.listed(None)
        known = await self._rows.listed()
        if wanted := due(found, known, now):
            await self._renew(wanted)
            known = await self._rows.listed()
        self._unread = sum(_is_unread(each, known) for each in found)
        warned = frozenset(warnings(found, now))
        for each in sorted(warned - self._warned):
            _log.warning("system.credential_ends", client_id=each.client_id, days=each.days)
        self._warned = warned
        self._next_end = next_end(found, now)

    async def _renew(self, systems: tuple[System, ...]) -> None:
        for first in range(0, len(systems), SIDE_BY_SIDE):
            some = systems[first : first + SIDE_BY_SIDE]
            await asyncio.gather(*(self._key_sets.renew(each) for each in some))

    def ending(self) -> int:
        """Return how many systems have a last credential that ends within 30 days."""
        return sum(each.days > 0 for each in self._warned)

    def ended(self) -> int:
        """Return how many systems have no living credential left."""
        return sum(each.days == 0 for each in self._warned)

    def unread(self) -> int:
        """Return how many addresses did not answer the last time they were asked."""
        return self._unread

    def left_s(self) -> dict[str, float]:
        """Return the seconds until a system loses its last credential; empty: none is known to."""
        end = self._next_end
        return {} if end is None else {"system": (end - self._shared.clock()).total_seconds()}


def _is_unread(system: System, known: dict[str, KeySet]) -> bool:
    read = known.get(system.client_id)
    return system.registration.jwks_uri is not None and read is not None and read.fault is not None
