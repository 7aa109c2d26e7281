"""What every process of ours has: settings, meters, database, keys, catalog, the log."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack

import structlog

from auth.credentials.proxies import Proxies
from auth.possession.certificates import CertificatePeers
from auth.possession.desk import ProofDesk
from auth.possession.nonces import PERIOD_S, Nonces
from auth.possession.secrets import NonceSecrets
from catalog.feed import SnapshotKeeper
from catalog.repository import CatalogSource
from gateway import __version__, database
from gateway.api.credentials import Credentials
from gateway.api.health import Check, Management, bind_first_free, listening
from gateway.audit.keyring import Keyring
from gateway.audit.pseudonyms import Pseudonyms
from gateway.audit.writer import AuditWriter
from gateway.cancelling import cancelled
from gateway.clock import Clock, utc_now
from gateway.embedded import EmbeddedPostgres
from gateway.settings import Settings
from gateway.telemetry import Exposition, Meters, describe_process, kept_out, open_spans

MIGRATIONS_LOOK_S = 60.0

_log = structlog.get_logger(__name__)


class NotReady(Exception):
    """What a health check of ours raises; the name of the check says the rest."""


class Shared:
    """The parts that processes have in common; made without side effect, opened by `open_*`."""

    log: AuditWriter
    proofs: ProofDesk

    def __init__(self, settings: Settings, clock: Clock = utc_now) -> None:
        self.settings = settings
        self.clock = clock
        self.identity = settings.identity.identity()
        self.signing = settings.identity.ring()
        self.meters = Meters()
        self.dsn = dsn_of(settings)
        self.engine = database.engine(self.dsn, pool_connections=settings.database.pool_connections)
        self.keeper = SnapshotKeeper(
            CatalogSource(lambda: database.transaction(self.engine)),
            on_failure=lambda failure: _log.error(
                "catalog.not_refreshed", error=type(failure).__name__
            ),
        )
        possession = settings.identity
        secret = possession.certificate_secret
        self.proxies = Proxies(settings.listen.proxies)
        self.credentials = Credentials(
            self.identity.issuer,
            CertificatePeers(
                possession.certificate_peers, None if secret is None else secret.get_secret_value()
            ),
            self.proxies,
        )
        folder = possession.nonces_dir or possession.keys_dir.with_name("nonces")
        self.nonce_secrets = NonceSecrets(folder, life_s=2 * PERIOD_S)
        self.nonces = Nonces(self.nonce_secrets)
        self.keyring = Keyring(settings.audit.keys_dir)
        self.pseudonyms = Pseudonyms(self.keyring)
        self.checks: dict[str, Check] = {}  # of the keeper's readiness; parts add theirs
        self.provided: dict[str, object] = {}  # what a worker's parts give to routes, by name
        # What each pool of this process holds; parts that open one of their own add it.
        self.held: list[Callable[[], database.Held]] = [lambda: database.held(self.engine)]
        self._pools: dict[str, database.Pool] = {}
        self._opening = asyncio.Lock()
        self._at_head_since = float("-inf")  # loop time

    async def pool(self, role: str) -> database.Pool:
        """Return this process's driver connections that act as *role*; opened at first use.

        Raises:
            OSError, asyncpg.PostgresError: the database is away.
        """
        async with self._opening:
            if role not in self._pools:
                size = self.settings.database.pool_connections
                pool = self._pools[role] = await database.raw_pool(self.dsn, role, size)
                self.held.append(lambda: pool.held)
            return self._pools[role]

    async def open_management(
        self, stack: AsyncExitStack, port: int, checks: Mapping[str, Check]
    ) -> int:
        """Serve health and metrics from *port* on; return the number of ports taken before."""
        resource = describe_process(
            version=__version__,
            node=self.settings.audit.node,
            environment=self.settings.environment,
        )
        telemetry = self.settings.telemetry
        self.spans = open_spans(
            endpoint=telemetry.otlp_endpoint, share=telemetry.span_sample, resource=resource
        )
        stack.callback(self.spans.close)
        self.meters.observe("motlan.build.info", lambda: {__version__: 1})
        self.meters.observe("motlan.log.dropped", kept_out)
        metrics = Exposition(self.meters, resource=resource)
        management = Management.of(checks, metrics, metrics.content_type)
        listener, slot = bind_first_free(self.settings.management.host, port)
        await stack.enter_async_context(listening(management, listener))
        return slot

    def open_database(self, stack: AsyncExitStack) -> None:
        """Close every connection at the end; the first use opens them."""
        self.meters.observe("db.client.connection.count", self._connections)
        stack.push_async_callback(self.engine.dispose)
        stack.push_async_callback(self._close_pools)

    async def open_catalog(self, stack: AsyncExitStack) -> None:
        """Read the published catalog, and follow it."""
        await self.keeper.open()
        self.meters.observe("motlan.catalog.revision", lambda: self.keeper.current.revision)
        refresh_s = self.settings.catalog.refresh_s
        self.background(stack, self.keeper.keep(refresh_s), "catalog refresh")

    async def open_log(self, stack: AsyncExitStack, node: str) -> AuditWriter:
        """Open this process's way into the log, as writer *node*."""
        audit = self.settings.audit
        log = AuditWriter(
            self.dsn,
            node=node,
            clock=self.clock,
            queue_records=audit.queue_records,
            timeout_s=audit.timeout_s,
            synchronous_commit=audit.synchronous_commit,
            observed=self.meters.appended,
        )
        await log.start()
        stack.push_async_callback(log.aclose)
        self.meters.observe("motlan.audit.backlog", lambda: log.backlog)
        self.meters.observe("motlan.audit.last_commit.age", lambda: log.commit_age_s)
        self.log = log
        return log

    def background(
        self, stack: AsyncExitStack, work: Coroutine[object, object, object], name: str
    ) -> None:
        """Run *work* until *stack* closes; what it raises by then is logged, never lost."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        task.add_done_callback(_ended)

        stack.push_async_callback(cancelled, task)

    async def check_log(self) -> None:
        """Demand that the newest commit of the log is fresh."""
        if not hasattr(self, "log") or not self.log.health()[0]:
            raise NotReady

    async def check_catalog(self) -> None:
        """Demand a catalog."""
        if self.keeper.current.revision == 0:
            raise NotReady

    async def check_database(self) -> None:
        """Demand that the database answers."""
        await (await self.pool("motlan_app")).fetchval("SELECT 1")

    async def check_migrations(self) -> None:
        """Look once a minute: a database does not go back while we serve."""
        now = asyncio.get_running_loop().time()
        if now - self._at_head_since < MIGRATIONS_LOOK_S:
            return
        if not await database.is_at_head(await self.pool("motlan_app")):
            raise NotReady
        self._at_head_since = now

    def _connections(self) -> dict[str, float]:
        """Count what every pool holds; a connection that somebody has alone is in no pool."""
        held = [each() for each in list(self.held)]
        return {"used": sum(each.used for each in held), "idle": sum(each.idle for each in held)}

    async def _close_pools(self) -> None:
        for pool in self._pools.values():
            await pool.close()


def dsn_of(settings: Settings) -> str:
    """Return the address of the database: the configured one, or that of our own."""
    url = settings.database.url
    if url is not None:
        return url.get_secret_value()
    return EmbeddedPostgres(settings.database.directory).dsn()


def _ended(task: "asyncio.Task[object]") -> None:
    """Say that background work ended by itself: it is meant to last."""
    if not task.cancelled() and (failure := task.exception()) is not None:
        _log.critical("background.ended", work=task.get_name(), error=type(failure).__name__)
