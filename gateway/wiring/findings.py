"""Findings: the keeper counts and judges what the log says, every worker shows what was found."""

from contextlib import AsyncExitStack

from litestar import Controller

from gateway.api.findings import FindingController
from gateway.audit.acts import Acts
from gateway.findings.desk import FindingDesk
from gateway.findings.finding_repository import FindingRepository
from gateway.findings.follower import Follower
from gateway.findings.hours import Hours
from gateway.search.lookups import Lookups
from gateway.search.rates import Rate
from gateway.sequencing.repository import TreeRepository
from gateway.settings_record import Findings
from gateway.wiring.shared import Shared

HANDLERS: tuple[type[Controller], ...] = (FindingController,)
PROVIDES: tuple[str, ...] = ("finding_desk",)

READER = "motlan_auditor"
ROLE = "motlan_follower"


async def serve(stack: AsyncExitStack, shared: Shared) -> dict[str, object]:
    """Open what auditors' routes need."""
    del stack
    acts = Acts(shared.pseudonyms, shared.clock)
    rate = Rate(shared.settings.search.per_minute / shared.settings.listen.workers)
    desk = FindingDesk(
        FindingRepository(await shared.pool(READER)),
        Lookups(acts, shared.log.append, rate),
        acts=acts,
        append=shared.log.append,
        clock=shared.clock,
    )
    return {"finding_desk": desk}


async def keep(stack: AsyncExitStack, shared: Shared) -> None:
    """Follow the log for ever."""
    settings = shared.settings.findings
    rows = await shared.pool(ROLE)
    follower = Follower(TreeRepository(rows), rows, hours_of(settings), shared.clock)
    work = follower.keep(settings.idle_s, settings.judge_s)
    shared.background(stack, work, "findings follower")
    shared.meters.observe("motlan.audit.findings.behind", lambda: follower.behind)


def hours_of(settings: Findings) -> Hours:
    """Return what the province calls ordinary time."""
    return Hours(
        from_hour=settings.from_hour,
        to_hour=settings.to_hour,
        holidays=frozenset(settings.holidays),
    )
