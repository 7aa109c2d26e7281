"""Who a proven person is among our accounts; pure."""

import re

from auth.accounts.accounts import Account, AccountState
from auth.accounts.errors import Barred, SignInBarred
from auth.signon.signed_on import SignedOn

BUSINESS = "2"  # LoaiTaiKhoan (domain.md 2.6, verified)
OF_AGE = 18  # years (derived: until the register's own age rules are asked at sign-on)

_is_number = re.compile(r"[0-9]{12}").fullmatch
# The fourth digit is sex and century, the next two are the year (second-hand, domain.md 3.1).
_CENTURIES = {"0": 1900, "1": 1900, "2": 2000, "3": 2000, "4": 2100, "5": 2100}


def demand_usable(account: Account) -> Account:
    """Return *account* when somebody may sign on with it.

    Raises:
        SignInBarred: it is disabled or locked.
    """
    if account.state is AccountState.DISABLED:
        raise SignInBarred(Barred.ACCOUNT_DISABLED, account.id)
    if account.state is AccountState.LOCKED:
        raise SignInBarred(Barred.ACCOUNT_LOCKED, account.id)
    return account


def demand_same(account: Account, signed_on: SignedOn) -> Account:
    """Return the linked *account* when the provider still claims the same office.

    Whoever moves to another agency does not act for the one before: a new account is prepared.

    Raises:
        SignInBarred: LINK_CONFLICT; or the account is disabled or locked.
    """
    demand_usable(account)
    claimed = (signed_on.agency, signed_on.staff_number)
    if claimed != (account.agency, account.staff_number):
        raise SignInBarred(Barred.LINK_CONFLICT, account.id)
    return account


def demand_first(account: Account | None, linked_to: str | None, ref: str) -> Account:
    """Return the prepared *account* when its first sign-on may link to it.

    Args:
        account: what an administrator prepared under the claimed staff number and agency.
        linked_to: whose it is already.
        ref: who has signed on now.

    Raises:
        SignInBarred: nobody prepared one, it is another's, or it is disabled or locked.
    """
    if account is None:
        raise SignInBarred(Barred.ACCOUNT_UNKNOWN)
    demand_usable(account)
    if linked_to not in {None, ref}:
        raise SignInBarred(Barred.LINK_CONFLICT, account.id)
    return account


def number_of(signed_on: SignedOn, year: int) -> str:
    """Return the number of a citizen who may have an account.

    A person in the year of coming of age is let in: the exact day is the register's to know, and
    consent is judged by it.

    Args:
        signed_on: whom the provider has proven.
        year: the present one.

    Raises:
        SignInBarred: a business, a minor by the year in the number, no number, or no level.
    """
    number = signed_on.so_dinh_danh
    if signed_on.kind == BUSINESS:
        raise SignInBarred(Barred.ACCOUNT_KIND_REFUSED)
    if signed_on.level < 1:
        raise SignInBarred(Barred.ASSURANCE_TOO_LOW)
    if number is None or _is_number(number) is None or number[3] not in _CENTURIES:
        raise SignInBarred(Barred.ACCOUNT_UNKNOWN)
    born = _CENTURIES[number[3]] + int(number[4:6])
    if year - born < OF_AGE:
        raise SignInBarred(Barred.ACCOUNT_KIND_REFUSED)
    return number
