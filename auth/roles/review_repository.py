"""Reviews as rows; SQL stays in here."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from auth.roles.errors import GrantUnknown
from auth.roles.repository import MOST_LISTED, valued
from auth.roles.reviews import Item, Review

REVIEWS = """
SELECT r.id, r.opened_at, r.due_at, r.lapses_at, count(i.grant_id) AS grants,
  count(i.grant_id) FILTER (WHERE d.grant_id IS NULL AND e.grant_id IS NULL
    AND (g.valid_to IS NULL OR g.valid_to > statement_timestamp())) AS open
FROM auth.review r
LEFT JOIN auth.review_item i ON i.review_id = r.id
LEFT JOIN auth.review_decision d ON d.review_id = i.review_id AND d.grant_id = i.grant_id
LEFT JOIN auth.role_end e ON e.grant_id = i.grant_id
LEFT JOIN auth.role_grant g ON g.id = i.grant_id
"""
LISTED = f"""{REVIEWS}
WHERE CAST(:before AS text) IS NULL OR r.id < :before
GROUP BY r.id ORDER BY r.id DESC LIMIT :limit
"""
ITEMS = """
SELECT i.grant_id, i.account_id, g.role, g.agency, a.agency AS works_at, d.keep, d.decided_by,
  d.reason, d.at AS decided_at, e.cause
FROM auth.review_item i
JOIN auth.role_grant g ON g.id = i.grant_id
JOIN auth.account a ON a.id = i.account_id
LEFT JOIN auth.review_decision d ON d.review_id = i.review_id AND d.grant_id = i.grant_id
LEFT JOIN auth.role_end e ON e.grant_id = i.grant_id
WHERE i.review_id = :review AND i.grant_id > :after
  AND (CAST(:only AS text) IS NULL OR i.grant_id = :only)
  AND (CAST(:agency AS text) IS NULL OR a.agency = :agency)
ORDER BY i.grant_id LIMIT :limit
"""
DECIDE = """
INSERT INTO auth.review_decision (review_id, grant_id, account_id, keep, decided_by, reason, at)
VALUES (:review, :grant, :account, :keep, :by, :reason, :at)
"""
OPEN = "SELECT auth.open_review(:id, :now, :after, :due, :lapses)"
LAPSE = "SELECT auth.lapse_reviewed(:now)"


class ReviewRepository:
    """Reviews, their grants, and what was said of each."""

    def __init__(self, asked: AsyncSession) -> None:
        self._asked = asked

    async def listed(self, *, before: str | None, limit: int) -> tuple[Review, ...]:
        """Return reviews, newest first, at most 200."""
        bounds = {"before": before, "limit": min(max(limit, 1), MOST_LISTED)}
        rows = (await self._asked.execute(text(LISTED), bounds)).mappings()
        return tuple(valued(row, Review) for row in rows)

    async def items(
        self, review_id: str, *, agency: str | None, after: str = "", limit: int = 50
    ) -> tuple[Item, ...]:
        """Return grants of a review by their ids, those after *after*; *agency* narrows."""
        return await self._items(review_id, agency=agency, after=after, limit=limit)

    async def item(self, review_id: str, grant_id: str) -> Item:
        """Return one grant of a review; raise GrantUnknown when it is not in it."""
        found = await self._items(review_id, agency=None, only=grant_id, limit=1)
        if not found:
            raise GrantUnknown
        return found[0]

    async def decide(
        self, review_id: str, item: Item, *, keep: bool, by: str, reason: str, at: datetime
    ) -> None:
        """Store a reviewer's word; what is not kept ends in the same statement.

        Raises:
            SecondPersonMissing: nobody reviews their own grants.
            MoveRefused: it was decided before, or the grant has ended.
        """
        values = {
            "review": review_id, "grant": item.grant_id, "account": item.account_id,
            "keep": keep, "by": by, "reason": reason, "at": at,
        }  # fmt: skip
        await self._asked.execute(text(DECIDE), values)

    async def open(
        self, review_id: str, now: datetime, hours: tuple[datetime, datetime, datetime]
    ) -> int:
        """Begin a review when one is due; return how many grants it is about, 0 for no review.

        Args:
            review_id: UUIDv7 of the new review.
            now: the present instant.
            hours: since when none may have begun, when it is due, when the rest ends.
        """
        after, due, lapses = hours
        values = {"id": review_id, "now": now, "after": after, "due": due, "lapses": lapses}
        return int(await self._asked.scalar(text(OPEN), values) or 0)

    async def lapse(self, now: datetime) -> int:
        """End what nobody confirmed in time; return how many grants."""
        return int(await self._asked.scalar(text(LAPSE), {"now": now}) or 0)

    async def _items(
        self,
        review_id: str,
        *,
        agency: str | None,
        limit: int,
        after: str = "",
        only: str | None = None,
    ) -> tuple[Item, ...]:
        asked = {
            "review": review_id, "agency": agency, "after": after, "only": only,
            "limit": min(max(limit, 1), MOST_LISTED),
        }  # fmt: skip
        rows = (await self._asked.execute(text(ITEMS), asked)).mappings()
        return tuple(valued(row, Item) for row in rows)
