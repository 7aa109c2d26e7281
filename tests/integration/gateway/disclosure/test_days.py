"""Whole days on a real database: what the keeper states, what people prove, what is caught."""

import json
from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from gateway.audit.events import Event
from gateway.audit.leaf import parse, subjects
from gateway.audit.pseudonyms import Scheme, epoch_of
from gateway.disclosure.completeness import (
    DayRoot,
    Member,
    Neighbours,
    Placed,
    item_of,
    key_of,
    list_of,
    paged,
    proves_absence,
    proves_member,
    root_of,
)
from gateway.disclosure.day_repository import DAYS, DayRepository
from gateway.disclosure.days import DayProof, PlacedTold
from gateway.disclosure.errors import IndexDiffers, ProofNotReady, Unknown
from gateway.disclosure.publishing import PATIENCE, WINDOW
from gateway.disclosure.traces import SPAN_OF_DAY
from gateway.sequencing.repository import TreeRepository
from gateway.sequencing.rows import EntriesGone
from tests.audit_builders import a_deny, an_access
from tests.audit_rows import connected
from tests.disclosure_builders import DAY, MINE, THEIRS, Disclosed
from tests.replays import tamper
from tests.search_builders import an_access_of

NOBODY = "003222000090"


async def a_day(told: Disclosed, *numbers: str) -> date:
    """Record one access about each of *numbers* yesterday, and close the day."""
    yesterday = told.clock.today - DAY
    at = told.clock() - DAY
    await told.add([an_access_of(told.pseudonyms, each, at=at) for each in numbers], day=yesterday)
    await ended(told, yesterday)
    return yesterday


async def ended(told: Disclosed, *days: date) -> None:
    """Say, as the sequencer does, that the writers of *days* were folded to their end."""
    async with connected(told.dsn) as connection:
        for day in days:
            await connection.execute(
                "INSERT INTO audit.cursor (writer, day, next_seq, last_leaf, done) "
                "SELECT writer, day, 1, sha256(''::bytea), true FROM audit.writer WHERE day = $1 "
                "ON CONFLICT (writer) DO UPDATE SET done = true",
                day,
            )


async def stated_in_the_log(
    told: Disclosed,
) -> list[tuple[str, int | None, str | None, int | None]]:
    """Return day, revision, root and size of each index that the log states."""
    async with connected(told.dsn) as connection:
        tree = TreeRepository(connection)
        leaves = [parse(one.entry) for one in await tree.entries(0, (await tree.head()).size)]
    return [
        (leaf.change.id, leaf.change.rev, leaf.change.hash, leaf.n)
        for leaf in leaves
        if leaf.type is Event.INDEX_PUBLISH and leaf.change
    ]


def judged(proof: DayProof, entries: dict[int, bytes]) -> list[bool]:
    """Judge a proof as a stranger would: from its own words and the records themselves."""
    of = DayRoot(proof.day, proof.size, bytes.fromhex(proof.root))
    found: list[bool] = []
    for person in proof.people:
        hashes = [bytes.fromhex(item.hash) for item in person.items]
        told = [item for item in person.items if item.index is not None]
        found.append(
            all(item_of(t.index or 0, entries[t.index or 0]).hex() == t.hash for t in told)
        )
        if person.member is not None:
            found.append(proves_member(of, person.pseudonym, hashes, _placed(person.member)))
        else:
            left, right = (
                person.left and _placed(person.left),
                person.right and _placed(person.right),
            )
            found.append(proves_absence(of, person.pseudonym, Neighbours(left, right)))
    return found


def _placed(told: PlacedTold) -> Placed:
    member = Member(bytes.fromhex(told.key), bytes.fromhex(told.list))
    return Placed(told.place, member, [bytes.fromhex(each) for each in told.path])


async def entries_of(told: Disclosed) -> dict[int, bytes]:
    """Return every record by its index."""
    async with connected(told.dsn) as connection:
        tree = TreeRepository(connection)
        places = await tree.entries(0, (await tree.head()).size)
    return {place.index: place.entry for place in places}


async def test_a_person_can_prove_that_the_list_of_a_day_is_whole(told: Disclosed) -> None:
    """Two accesses, two in the proof; the proof rests on what the log states."""
    day = await a_day(told, MINE, THEIRS, MINE)
    (index,) = await told.publishing.round()
    await told.log.follow()

    proof = await told.days.proof(await told.mine(), day)

    assert [(day.isoformat(), 1, proof.root, 2)] == await stated_in_the_log(told)
    assert index.of.root.hex() == proof.root
    assert [2] == [len(person.items) for person in proof.people]
    assert all(judged(proof, await entries_of(told)))
    assert Event.INDEX_PUBLISH is parse((await entries_of(told))[proof.index_leaf]).type


