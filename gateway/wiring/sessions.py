"""Sessions: workers open and end them; the keeper removes those that are over."""

import asyncio
import hashlib
from contextlib import AsyncExitStack

import structlog
from litestar import Controller

from auth.accounts.errors import AccountsUnavailable
from auth.accounts.signing_in import Accounts, Blind
from auth.accounts.visits import Visits
from auth.signon.signed_on import Realm
from gateway import database
from gateway.api.arrivals import Arrivals
from gateway.api.comings import Comings
from gateway.api.people import CookieDoor
from gateway.api.reception import Reception
from gateway.api.sessions import SessionsController
from gateway.api.sign_on import SignOnController
from gateway.audit.acts import Acts
from gateway.audit.noise import NoiseLog
from gateway.audit.pseudonyms import Pseudonyms
from gateway.settings import Settings
from gateway.wiring.shared import Shared

HANDLERS: tuple[type[Controller], ...] = (SignOnController, SessionsController)
PROVIDES: tuple[str, ...] = ("accounts", "arrivals", "cookie_door", "reception", "visits")

SWEEP_S = 60.0

_log = structlog.get_logger(__name__)


async def serve(stack: AsyncExitStack, shared: Shared) -> dict[str, object]:
    """Return what opens sessions, and what the routes of sign-on do."""
    noise = NoiseLog(shared.log.append, shared.pseudonyms, shared.clock)
    noise.start()
    stack.push_async_callback(noise.aclose)
    accounts, visits = accounts_of(shared), visits_of(shared)
    reception = Reception(
        accounts,
        visits,
        Comings(Acts(shared.pseudonyms, shared.clock), shared.log.append),
        clock=shared.clock,
    )
    return {
        "accounts": accounts,
        "arrivals": arrivals_of(shared, noise),
        "cookie_door": CookieDoor(visits, own_origins(shared.settings)),
        "reception": reception,
        "visits": visits,
    }


async def keep(stack: AsyncExitStack, shared: Shared) -> None:
    """Remove sessions that are over."""
    shared.background(stack, _sweep(shared, visits_of(shared)), "ended sessions")


def arrivals_of(shared: Shared, noise: NoiseLog) -> Arrivals:
    """Return what bounds how many sign-ons begin at one place, and counts those in vain."""
    shown = shared.settings.sign_on

    def stranger(code: str, address: str) -> None:
        shared.meters.unproven(code)
        noise.count(code, address)

    per_minute = shown.per_minute / shared.settings.listen.workers
    return Arrivals(shared.proxies, per_minute, stranger=stranger)


def accounts_of(shared: Shared) -> Accounts:
    """Return the accounts of this gateway's database."""
    return Accounts(lambda: database.transaction(shared.engine), blind_with(shared.pseudonyms))


def visits_of(shared: Shared) -> Visits:
    """Return the sessions of this gateway's database."""
    return Visits(
        lambda: database.transaction(shared.engine),
        blind_with(shared.pseudonyms),
        shared.settings.sessions.bounds(),
    )


def blind_with(pseudonyms: Pseudonyms) -> Blind:
    """Return the lasting pseudonyms of what providers call people, and of citizens' numbers.

    The kind keeps them apart from each other and from those of consents, and hashing first keeps
    texts apart that differ in case alone.
    """

    def blind(kind: str, text: str) -> str:
        return pseudonyms.person(f"{kind}:{hashlib.sha256(text.encode()).hexdigest()}")

    return blind


def own_origins(settings: Settings) -> frozenset[str]:
    """Return every origin that our own pages have."""
    issuer = settings.identity.issuer
    return frozenset({issuer, *(settings.sign_on.origin_of(realm, issuer) for realm in Realm)})


async def _sweep(shared: Shared, visits: Visits) -> None:
    """Remove sessions that are over, for ever; a database that is away is tried again."""
    silent = False
    while True:
        try:
            while await visits.forget(shared.clock()):
                pass
            silent = False
        except AccountsUnavailable as away:
            if not silent:
                _log.warning("sessions.not_removed", error=type(away).__name__)
            silent = True
        await asyncio.sleep(SWEEP_S)
