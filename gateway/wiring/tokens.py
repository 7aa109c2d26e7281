"""Tokens for systems: the token endpoint and its neighbours, made of what a worker has."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress
from datetime import datetime, timedelta
from typing import cast

from litestar import Controller

from auth.delegation.binding import Binding
from auth.delegation.neighbours import Neighbours
from auth.delegation.officials import StaffOfficials
from auth.delegation.repository import RevokedTokens, UsedAssertions
from auth.delegation.subjects import Subjects
from auth.errors import KeyRingUnusable, RegistrationsUnavailable
from auth.issuer import Issuer, Parts
from auth.keys import KeyState, SigningKeyRing, age_of
from auth.metadata import authorization_server, protected_resource
from auth.narrowing.agreements import Reach, Reaches
from auth.signon.signed_on import Realm
from auth.signon.staff_tokens import StaffTokens
from catalog.entries import SystemId
from catalog.snapshot import Snapshot
from gateway import database
from gateway.api.oauth import OAuthController, Published
from gateway.wiring.sessions import accounts_of
from gateway.wiring.shared import Shared
from gateway.wiring.sign_on import ring_of
from gateway.wiring.systems import desk_of

HANDLERS: tuple[type[Controller], ...] = (OAuthController,)
PROVIDES: tuple[str, ...] = ("oauth_issuer", "oauth_neighbours", "oauth_published")
FORGET_EVERY_S = 600.0
LOOK_EVERY_S = 1.0  # for keys; tokens of a revoked one are refused so soon
KEPT_AFTER_EXPIRY = timedelta(hours=1)  # workers' clocks differ


async def serve(stack: AsyncExitStack, shared: Shared) -> dict[str, object]:
    """Return the endpoints of one worker, and what is published about them.

    The door of the exchanges and the part `sign_on` must be open: proofs and officials' tokens are
    judged by what they opened.
    """
    shared.background(stack, _follow(shared.signing), "signing keys")
    rings = {"signing": shared.signing}
    if shared.settings.sign_on.providers:
        rings["sign-on"] = ring_of(shared.settings)
    shared.meters.observe("motlan.keys.age", lambda: ages(rings, shared.clock()))
    identity, ring = shared.identity, shared.signing
    officials = StaffOfficials(accounts_of(shared), shared.clock)
    issuer = Issuer(
        identity,
        Parts(
            keys=ring,
            rows=await desk_of(shared),
            uses=UsedAssertions(await shared.pool("motlan_app")),
            reaches=Reaching(lambda: shared.keeper.current),
            binding=Binding(identity.token_endpoint, shared.proofs),
            subjects=_subjects(shared, officials),
            clock=shared.clock,
        ),
    )
    neighbours = Neighbours(
        identity=identity,
        keys=ring,
        admission=issuer.admission,
        taken=RevokedTokens(lambda: database.transaction(shared.engine)),
        officials=officials,
    )
    return {
        "oauth_issuer": issuer,
        "oauth_neighbours": neighbours,
        "oauth_published": Published(authorization_server(identity), protected_resource(identity)),
    }


async def keep(stack: AsyncExitStack, shared: Shared) -> None:
    """Forget revoked tokens that could not live any more."""
    taken = RevokedTokens(lambda: database.transaction(shared.engine))
    shared.background(stack, _forget(taken, shared), "revoked tokens")


def ages(rings: Mapping[str, SigningKeyRing], now: datetime) -> dict[str, float]:
    """Return for how many seconds the present key of each ring has signed, where there is one."""
    found: dict[str, float] = {}
    for name, ring in rings.items():
        with suppress(KeyRingUnusable):
            for line in ring.lines(now):
                if line.state is KeyState.ACTIVE:
                    found[name] = age_of(line, now).total_seconds()
    return found


async def _follow(ring: SigningKeyRing) -> None:
    """Look for new and revoked keys, for ever: a worker may hear of remembered tokens alone.

    What is wrong with the folder is said by whoever needs a key of it.
    """
    while True:
        with suppress(KeyRingUnusable):
            ring.refresh()
        await asyncio.sleep(LOOK_EVERY_S)


async def _forget(taken: RevokedTokens, shared: Shared) -> None:
    """Drop them a batch at a time, for ever; a database that is away is tried again."""
    while True:
        with suppress(RegistrationsUnavailable):
            while await taken.forget(shared.clock() - KEPT_AFTER_EXPIRY):
                pass
        await asyncio.sleep(FORGET_EVERY_S)


def _subjects(shared: Shared, officials: StaffOfficials) -> Subjects | None:
    """Return what judges officials; None when the settings name no provider of staff."""
    providers = shared.settings.sign_on.providers.values()
    if all(each.realm is not Realm.STAFF for each in providers):
        return None
    return Subjects(cast("StaffTokens", shared.provided["staff_tokens"]), officials)


class Reaching:
    """How far agreements let systems go, worked out once for each system of each catalog.

    A large catalog has thousands of services, and each is looked at.

    Args:
        current: the catalog that is in force.
    """

    def __init__(self, current: Callable[[], Snapshot]) -> None:
        self._current = current
        self._revision: int | None = None  # of the catalog that it was worked out of
        self._known: dict[str, Reaches] = {}

    def __call__(self, client_id: str) -> Reaches:
        """Return how far a registered system may go now; see `reaches`."""
        snapshot = self._current()
        if snapshot.revision != self._revision:
            self._revision, self._known = snapshot.revision, {}
        if client_id not in self._known:
            self._known[client_id] = reaches(snapshot, client_id)
        return self._known[client_id]


def reaches(snapshot: Snapshot, client_id: str) -> Reaches:
    """Return how far each agreement lets a system go by the catalog that is in force."""
    services: dict[str, set[str]] = {}
    purposes: dict[str, set[str]] = {}
    for service in snapshot.services:
        for agreement, scope in snapshot.covering(SystemId(client_id), service):
            services.setdefault(agreement.code, set()).add(service)
            purposes.setdefault(agreement.code, set()).update(scope.purposes)
    return {code: Reach(frozenset(services[code]), frozenset(purposes[code])) for code in services}
