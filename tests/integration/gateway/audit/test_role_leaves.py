"""What rights owe to the record becomes whole leaves: nothing left out, nobody's number in it."""

from datetime import timedelta
from pathlib import Path

from auth.people import Role
from auth.roles.grants import EVERYTHING
from auth.roles.terms import Terms
from gateway import database
from gateway.audit.changes import ChangeLeaves
from gateway.audit.events import Event
from gateway.audit.keyring import Keyring
from gateway.audit.leaf import Leaf, body
from gateway.audit.outbox import ROLE, Outbox
from gateway.audit.pseudonyms import Pseudonyms
from gateway.clock import utc_now
from tests.role_builders import APPROVER, ASKER, REASON, REVIEWER, Hall, hall

WRONG = "aaaa-bbbb-cccc-dddd"
DAY = timedelta(days=1)
WANTED = {
    Event.ACCOUNT_CREATE, Event.ACCOUNT_DISABLE,
    Event.ROLE_ASK, Event.ROLE_GRANT, Event.ROLE_REFUSE, Event.ROLE_CONFIRM, Event.ROLE_REVOKE,
    Event.REVIEW_OPEN, Event.BREAKGLASS_OPEN, Event.BREAKGLASS_ENTER, Event.BREAKGLASS_CLOSE,
    Event.BREAKGLASS_JUDGE, Event.BREAKGLASS_UNLOCK,
}  # fmt: skip


async def everything(people: Hall) -> None:
    """Do each act once that changes a right."""
    account = await people.an_official()
    kept = await people.granted(account, Role.AUDITOR)
    other = await people.an_official("CB-2")
    await people.decided(await people.asked(other, Role.PUBLISHER), approved=False)
    await people.granted(other, Role.OPERATOR)
    now = utc_now() + 200 * DAY
    await people.reviews.round(now)
    (review,) = await people.reviews.listed()
    await people.reviews.decide(
        review.id, kept.id, by=REVIEWER, scope=EVERYTHING, keep=True, reason=REASON, now=now
    )
    await people.reviews.round(review.lapses_at)
    emergency, secret = await people.emergencies.open(by=ASKER, reason=REASON, now=now)
    await people.emergencies.enter(secret, now)
    await people.emergencies.close_over(emergency.ends_at)
    await people.emergencies.judge(
        emergency.id, by=APPROVER, justified=True, reason=REASON, now=now
    )
    await people.fetch(
        "INSERT INTO auth.guess VALUES ('break-glass', 5, now(), now()) "
        "ON CONFLICT (door) DO UPDATE SET failures = 5, locked_at = now()"
    )
    await people.emergencies.unlock(by=APPROVER)


async def leaves(dsn: str, keys: Path) -> list[Leaf]:
    """Return the leaves of everything that is owed."""
    writer = ChangeLeaves(Pseudonyms(Keyring(keys)))
    async with await database.raw_pool(dsn, ROLE, 1) as pool:
        return [writer.leaf(due) for due in await Outbox(pool).claim("w", 100)]


async def test_every_act_about_rights_becomes_a_whole_leaf(
    database_url: str, tmp_path: Path
) -> None:
    """An act whose leaf could not be said in full would tell an auditor nothing."""
    async with hall(database_url, terms=Terms(enabled=True)) as people:
        await everything(people)

    made = await leaves(database_url, tmp_path)

    assert WANTED == {leaf.type for leaf in made}
    assert [] == [leaf.type for leaf in made if leaf.req is None or leaf.req.route != "motlan"]
    anonymous = {Event.REVIEW_OPEN}
    unnamed = {leaf.type for leaf in made if leaf.actor is None or leaf.actor == type(leaf.actor)()}
    assert anonymous == unnamed


async def test_a_leaf_names_people_by_pseudonyms_alone(database_url: str, tmp_path: Path) -> None:
    """Neither staff ids nor reasons: those stand in rows that can be forgotten."""
    async with hall(database_url, terms=Terms(enabled=True)) as people:
        await everything(people)

    text = b"".join(body(leaf) for leaf in await leaves(database_url, tmp_path)).decode()

    assert [] == [
        word for word in (ASKER, APPROVER, REVIEWER, REASON, "Bình", "CB-") if word in text
    ]
