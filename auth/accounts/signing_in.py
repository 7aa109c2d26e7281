"""From a proven person to an account: linked, prepared, or, for citizens, made."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

from auth.accounts.accounts import Account, Act, moved, of_citizen, renamed
from auth.accounts.errors import AccountConflict, Barred, SignInBarred
from auth.accounts.links import demand_first, demand_same, demand_usable, number_of
from auth.accounts.repository import AccountRepository, answering
from auth.signon.signed_on import Realm, SignedOn
from auth.transactions import Transaction

Blind: TypeAlias = Callable[[str, str], str]


def link_ref(blind: Blind, signed_on: SignedOn) -> str:
    """Return the pseudonym that a link keeps of the stable claim."""
    return blind("link", f"{signed_on.issuer}\0{signed_on.link}")


class Accounts:
    """Accounts as sign-on and administration use them; each call is one transaction.

    Args:
        transaction: opens one; it commits at the end, and rolls back on any error.
        blind: the lasting keyed pseudonym of a kind and a text, 32 characters of base32; what a
            provider calls a person may be the person's number.
    """

    def __init__(self, transaction: Transaction, blind: Blind) -> None:
        self._transaction = transaction
        self._blind = blind

    async def sign_in(self, signed_on: SignedOn, now: datetime) -> Account:
        """Return the account of whom a provider has proven.

        Raises:
            SignInBarred: nobody here is that person, or may not come in.
            AccountsUnavailable: the database did not answer.
        """
        if signed_on.realm is Realm.CITIZENS:
            return await self._citizen(signed_on, now)
        return await self._official(signed_on, now)

    async def prepare(self, new: Account) -> None:
        """Store an official's new account, made by `accounts.prepared`.

        Raises:
            AccountExists: the agency has a usable one under that staff number.
            AccountsUnavailable: the database did not answer.
        """
        async with answering(), self._transaction() as asked:
            await AccountRepository(asked).add(new)

    async def find(self, account_id: str) -> Account:
        """Return one account.

        Raises:
            AccountUnknown: there is none of that id.
            AccountsUnavailable: the database did not answer.
        """
        async with answering(), self._transaction() as asked:
            return await AccountRepository(asked).find(account_id)

    async def change(
        self, account_id: str, act: Act, *, by: str | None, reason: str, now: datetime
    ) -> Account:
        """Disable, enable or lock an account; its sessions end in the same transaction.

        Raises:
            AccountUnknown: there is none of that id.
            AccountConflict: the act does not lead from its state; or enabling it would give the
                official a second account.
            AccountRefused: the reason has not its form.
            AccountsUnavailable: the database did not answer.
        """
        async with answering(), self._transaction() as asked:
            accounts = AccountRepository(asked)
            before = await accounts.find(account_id, holding=True)
            after = moved(before, act, by=by, reason=reason, now=now)
            await accounts.change(after)
        return after

    async def rename(
        self, account_id: str, name: str, *, by: str, reason: str, now: datetime
    ) -> Account:
        """Correct the name of an official's account.

        Raises:
            AccountUnknown: there is none of that id.
            AccountRefused: it is a citizen's, or the name or the reason has not its form.
            AccountsUnavailable: the database did not answer.
        """
        async with answering(), self._transaction() as asked:
            accounts = AccountRepository(asked)
            before = await accounts.find(account_id, holding=True)
            after = renamed(before, name, by=by, reason=reason, now=now)
            await accounts.change(after)
        return after

    async def listed(
        self, *, agency: str | None = None, after: str = "", limit: int = 50
    ) -> tuple[Account, ...]:
        """Return officials' accounts by id, of one agency or of all, after the id *after*."""
        async with answering(), self._transaction() as asked:
            return await AccountRepository(asked).listed(agency=agency, after=after, limit=limit)

    async def unused(self, before: datetime, *, limit: int = 100) -> tuple[Account, ...]:
        """Return active officials' accounts without any use since *before*."""
        async with answering(), self._transaction() as asked:
            return await AccountRepository(asked).unused(before, limit=limit)

    async def _citizen(self, signed_on: SignedOn, now: datetime) -> Account:
        ref = self._blind("account", number_of(signed_on, now.year))
        async with answering(), self._transaction() as asked:
            accounts = AccountRepository(asked)
            found = await accounts.of_person(ref)
            if found is None:
                await accounts.add(of_citizen(now), ref)  # or another sign-on made it just now
                found = await accounts.of_person(ref)
            if found is None:
                raise SignInBarred(Barred.ACCOUNT_UNKNOWN)
            demand_usable(found)
            await accounts.seen(found.id, now)
            return found

    async def _official(self, signed_on: SignedOn, now: datetime) -> Account:
        ref = link_ref(self._blind, signed_on)
        try:
            async with answering(), self._transaction() as asked:
                accounts = AccountRepository(asked)
                found = await accounts.linked(ref)
                if found is None:
                    found = await self._first(accounts, signed_on, ref, now)
                demand_same(found, signed_on)
                await accounts.seen(found.id, now)
                return found
        except AccountConflict:
            raise SignInBarred(Barred.LINK_CONFLICT) from None

    @staticmethod
    async def _first(
        accounts: AccountRepository, signed_on: SignedOn, ref: str, now: datetime
    ) -> Account:
        """Link the account that waits for this official; whoever came first keeps it."""
        if signed_on.agency is None or signed_on.staff_number is None:
            raise SignInBarred(Barred.ACCOUNT_UNKNOWN)
        waiting = await accounts.prepared(signed_on.agency, signed_on.staff_number)
        linked_to = None if waiting is None else await accounts.link_of(waiting.id)
        found = demand_first(waiting, linked_to, ref)
        if linked_to == ref:
            return found
        after = moved(found, Act.LINKED, by=found.id, reason="first sign-on", now=now)
        await accounts.change(after, ref=ref)
        return after
