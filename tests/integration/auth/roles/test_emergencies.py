"""The last resort over a real database: used once, counted, over in time, judged by others."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta

import asyncpg
import pytest

from auth.accounts.accounts import AccountState
from auth.errors import PartyError
from auth.roles.break_glass import Stage
from auth.roles.emergencies import EmergencyDesk
from auth.roles.errors import (
    BreakGlassOff,
    DoorLocked,
    DoorPaused,
    MoveRefused,
    NothingOpen,
    SecondPersonMissing,
    SecretRefused,
)
from auth.roles.terms import Terms
from gateway.clock import utc_now
from tests.role_builders import HERE, REASON, TERMS, Hall, hall

OPENER, OTHER = "CB-0001", "CB-0002"
MINUTE, NOW = timedelta(minutes=1), timedelta()
WRONG = "aaaa-bbbb-cccc-dddd-eeee-ffff-gggg-hhhh"


@pytest.fixture
async def machine(database_url: str) -> AsyncGenerator[Hall]:
    """Give the desks as a command at the machine has them."""
    async with hall(database_url) as made:
        yield made


@pytest.fixture
async def door(machine: Hall) -> AsyncGenerator[EmergencyDesk]:
    """Give the desk as a worker has it: with the rights of the application."""
    async with hall(machine.dsn, role="motlan_app") as made:
        yield made.emergencies


async def refusal(
    desk: EmergencyDesk, secret: str, after: timedelta = NOW, since: datetime | None = None
) -> type[PartyError] | None:
    """Return how *secret* is refused so long *after* an instant; None when it opens."""
    try:
        await desk.enter(secret, (since or utc_now()) + after)
    except PartyError as refused:
        return type(refused)
    return None


async def test_the_secret_opens_once(machine: Hall, door: EmergencyDesk) -> None:
    """And the account has the role only from then on."""
    emergency, secret = await machine.emergencies.open(by=OPENER, reason=REASON, now=utc_now())
    account = await machine.accounts.find(emergency.account_id)
    before = await machine.held(account)

    entered, _ = await door.enter(secret, utc_now())

    assert (set(), {"break_glass"}) == (before, await machine.held(account))
    assert (emergency.id, Stage.USED) == (entered.id, entered.stage(utc_now()))
    assert NothingOpen is await refusal(door, secret, MINUTE)
    events = [event for event, _ in await machine.owed()]
    assert ["breakglass.open", "breakglass.enter"] == events


async def test_two_who_have_the_secret_do_not_both_get_in(
    machine: Hall, door: EmergencyDesk
) -> None:
    """One time means one, also at the same instant."""
    _, secret = await machine.emergencies.open(by=OPENER, reason=REASON, now=utc_now())

    ends = await asyncio.gather(*(refusal(door, secret) for _ in range(4)))

    assert 1 == ends.count(None)


async def test_it_is_typed_as_it_is_read(machine: Hall, door: EmergencyDesk) -> None:
    """Somebody reads it aloud at night: groups and capitals are no difference."""
    _, secret = await machine.emergencies.open(by=OPENER, reason=REASON, now=utc_now())

    assert None is await refusal(door, f" {secret.upper().replace('-', ' ')}\n")


async def test_the_database_keeps_no_secret(machine: Hall, door: EmergencyDesk) -> None:
    """Its hash while it waits, and nothing at all afterwards."""
    _, secret = await machine.emergencies.open(by=OPENER, reason=REASON, now=utc_now())
    (row,) = await machine.fetch("SELECT * FROM auth.break_glass")
    await door.enter(secret, utc_now())
    (after,) = await machine.fetch("SELECT secret_hash FROM auth.break_glass")

    assert row["secret_hash"].startswith("$argon2id$")
    assert [] == [value for value in row.values() if secret in str(value)]
    assert None is after["secret_hash"]


async def test_it_is_over_in_its_minutes(machine: Hall, door: EmergencyDesk) -> None:
    """Unused or used: time closes it, whether or not anybody does."""
    emergency, secret = await machine.emergencies.open(by=OPENER, reason=REASON, now=utc_now())

    assert NothingOpen is await refusal(door, secret, TERMS.life)
    assert Stage.CLOSED is emergency.stage(emergency.ends_at)
    assert [False, True, False] == [
        await door.close_over(emergency.ends_at + each)
        for each in (-MINUTE, timedelta(), timedelta())
    ]
    account = await machine.accounts.find(emergency.account_id)
    assert AccountState.DISABLED is account.state
    assert "breakglass.close" == (await machine.owed())[-1][0]


async def test_closing_ends_the_role_at_once(machine: Hall, door: EmergencyDesk) -> None:
    """Whoever has done what was needed gives it back."""
    emergency, secret = await machine.emergencies.open(by=OPENER, reason=REASON, now=utc_now())
    await door.enter(secret, utc_now())
    account = await machine.accounts.find(emergency.account_id)

    closed = await door.close(by=account.id, now=utc_now())

    assert set() == await machine.held(account)
    assert Stage.CLOSED is closed.stage(utc_now())
    with pytest.raises(MoveRefused):
        await door.close(by=OTHER, now=utc_now())


async def test_only_one_is_open_at_a_time(machine: Hall) -> None:
    """The one before has to be over; then another can begin without anybody closing it."""
    now = utc_now()
    await machine.emergencies.open(by=OPENER, reason=REASON, now=now)

    with pytest.raises(MoveRefused):
        await machine.emergencies.open(by=OTHER, reason=REASON, now=now + MINUTE)
    await machine.emergencies.open(by=OTHER, reason=REASON, now=now + TERMS.life)


async def test_five_wrong_secrets_lock_the_door(machine: Hall, door: EmergencyDesk) -> None:
    """Each doubles the pause; after the fifth the right one opens nothing either."""
    now = utc_now()
    _, secret = await machine.emergencies.open(by=OPENER, reason=REASON, now=now)

    assert SecretRefused is await refusal(door, WRONG, NOW, now)
    assert DoorPaused is await refusal(door, secret, NOW, now)
    pauses = [timedelta(seconds=each) for each in (10, 20, 30, 40)]
    assert [SecretRefused] * 4 == [await refusal(door, WRONG, each, now) for each in pauses]
    assert DoorLocked is await refusal(door, secret, MINUTE, now)
    with pytest.raises(DoorLocked):
        await machine.emergencies.open(by=OPENER, reason=REASON, now=utc_now() + TERMS.life)


async def test_guessing_side_by_side_gains_nothing(machine: Hall, door: EmergencyDesk) -> None:
    """Attempts are counted before they are made."""
    await machine.emergencies.open(by=OPENER, reason=REASON, now=utc_now())

    ends = await asyncio.gather(*(refusal(door, WRONG) for _ in range(8)))

    assert (1, 7) == (ends.count(SecretRefused), ends.count(DoorPaused))


async def test_nobody_can_lock_the_door_before_an_emergency(
    machine: Hall, door: EmergencyDesk
) -> None:
    """There is nothing to guess while nothing is open, so nothing is counted."""
    ends = [await refusal(door, WRONG, timedelta(minutes=each)) for each in range(6)]
    _, secret = await machine.emergencies.open(by=OPENER, reason=REASON, now=utc_now())

    assert [NothingOpen] * 6 == ends
    assert None is await refusal(door, secret)


async def test_another_person_unlocks_the_door(machine: Hall, door: EmergencyDesk) -> None:
    """Not the one whose secrets were wrong; and it is owed to the record."""
    now = utc_now()
    _, secret = await machine.emergencies.open(by=OPENER, reason=REASON, now=now)
    for seconds in (0, 10, 20, 30, 40):
        await refusal(door, WRONG, timedelta(seconds=seconds), now)

    with pytest.raises(SecondPersonMissing):
        await machine.emergencies.unlock(by=OPENER)
    await machine.emergencies.unlock(by=OTHER)

    assert None is await refusal(door, secret, MINUTE)
    assert ("breakglass.unlock", "break-glass") in await machine.owed()
    with pytest.raises(MoveRefused):
        await machine.emergencies.unlock(by=OTHER)


async def test_it_is_judged_by_another_once_it_is_over(machine: Hall, door: EmergencyDesk) -> None:
    """Whoever opened it does not say that it was right, under whichever name."""
    judge = await machine.an_official("KT-0001", HERE)
    opener = await machine.an_official(OPENER, HERE)
    emergency, _ = await machine.emergencies.open(by=OPENER, reason=REASON, now=utc_now())

    async def judged(by: str) -> None:
        await door.judge(emergency.id, by=by, justified=True, reason=REASON, now=utc_now())

    with pytest.raises(MoveRefused):
        await judged(judge.id)
    await door.close(by=OTHER, now=utc_now())
    for by in (OPENER, opener.id, emergency.account_id):
        with pytest.raises(SecondPersonMissing):
            await judged(by)
    assert 1 == await door.overdue(utc_now() + TERMS.judged_within + MINUTE)
    await judged(judge.id)

    assert Stage.JUDGED is (await door.listed())[0].stage(utc_now())
    assert 0 == await door.overdue(utc_now() + timedelta(days=365))
    assert "breakglass.judge" == (await machine.owed())[-1][0]


async def test_it_is_off_unless_somebody_turned_it_on(database_url: str) -> None:
    """And then there is neither a way to open it nor a place to guess."""
    async with hall(database_url, terms=Terms()) as made:
        with pytest.raises(BreakGlassOff):
            await made.emergencies.open(by=OPENER, reason=REASON, now=utc_now())
        assert BreakGlassOff is await refusal(made.emergencies, WRONG)


async def test_an_emergency_is_not_rewritten(machine: Hall, door: EmergencyDesk) -> None:
    """Not lengthened, not used again, not removed."""
    _, secret = await machine.emergencies.open(by=OPENER, reason=REASON, now=utc_now())
    await door.enter(secret, utc_now())

    for statement in (
        "UPDATE auth.break_glass SET ends_at = ends_at + interval '1 minute'",
        "UPDATE auth.break_glass SET used_at = NULL, secret_hash = '$argon2id$x'",
        "UPDATE auth.break_glass SET opened_by = 'ai-do'",
        "DELETE FROM auth.break_glass",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await machine.fetch(statement)


async def test_the_database_itself_demands_another_judge(
    machine: Hall, door: EmergencyDesk
) -> None:
    """Promise P8 is a constraint: whoever opened it, and whoever acted with it, judges nothing."""
    emergency, _ = await machine.emergencies.open(by=OPENER, reason=REASON, now=utc_now())
    await door.close(by=OTHER, now=utc_now())
    judged = """
    INSERT INTO auth.break_glass_judgement
      (break_glass_id, account_id, opened_by, judged_by, justified, reason, at)
    SELECT id, account_id, opened_by, $1, true, reason, now() FROM auth.break_glass
    """

    for by in (OPENER, emergency.account_id):
        with pytest.raises(asyncpg.CheckViolationError, match="break_glass_judgement_four_eyes"):
            await machine.fetch(judged, by)
    await machine.fetch(judged, OTHER)


async def test_the_database_itself_ends_it_within_the_hour(machine: Hall) -> None:
    """Whatever the settings say, and however it was opened."""
    emergency, _ = await machine.emergencies.open(by=OPENER, reason=REASON, now=utc_now())
    await machine.emergencies.close(by=OTHER, now=utc_now())
    other = await machine.an_official()
    opened = f"""
    INSERT INTO auth.break_glass
      (id, account_id, opened_by, reason, opened_at, ends_at, secret_hash)
    SELECT '{emergency.id[:-12]}' || '000000000000', $1, opened_by, reason, opened_at,
      opened_at + $2::interval, '$argon2id$x'
    FROM auth.break_glass
    """

    for life in (timedelta(hours=1, seconds=1), timedelta()):
        with pytest.raises(asyncpg.CheckViolationError, match="break_glass_life_check"):
            await machine.fetch(opened, other.id, life)
    await machine.fetch(opened, other.id, timedelta(hours=1))
