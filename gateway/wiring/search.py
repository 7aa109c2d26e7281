"""Search: the keeper follows the log into the search tables, every worker asks them."""

from contextlib import AsyncExitStack

from litestar import Controller

from gateway import database
from gateway.api.audit import AuditController, SavedSearchController
from gateway.audit.acts import Acts
from gateway.findings.finding_repository import FindingRepository
from gateway.search.desk import Desk
from gateway.search.filling import PATIENCE_S, ROLE, opened
from gateway.search.follower import Follower
from gateway.search.lookups import Lookups
from gateway.search.naming import Naming
from gateway.search.rates import Rate
from gateway.search.repository import SearchRepository
from gateway.search.saved import SavedSearches
from gateway.sequencing.repository import TreeRepository
from gateway.wiring.shared import Shared

HANDLERS: tuple[type[Controller], ...] = (AuditController, SavedSearchController)
PROVIDES: tuple[str, ...] = ("audit_desk", "saved_searches")

READER = "motlan_auditor"
CONNECTIONS = 4  # of each worker, for searches


async def serve(stack: AsyncExitStack, shared: Shared) -> dict[str, object]:
    """Open what auditors' routes need, as the role that may read and nothing more."""
    pool = await shared.pool(READER)
    engine = database.engine(
        shared.dsn, pool_connections=CONNECTIONS, role=READER, application_name="motlan search"
    )
    shared.held.append(lambda: database.held(engine))
    stack.push_async_callback(engine.dispose)
    settings = shared.settings.search
    saved = SavedSearches(pool, shared.clock)
    rate = Rate(settings.per_minute / shared.settings.listen.workers)
    desk = Desk(
        repository=SearchRepository(
            lambda: database.transaction(engine), budget_s=settings.budget_ms / 1000
        ),
        tree=TreeRepository(pool),
        lookups=Lookups(Acts(shared.pseudonyms, shared.clock), shared.log.append, rate),
        naming=Naming(shared.keyring, shared.pseudonyms),
        saved=saved,
        catalog=lambda: shared.keeper.current,
        evidence=FindingRepository(pool).evidence,
        clock=shared.clock,
    )
    return {"audit_desk": desk, "saved_searches": saved}


async def keep(stack: AsyncExitStack, shared: Shared) -> None:
    """Follow the log."""
    # A batch is read in milliseconds, and on a cold disk in seconds: nobody waits for it.
    pool = await database.raw_pool(shared.dsn, ROLE, 1, patience_s=PATIENCE_S)
    shared.held.append(lambda: pool.held)
    stack.push_async_callback(pool.close)
    follower = Follower(TreeRepository(pool), lambda: opened(shared.dsn))
    shared.background(stack, follower.follow(), "search follower")
    shared.meters.observe("motlan.audit.search.behind", lambda: follower.behind)