async def test_a_refusal_counts_among_the_records_of_its_day(told: Disclosed) -> None:
    """Whoever tried and was refused, tried: a list without it would prove itself whole."""
    yesterday, at = told.clock.today - DAY, told.clock() - DAY
    epoch = epoch_of(at)
    mine = subjects(epoch, (told.pseudonyms.of(Scheme.CITIZEN, MINE, epoch),))
    leaves = [an_access_of(told.pseudonyms, MINE, at=at), replace(a_deny(), subj=mine)]
    await told.add(leaves, day=yesterday)
    await ended(told, yesterday)
    await told.publishing.round()

    proof = await told.days.proof(await told.mine(), yesterday)

    assert [2] == [len(person.items) for person in proof.people]
    assert all(judged(proof, await entries_of(told)))


async def test_whom_nobody_looked_at_can_prove_it(told: Disclosed) -> None:
    """Neighbours around the place where the person would stand."""
    day = await a_day(told, THEIRS, MINE)
    await told.publishing.round()

    proof = await told.days.proof(await told.mine(NOBODY), day)

    assert [()] == [person.items for person in proof.people]
    assert all(judged(proof, {}))


async def test_a_day_with_many_people_is_proven_over_several_pages(told: Disclosed) -> None:
    """Pages are an inner matter: every path leads to the one root."""
    yesterday, at = told.clock.today - DAY, told.clock() - DAY
    numbers = [f"0031{place:08d}" for place in range(600)]
    await told.add([an_access_of(told.pseudonyms, each, at=at) for each in numbers], day=yesterday)
    await ended(told, yesterday)
    await told.publishing.round()
    entries = await entries_of(told)

    for number in (*numbers[::97], numbers[-1], MINE, NOBODY):
        proof = await told.days.proof(await told.mine(number), yesterday)
        assert all(judged(proof, entries))
        assert [number in numbers] == [bool(person.items) for person in proof.people]


async def test_a_closed_record_is_in_the_proof_by_its_hash_alone(told: Disclosed) -> None:
    """The list stays provable while an investigation lasts, and no index tells the hour."""
    day = await a_day(told, MINE, MINE)
    await told.publishing.round()
    await told.seal()

    proof = await told.days.proof(await told.mine(), day)

    assert [None, None] == [item.index for person in proof.people for item in person.items]
    assert all(judged(proof, {}))


async def test_a_record_hidden_from_the_search_is_noticed(told: Disclosed) -> None:
    """Whoever edits the projection to hide a look contradicts what the log has stated."""
    day = await a_day(told, MINE, MINE)
    await told.publishing.round()
    async with connected(told.dsn) as connection:
        await connection.execute("DELETE FROM search.subject WHERE leaf_index = 1")

    with pytest.raises(IndexDiffers):
        await told.days.proof(await told.mine(), day)
    async with connected(told.dsn) as connection:
        await connection.execute("DELETE FROM search.subject")
    with pytest.raises(IndexDiffers):
        await told.days.proof(await told.mine(), day)


async def test_a_search_that_lags_behind_is_waited_for(told: Disclosed) -> None:
    """An alarm because a follower is a second late would soon be heard by nobody."""
    day = await a_day(told, MINE)
    await told.publishing.round()
    async with connected(told.dsn) as connection:
        await connection.execute("UPDATE search.cursor SET next_index = 0")

    with pytest.raises(ProofNotReady):
        await told.days.proof(await told.mine(), day)


async def test_a_day_in_the_archive_is_no_contradiction(told: Disclosed) -> None:
    """Its records are elsewhere: the answer is that the day is not here, not that somebody lied."""
    day = await a_day(told, MINE)
    await told.publishing.round()
    async with connected(told.dsn) as connection:
        await connection.execute("SELECT search.raise_floor(1)")

    with pytest.raises(Unknown):
        await told.days.proof(await told.mine(), day)


