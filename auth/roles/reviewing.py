"""What reviewers do, and what happens when they do nothing; each call is one transaction."""

from datetime import datetime

import uuid_utils

from auth.roles.errors import GrantUnknown
from auth.roles.grants import Scope
from auth.roles.names import demand_others
from auth.roles.reasons import reason_of
from auth.roles.repository import answering
from auth.roles.review_repository import ReviewRepository
from auth.roles.reviews import Item, Pace, Review, hours_of
from auth.transactions import Transaction


class ReviewDesk:
    """Reviews as administration and the keeper use them.

    Args:
        transaction: opens one; it commits at the end, and rolls back on any error.
        pace: how often, and how long reviewers have.
    """

    def __init__(self, transaction: Transaction, pace: Pace) -> None:
        self._transaction = transaction
        self._pace = pace

    async def listed(self, *, before: str | None = None, limit: int = 50) -> tuple[Review, ...]:
        """Return reviews, newest first."""
        async with answering(), self._transaction() as asked:
            return await ReviewRepository(asked).listed(before=before, limit=limit)

    async def items(
        self, review_id: str, scope: Scope, *, after: str = "", limit: int = 50
    ) -> tuple[Item, ...]:
        """Return the grants of a review within *scope*, by their ids."""
        async with answering(), self._transaction() as asked:
            rows = ReviewRepository(asked)
            return await rows.items(review_id, agency=scope.agency, after=after, limit=limit)

    async def decide(
        self,
        review_id: str,
        grant_id: str,
        *,
        by: str,
        scope: Scope,
        keep: bool,
        reason: str,
        now: datetime,
    ) -> Item:
        """Confirm a grant, or end it.

        Raises:
            SecondPersonMissing: nobody reviews their own grants.
            MoveRefused: it was decided before, or the grant has ended.
            GrantUnknown: it is not in the review, or not the caller's to see.
            OutsideScope: the role is not the caller's to decide about.
            GrantRefused: the reason is not of its form.
            RolesUnavailable: the database did not answer.
        """
        plain = reason_of(reason)
        async with answering(), self._transaction() as asked:
            rows = ReviewRepository(asked)
            item = await rows.item(review_id, grant_id)
            if not scope.covers(item.works_at):
                raise GrantUnknown
            scope.demand(item.role, item.works_at)
            await demand_others(asked, by, item.account_id)
            await rows.decide(review_id, item, keep=keep, by=by, reason=plain, at=now)
            return await rows.item(review_id, grant_id)

    async def round(self, now: datetime) -> tuple[int, int]:
        """End what nobody confirmed, then begin a review when one is due.

        Returns:
            How many grants ended, and how many a new review is about.
        """
        async with answering(), self._transaction() as asked:
            lapsed = await ReviewRepository(asked).lapse(now)
        async with answering(), self._transaction() as asked:
            opened = await ReviewRepository(asked).open(
                str(uuid_utils.uuid7()), now, hours_of(self._pace, now)
            )
        return lapsed, opened

    async def overdue(self, now: datetime) -> int:
        """Return how many grants reviewers are late with."""
        return sum(each.open for each in await self.listed(limit=200) if each.is_overdue(now))
