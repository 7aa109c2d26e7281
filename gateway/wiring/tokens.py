"""Tokens for systems: the token endpoint and its neighbours, made of what a worker has."""

from contextlib import AbstractAsyncContextManager, AsyncExitStack

from litestar import Controller
from sqlalchemy.ext.asyncio import AsyncSession

from auth.accounts.signing_in import Accounts, Blind
from auth.delegation.agreements import Reach, Reaches
from auth.delegation.binding import Binding
from auth.delegation.neighbours import Neighbours
from auth.delegation.officials import StaffOfficials
from auth.delegation.repository import RevokedTokens
from auth.issuer import Issuer, Parts
from auth.keys import SigningKeyRing
from auth.metadata import authorization_server, protected_resource
from auth.possession.nonces import PERIOD_S, Nonces
from auth.possession.secrets import NonceSecrets
from auth.repository import Desk
from catalog.entries import SystemId
from catalog.snapshot import Snapshot
from gateway import database
from gateway.api.oauth import OAuthController, Published
from gateway.wiring.shared import Shared

HANDLERS: tuple[type[Controller], ...] = (OAuthController,)
PROVIDES: tuple[str, ...] = ("oauth_issuer", "oauth_neighbours", "oauth_published")
NONCES_KEPT_S = 2 * PERIOD_S


async def serve(stack: AsyncExitStack, shared: Shared) -> dict[str, object]:
    """Return the endpoints of one worker, and what is published about them."""
    del stack
    identity, clock = shared.identity, shared.clock
    settings = shared.settings.identity
    # A ring of its own reads the same directory: what another reads replaces nothing here.
    ring = SigningKeyRing(settings.keys_dir, keep=settings.keep(), algorithm=settings.algorithm)
    nonces = NonceSecrets(settings.keys_dir.with_name("nonces"), life_s=NONCES_KEPT_S)
    nonces.ensure(clock().timestamp(), every_s=86_400)

    def transaction() -> AbstractAsyncContextManager[AsyncSession]:
        return database.transaction(shared.engine)

    parts = Parts(
        keys=ring,
        rows=Desk(transaction),
        reaches=lambda client_id: reaches(shared.keeper.current, client_id),
        binding=Binding(url=identity.token_endpoint, nonces=Nonces(nonces)),
        clock=clock,
    )
    issuer = Issuer(identity, parts)
    neighbours = Neighbours(
        identity=identity,
        keys=ring,
        admission=issuer.admission,
        taken=RevokedTokens(transaction),
        officials=StaffOfficials(Accounts(transaction, _blind(shared)), clock),
        clock=clock,
    )
    return {
        "oauth_issuer": issuer,
        "oauth_neighbours": neighbours,
        "oauth_published": Published(authorization_server(identity), protected_resource(identity)),
    }


async def keep(stack: AsyncExitStack, shared: Shared) -> None:
    """No token is issued by the keeper."""
    del stack, shared


def _blind(shared: Shared) -> Blind:
    return lambda _kind, text: shared.pseudonyms.person(text)


def reaches(snapshot: Snapshot, client_id: str) -> Reaches:
    """Return how far each agreement lets a system go by the catalog that is in force."""
    services: dict[str, set[str]] = {}
    purposes: dict[str, set[str]] = {}
    for service in snapshot.services:
        for agreement, scope in snapshot.covering(SystemId(client_id), service):
            services.setdefault(agreement.code, set()).add(service)
            purposes.setdefault(agreement.code, set()).update(scope.purposes)
    return {code: Reach(frozenset(services[code]), frozenset(purposes[code])) for code in services}