@pytest.mark.parametrize("forgotten", [False, True], ids=["not walked", "walked and forgotten"])
async def test_a_day_that_nobody_stated_in_time_is_stated_late(
    told: Disclosed, forgotten: bool
) -> None:
    """The keeper was away for two weeks: whom its last day concerns can still prove the list."""
    day, at = told.clock.today - WINDOW - DAY, told.clock() - WINDOW - DAY
    people = [an_access_of(told.pseudonyms, each, at=at) for each in (MINE, THEIRS, MINE)]
    await told.add(people[:2], day=day)
    await told.add([an_access_of(told.pseudonyms, MINE)])
    await told.add(people[2:], day=day)
    if forgotten:
        async with connected(told.dsn) as connection:
            await connection.execute("UPDATE disclosure.walk SET next_index = 4")

    rounds = [await told.publishing.round() for _ in range(2)]

    assert [[(day, 1, 3)], []] == [
        [(each.of.day, each.rev, each.records) for each in found] for found in rounds
    ]
    proof = await told.days.proof(await told.mine(), day)
    assert [2] == [len(person.items) for person in proof.people]
    assert all(judged(proof, await entries_of(told)))


async def test_a_day_that_cannot_be_read_again_keeps_no_other_from_its_index(
    told: Disclosed,
) -> None:
    """An index that leaves somebody out would prove a lie; none is stated, and that is told."""
    day, at = told.clock.today - WINDOW - DAY, told.clock() - WINDOW - DAY
    await told.add([an_access_of(told.pseudonyms, each, at=at) for each in (MINE, MINE)], day=day)
    await tamper(told.dsn, "DELETE FROM audit.entry WHERE seq = 0")
    yesterday = await a_day(told, MINE)

    assert [yesterday] == [each.of.day for each in await told.publishing.round()]
    with pytest.raises(Unknown):
        await told.days.proof(await told.mine(), day)


LONG_MAP = """
INSERT INTO audit.writer (writer, day, node, started_at)
  SELECT 'gw9.' || n, current_date - 40, 'gw9.' || n, now() - interval '40 days'
  FROM generate_series(0, 3) AS n;
INSERT INTO audit.run (first_index, day, writer, first_seq, n)
  SELECT 1000000 + 10 * n, current_date - 40, 'gw9.' || n % 4, n / 4 * 10, 10
  FROM generate_series(0, 99999) AS n;
ANALYZE audit.run;
"""


@pytest.mark.parametrize(
    ("query", "values"), [(DAYS, (-10, 0)), (SPAN_OF_DAY, (-1,))], ids=["rounds", "proofs"]
)
async def test_a_long_log_makes_no_look_at_a_day_slower(
    told: Disclosed, query: str, values: tuple[int, ...]
) -> None:
    """The keeper looks three times a minute, and every citizen may: the map is never read whole."""
    await a_day(told, MINE)
    async with connected(told.dsn) as connection:
        await connection.execute(LONG_MAP)
        days = [told.clock.today + each * DAY for each in values]
        plan = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + query
        (found,) = json.loads(await connection.fetchval(plan, *days))
        (row,) = await connection.fetch(query, *days)

    assert 1 == row["until"]
    assert found["Plan"]["Shared Hit Blocks"] + found["Plan"]["Shared Read Blocks"] < 50


async def test_a_hole_in_the_map_of_the_tree_is_not_walked_around(told: Disclosed) -> None:
    """The index of a day would leave out what stands there, and prove itself whole."""
    await a_day(told, MINE)
    await tamper(told.dsn, "UPDATE audit.run SET first_index = first_index + 1000")

    with pytest.raises(EntriesGone):
        await told.publishing.round()


async def test_a_day_is_stated_once_however_often_the_keeper_starts(told: Disclosed) -> None:
    """Rounds are safe to repeat."""
    await a_day(told, MINE)

    assert [1, 0, 0] == [len(await told.publishing.round()) for _ in range(3)]
    assert 1 == len(await stated_in_the_log(told))


async def test_a_build_that_was_interrupted_is_finished_by_the_next(told: Disclosed) -> None:
    """Half an index is never stated; the half that is left does not disturb the whole."""
    day = await a_day(told, MINE, THEIRS)
    async with connected(told.dsn) as connection:
        days = DayRepository(connection)
        (page,) = paged([Member(bytes(31) + b"\x01", bytes(32))])
        await days.put_page(day, 1, page)

    (index,) = await told.publishing.round()

    assert 2 == index.of.size
    assert all(judged(await told.days.proof(await told.mine(), day), await entries_of(told)))


