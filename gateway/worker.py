"""One worker: everything its exchanges need, opened in order and closed in reverse."""

import asyncio
import gc
from collections.abc import AsyncGenerator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime, timedelta

import structlog
import uuid_utils

from adapters import registry
from adapters.protocol import SourceAdapter, Subject
from auth.issuer import Issuer
from auth.keys import SigningKeyRing
from auth.repository import Desk
from auth.tokens import Verifier
from catalog.entries import SystemId
from catalog.feed import SnapshotKeeper
from catalog.repository import CatalogSource
from gateway import __version__, database
from gateway.api.bodies import Limits
from gateway.api.exchanges import ExchangeHandler, Outcome
from gateway.api.health import Management, bind_first_free, listening
from gateway.api.openapi import PATH as EXCHANGE_ROUTE
from gateway.audit.keyring import Keyring
from gateway.audit.noise import NoiseLog
from gateway.audit.pseudonyms import Pseudonyms, epoch_of
from gateway.audit.rights import RightsRepository
from gateway.audit.writer import AuditWriter
from gateway.clock import utc_now
from gateway.consents.repository import ConsentRepository, RepresentationRepository
from gateway.embedded import EmbeddedPostgres
from gateway.pipeline import Exchange
from gateway.prefill.fill import Prefill
from gateway.quota.ledger import Ledger
from gateway.quota.repository import CounterRepository
from gateway.quota.windows import day_of
from gateway.settings import Settings
from gateway.stages.authenticate import Authenticate
from gateway.stages.authorise import Authorise
from gateway.stages.consent import Consent
from gateway.stages.leaves import Leaves, identifier_of
from gateway.stages.record import Record
from gateway.stages.resolve import Resolve
from gateway.stages.route import Route
from gateway.telemetry import Exposition, Meters, describe_process, open_spans

# Exchanges make many short-lived values; looking for cycles in them each 700 costs a tenth.
COLLECT_AFTER = 20_000
FORGET_EVERY_S = 3600.0
MIGRATIONS_LOOK_S = 60.0
KEPT_COUNTERS = timedelta(days=2)

_log = structlog.get_logger(__name__)


class NotReady(Exception):
    """What a health check of ours raises; the name of the check says the rest."""


