"""Retention: the keeper moves old days out and destroys old keys; every process forgets them."""

import asyncio
import fcntl
import os
import shutil
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import date, timedelta
from pathlib import Path

import asyncpg
import structlog
from litestar import Controller

from gateway import database
from gateway.audit.acts import Acts
from gateway.audit.keyring import KeyringUnsafe
from gateway.audit.observed import Observed
from gateway.errors import AuditUnavailable, Refusal
from gateway.retention.capacity import LATELY, Capacity, Limits, measured
from gateway.retention.epochs import destroy_expired, forget_with
from gateway.retention.exporting import Exporter
from gateway.retention.leaving import DayNotWhole, Leaving, NotYet, Tools
from gateway.retention.manifest import ArchiveBroken
from gateway.retention.repository import ROLE, RetentionRepository
from gateway.retention.rules import Wanted, Windows, load_rules, windows
from gateway.retention.sizes import SizeRepository
from gateway.sequencing.repository import TreeRepository
from gateway.sequencing.rows import EntriesGone, TileGone
from gateway.settings import Settings
from gateway.tlog.notes import NoteVerifier
from gateway.wiring.sequencing import keys_of
from gateway.wiring.shared import Shared

HANDLERS: tuple[type[Controller], ...] = ()
PROVIDES: tuple[str, ...] = ()

PATIENCE_S = 120.0  # a day of ten million records is counted within it
BREATH_S = 0.05  # between two steps: others want the disk as well
MEASURE_S = 60.0
CHANGES_KEPT = timedelta(days=30)  # rows of changes whose leaves are durable
WRONG = (
    DayNotWhole,
    ArchiveBroken,
    EntriesGone,
    TileGone,
    asyncpg.IntegrityConstraintViolationError,
)
AWAY = (Refusal, AuditUnavailable, KeyringUnsafe, *database.TROUBLES)

_log = structlog.get_logger(__name__)


async def serve(stack: AsyncExitStack, shared: Shared) -> dict[str, object]:
    """Forget keys that were destroyed."""
    shared.background(stack, forget_with(shared.keyring, shared.pseudonyms), "forgotten keys")
    return {}


async def keep(stack: AsyncExitStack, shared: Shared) -> None:
    """Move days out, destroy keys, measure the volume."""
    shared.background(stack, forget_with(shared.keyring, shared.pseudonyms), "forgotten keys")
    pool = await database.raw_pool(
        shared.dsn,
        ROLE,
        2,
        application_name="motlan retention",
        statement_timeout_ms=int(PATIENCE_S * 1000),
        patience_s=PATIENCE_S,
    )
    shared.held.append(lambda: pool.held)
    stack.push_async_callback(pool.close)
    gauge = Gauge(SizeRepository(pool), shared.settings)
    shared.background(stack, gauge.keep(shared), "capacity")
    shared.meters.observe("motlan.storage.used.share", gauge.share)
    shared.meters.observe("motlan.storage.days_left", gauge.days_left)
    if shared.settings.retention.enabled:
        shared.background(stack, _retain(shared, pool), "retention")


def windows_of(settings: Settings, on: date) -> Windows:
    """Return how long each stage lasts on a day, by the rules and these settings."""
    said = settings.retention
    wanted = Wanted(said.hot_months, said.searchable_months, said.register_months, said.link_months)
    return windows(load_rules(), wanted, on)


def leaving_of(shared: Shared, pool: database.Pool) -> Leaving:
    """Return what moves days out of this gateway's database."""
    settings = shared.settings
    tree = TreeRepository(pool)
    return Leaving(
        Tools(
            rows=RetentionRepository(pool),
            tree=tree,
            exporter=Exporter(tree, settings.tree.origin, settings.retention.archive_dir),
            acts=Acts(shared.pseudonyms, shared.clock),
            append=shared.log.append,
            clock=shared.clock,
            windows=lambda day: windows_of(settings, day),
            verifiers=lambda: _verifiers(settings),
            copies=settings.retention.copies,
        )
    )


