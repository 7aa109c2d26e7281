"""From an official's token to an account of ours."""

from datetime import datetime

import pytest
from msgspec.structs import replace

from auth.accounts.accounts import Account, AccountState, prepared
from auth.accounts.errors import AccountsUnavailable, AccountUnknown, Barred, SignInBarred
from auth.delegation.officials import StaffOfficials
from auth.errors import OfficialRefused, RegistrationsUnavailable
from auth.signon.signed_on import Realm, SignedOn
from tests.delegation_builders import a_staff_token
from tests.party_builders import NOON


def an_account(state: AccountState = AccountState.ACTIVE) -> Account:
    """Return the account of the official of these tests."""
    plain = prepared(
        name="Lê Văn Ba",
        agency="H99.30.01",
        staff_number="CB-0001",
        by="u-quantri",
        reason="nhân sự mới",
        now=NOON,
    )
    return replace(plain, state=state)


class FakeAccounts:
    """One account, or what stands in its way."""

    def __init__(self, outcome: Account | Exception) -> None:
        self.outcome = outcome
        self.signed_on: list[SignedOn] = []

    async def sign_in(self, signed_on: SignedOn, now: datetime) -> Account:
        """Return the account, or raise."""
        del now
        self.signed_on.append(signed_on)
        return await self.find("")

    async def find(self, account_id: str) -> Account:
        """Return the account, or raise."""
        del account_id
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def officials(outcome: Account | Exception) -> StaffOfficials:
    """Return the accounts at noon."""
    return StaffOfficials(FakeAccounts(outcome), lambda: NOON)


async def test_an_exchange_is_a_sign_on_of_staff() -> None:
    """It links a prepared account and keeps it from going idle, like any other."""
    account = an_account()
    accounts = FakeAccounts(account)

    found = await StaffOfficials(accounts, lambda: NOON).admitted(a_staff_token())

    (signed_on,) = accounts.signed_on
    assert account.id == found
    assert (Realm.STAFF, "https://sso.example", "tech-1", "CB-0001", "H99.30.01") == (
        signed_on.realm,
        signed_on.issuer,
        signed_on.link,
        signed_on.staff_number,
        signed_on.agency,
    )


@pytest.mark.parametrize("barred", Barred)
async def test_whoever_may_not_sign_on_may_not_act(barred: Barred) -> None:
    """And hears the same closed word."""
    with pytest.raises(OfficialRefused) as refused:
        await officials(SignInBarred(barred)).admitted(a_staff_token())

    assert barred.value == refused.value.fact


async def test_a_silent_database_admits_nobody() -> None:
    """Neither now nor when asked whether the token stands."""
    away = officials(AccountsUnavailable())

    with pytest.raises(RegistrationsUnavailable):
        await away.admitted(a_staff_token())
    with pytest.raises(RegistrationsUnavailable):
        await away.stands("u-x")


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (an_account(), True),
        (an_account(AccountState.DISABLED), False),
        (an_account(AccountState.LOCKED), False),
        (AccountUnknown(), False),
    ],
    ids=["active", "disabled", "locked", "unknown"],
)
async def test_an_account_stands_while_it_is_active(
    outcome: Account | Exception, *, expected: bool
) -> None:
    """Introspection says what the record's commit would say."""
    assert expected is await officials(outcome).stands("u-x")
