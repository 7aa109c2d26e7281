"""Who a proven person is among our accounts."""

import pytest

from auth.accounts.accounts import AccountState
from auth.accounts.errors import Barred, SignInBarred
from auth.accounts.links import demand_first, demand_same, number_of
from tests.account_builders import ANH_NUMBER, a_citizen, an_account, an_official

REF, OTHER = "a" * 32, "b" * 32


def test_the_first_sign_on_takes_the_account_that_waits() -> None:
    """Staff number and agency find it, and nobody has it yet."""
    waiting = an_account()

    assert waiting == demand_first(waiting, None, REF)
    assert waiting == demand_first(waiting, REF, REF)


@pytest.mark.parametrize(
    ("state", "linked_to", "barred"),
    [
        (AccountState.ACTIVE, OTHER, Barred.LINK_CONFLICT),
        (AccountState.DISABLED, None, Barred.ACCOUNT_DISABLED),
        (AccountState.DISABLED, OTHER, Barred.ACCOUNT_DISABLED),
        (AccountState.LOCKED, None, Barred.ACCOUNT_LOCKED),
    ],
)
def test_a_first_sign_on_takes_no_account_of_another_or_at_rest(
    state: AccountState, linked_to: str | None, barred: Barred
) -> None:
    """One account, one person: whoever came first keeps it."""
    with pytest.raises(SignInBarred) as refused:
        demand_first(an_account(state=state), linked_to, REF)

    assert barred is refused.value.barred


def test_without_an_account_nobody_comes_in() -> None:
    """A provider proves people; who works here is the administrator's to say."""
    with pytest.raises(SignInBarred) as refused:
        demand_first(None, None, REF)

    assert Barred.ACCOUNT_UNKNOWN is refused.value.barred


def test_a_linked_account_opens_for_the_same_office_alone() -> None:
    """Whoever moved to another agency does not act for the one before."""
    account = an_account()

    assert account == demand_same(account, an_official())
    for claims in ({"agency": "H99.30.02"}, {"staff_number": "CB-0002"}, {"agency": None}):
        with pytest.raises(SignInBarred) as refused:
            demand_same(account, an_official(**claims))
        assert Barred.LINK_CONFLICT is refused.value.barred
    for state in (AccountState.DISABLED, AccountState.LOCKED):
        with pytest.raises(SignInBarred):
            demand_same(an_account(state=state), an_official())


def test_a_citizen_of_age_has_an_account_by_the_number() -> None:
    """VNeID proves the number; 1990 is long enough ago."""
    assert ANH_NUMBER == number_of(a_citizen(), 2026)


@pytest.mark.parametrize(
    "number",
    [
        pytest.param("003208000001", id="comes of age this year"),
        pytest.param("003190000123", id="born in 1990"),
        pytest.param("003001000001", id="born in 1901"),
    ],
)
def test_whoever_is_of_age_comes_in(number: str) -> None:
    """Century and year stand in the number; the day is the register's to know."""
    assert number == number_of(a_citizen(so_dinh_danh=number), 2026)


@pytest.mark.parametrize(
    "number",
    [
        pytest.param("003209000001", id="comes of age next year"),
        pytest.param("003222000090", id="a child"),
        pytest.param("003401000001", id="of a century to come"),
    ],
)
def test_a_minor_does_not_sign_on_alone_yet(number: str) -> None:
    """Parents act for a child."""
    with pytest.raises(SignInBarred) as refused:
        number_of(a_citizen(so_dinh_danh=number), 2026)

    assert Barred.ACCOUNT_KIND_REFUSED is refused.value.barred


@pytest.mark.parametrize(
    ("claims", "barred"),
    [
        pytest.param({"kind": "2"}, Barred.ACCOUNT_KIND_REFUSED, id="a business"),
        pytest.param({"level": 0}, Barred.ASSURANCE_TOO_LOW, id="no level"),
        pytest.param({"so_dinh_danh": None}, Barred.ACCOUNT_UNKNOWN, id="no number"),
        pytest.param({"so_dinh_danh": "00319000012"}, Barred.ACCOUNT_UNKNOWN, id="too short"),
        pytest.param({"so_dinh_danh": "003190000123\n"}, Barred.ACCOUNT_UNKNOWN, id="a line end"),
        pytest.param({"so_dinh_danh": "003990000123"}, Barred.ACCOUNT_UNKNOWN, id="no century"),
        pytest.param({"so_dinh_danh": "٠٠٣١٩٠٠٠٠١٢٣"}, Barred.ACCOUNT_UNKNOWN, id="other digits"),
    ],
)
def test_what_is_no_citizen_has_no_account(claims: dict[str, object], barred: Barred) -> None:
    """The refusal has a code, and repeats nothing of the claims."""
    with pytest.raises(SignInBarred) as refused:
        number_of(a_citizen(**claims), 2026)

    assert barred is refused.value.barred
    assert barred.value == str(refused.value)
