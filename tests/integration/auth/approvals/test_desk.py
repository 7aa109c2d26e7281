"""What takes two people, over a real database."""

from collections.abc import AsyncGenerator

import pytest

from auth.approvals.asked import Ask, Decided, Wanted
from auth.approvals.desk import RegistrationDesk
from auth.errors import SecondPersonNeeded
from auth.systems import Note
from gateway import database
from gateway.clock import utc_now
from tests.party_builders import CLIENT, a_registration
from tests.role_builders import ELSEWHERE, REASON, Hall, hall


@pytest.fixture
async def people(database_url: str) -> AsyncGenerator[Hall]:
    """Give accounts as the gateway has them: with the rights of the application."""
    async with hall(database_url, role="motlan_app") as made:
        yield made


async def test_one_person_with_two_accounts_does_not_open_a_live_system(people: Hall) -> None:
    """Whoever works for two agencies has an account at each, under one staff number."""
    desk = RegistrationDesk(lambda: database.transaction(people.engine))
    first = await people.an_official("CB-0007")
    same = await people.an_official("cb-0007", ELSEWHERE)
    other = await people.an_official("CB-0008")
    wanted = Wanted(act=Ask.REGISTER, registration=a_registration())
    note = Note(by=first.id, reason=REASON, at=utc_now())
    asked = (await desk.open(CLIENT, wanted, None, note)).request
    assert asked is not None

    with pytest.raises(SecondPersonNeeded):
        await desk.decide(asked.id, decided(same.id), approve=True)
    done = await desk.decide(asked.id, decided(other.id), approve=True)

    assert (True, CLIENT) == (done.changed, done.system and done.system.client_id)


def decided(by: str) -> Decided:
    """Return the word of *by*."""
    return Decided(by=by, at=utc_now(), reason=REASON)
