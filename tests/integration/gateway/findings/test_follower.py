"""The follower on a real database: what was planted is found, once, and nothing else."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from msgspec import Struct

from gateway import database
from gateway.errors import Code, Refusal
from gateway.findings.finding import Finding, Judgement, State
from gateway.findings.finding_repository import FindingRepository, Wanted
from gateway.findings.follower import Follower
from gateway.findings.hours import Hours
from gateway.findings.rules import Rule
from gateway.findings.tallies import Scope
from gateway.findings.tally_repository import TallyRepository
from gateway.sequencing.repository import TreeRepository
from gateway.sequencing.rows import EntriesGone, Sequenced, TreeHead
from tests.audit_builders import an_access
from tests.audit_rows import connected, until
from tests.finding_builders import DAY, Call, Log, ordinary, pseudonym, spread
from tests.folded import fold
from tests.replays import tamper

NOW = datetime(2026, 11, 18, 18, tzinfo=UTC)
COUNTERS = """
SELECT scope, actor, day, mark, n, sample FROM findings.tally ORDER BY scope, actor, day, mark
"""


class Followed(Struct, frozen=True):
    """A log, a follower of it, and what it found."""

    log: Log
    pool: database.Pool
    dsn: str

    def follower(self) -> Follower:
        """Return one more follower."""
        return Follower(self.log, self.pool, Hours(), lambda: NOW)

    async def follow(self) -> list[Finding]:
        """Count and judge to the end; return every finding."""
        follower = self.follower()
        while await follower.count():
            pass
        await follower.judge()
        return await self.found()

    async def found(self, **wanted: object) -> list[Finding]:
        """Return findings as auditors read them."""
        reader = await database.raw_pool(self.dsn, "motlan_auditor", 1)
        async with reader:
            repository = FindingRepository(reader)
            return await repository.page(Wanted(**wanted), below=None, limit=200)  # type: ignore[arg-type]

    async def counters(self) -> Sequence[object]:
        """Return every counter as it stands."""
        async with connected(self.dsn) as owner:
            return [tuple(row) for row in await owner.fetch(COUNTERS)]


@pytest.fixture
async def followed(database_url: str) -> AsyncGenerator[Followed]:
    """Give an empty log and a follower's connections."""
    pool = await database.raw_pool(database_url, "motlan_follower", 4, patience_s=10)
    async with pool:
        yield Followed(Log(), pool, database_url)


def quiet(official: str = "an", days: int = 10, **said: object) -> list[Call]:
    """Return an official's ordinary working days before the one that is looked at."""
    before = (DAY - timedelta(days=back) for back in range(days, 0, -1))
    return [
        one
        for day in before
        if day.isoweekday() < 6
        for one in spread(10, day=day, official=official, **said)
    ]


PLANTED: dict[Rule, list[Call]] = {
    Rule.BARE: spread(12, dossier=None),
    Rule.OFF_HOURS: spread(8, hour=2),
    Rule.PERSONS: spread(90),
    Rule.GUESSING: spread(20, refused=Code.NO_MATCH),
    Rule.TURNED_AWAY: spread(25, refused=Code.CONSENT_REQUIRED),
    Rule.REPEATED: [
        Call(day=DAY - timedelta(days=back), person="ex", dossier=None) for back in (6, 3, 0)
    ],
    Rule.KINSHIP: spread(12, kin=True),
}


@pytest.mark.parametrize("rule", PLANTED)
async def test_each_rule_finds_what_was_planted_and_no_other_rule_does(
    followed: Followed, rule: Rule
) -> None:
    """A rule that also fires for its neighbours' reasons explains nothing."""
    followed.log.add([*quiet(kin=False), *PLANTED[rule]])

    of_officials = [one for one in await followed.follow() if one.found.scope is Scope.OFFICIAL]

    assert [rule] == [one.found.rule for one in of_officials]
    (found,) = (one.found for one in of_officials)
    planted = range(len(followed.log.records) - len(PLANTED[rule]), len(followed.log.records))
    assert pseudonym("an") == found.actor
    assert "H31.12" == found.agency
    assert set(found.sample) <= set(planted)
    assert found.sample


