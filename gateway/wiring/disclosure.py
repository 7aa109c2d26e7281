"""Disclosure: workers serve people, agencies and seals; the keeper closes days and opens seals."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial

import asyncpg
import structlog
from litestar import Controller
from msgspec import Struct

from catalog.snapshot import Snapshot
from gateway import database
from gateway.api.own import OwnController, OwnReads, Represents
from gateway.api.questions import (
    AgencyQuestionsController,
    OwnQuestionsController,
    QuestionReads,
)
from gateway.api.seals import SealsController
from gateway.audit.acts import Acts
from gateway.consents.repository import RepresentationRepository
from gateway.disclosure.asking import Asking
from gateway.disclosure.day_repository import DayRepository, PublishedDays
from gateway.disclosure.days import Days
from gateway.disclosure.gathering import GatherRepository
from gateway.disclosure.numbers import SealNumbers
from gateway.disclosure.own import Own
from gateway.disclosure.places import PlaceRepository
from gateway.disclosure.publishing import Publishing
from gateway.disclosure.question_repository import QuestionRepository
from gateway.disclosure.reading import Reading
from gateway.disclosure.seal_repository import SealRepository
from gateway.disclosure.sealing import Sealing
from gateway.disclosure.seals import Kind
from gateway.disclosure.traces import Traces
from gateway.disclosure.walk import Walk
from gateway.disclosure.wording import Wording
from gateway.errors import AuditUnavailable, Refusal
from gateway.search.rates import Rate
from gateway.sequencing.repository import TreeRepository
from gateway.sequencing.rows import EntriesGone, TileGone
from gateway.wiring.shared import Shared

HANDLERS: tuple[type[Controller], ...] = (
    OwnController,
    OwnQuestionsController,
    AgencyQuestionsController,
    SealsController,
)
PROVIDES: tuple[str, ...] = (
    "asking",
    "own",
    "own_days",
    "own_reads",
    "question_reads",
    "represents",
    "seal_numbers",
    "seal_targets",
    "sealing",
)

FOLLOWER = "motlan_follower"
LOCK = 7_523_202_611_210_010  # one keeper walks at a time; the number means nothing
STATEMENT_TIMEOUT_MS = 60_000
ACTS_PER_MINUTE = 30  # of one citizen in one worker: each is a record

_FAILURES: tuple[type[Exception], ...] = (
    *database.TROUBLES,
    Refusal,
    AuditUnavailable,
    EntriesGone,
    TileGone,
)
_log = structlog.get_logger(__name__)


class Pace(Struct, frozen=True):
    """How long the keeper rests between two rounds, and before it tries again."""

    round_s: float = 20.0
    retry_s: float = 30.0  # after a failure, or while another keeper walks


PACE = Pace()


async def serve(stack: AsyncExitStack, shared: Shared) -> dict[str, object]:
    """Open what people's routes need: reading as auditors read, writing as the application."""
    del stack  # the pools are closed with the process
    reading, writing = await shared.pool("motlan_auditor"), await shared.pool("motlan_app")
    acts = Acts(shared.pseudonyms, shared.clock)
    tree, traces, seals = TreeRepository(reading), Traces(reading), SealRepository(writing)
    own = Own(
        tree=tree,
        traces=traces,
        reading=Reading(PlaceRepository(reading), traces),
        wording=Wording(writing),
        seals=seals,
        pseudonyms=shared.pseudonyms,
        keyring=shared.keyring,
        clock=shared.clock,
    )
    representation = RepresentationRepository(writing).representation
    return {
        "asking": _asking(shared, QuestionRepository(writing), own, acts),
        "own_days": Days(
            published=PublishedDays(reading),
            tree=tree,
            traces=traces,
            seals=seals,
            own=own,
            clock=shared.clock,
        ),
        "own": own,
        "own_reads": OwnReads(acts, shared.log.append, Rate(ACTS_PER_MINUTE)),
        "question_reads": QuestionReads(acts, shared.log.append),
        "represents": Represents(representation, shared.pseudonyms, shared.clock),
        "seal_numbers": SealNumbers(seals, reading, shared.clock),
        "seal_targets": partial(known_targets, lambda: shared.keeper.current),
        "sealing": sealing_of(shared, seals),
    }


def _asking(shared: Shared, questions: QuestionRepository, own: Own, acts: Acts) -> Asking:
    return Asking(
        questions=questions,
        own=own,
        acts=acts,
        append=shared.log.append,
        pseudonyms=shared.pseudonyms,
        clock=shared.clock,
    )


async def keep(stack: AsyncExitStack, shared: Shared) -> None:
    """Gather, close days, open seals; in whichever keeper holds the lock."""
    shared.background(stack, rounds(shared), "disclosure")


async def rounds(shared: Shared, pace: Pace = PACE) -> None:
    """Work until cancelled; every failure is told once, then tried again."""
    troubled = False
    while True:
        try:
            await _hold(shared, pace)
            troubled = False
        except _FAILURES as failure:
            if not troubled:
                _log.error("disclosure.stopped", error=type(failure).__name__)
            troubled = True
        await asyncio.sleep(pace.retry_s)


async def _hold(shared: Shared, pace: Pace) -> None:
    """Work on a connection of our own while it holds the lock; return when another has it."""
    settings = database.server_settings(
        FOLLOWER, "motlan disclosure", statement_timeout_ms=STATEMENT_TIMEOUT_MS
    )
    connection = await asyncpg.connect(
        shared.dsn,
        timeout=10,
        command_timeout=STATEMENT_TIMEOUT_MS / 1000,
        server_settings=settings,
    )
    try:
        if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
            return
        work = work_of(shared, connection)
        while True:
            await work()
            await asyncio.sleep(pace.round_s)
    finally:
        connection.terminate()


def work_of(shared: Shared, connection: asyncpg.Connection) -> Callable[[], Awaitable[None]]:
    """Return one round over *connection*."""
    found, tree = GatherRepository(connection), TreeRepository(connection)
    publishing = Publishing(
        days=DayRepository(connection),
        found=found,
        walk=Walk(tree, found),
        acts=Acts(shared.pseudonyms, shared.clock),
        append=shared.log.append,
        clock=shared.clock,
    )
    sealing = sealing_of(shared, SealRepository(connection))
    questions, overdue = QuestionRepository(connection), [0]
    shared.meters.observe("motlan.questions.overdue", lambda: overdue[0])

    async def work() -> None:
        for index in await publishing.round():
            _log.info("disclosure.day_stated", day=str(index.of.day), rev=index.rev)
        await sealing.open_ended()
        overdue[0] = await questions.overdue(shared.clock())

    return work


def sealing_of(shared: Shared, seals: SealRepository) -> Sealing:
    """Return what is done with *seals*, put on record by this process."""
    return Sealing(
        seals=seals,
        acts=Acts(shared.pseudonyms, shared.clock),
        append=shared.log.append,
        pseudonyms=shared.pseudonyms,
        clock=shared.clock,
    )


def known_targets(snapshot: Callable[[], Snapshot], kind: Kind) -> frozenset[str]:
    """Return the codes that a seal of *kind* may name: those that the catalog knows."""
    now = snapshot()
    if kind is Kind.AGENCY:
        return frozenset(now.agencies)
    if kind is Kind.SYSTEM:
        return frozenset(system for system, _ in now.grants)
    return frozenset()
