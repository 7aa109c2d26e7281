"""One account is one person (TCVN 14423:2026 5.6, second-hand, domain.md 1.8); pure."""

import base64
import re
import secrets
from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from auth.accounts.errors import AccountConflict, AccountRefused
from auth.signon.signed_on import Realm

ID_BYTES = 10  # 16 characters of base32
LONGEST_NAME = 120
LONGEST_REASON = 500

_nine_digits = re.compile(r"[0-9]{9}").search
_is_staff_number = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}").fullmatch
_is_agency = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,34}").fullmatch


class AccountState(StrEnum):
    """Whether somebody may sign on with an account."""

    ACTIVE = "active"
    DISABLED = "disabled"  # an administrator's decision, or 45 idle days
    LOCKED = "locked"  # too many failures


class Act(StrEnum):
    """What happened to an account; each is a leaf."""

    CREATED = "created"
    LINKED = "linked"
    RENAMED = "renamed"
    DISABLED = "disabled"
    ENABLED = "enabled"
    LOCKED = "locked"


class Account(Struct, frozen=True, kw_only=True):
    """One person's account; `repr` shows nothing that is the person's own."""

    id: str  # u- and 16 characters of base32, never nine digits in a row
    realm: Realm
    name: str | None = None  # officials only, as an administrator wrote it
    agency: str | None = None  # officials only, a code
    staff_number: str | None = None  # officials only, a code
    state: AccountState = AccountState.ACTIVE
    version: int = 1
    act: Act = Act.CREATED  # what made this version
    by: str | None = None  # account or staff id of whoever did it; None: the gateway, by a rule
    reason: str
    created_at: datetime
    changed_at: datetime
    last_seen_at: datetime | None = None

    def __repr__(self) -> str:
        """Name the account, and nobody."""
        return f"Account(id={self.id!r}, state={self.state.value!r})"


# From which states an act leads where; the database refuses any other as well.
_LEADS: dict[Act, tuple[frozenset[AccountState], AccountState]] = {
    Act.LINKED: (frozenset({AccountState.ACTIVE}), AccountState.ACTIVE),
    Act.DISABLED: (frozenset({AccountState.ACTIVE, AccountState.LOCKED}), AccountState.DISABLED),
    Act.ENABLED: (frozenset({AccountState.DISABLED, AccountState.LOCKED}), AccountState.ACTIVE),
    Act.LOCKED: (frozenset({AccountState.ACTIVE}), AccountState.LOCKED),
}


def new_id(prefix: str) -> str:
    """Return *prefix*, a dash and 16 characters of base32: 80 random bits, no row of digits."""
    while True:
        drawn = base64.b32encode(secrets.token_bytes(ID_BYTES)).decode("ascii").lower()
        if _nine_digits(drawn) is None:
            return f"{prefix}-{drawn}"


def prepared(
    *, name: str, agency: str, staff_number: str, by: str, reason: str, now: datetime
) -> Account:
    """Return an official's new account, which waits for its first sign-on.

    Args:
        name: as the agency writes it, 1 to 120 characters, no number in it.
        agency: its code in the catalog.
        staff_number: what the staff provider claims as ``ma_can_bo``; a code, never a person's
            number.
        by: account or staff id of whoever prepares it.
        reason: why, 3 to 500 characters.
        now: the present instant.

    Raises:
        AccountRefused: a member is not of its form.
    """
    if _is_agency(agency) is None or _nine_digits(agency):
        raise AccountRefused("the agency is not a code", "agency")
    if _is_staff_number(staff_number) is None or _nine_digits(staff_number):
        raise AccountRefused("the staff number is not a code", "staff_number")
    return Account(
        id=new_id("u"),
        realm=Realm.STAFF,
        name=_demand_name(name),
        agency=agency,
        staff_number=staff_number,
        by=by,
        reason=_demand_reason(reason),
        created_at=now,
        changed_at=now,
    )


def renamed(account: Account, name: str, *, by: str, reason: str, now: datetime) -> Account:
    """Return an official's *account* under another name; state, office and link stay.

    Raises:
        AccountRefused: it is a citizen's, or the name or the reason has not its form.
    """
    if account.realm is not Realm.STAFF:
        raise AccountRefused("only an official's account has a name")
    return replace(
        account,
        name=_demand_name(name),
        version=account.version + 1,
        act=Act.RENAMED,
        by=by,
        reason=_demand_reason(reason),
        changed_at=now,
    )


def of_citizen(now: datetime) -> Account:
    """Return a citizen's new account, made by the first sign-on."""
    own = new_id("u")
    return Account(
        id=own,
        realm=Realm.CITIZENS,
        by=own,
        reason="first sign-on",
        created_at=now,
        changed_at=now,
    )


def moved(account: Account, act: Act, *, by: str | None, reason: str, now: datetime) -> Account:
    """Return *account* after *act*.

    Raises:
        AccountConflict: the act does not lead from the account's state.
        AccountRefused: the reason has not its form.
    """
    if act not in _LEADS or account.state not in _LEADS[act][0]:
        raise AccountConflict
    return replace(
        account,
        state=_LEADS[act][1],
        version=account.version + 1,
        act=act,
        by=by,
        reason=_demand_reason(reason),
        changed_at=now,
    )


def _demand_name(name: str) -> str:
    if not 1 <= len(name.strip()) <= LONGEST_NAME or _odd(name):
        raise AccountRefused("the name has not its form", "name")
    return " ".join(name.split())


def _demand_reason(reason: str) -> str:
    text = reason.strip()
    if not 3 <= len(text) <= LONGEST_REASON or _odd(text):  # noqa: PLR2004 - said above
        raise AccountRefused("the reason has not its form", "reason")
    return text


def _odd(text: str) -> bool:
    """Say whether a person's number could hide in *text*, or a sign that nobody sees."""
    bare = re.sub(r"[\s.\-_/]", "", text)
    return _nine_digits(bare) is not None or not text.isprintable()