class Gauge:
    """The newest measurement of the volume."""

    def __init__(self, rows: SizeRepository, settings: Settings) -> None:
        self._rows = rows
        self._settings = settings
        self.latest: Capacity | None = None

    async def measure(self, today: date) -> Capacity:
        """Measure now; raise Refusal DATABASE_UNAVAILABLE."""
        said = self._settings.retention
        use = await self._rows.use(today - LATELY, today - timedelta(days=1))
        used, total = volume_of(self._settings)
        limits = Limits(said.headroom, said.alarm_days)
        self.latest = measured(use, limits, used=used, total=total)
        return self.latest

    async def keep(self, shared: Shared) -> None:
        """Measure by the minute, and say so when it becomes alarming."""
        was_alarming = False
        while True:
            try:
                found = await self.measure(shared.clock().date())
                if found.alarming and not was_alarming:
                    _log.error("storage.alarm", reason=found.text())
                was_alarming = found.alarming
            except AWAY as away:
                _log.debug("storage.not_measured", error=type(away).__name__)
            await asyncio.sleep(MEASURE_S)

    def share(self) -> float:
        """Return how much of the volume is taken, 0 to 1; NaN while nothing is known."""
        found = self.latest.share if self.latest else None
        return float("nan") if found is None else found

    def days_left(self) -> float:
        """Return the days until the headroom is used up; NaN while nothing is known."""
        found = self.latest.days_left if self.latest else None
        return float("nan") if found is None else found


def volume_of(settings: Settings) -> tuple[int | None, int | None]:
    """Return bytes taken and bytes in all of the volume that the database is on.

    Of a database on another host only what the settings say is known.
    """
    if settings.retention.volume_bytes is not None:
        return None, settings.retention.volume_bytes
    if settings.database.url is not None or not settings.database.directory.exists():
        return None, None
    disk = shutil.disk_usage(settings.database.directory)
    return disk.total - disk.free, disk.total


async def _retain(shared: Shared, pool: database.Pool) -> None:
    """Do what is due, then look again after a while; what a person must see is said once."""
    leaving, said = leaving_of(shared, pool), ""
    while True:
        try:
            await _look(shared, pool, leaving)
            said = ""
        except (*WRONG, *AWAY) as trouble:
            name = type(trouble).__name__
            if name != said:
                tell = _log.critical if isinstance(trouble, WRONG) else _log.warning
                tell("retention.stopped", error=name)
            said = name
        await asyncio.sleep(shared.settings.retention.every_s)


async def _look(shared: Shared, pool: database.Pool, leaving: Leaving) -> None:
    settings = shared.settings
    now = shared.clock()
    first_year = windows_of(settings, now.date()).forget_before(now.date())
    await destroy_expired(shared.keyring, Observed(pool), settings.audit.node, first_year)
    rows = RetentionRepository(pool)
    await _steps(lambda: rows.forget_changes(now - CHANGES_KEPT))
    async with _alone(settings.retention.archive_dir) as alone:
        if alone:
            await _move(leaving)


async def _move(leaving: Leaving) -> None:
    """Archive what is due, and drop what may go even when a day cannot be archived."""
    wrong: Exception | None = None
    try:
        with suppress(NotYet):  # the tree grows
            await _steps(leaving.archive)
    except WRONG as trouble:
        wrong = trouble
    await _steps(leaving.drop)
    if wrong is not None:
        raise wrong


async def _steps(step: Callable[[], Awaitable[object]]) -> None:
    """Take small steps until none is due, with a breath between them."""
    while True:
        if not await step():
            return
        await asyncio.sleep(BREATH_S)


@asynccontextmanager
async def _alone(folder: Path) -> AsyncGenerator[bool]:
    """Hold the archive's folder; False while another process of this host does."""
    descriptor = await asyncio.to_thread(_lock_file, folder)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def _lock_file(folder: Path) -> int:
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    return os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)


def _verifiers(settings: Settings) -> Sequence[NoteVerifier]:
    return keys_of(settings).verifiers()
