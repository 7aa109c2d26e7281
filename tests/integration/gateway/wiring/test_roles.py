"""What the keeper does about rights, round by round."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from auth.accounts.accounts import AccountState
from auth.people import Role
from auth.roles.grants import EVERYTHING
from auth.roles.terms import Terms
from gateway.clock import utc_now
from gateway.settings import load
from gateway.wiring.roles import PROVIDES, Upkeep, serve
from gateway.wiring.shared import Shared
from tests.role_builders import REASON, Hall, hall

DAY = timedelta(days=1)


class Calendar:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = utc_now()

    def __call__(self) -> datetime:
        """Return the present instant."""
        return self.now


@pytest.fixture
def calendar() -> Calendar:
    """Give the clock of the keeper."""
    return Calendar()


@pytest.fixture
async def shared(database_url: str, tmp_path: Path, calendar: Calendar) -> AsyncGenerator[Shared]:
    """Give what every process has."""
    settings = load(
        {
            "database": {"url": database_url},
            "audit": {"keys_dir": str(tmp_path / "pseudonyms")},
            "break_glass": {"enabled": True},
        },
        environ={},
    )
    made = Shared(settings, calendar)
    async with AsyncExitStack() as stack:
        made.open_database(stack)
        yield made


@pytest.fixture
async def people(database_url: str) -> AsyncGenerator[Hall]:
    """Give the desks of the same database."""
    async with hall(database_url, terms=Terms(enabled=True)) as made:
        yield made


async def test_an_account_that_nobody_uses_is_disabled(
    shared: Shared, people: Hall, calendar: Calendar
) -> None:
    """After 45 days, by the gateway itself, and it is owed to the record."""
    account, used = await people.an_official("CB-1"), await people.an_official("CB-2")
    upkeep = Upkeep(shared)

    states: list[AccountState] = []
    for days in (44, 46):
        calendar.now = utc_now() + days * DAY
        await people.fetch(
            "UPDATE auth.account SET last_seen_at = $2 WHERE id = $1", used.id, calendar.now
        )
        await upkeep.round()
        states.append((await people.accounts.find(account.id)).state)

    assert [AccountState.ACTIVE, AccountState.DISABLED] == states
    assert AccountState.ACTIVE is (await people.accounts.find(used.id)).state
    (owed,) = await people.fetch(
        "SELECT by FROM audit.change_due WHERE event = 'account.disable' AND code = $1", account.id
    )
    assert None is owed["by"]


async def test_a_review_begins_is_late_and_ends_what_nobody_confirmed(
    shared: Shared, people: Hall, calendar: Calendar
) -> None:
    """None of it depends on somebody remembering; the numbers are the keeper's metrics."""
    account = await people.an_official()
    await people.granted(account, Role.AUDITOR)
    upkeep, began = Upkeep(shared), utc_now()

    late: list[int] = []
    for days in (181, 212, 242):
        calendar.now = began + days * DAY
        await people.fetch("UPDATE auth.account SET last_seen_at = $1", calendar.now)
        await upkeep.round()
        late.append(upkeep.overdue)

    assert [0, 1, 0] == late
    (grant,) = await people.roles.listed(EVERYTHING)
    assert "keeper:review" == grant.ended_by


async def test_an_emergency_closes_itself_and_waits_to_be_judged(
    shared: Shared, people: Hall, calendar: Calendar
) -> None:
    """An open way in is not left open by forgetting it."""
    emergency, _ = await people.emergencies.open(by="CB-9", reason=REASON, now=calendar.now)
    upkeep = Upkeep(shared)
    ends = []
    for after in (timedelta(minutes=14), timedelta(minutes=15), timedelta(days=8)):
        calendar.now = emergency.opened_at + after
        await upkeep.round()
        (found,) = await people.emergencies.listed()
        ends.append((found.closed_by, upkeep.unjudged))

    assert [(None, 0), ("keeper:break-glass", 0), ("keeper:break-glass", 1)] == ends


async def test_every_dependency_of_its_routes_is_given(shared: Shared) -> None:
    """A worker that lacks one answers 500, and only when somebody asks."""

    class _Log:
        append = None

    shared.log = _Log()  # type: ignore[assignment]
    async with AsyncExitStack() as stack:
        given = await serve(stack, shared)

    assert set(PROVIDES) == set(given)
