"""A session: what the database keeps of it, what its cookie opens, and when it is over; pure."""

import re
from datetime import datetime, timedelta

from msgspec import Struct

from auth.accounts.accounts import AccountState
from auth.people import ADMINISTERING, Person, Role
from auth.signon.signed_on import Realm

# The form of codes in the record; nine digits in a row may be a person's number (promise P6).
_is_code = re.compile(r"(?!.*\d{9})[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,119}").fullmatch
_SHORT = ADMINISTERING | {Role.BREAK_GLASS}
SEEN_EVERY = timedelta(minutes=1)  # a session's last use is written at most this often


class Bounds(Struct, frozen=True, kw_only=True):
    """How long sessions last (TCVN 14423:2026 5.5, second-hand, domain.md 1.8)."""

    idle: timedelta = timedelta(minutes=15)
    administrator_idle: timedelta = timedelta(minutes=5)
    absolute: timedelta = timedelta(hours=8)
    per_account: int = 5


class Payload(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is the person's own in a session; sealed wherever it is kept."""

    acr: str
    id_token: str
    name: str | None = None
    so_dinh_danh: str | None = None
    amr: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Show nothing."""
        return "Payload()"


class Row(Struct, frozen=True, kw_only=True):
    """A session as it is stored, with the state and the roles of its account as they are now."""

    id: str
    account_id: str
    realm: Realm
    agency: str | None
    account_name: str | None
    state: AccountState
    roles: frozenset[Role]
    provider: str
    level: int
    authenticated_at: datetime
    opened_at: datetime
    seen_at: datetime
    ends_at: datetime
    sealed: bytes


class Session(Struct, frozen=True, kw_only=True):
    """One open session, opened with its cookie; `repr` shows nothing that is the person's own."""

    id: str
    account_id: str
    person: Person
    provider: str
    level: int  # 1 or 2: how strongly the person signed on
    opened_at: datetime
    seen_at: datetime
    ends_at: datetime  # whatever happens, it is over then
    idle_until: datetime  # or then, when nothing happens
    csrf: str  # what state-changing requests must bring beside the cookie
    id_token: str

    def __repr__(self) -> str:
        """Name the session and its account, and nobody."""
        return f"Session(id={self.id!r}, account_id={self.account_id!r})"


class Listed(Struct, frozen=True, kw_only=True):
    """A session as its person sees it in a list."""

    id: str
    provider: str
    level: int
    opened_at: datetime
    seen_at: datetime
    ends_at: datetime


def idle_of(roles: frozenset[Role], bounds: Bounds) -> timedelta:
    """Return how long a session with *roles* may rest: administrators' rest is shorter."""
    return bounds.idle if roles.isdisjoint(_SHORT) else bounds.administrator_idle


def idle_until(row: Row, bounds: Bounds) -> datetime:
    """Return when *row* is over unless it is used before: never after its end.

    The last use is written at most once a minute, so that a session may be over up to a minute
    before its bound, and never after it.
    """
    return min(row.seen_at + idle_of(row.roles, bounds), row.ends_at)


def is_over(row: Row, bounds: Bounds, now: datetime) -> bool:
    """Say whether *row* is over: its instant of ending is the first at which it is."""
    return row.state is not AccountState.ACTIVE or now >= idle_until(row, bounds)


def _coded(acr: str, level: int) -> str:
    """Return *acr* when the record may hold it; a provider's free text is named by its level."""
    return f"level-{level}" if _is_code(acr) is None else acr


def person_of(row: Row, payload: Payload) -> Person:
    """Return whom a session speaks for; a citizen is a citizen alone, whatever roles say."""
    citizen = row.realm is Realm.CITIZENS
    return Person(
        id=row.account_id,
        name=(payload.name if citizen else row.account_name) or "",
        agency=None if citizen else row.agency,
        roles=frozenset({Role.CITIZEN}) if citizen else row.roles - {Role.CITIZEN},
        acr=_coded(payload.acr, row.level),
        auth_time=row.authenticated_at.timestamp(),
        so_dinh_danh=payload.so_dinh_danh if citizen else None,
    )