class Worker:
    """The parts of one worker; made without side effect, then opened, used, closed."""

    exchange: ExchangeHandler
    issuer: Issuer
    noise: NoiseLog
    prefill: Prefill
    log: AuditWriter | None = None
    pool: database.Pool | None = None

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.identity = settings.identity.identity()
        self.limits = Limits(
            body_bytes=settings.exchange.body_bytes,
            json_depth=settings.exchange.json_depth,
            deadline_ms=settings.exchange.deadline_ms,
        )
        self.meters = Meters()
        self.dsn = dsn_of(settings)
        pool_connections = settings.database.pool_connections
        self.engine = database.engine(self.dsn, pool_connections=pool_connections)
        self.signing = SigningKeyRing(
            settings.identity.keys_dir,
            keep=settings.identity.keep(),
            algorithm=settings.identity.algorithm,
        )
        self.keeper = SnapshotKeeper(
            CatalogSource(lambda: database.transaction(self.engine)),
            on_failure=lambda failure: _log.error(
                "catalog.not_refreshed", error=type(failure).__name__
            ),
        )
        self.pseudonyms = Pseudonyms(Keyring(settings.audit.keys_dir))
        self.adapters: dict[str, SourceAdapter] = {}
        self._at_head_since = float("-inf")  # loop time

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Open everything in the order it depends on; close it in the reverse.

        The management port comes first: while the rest opens, the worker is alive and not ready.
        """
        async with AsyncExitStack() as stack:
            slot = await self._open_management(stack)
            stack.push_async_callback(self.engine.dispose)
            self.signing.ensure(utc_now())
            await self._open_catalog(stack)
            log = await self._open_log(stack, slot)
            pool = await self._open_pool(stack)
            await self._open_sources(stack)
            counters = CounterRepository(pool)
            _background(stack, _forget_counters(counters), "old counters")
            ledger = Ledger(counters)
            stack.push_async_callback(ledger.aclose)
            self._wire(log, ledger, pool)
            gc.collect()
            gc.set_threshold(COLLECT_AFTER, 20, 50)
            gc.freeze()  # what is loaded now lives as long as the worker
            yield

    async def _open_management(self, stack: AsyncExitStack) -> int:
        """Serve health and metrics; return the worker's slot, a number no other one here has."""
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
        checks = {
            "audit": self._check_log,
            "catalog": self._check_catalog,
            "database": self._check_database,
            "migrations": self._check_migrations,
            "signing_key": self._check_key,
        }
        metrics = Exposition(self.meters, resource=resource)
        management = Management.of(checks, metrics, metrics.content_type)
        at = self.settings.management
        listener, slot = bind_first_free(at.host, at.port)
        await stack.enter_async_context(listening(management, listener))
        return slot

    async def _open_catalog(self, stack: AsyncExitStack) -> None:
        await self.keeper.open()
        self.meters.observe("motlan.catalog.revision", lambda: self.keeper.current.revision)
        _background(stack, self.keeper.keep(self.settings.catalog.refresh_s), "catalog refresh")

    async def _open_log(self, stack: AsyncExitStack, slot: int) -> AuditWriter:
        audit = self.settings.audit
        log = AuditWriter(
            self.dsn,
            node=f"{audit.node}.{slot}",
            clock=utc_now,
            queue_records=audit.queue_records,
            timeout_s=audit.timeout_s,
            synchronous_commit=audit.synchronous_commit,
            observed=self.meters.appended,
        )
        await log.start()
        stack.push_async_callback(log.aclose)
        self.noise = NoiseLog(log.append, self.pseudonyms, utc_now)
        self.noise.start()
        stack.push_async_callback(self.noise.aclose)
        self.meters.observe("motlan.audit.backlog", lambda: log.backlog)
        self.log = log
        return log

    async def _open_pool(self, stack: AsyncExitStack) -> database.Pool:
        size = self.settings.database.pool_connections
        self.pool = pool = await database.raw_pool(self.dsn, "motlan_app", size)
        stack.push_async_callback(pool.close)
        return pool

    async def _open_sources(self, stack: AsyncExitStack) -> None:
        """Open the adapters that the published catalog names; a missing one stops the process."""
        named = {each.source for each in self.keeper.current.datasets.values()}
        self.adapters = registry.load(named, self.settings.sources, observe=self._source_asked)
        for adapter in self.adapters.values():
            await adapter.open()
            stack.push_async_callback(adapter.aclose)

    def _wire(self, log: AuditWriter, ledger: Ledger, pool: database.Pool) -> None:
        """Put the stages together: the only place that knows all of them."""
        verifier = Verifier(
            self.signing,
            issuer=self.identity.issuer,
            audience=self.identity.audience,
            capacity=self.settings.identity.cache_tokens,
            ahead_s=self.identity.ahead_s,
        )
        consent = Consent(
            grants=ConsentRepository(pool).grants_for,
            representation=RepresentationRepository(pool).representation,
            principal_ref=self._principal_ref,
            spend=ledger.spend_consent,
        )
        exchange = Exchange(
            authenticate=Authenticate(verifier.verify),
            resolve=Resolve(lambda: self.keeper.current),
            authorise=Authorise(ledger, self._person),
            consent=consent,
            route=Route(self.adapters, consent.confirm),
            record=Record(
                log=log,
                leaves=Leaves(self.pseudonyms, utc_now),
                noise=self._unproven,
                counts=self.meters.decision,
                live=RightsRepository(pool).live,
            ),
        )
        self._serve(exchange)

    def _serve(self, exchange: Exchange) -> None:
        """Make what routes hand their calls to."""
        self.exchange = ExchangeHandler(
            exchange=exchange,
            knows=lambda service: service in self.keeper.current.services,
            limits=self.limits,
            clock=utc_now,
            observe=self._ended,
            spans=self.spans,
        )
        self.prefill = Prefill(
            authenticate=exchange.authenticate,
            exchange=exchange,
            turn_away=exchange.turn_away,
            snapshot=lambda: self.keeper.current,
            new_id=lambda: str(uuid_utils.uuid7()),
        )
        desk = Desk(lambda: database.transaction(self.engine))
        self.issuer = Issuer(self.identity, self.signing, desk, self._agreements, utc_now)

    def _source_asked(self, source: str, outcome: str, seconds: float) -> None:
        self.meters.asked(source, seconds, "" if outcome == "ok" else outcome)

    def _unproven(self, code: str, peer: str) -> None:
        self.meters.unproven(code)
        self.noise.count(code, peer)

    def _ended(self, how: Outcome) -> None:
        self.meters.exchange(how.service, how.agency, how.code, how.total_s, how.source_s)
        self.meters.served("POST", EXCHANGE_ROUTE, how.status, how.total_s)

    def _person(self, subject: Subject, at: datetime) -> str | None:
        named = identifier_of(subject)
        return None if named is None else self.pseudonyms.of(*named, epoch_of(at))

    def _principal_ref(self, subject: Subject, _at: datetime) -> str | None:
        number = subject.so_dinh_danh
        return None if number is None else self.pseudonyms.person(number)

    def _agreements(self, client_id: str) -> frozenset[str]:
        snapshot = self.keeper.current
        return frozenset(
            agreement.code
            for service in snapshot.services
            for agreement, _ in snapshot.covering(SystemId(client_id), service)
        )

    async def _check_log(self) -> None:
        if self.log is None or not self.log.health()[0]:
            raise NotReady

    async def _check_catalog(self) -> None:
        if self.keeper.current.revision == 0:
            raise NotReady

    async def _check_database(self) -> None:
        if self.pool is None:
            raise NotReady
        await self.pool.fetchval("SELECT 1")

    async def _check_migrations(self) -> None:
        """Look once a minute: a database does not go back while we serve."""
        now = asyncio.get_running_loop().time()
        if now - self._at_head_since < MIGRATIONS_LOOK_S:
            return
        if self.pool is None or not await database.is_at_head(self.pool):
            raise NotReady
        self._at_head_since = now

    async def _check_key(self) -> None:
        self.signing.signing(utc_now())


def dsn_of(settings: Settings) -> str:
    """Return the address of the database: the configured one, or that of our own."""
    url = settings.database.url
    if url is not None:
        return url.get_secret_value()
    return EmbeddedPostgres(settings.database.directory).dsn()


async def _forget_counters(counters: CounterRepository) -> None:
    """Drop quota counters of past days, once an hour; a failure waits for the next hour."""
    while True:
        with suppress(*database.DRIVER_ERRORS):
            await counters.forget(day_of(utc_now()) - KEPT_COUNTERS)
        await asyncio.sleep(FORGET_EVERY_S)


def _background(stack: AsyncExitStack, work: Coroutine[object, object, object], name: str) -> None:
    """Run *work* until the stack closes."""
    task = asyncio.get_running_loop().create_task(work, name=name)

    async def stop() -> None:
        task.cancel()
        await asyncio.wait({task})

    stack.push_async_callback(stop)
