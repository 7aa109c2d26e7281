"""Roles: workers administer them; the keeper reviews, lapses, disables, and closes emergencies."""

import asyncio
from contextlib import AsyncExitStack
from datetime import datetime, timedelta

import structlog
from litestar import Controller

from auth.accounts.accounts import Act
from auth.accounts.errors import AccountConflict
from auth.accounts.signing_in import Accounts
from auth.errors import PartyError
from auth.roles.desk import RoleDesk
from auth.roles.emergencies import EmergencyDesk
from auth.roles.reviewing import ReviewDesk
from auth.transactions import Transaction
from gateway import database
from gateway.api.accounts import AccountsController
from gateway.api.administration import Emergencies
from gateway.api.break_glass import BreakGlassController, EnterController
from gateway.api.reviews import ReviewsController
from gateway.api.roles import RolesController
from gateway.audit.acts import Acts
from gateway.wiring.sessions import accounts_of
from gateway.wiring.shared import Shared

HANDLERS: tuple[type[Controller], ...] = (
    AccountsController,
    RolesController,
    ReviewsController,
    EnterController,
    BreakGlassController,
)
PROVIDES: tuple[str, ...] = (
    "emergencies",
    "emergency_desk",
    "known_agencies",
    "review_desk",
    "role_desk",
)

ROUND_S = 60.0
IDLE = "không dùng 45 ngày / unused for 45 days"

_log = structlog.get_logger(__name__)


async def serve(stack: AsyncExitStack, shared: Shared) -> dict[str, object]:
    """Return what the routes of administration ask; each call opens its own transaction."""
    del stack
    transaction = transaction_of(shared)
    return {
        "emergencies": Emergencies(Acts(shared.pseudonyms, shared.clock), shared.log.append),
        "emergency_desk": EmergencyDesk(transaction, shared.settings.break_glass.terms()),
        "known_agencies": lambda: shared.keeper.current.agencies,
        "review_desk": ReviewDesk(transaction, shared.settings.roles.pace()),
        "role_desk": RoleDesk(transaction),
    }


async def keep(stack: AsyncExitStack, shared: Shared) -> None:
    """Look once a minute after what must not depend on somebody remembering it."""
    upkeep = Upkeep(shared)
    shared.background(stack, upkeep.keep(), "roles")
    shared.meters.observe("motlan.reviews.overdue", lambda: upkeep.overdue)
    shared.meters.observe("motlan.break_glass.unjudged", lambda: upkeep.unjudged)


class Upkeep:
    """What the keeper does about rights, in rounds; several keepers do no harm to each other."""

    def __init__(self, shared: Shared) -> None:
        transaction = transaction_of(shared)
        self._clock = shared.clock
        self._idle = timedelta(days=shared.settings.roles.idle_days)
        self._accounts: Accounts = accounts_of(shared)
        self._reviews = ReviewDesk(transaction, shared.settings.roles.pace())
        self._emergencies = EmergencyDesk(transaction, shared.settings.break_glass.terms())
        self.overdue = 0  # grants that reviewers are late with
        self.unjudged = 0  # emergencies that should have been judged

    async def keep(self) -> None:
        """Work for ever; a database that is away is tried again."""
        silent = False
        while True:
            try:
                await self.round()
                silent = False
            except PartyError as away:
                if not silent:
                    _log.warning("roles.not_kept", error=type(away).__name__)
                silent = True
            await asyncio.sleep(ROUND_S)

    async def round(self) -> None:
        """Close what is over, end what nobody confirmed, review, disable what nobody uses.

        Raises:
            PartyError: the database did not answer.
        """
        now = self._clock()
        if await self._emergencies.close_over(now):
            _log.info("break_glass.closed")
        lapsed, opened = await self._reviews.round(now)
        if lapsed or opened:
            _log.info("roles.reviewed", count=opened, records=lapsed)
        await self._disable_unused(now)
        self.overdue = await self._reviews.overdue(now)
        self.unjudged = await self._emergencies.overdue(now)

    async def _disable_unused(self, now: datetime) -> None:
        """Disable officials' accounts without use (TCVN 14423:2026 5.6, second-hand)."""
        for account in await self._accounts.unused(now - self._idle):
            try:
                await self._accounts.change(account.id, Act.DISABLED, by=None, reason=IDLE, now=now)
            except AccountConflict:
                continue  # somebody used or changed it meanwhile


def transaction_of(shared: Shared) -> Transaction:
    """Return what opens a transaction on this gateway's database."""
    return lambda: database.transaction(shared.engine)
