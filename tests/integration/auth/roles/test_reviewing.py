"""Reviews over a real database: opened by date, answered by others, ended by silence."""

from collections.abc import AsyncGenerator
from datetime import timedelta

import asyncpg
import pytest

from auth.people import Role
from auth.roles.errors import GrantUnknown, MoveRefused, OutsideScope, SecondPersonMissing
from auth.roles.grants import EVERYTHING, Cause, Scope
from auth.roles.reviews import Pace, Review
from gateway.clock import utc_now
from tests.role_builders import APPROVER, ELSEWHERE, HERE, REASON, REVIEWER, Hall, hall

DAY = timedelta(days=1)
PACE = Pace(every=180 * DAY, within=30 * DAY, grace=10 * DAY)
OF_HERE = Scope(HERE, frozenset({Role.OFFICIAL}))


@pytest.fixture
async def people(database_url: str) -> AsyncGenerator[Hall]:
    """Give the desks as the gateway has them."""
    async with hall(database_url, pace=PACE, role="motlan_app") as made:
        yield made


async def under_review(people: Hall) -> tuple[Review, str, str]:
    """Open a review of two grants; return it, and their ids."""
    account = await people.an_official()
    other = await people.an_official("CB-2", ELSEWHERE)
    one = await people.granted(account, Role.OFFICIAL)
    two = await people.granted(other, Role.OFFICIAL)
    assert (0, 2) == await people.reviews.round(utc_now() + 181 * DAY)
    (review,) = await people.reviews.listed()
    return review, one.id, two.id


async def decided(people: Hall, review: str, grant: str, *, keep: bool, by: str = REVIEWER) -> None:
    """Say a reviewer's word."""
    await people.reviews.decide(
        review, grant, by=by, scope=EVERYTHING, keep=keep, reason=REASON, now=utc_now()
    )


async def test_a_review_opens_when_the_oldest_grant_is_half_a_year_old(people: Hall) -> None:
    """Not before, and once, however many keepers look."""
    await people.granted(await people.an_official(), Role.AUDITOR)
    now = utc_now()

    rounds = [await people.reviews.round(now + days * DAY) for days in (0, 179, 181, 182)]

    assert [(0, 0), (0, 0), (0, 1), (0, 0)] == rounds
    (review,) = await people.reviews.listed()
    assert (211, 221) == ((review.due_at - now).days, (review.lapses_at - now).days)
    assert "review.open" == (await people.owed())[-1][0]


async def test_the_next_review_is_of_what_is_granted_by_then(people: Hall) -> None:
    """Also of what the review before confirmed."""
    review, one, two = await under_review(people)
    for grant in (one, two):
        await decided(people, review.id, grant, keep=True)
    await people.granted(await people.an_official("CB-3"), Role.AUDITOR)

    assert (0, 3) == await people.reviews.round(utc_now() + 400 * DAY)


async def test_what_is_confirmed_stays_and_what_is_not_ends_at_once(people: Hall) -> None:
    """Both are owed to the record under the reviewer's name."""
    review, one, two = await under_review(people)

    await decided(people, review.id, one, keep=True)
    await decided(people, review.id, two, keep=False)

    items = {each.grant_id: each for each in await people.reviews.items(review.id, EVERYTHING)}
    assert (True, None) == (items[one].keep, items[one].cause)
    assert (False, Cause.REVIEWED) == (items[two].keep, items[two].cause)
    assert ["role.confirm", "role.revoke"] == [event for event, _ in (await people.owed())[-2:]]
    assert 0 == (await people.reviews.listed())[0].open


async def test_what_nobody_confirmed_ends_after_the_grace(people: Hall) -> None:
    """A right that nobody can explain is not kept for being there."""
    review, one, two = await under_review(people)
    await decided(people, review.id, one, keep=True)
    due, over = review.due_at, review.lapses_at

    assert 1 == await people.reviews.overdue(due)
    assert (0, 0) == await people.reviews.round(over - timedelta(seconds=1))
    assert (1, 0) == await people.reviews.round(over)
    assert (0, 0) == await people.reviews.round(over)
    items = {each.grant_id: each for each in await people.reviews.items(review.id, EVERYTHING)}
    assert [None, Cause.LAPSED] == [items[each].cause for each in (one, two)]
    (last,) = await people.fetch("SELECT by, by_is FROM audit.change_due ORDER BY id DESC LIMIT 1")
    assert ("keeper:review", "code") == tuple(last)
    assert 0 == await people.reviews.overdue(over)


async def test_nobody_reviews_their_own_grants(people: Hall) -> None:
    """Neither by the account, nor by the staff number, nor by a statement."""
    review, one, _ = await under_review(people)
    (item, _) = await people.reviews.items(review.id, EVERYTHING)

    for by in (item.account_id, "CB-0001"):
        with pytest.raises(SecondPersonMissing):
            await decided(people, review.id, one, keep=True, by=by)
    with pytest.raises(asyncpg.CheckViolationError, match="review_decision_four_eyes"):
        await people.fetch(
            "INSERT INTO auth.review_decision VALUES ($1, $2, $3, true, $3, 'vì thế', now())",
            review.id, one, item.account_id,
        )  # fmt: skip


async def test_a_word_is_said_once_and_of_what_is_still_granted(people: Hall) -> None:
    """What was taken away meanwhile needs no word."""
    review, one, two = await under_review(people)
    await decided(people, review.id, one, keep=True)
    await people.roles.revoke(two, by=APPROVER, scope=EVERYTHING, reason=REASON, now=utc_now())

    for grant in (one, two):
        with pytest.raises(MoveRefused):
            await decided(people, review.id, grant, keep=False)
    assert 0 == (await people.reviews.listed())[0].open


async def test_an_agencys_administrator_reviews_the_own_agency(people: Hall) -> None:
    """Another agency's grants are not in their list, and not theirs to decide."""
    review, one, two = await under_review(people)

    items = await people.reviews.items(review.id, OF_HERE)

    assert [one] == [each.grant_id for each in items]
    with pytest.raises(GrantUnknown):
        await people.reviews.decide(
            review.id, two, by=REVIEWER, scope=OF_HERE, keep=True, reason=REASON, now=utc_now()
        )


async def test_an_agencys_administrator_does_not_review_higher_roles(people: Hall) -> None:
    """Whoever appointed them looks through that."""
    account = await people.an_official()
    grant = await people.granted(account, Role.OPERATOR)
    await people.reviews.round(utc_now() + 181 * DAY)
    (review,) = await people.reviews.listed()

    with pytest.raises(OutsideScope):
        await people.reviews.decide(
            review.id, grant.id, by=REVIEWER, scope=OF_HERE, keep=True, reason=REASON,
            now=utc_now(),
        )  # fmt: skip
