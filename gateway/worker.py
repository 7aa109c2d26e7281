"""One worker: everything its exchanges need, opened in order and closed in reverse."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime, timedelta

import uuid_utils

from adapters import registry
from adapters.protocol import SourceAdapter, Subject
from auth.jose import VerificationKey
from auth.possession.door import Door
from auth.principals import Principal
from auth.repository import Desk
from auth.tokens import Verifier
from gateway import database
from gateway.api.bodies import Limits
from gateway.api.exchanges import ExchangeHandler
from gateway.api.health import Check
from gateway.api.openapi import PATH as EXCHANGE_ROUTE
from gateway.api.signing import signer
from gateway.audit.detail_repository import DetailRepository
from gateway.audit.noise import NoiseLog
from gateway.audit.pseudonyms import epoch_of
from gateway.audit.rights import RightsRepository
from gateway.audit.writer import AuditWriter
from gateway.clock import utc_now
from gateway.consents.repository import ConsentRepository, RepresentationRepository
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
from gateway.stages.settled import Settled
from gateway.stages.signed import Signed
from gateway.wiring import possession
from gateway.wiring.every import PARTS
from gateway.wiring.gauges import observe_sources
from gateway.wiring.lasting import into_huge_pages, settle
from gateway.wiring.shared import Shared
from gateway.witnessing.reading import WitnessState

FORGET_EVERY_S = 3600.0
SERVED = {200: ("POST", EXCHANGE_ROUTE, "200")}  # labels of the answer that is counted most
KEPT_COUNTERS = timedelta(days=2)


class Worker(Shared):
    """The parts of one worker; made without side effect, then opened, used, closed."""

    exchange: ExchangeHandler
    noise: NoiseLog
    prefill: Prefill

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.limits = Limits(
            body_bytes=settings.exchange.body_bytes,
            json_depth=settings.exchange.json_depth,
            deadline_ms=settings.exchange.deadline_ms,
        )
        self.signs = signer(lambda: self.signing.signing(utc_now()), utc_now)
        self._desk = Desk(lambda: database.transaction(self.engine))
        self.adapters: dict[str, SourceAdapter] = {}

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Open everything in the order it depends on; close it in the reverse.

        The management port comes first: while the rest opens, the worker is alive and not ready.
        """
        async with AsyncExitStack() as stack:
            slot = await self.open_management(stack, self.settings.management.port, self._checks())
            self.open_database(stack)
            self.signing.ensure(utc_now())
            await self.open_catalog(stack)
            await self.open_log(stack, f"{self.settings.audit.node}.{slot}")
            self._open_noise(stack)
            pool = await self.pool("motlan_app")
            await self._open_sources(stack)
            counters = CounterRepository(pool)
            self.background(stack, _forget_counters(counters), "old counters")
            ledger = Ledger(counters)
            stack.push_async_callback(ledger.aclose)
            details = DetailRepository(await self.pool("motlan_append"))
            door = possession.door(stack, self, self._verifier().verify)
            self._wire(self.log, ledger, pool, details, door)
            for part in PARTS:
                self.provided |= await part.serve(stack, self)
            settle()
            await asyncio.to_thread(into_huge_pages)
            yield

    def _checks(self) -> dict[str, Check]:
        return {
            "audit": self.check_log,
            "catalog": self.check_catalog,
            "database": self.check_database,
            "migrations": self.check_migrations,
            "signing_key": self._check_key,
        }

    def _open_noise(self, stack: AsyncExitStack) -> None:
        self.noise = NoiseLog(self.log.append, self.pseudonyms, utc_now)
        self.noise.start()
        stack.push_async_callback(self.noise.aclose)

    async def _open_sources(self, stack: AsyncExitStack) -> None:
        """Open the adapters that the published catalog names; a missing one stops the process."""
        named = {each.source for each in self.keeper.current.datasets.values()}
        self.adapters = registry.load(named, self.settings.sources, observe=self._source_asked)
        for adapter in self.adapters.values():
            await adapter.open()
            stack.push_async_callback(adapter.aclose)
        observe_sources(self.meters, self.adapters, self.settings.sources, self.clock)

    def _verifier(self) -> Verifier:
        return Verifier(
            self.signing,
            issuer=self.identity.issuer,
            audience=self.identity.audience,
            capacity=self.settings.identity.cache_tokens,
            ahead_s=self.identity.ahead_s,
        )

    def _wire(
        self,
        log: AuditWriter,
        ledger: Ledger,
        pool: database.Pool,
        details: DetailRepository,
        door: Door,
    ) -> None:
        """Put the stages together: the only place that knows all of them."""
        consent = Consent(
            grants=ConsentRepository(pool).grants_for,
            representation=RepresentationRepository(pool).representation,
            principal_ref=self._principal_ref,
            spend=ledger.spend_consent,
        )
        exchange = Exchange(
            authenticate=Authenticate(
                door.admit, sandbox=self.settings.environment != "production"
            ),
            resolve=Resolve(lambda: self.keeper.current),
            authorise=Authorise(ledger, self._person),
            consent=consent,
            signed=Signed(keys=self._keys_of, once=self._first_use, clock=utc_now),
            settled=Settled(lambda: self.keeper.current),
            route=Route(self.adapters, consent.confirm),
            record=Record(
                log=log,
                leaves=Leaves(self.pseudonyms, utc_now),
                noise=self._unproven,
                counts=self.meters.decision,
                live=RightsRepository(pool).live,
                witnessed=self._witnessed,
                keep=details.keep,
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
            credentials=self.credentials,
            signs=self.signs,
        )
        self.meters.observe("http.server.active_requests", lambda: self.exchange.in_flight)
        self.prefill = Prefill(
            authenticate=exchange.authenticate,
            exchange=exchange,
            turn_away=exchange.turn_away,
            snapshot=lambda: self.keeper.current,
            new_id=lambda: str(uuid_utils.uuid7()),
        )

    async def _keys_of(self, principal: Principal) -> Sequence[VerificationKey]:
        """Return the registered keys of a system; asked for by signed requests alone."""
        found = await self._desk.find(principal.client_id)
        return found.registration.keys(utc_now().timestamp())

    async def _first_use(self, owner: str, what: str, expires_at: float) -> bool:
        return await self._desk.remember(owner, what, expires_at)

    def _source_asked(self, source: str, outcome: str, seconds: float) -> None:
        self.meters.asked(source, seconds, "" if outcome == "ok" else outcome)

    def _unproven(self, code: str, peer: str) -> None:
        self.meters.unproven(code)
        self.noise.count(code, peer)

    def _ended(  # noqa: PLR0917 - as `gateway.api.exchanges.Observe`
        self, service: str, agency: str, code: str, status: int, total_s: float, source_s: float
    ) -> None:
        served = SERVED.get(status) or ("POST", EXCHANGE_ROUTE, str(status))
        self.meters.exchange(service, agency, code, served, total_s, source_s)

    def _witnessed(self) -> bool:
        state = self.provided.get("witness_state")
        return isinstance(state, WitnessState) and state.strict_allowed()

    def _person(self, subject: Subject, at: datetime) -> str | None:
        named = identifier_of(subject)
        return None if named is None else self.pseudonyms.of(*named, epoch_of(at))

    def _principal_ref(self, subject: Subject, _at: datetime) -> str | None:
        number = subject.so_dinh_danh
        return None if number is None else self.pseudonyms.person(number)

    async def _check_key(self) -> None:
        self.signing.signing(utc_now())


async def _forget_counters(counters: CounterRepository) -> None:
    """Drop quota counters of past days, once an hour; a failure waits for the next hour."""
    while True:
        with suppress(*database.DRIVER_ERRORS):
            await counters.forget(day_of(utc_now()) - KEPT_COUNTERS)
        await asyncio.sleep(FORGET_EVERY_S)