async def test_an_index_whose_leaf_was_not_written_is_stated_by_the_next(told: Disclosed) -> None:
    """A crash between building and stating leaves nothing unsaid."""
    day = await a_day(told, MINE)
    await told.publishing.round()
    async with connected(told.dsn) as connection:
        await connection.execute("ALTER TABLE disclosure.day_leaf DISABLE TRIGGER USER")
        await connection.execute("DELETE FROM disclosure.day_leaf")
    with pytest.raises(Unknown):
        await told.days.proof(await told.mine(), day)

    assert 1 == len(await told.publishing.round())
    assert 1 == len({said[2] for said in await stated_in_the_log(told)})
    assert await told.days.proof(await told.mine(), day)


async def test_a_day_waits_for_its_last_writer_and_not_for_ever(told: Disclosed) -> None:
    """A writer that died silently must not keep everybody from their proofs."""
    yesterday = told.clock.today - DAY
    at = told.clock() - DAY
    await told.add([an_access_of(told.pseudonyms, MINE, at=at)], day=yesterday)
    midnight = told.clock.now.replace(hour=0, minute=0, second=0, microsecond=0)

    told.clock.now = midnight + PATIENCE - timedelta(seconds=1)
    early = await told.publishing.round()
    told.clock.now = midnight + PATIENCE

    assert [] == early
    assert 1 == len(await told.publishing.round())


async def test_a_record_that_came_late_makes_a_further_revision(told: Disclosed) -> None:
    """The log over-reports: a late record is added, and both statements stay."""
    day = await a_day(told, MINE)
    await told.publishing.round()
    await told.add([an_access_of(told.pseudonyms, MINE, at=told.clock() - DAY)], day=day)

    (index,) = await told.publishing.round()

    assert [1, 2] == [said[1] for said in await stated_in_the_log(told)]
    assert 2 == index.rev
    proof = await told.days.proof(await told.mine(), day)
    assert [2] == [len(person.items) for person in proof.people]
    assert all(judged(proof, await entries_of(told)))


async def test_today_is_not_stated(told: Disclosed) -> None:
    """A day that goes on has no whole list."""
    await told.add([an_access_of(told.pseudonyms, MINE)])

    assert [] == await told.publishing.round()
    with pytest.raises(Unknown):
        await told.days.proof(await told.mine(), told.clock.today)


async def test_what_was_gathered_is_forgotten_after_its_window(told: Disclosed) -> None:
    """Keys and hashes of people are kept no longer than they serve."""
    day = await a_day(told, MINE)
    await told.publishing.round()
    told.clock.now += WINDOW + DAY
    await told.publishing.round()

    async with connected(told.dsn) as connection:
        left = await connection.fetchval(
            "SELECT count(*) FROM disclosure.day_item WHERE day = $1", day
        )
    assert 0 == left
    assert await told.days.proof(await told.mine(), day)


async def test_an_auditor_comes_to_the_same_root_from_the_log_alone(told: Disclosed) -> None:
    """The index hides nobody: whoever holds the records builds it again."""
    day = await a_day(told, MINE, THEIRS, MINE, NOBODY)
    (index,) = await told.publishing.round()
    people: dict[bytes, list[bytes]] = {}
    async with connected(told.dsn) as connection:
        for place in await TreeRepository(connection).entries(0, 100):
            leaf = parse(place.entry)
            for pseudonym in leaf.subj.p if leaf.subj and place.day == day else ():
                item = item_of(place.index, place.entry)
                people.setdefault(key_of(day, pseudonym), []).append(item)
    pages = paged(Member(key, list_of(key, found)) for key, found in sorted(people.items()))

    assert index.of.root == root_of([page.root for page in pages], pages[-1], len(people))


async def test_a_record_about_a_crowd_gives_no_row(told: Disclosed) -> None:
    """Above 32 people a record holds a root: auditors find such a record, the index does not."""
    epoch = epoch_of(told.clock())
    crowd = tuple(told.pseudonyms.of(Scheme.CITIZEN, f"0031{n:08d}", epoch) for n in range(40))
    leaf = an_access()
    yesterday = told.clock.today - DAY
    await told.add([replace(leaf, subj=subjects(epoch, crowd))], day=yesterday)
    await ended(told, yesterday)

    (index,) = await told.publishing.round()

    assert (0, 1) == (index.of.size, index.records)
    proof = await told.days.proof(await told.mine(), yesterday)
    assert all(judged(proof, {}))
