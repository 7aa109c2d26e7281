"""Requests: what each leads to, and which decision is none."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from auth.approvals.asked import (
    Ask,
    Request,
    RequestState,
    Wanted,
    demand_decidable,
    new_id,
    outcome,
    same,
)
from auth.approvals.errors import MoveRefused
from auth.errors import RegistrationConflict, SecondPersonNeeded
from auth.systems import Act, Credentials, System, SystemState, suspended
from tests.party_builders import (
    CLIENT,
    CLIENT_KEY,
    NOON,
    OTHER_KEY,
    OUR_NOTE,
    a_registration,
    a_system,
)

REGISTER = Wanted(act=Ask.REGISTER, registration=a_registration())
AMEND = Wanted(act=Ask.AMEND, registration=a_registration(name_en="Other"))
ROTATE = Wanted(act=Ask.ROTATE, added=Credentials(jwks=(OTHER_KEY.public,)), overlap_s=3600)
RESUME = Wanted(act=Ask.RESUME)
OPEN = Request(
    id=new_id(),
    client_id=CLIENT,
    agency="H99.30.01",
    base=1,
    wanted=AMEND,
    asked_by="qt-01",
    asked_at=NOON,
    reason="thử",
)


@pytest.mark.parametrize(
    ("known", "wanted", "act", "version"),
    [
        pytest.param(None, REGISTER, Act.REGISTERED, 1, id="register"),
        pytest.param(a_system(), AMEND, Act.AMENDED, 2, id="amend"),
        pytest.param(a_system(), ROTATE, Act.KEYS_ROTATED, 2, id="rotate"),
        pytest.param(suspended(a_system(), OUR_NOTE), RESUME, Act.RESUMED, 3, id="resume"),
    ],
)
def test_what_is_asked_for_leads_to_one_version(
    known: System | None, wanted: Wanted, act: Act, version: int
) -> None:
    """The same moves as everywhere, by the note of the two people."""
    found = outcome(known, wanted, OUR_NOTE)

    assert (act, version, SystemState.ACTIVE, OUR_NOTE) == (
        found.act,
        found.version,
        found.state,
        found.note,
    )


def test_the_overlap_counts_from_the_approval() -> None:
    """A request may wait for days; the agency's servers need the whole time all the same."""
    later = replace(OUR_NOTE, at=NOON + timedelta(days=3))

    found = outcome(a_system(), ROTATE, later)

    assert {CLIENT_KEY.public["kid"]: later.at + timedelta(hours=1)} == found.registration.ends


@pytest.mark.parametrize(
    ("known", "wanted"),
    [
        pytest.param(a_system(), REGISTER, id="it exists"),
        pytest.param(None, AMEND, id="it does not"),
        pytest.param(None, RESUME, id="nothing to resume"),
        pytest.param(None, Wanted(act=Ask.REGISTER), id="nothing said"),
        pytest.param(a_system(), Wanted(act=Ask.AMEND), id="nothing to amend"),
        pytest.param(a_system(), Wanted(act=Ask.ROTATE), id="nothing to add"),
    ],
)
def test_what_leads_nowhere_is_refused(known: System | None, wanted: Wanted) -> None:
    """Whoever decides must see that it no longer fits."""
    with pytest.raises(RegistrationConflict):
        outcome(known, wanted, OUR_NOTE)


@pytest.mark.parametrize(
    ("request_", "known", "by", "error"),
    [
        pytest.param(
            replace(OPEN, state=RequestState.REFUSED), a_system(), "vh-01", MoveRefused, id="ended"
        ),
        pytest.param(OPEN, a_system(), "qt-01", SecondPersonNeeded, id="the same person"),
        pytest.param(OPEN, a_system(), " qt-01 ", SecondPersonNeeded, id="with spaces"),
        pytest.param(
            OPEN, suspended(a_system(), OUR_NOTE), "vh-01", RegistrationConflict, id="moved on"
        ),
        pytest.param(OPEN, None, "vh-01", RegistrationConflict, id="not there"),
    ],
)
def test_a_decision_that_is_none(
    request_: Request, known: System | None, by: str, error: type[Exception]
) -> None:
    """Each in its own words, before anything is written."""
    with pytest.raises(error):
        demand_decidable(request_, known, by)


def test_a_second_person_decides_what_still_fits() -> None:
    """The good case."""
    demand_decidable(OPEN, a_system(), "vh-01")

    assert RequestState.OPEN is OPEN.state


def test_asking_again_is_the_same_only_in_every_part() -> None:
    """Another wish, another version or another person is another request."""
    assert same(OPEN, AMEND, 1, "qt-01")
    assert not same(OPEN, RESUME, 1, "qt-01")
    assert not same(OPEN, AMEND, 2, "qt-01")
    assert not same(OPEN, AMEND, 1, "qt-02")


def test_an_id_tells_nothing_and_is_never_a_number() -> None:
    """It stands in addresses; nine digits in a row may be a person's number."""
    ids = {new_id() for _ in range(50)}

    assert 50 == len(ids)
    assert all(each.startswith("yc-") and len(each) == 19 for each in ids)
