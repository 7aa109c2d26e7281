"""Officials behind a token: the account that a staff provider's proof belongs to, still active."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from auth.accounts.accounts import Account, AccountState
from auth.accounts.errors import AccountsUnavailable, AccountUnknown, SignInBarred
from auth.errors import OfficialRefused, RegistrationsUnavailable
from auth.signon.signed_on import Realm, SignedOn
from auth.signon.staff_tokens import StaffToken


class Accounts(Protocol):
    """What is asked of the accounts."""

    async def sign_in(self, signed_on: SignedOn, now: datetime) -> Account:
        """Return the account of whom a provider has proven, or raise SignInBarred."""
        ...

    async def find(self, account_id: str) -> Account:
        """Return one account, or raise AccountUnknown."""
        ...


class StaffOfficials:
    """Finds officials among our accounts.

    An official may come by an agency's system before ever opening a page of ours: what the staff
    provider proves is the same, so the exchange counts as a sign-on, links a prepared account, and
    keeps it from going idle.

    Args:
        accounts: those of officials.
        clock: the present instant.
    """

    def __init__(self, accounts: Accounts, clock: Callable[[], datetime]) -> None:
        self._accounts = accounts
        self._clock = clock

    async def admitted(self, token: StaffToken) -> str:
        """Return the id of the official's active account.

        Raises:
            OfficialRefused: nobody prepared one, or it is disabled, locked, or another's.
            RegistrationsUnavailable: the database did not answer.
        """
        try:
            return (await self._accounts.sign_in(_signed_on(token), self._clock())).id
        except SignInBarred as barred:
            raise OfficialRefused(barred.barred.value) from None
        except AccountsUnavailable as silent:
            raise RegistrationsUnavailable from silent

    async def stands(self, account_id: str) -> bool:
        """Say whether an account is active.

        Raises:
            RegistrationsUnavailable: the database did not answer.
        """
        try:
            return (await self._accounts.find(account_id)).state is AccountState.ACTIVE
        except AccountUnknown:
            return False
        except AccountsUnavailable as silent:
            raise RegistrationsUnavailable from silent


def _signed_on(token: StaffToken) -> SignedOn:
    return SignedOn(
        provider=token.provider,
        realm=Realm.STAFF,
        issuer=token.issuer,
        sub=token.sub,
        link=token.link,
        name=token.name,
        staff_number=token.staff_number,
        agency=token.agency,
        acr=token.acr,
        level=token.level,
        amr=token.amr,
        auth_time=token.auth_time,
        id_token="",  # an exchange has none: nobody signs out by it
    )
