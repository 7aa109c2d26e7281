"""Reviews of what is granted: due at fixed times, answered grant by grant; pure.

Source: TCVN 14423:2026 5.4 and 5.6 demand a review of rights at least every six months
(second-hand, domain.md 1.8).  What happens to a grant that nobody confirms is our own rule
(derived): it ends.
"""

from datetime import datetime, timedelta

from msgspec import Struct

from auth.people import Role
from auth.roles.grants import Cause


class Pace(Struct, frozen=True, kw_only=True):
    """How often everything is reviewed, and how long reviewers have."""

    every: timedelta = timedelta(days=180)
    within: timedelta = timedelta(days=30)  # then the review is overdue
    grace: timedelta = timedelta(days=30)  # and then what is not confirmed ends


class Item(Struct, frozen=True, kw_only=True):
    """One grant under review, and what was said of it."""

    grant_id: str
    account_id: str
    role: Role
    agency: str | None  # where the role counts
    works_at: str | None  # the agency of the account
    keep: bool | None = None  # None: nobody has decided
    decided_by: str | None = None
    reason: str | None = None
    decided_at: datetime | None = None
    cause: Cause | None = None  # what ended the grant, in the review or otherwise

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to decide: what has ended needs no word."""
        return self.keep is None and self.cause is None


class Review(Struct, frozen=True, kw_only=True):
    """One review of every grant there was when it began."""

    id: str  # UUIDv7
    opened_at: datetime
    due_at: datetime
    lapses_at: datetime
    grants: int
    open: int  # not decided yet

    def is_overdue(self, now: datetime) -> bool:
        """Say whether reviewers are late at *now*."""
        return self.open > 0 and now >= self.due_at


def hours_of(pace: Pace, now: datetime) -> tuple[datetime, datetime, datetime]:
    """Return the hours of a review that would begin *now*.

    Returns:
        Since when none may have begun, when it is due, and when what nobody confirmed ends.
    """
    due = now + pace.within
    return now - pace.every, due, due + pace.grace
