"""When a session is over, and whom it speaks for."""

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from auth.accounts.accounts import AccountState
from auth.accounts.sessions import Bounds, Payload, Row, idle_of, idle_until, is_over, person_of
from auth.people import ADMINISTERING, Role
from auth.signon.signed_on import Realm
from tests.account_builders import ANH_NUMBER, NOON

MOMENT = timedelta(microseconds=1)
ROW = Row(
    id="s-" + "a" * 16,
    account_id="u-" + "a" * 16,
    realm=Realm.STAFF,
    agency="H99.30.01",
    account_name="Trần Thị Bình",
    state=AccountState.ACTIVE,
    roles=frozenset({Role.OFFICIAL}),
    provider="staff",
    level=2,
    authenticated_at=NOON,
    opened_at=NOON,
    seen_at=NOON,
    ends_at=NOON + timedelta(hours=8),
    sealed=b"",
)
PAYLOAD = Payload(acr="urn:sso:2", id_token="e30.e30.c2ln", name="T. T. Bình")


@pytest.mark.parametrize(
    ("at", "over"),
    [
        pytest.param(NOON, False, id="just opened"),
        pytest.param(NOON + timedelta(minutes=15) - MOMENT, False, id="at the last moment"),
        pytest.param(NOON + timedelta(minutes=15), True, id="at its bound"),
        pytest.param(NOON + timedelta(days=1), True, id="long after"),
    ],
)
def test_a_session_is_over_after_its_rest(at: datetime, over: bool) -> None:
    """The instant of ending is the first at which it is over."""
    assert over is is_over(ROW, Bounds(), at)


@pytest.mark.parametrize("role", sorted(ADMINISTERING | {Role.BREAK_GLASS}))
def test_each_role_that_administers_shortens_the_rest(role: Role) -> None:
    """One such role among others is enough."""
    assert timedelta(minutes=5) == idle_of(frozenset({role, Role.OFFICIAL}), Bounds())


@pytest.mark.parametrize("role", sorted(set(Role) - ADMINISTERING - {Role.BREAK_GLASS}))
def test_other_roles_rest_for_the_usual_time(role: Role) -> None:
    """Reading a long page does not sign anybody out."""
    assert timedelta(minutes=15) == idle_of(frozenset({role}), Bounds())


def test_use_never_prolongs_a_session_beyond_its_end() -> None:
    """Eight hours are eight hours."""
    late = replace(ROW, seen_at=ROW.ends_at - timedelta(minutes=1))

    assert ROW.ends_at == idle_until(late, Bounds())
    assert is_over(late, Bounds(), ROW.ends_at)


@pytest.mark.parametrize("state", [AccountState.DISABLED, AccountState.LOCKED])
def test_a_session_of_an_account_at_rest_is_over(state: AccountState) -> None:
    """Also should its row have outlived the change of the account."""
    assert is_over(replace(ROW, state=state), Bounds(), NOON)


def test_an_official_is_named_as_the_administrator_wrote() -> None:
    """What a provider calls people today does not change who they are here."""
    person = person_of(ROW, PAYLOAD)

    assert ("Trần Thị Bình", "H99.30.01", None) == (
        person.name,
        person.agency,
        person.so_dinh_danh,
    )
    assert frozenset({Role.OFFICIAL}) == person.roles


def test_a_citizen_is_a_citizen_alone() -> None:
    """A grant that somebody wrote to a citizen's account gives nothing."""
    row = replace(ROW, realm=Realm.CITIZENS, roles=frozenset({Role.AUDITOR}), account_name=None)
    person = person_of(row, replace(PAYLOAD, so_dinh_danh=ANH_NUMBER))

    assert frozenset({Role.CITIZEN}) == person.roles
    assert ANH_NUMBER == person.so_dinh_danh
    assert person.agency is None


def test_an_official_is_never_a_citizen_here() -> None:
    """Nobody's own data opens to a staff sign-on, whatever a payload or a grant says."""
    row = replace(ROW, roles=frozenset({Role.CITIZEN, Role.OFFICIAL}))
    person = person_of(row, replace(PAYLOAD, so_dinh_danh=ANH_NUMBER))

    assert frozenset({Role.OFFICIAL}) == person.roles
    assert person.so_dinh_danh is None


@pytest.mark.parametrize(
    ("acr", "shown"),
    [
        ("urn:vneid:loa:2", "urn:vneid:loa:2"),
        ("mức 2", "level-2"),
        ("", "level-2"),
        ("003190000123", "level-2"),
        ("x" * 200, "level-2"),
    ],
)
def test_a_providers_free_text_is_named_by_its_level(acr: str, shown: str) -> None:
    """The strength of a sign-on stands in leaves, which hold codes alone."""
    assert shown == person_of(ROW, replace(PAYLOAD, acr=acr)).acr