async def test_an_account_that_slept_is_found_on_the_day_it_wakes(followed: Followed) -> None:
    """A stolen or lent account is often one that nobody uses."""
    asleep = [Call(day=DAY - timedelta(days=70), official="ngu", system="khac")]
    followed.log.add([*asleep, *quiet(), Call(official="ngu"), Call(official="ngu", minute=5)])

    found = [one.found for one in await followed.follow()]

    assert [(Rule.DORMANT, pseudonym("ngu"), 70)] == [(f.rule, f.actor, f.value) for f in found]


async def test_a_new_use_of_an_agreement_is_found(followed: Followed) -> None:
    """An agreement for birth certificates that is suddenly used for land is worth a question."""
    usual = [one for name in ("an", "binh", "chi") for one in quiet(name, 28)]
    followed.log.add([*usual, *spread(15), *spread(30, procedure="9.999999", official="dung")])

    found = [one.found for one in await followed.follow() if one.found.scope is Scope.AGREEMENT]

    assert [(Rule.PROCEDURE_MIX, "TT-2026-0001", "9.999999", 30)] == [
        (f.rule, f.actor, f.about, f.value) for f in found
    ]


async def test_ten_thousand_ordinary_calls_raise_nothing(followed: Followed) -> None:
    """Whoever is called for nothing twenty times does not come the next time."""
    calls = ordinary(days=32, officials=16, seed=20261118)
    followed.log.add(calls)

    assert 10_000 <= len(calls)
    assert [] == [(one.found.rule, one.found.actor) for one in await followed.follow()]


async def test_a_second_run_changes_nothing(followed: Followed) -> None:
    """Idempotent: the same days judged again are the same findings."""
    followed.log.add([*quiet(), *PLANTED[Rule.BARE]])
    first = await followed.follow()
    counters = await followed.counters()
    async with connected(followed.dsn) as owner:
        await owner.execute(
            "INSERT INTO findings.due SELECT DISTINCT scope, actor, day, 'H31.12', 0"
            " FROM findings.tally"
        )

    assert first == await followed.follow()
    assert counters == await followed.counters()


async def test_two_followers_count_every_leaf_once(followed: Followed) -> None:
    """Two keepers on two hosts must not make an official look twice as busy."""
    followed.log.add(ordinary(days=14, officials=8, seed=7))
    alone = Followed(followed.log, followed.pool, followed.dsn)

    async def run(follower: Follower) -> None:
        while await follower.count():
            await asyncio.sleep(0)

    await asyncio.gather(*(run(followed.follower()) for _ in range(3)))
    together = await followed.counters()
    async with connected(followed.dsn) as owner:
        await owner.execute(
            "TRUNCATE findings.tally, findings.seen, findings.due;"
            "UPDATE findings.cursor SET next_index = 0"
        )
    await run(alone.follower())

    assert await alone.counters() == together
    assert len(followed.log.records) == await TallyRepository(followed.pool).next_index()


async def test_a_finding_grows_while_it_is_open_and_stays_once_judged(followed: Followed) -> None:
    """The auditor judged what was there; what follows on the same day does not reopen it."""
    followed.log.add([*quiet(), *PLANTED[Rule.BARE]])
    (first,) = await followed.follow()
    followed.log.add(spread(3, hour=13, dossier=None))
    (grown,) = await followed.follow()
    reader = await database.raw_pool(followed.dsn, "motlan_auditor", 1)
    async with reader:
        judgement = Judgement(by="kt-01", at=NOW, reason="Đã đối chiếu sổ trực.", entry=uuid4())
        assert await FindingRepository(reader).judge(first.id, State.DISMISSED, judgement)
        assert not await FindingRepository(reader).judge(first.id, State.CONFIRMED, judgement)
    followed.log.add(spread(30, hour=14, dossier=None))
    (judged,) = [one for one in await followed.follow() if one.found.rule is Rule.BARE]

    assert (first.id, 12, 15, 15) == (
        grown.id,
        first.found.value,
        grown.found.value,
        judged.found.value,
    )
    assert judgement == judged.judgement


async def test_a_judgement_cannot_be_taken_back_even_by_the_owner(followed: Followed) -> None:
    """Nor can a finding be made to disappear."""
    followed.log.add([*quiet(), *PLANTED[Rule.BARE]])
    await followed.follow()
    async with connected(followed.dsn) as owner:
        await owner.execute(
            "UPDATE findings.finding SET state = 'confirmed', judged_by = 'kt-01',"
            " judged_at = now(), reason = 'Không có giải trình.', entry = gen_random_uuid()"
        )
        for change in ("UPDATE findings.finding SET value = 1", "DELETE FROM findings.finding"):
            with pytest.raises(Exception, match="what was judged stays"):
                await owner.execute(change)


