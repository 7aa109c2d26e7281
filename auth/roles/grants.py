"""One grant: asked for by one person, decided by another, ended by a third or by time; pure."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from auth.people import Person, Role
from auth.permissions import HOLDERS, Permission
from auth.roles.errors import GrantRefused, OutsideScope

AGENCY_SCOPED = frozenset({Role.AGENCY_ADMINISTRATOR, Role.OFFICIAL})
GRANTABLE = frozenset(Role) - {Role.CITIZEN, Role.BREAK_GLASS}
OF_AGENCY_ADMINISTRATORS = frozenset({Role.OFFICIAL})  # what they ask, decide and review
FURTHEST = timedelta(days=366)  # how far ahead a grant may begin
LAST = datetime.max.replace(tzinfo=UTC)  # no database holds a later instant


class State(StrEnum):
    """Where a grant stands."""

    ASKED = "asked"
    REFUSED = "refused"
    GRANTED = "granted"
    ENDED = "ended"  # taken away, not confirmed in a review, or over


class Cause(StrEnum):
    """What ended a grant before its time."""

    REVOKED = "revoked"
    REVIEWED = "reviewed"
    LAPSED = "lapsed"


class Wanted(Struct, frozen=True, kw_only=True):
    """What somebody asks for."""

    account_id: str
    role: Role
    valid_from: datetime | None = None  # None: at once
    valid_to: datetime | None = None  # None: until somebody ends it
    reason: str


class Grant(Struct, frozen=True, kw_only=True):
    """One account's one role, and who said what about it; `agency` is where the role counts."""

    id: str  # UUIDv7
    account_id: str
    role: Role
    agency: str | None
    valid_from: datetime
    valid_to: datetime | None
    asked_by: str
    reason: str
    asked_at: datetime
    approved: bool | None = None  # None: nobody has decided
    decided_by: str | None = None
    decided_at: datetime | None = None
    cause: Cause | None = None
    ended_by: str | None = None
    ended_at: datetime | None = None

    def state(self, now: datetime) -> State:
        """Return where the grant stands at *now*."""
        if self.approved is None:
            return State.ASKED
        if not self.approved:
            return State.REFUSED
        over = self.valid_to is not None and now >= self.valid_to
        return State.ENDED if over or self.ended_at is not None else State.GRANTED


class Scope(Struct, frozen=True):
    """Whose accounts a caller may see and change, and which roles they decide about."""

    agency: str | None  # None: of the whole province
    roles: frozenset[Role]

    def covers(self, agency: str | None) -> bool:
        """Say whether an account at *agency* is within the scope."""
        return self.agency is None or self.agency == agency

    def demand_over(self, held: frozenset[Role]) -> None:
        """Demand that an account that holds *held* is the caller's to change.

        Whoever administers one agency does not shut out those who watch or appoint them.

        Raises:
            OutsideScope: it is not.
        """
        if self.agency is not None and not held <= self.roles:
            raise OutsideScope

    def demand(self, role: Role, agency: str | None) -> None:
        """Demand that *role* of an account at *agency* is the caller's to decide about.

        Raises:
            OutsideScope: it is not.
        """
        if role not in self.roles or not self.covers(agency):
            raise OutsideScope


EVERYTHING = Scope(None, GRANTABLE)


def scope_of(person: Person, permission: Permission) -> Scope:
    """Return what *person* may see and change by *permission*.

    Only a role that holds the permission widens it: another role that sees the whole province for
    another purpose does not.

    Raises:
        OutsideScope: an agency's administrator without an agency sees nothing.
    """
    if not person.roles.isdisjoint(HOLDERS[permission] - AGENCY_SCOPED):
        return EVERYTHING
    if person.agency is None:
        raise OutsideScope
    return Scope(person.agency, OF_AGENCY_ADMINISTRATORS)


def asked(wanted: Wanted, *, grant_id: str, works_at: str | None, by: str, now: datetime) -> Grant:
    """Return the grant that *wanted* asks for.

    Args:
        wanted: the role, for whom, how long, why.
        grant_id: UUIDv7 of the new grant.
        works_at: the agency of the account.
        by: account or staff id of who asks.
        now: the present instant.

    Raises:
        GrantRefused: nobody can be granted the role, or the range is empty, over, or too far.
    """
    begins = wanted.valid_from or now
    if wanted.role not in GRANTABLE:
        raise GrantRefused("role")
    if begins > now + FURTHEST or begins < now - timedelta(days=1):
        raise GrantRefused("valid_from")
    if wanted.valid_to is not None and not max(begins, now) < wanted.valid_to <= LAST:
        raise GrantRefused("valid_to")
    return Grant(
        id=grant_id,
        account_id=wanted.account_id,
        role=wanted.role,
        agency=works_at if wanted.role in AGENCY_SCOPED else None,
        valid_from=begins,
        valid_to=wanted.valid_to,
        asked_by=by,
        reason=wanted.reason,
        asked_at=now,
    )