async def test_the_committed_tree_is_followed_and_gone_days_are_passed_over(
    database_url: str,
) -> None:
    """A follower that begins on an old log starts with what is still there."""
    await fold(database_url, [an_access() for _ in range(5)])
    await fold(database_url, [an_access()], writer="gw1.1.261121.abcdefghijkm")
    pool = await database.raw_pool(database_url, "motlan_follower", 2)
    async with pool:
        tree = TreeRepository(pool)
        follower = Follower(_Gone(tree, 2, 5), pool, Hours(), lambda: NOW)
        while await follower.count():
            pass
        async with connected(database_url) as owner:
            calls = await owner.fetchval("SELECT sum(n) FROM findings.tally WHERE mark = 'calls'")

    assert 3 * 3 == calls  # two before the gap, one behind; by official, system and agreement


async def test_a_hole_in_the_map_of_the_tree_is_told(database_url: str) -> None:
    """A follower that finds nothing where the tree has records must not ask again at once."""
    await fold(database_url, [an_access() for _ in range(5)])
    await tamper(database_url, "UPDATE audit.run SET first_index = first_index + 1000")
    pool = await database.raw_pool(database_url, "motlan_follower", 2)
    async with pool:
        with pytest.raises(EntriesGone):
            await Follower(TreeRepository(pool), pool, Hours(), lambda: NOW).count()


class _Gone:
    """A tree some of whose records have left."""

    def __init__(self, tree: TreeRepository, first: int, end: int) -> None:
        self._tree = tree
        self._first = first
        self._end = end

    async def entries(self, first: int, limit: int) -> list[Sequenced]:
        """Return records outside the gap, and refuse the gap."""
        if first < self._end and first + limit > self._first:
            raise EntriesGone(max(first, self._first))
        return await self._tree.entries(first, limit)

    async def head(self) -> TreeHead:
        """Return the tree's head."""
        return await self._tree.head()


async def test_following_goes_on_through_trouble_and_says_how_far_behind_it_is(
    followed: Followed,
) -> None:
    """A database that restarts must not end the rules for good."""
    followed.log.add(spread(30))
    refusing = _Refusing(followed.pool, times=3)
    follower = Follower(followed.log, refusing, Hours(), lambda: NOW)
    work = asyncio.ensure_future(follower.keep(0.01, 0.01))

    async def counted() -> bool:
        reached = await TallyRepository(followed.pool).next_index()
        return len(followed.log.records) == reached and not follower.behind

    try:
        await until(counted)
        followed.log.add(spread(700, person=None))
        await until(counted)
    finally:
        work.cancel()
        await asyncio.wait({work})

    assert 0 == follower.behind
    assert 0 == refusing.times


class _Refusing:
    """Connections that are away a few times."""

    def __init__(self, pool: database.Pool, times: int) -> None:
        self._pool = pool
        self.times = times

    async def fetch(self, query: str, *args: object) -> Sequence[Any]:
        """Ask, or be away."""
        return await self._pool.fetch(query, *args)

    async def fetchval(self, query: str, *args: object) -> Any:
        """Ask, or be away."""
        if self.times:
            self.times -= 1
            raise Refusal(Code.DATABASE_UNAVAILABLE)
        return await self._pool.fetchval(query, *args)

    async def execute(self, query: str, *args: object) -> str:
        """Do, or be away."""
        return await self._pool.execute(query, *args)


async def test_old_counters_are_forgotten_and_the_days_of_work_stay(followed: Followed) -> None:
    """Bounded: what no rule looks at is dropped; whether an account slept is still known."""
    followed.log.add([Call(day=DAY - timedelta(days=80)), *quiet(), *spread(5)])
    await followed.follow()
    await TallyRepository(followed.pool).forget(DAY)
    async with connected(followed.dsn) as owner:
        oldest = await owner.fetch(
            "SELECT DISTINCT mark FROM findings.tally WHERE day < $1", DAY - timedelta(days=60)
        )
        seen = await owner.fetchval("SELECT min(day) FROM findings.seen")

    assert ["calls"] == [row[0] for row in oldest]
    assert DAY - timedelta(days=3) <= seen
