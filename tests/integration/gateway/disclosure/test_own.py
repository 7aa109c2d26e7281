"""A person's list against the log itself, on a real database (promise P7)."""

from datetime import timedelta
from random import Random

import msgspec
import pytest
from msgspec.structs import replace

from gateway.audit.entry import Entry
from gateway.audit.events import Delivered, Event, Matched
from gateway.audit.leaf import Actor, Leaf, Request, Result, parse, subjects
from gateway.audit.pseudonyms import Scheme, epoch_of
from gateway.audit.stamps import stamp
from gateway.disclosure.errors import Unknown
from gateway.disclosure.lines import Line
from gateway.disclosure.own import Owner
from gateway.disclosure.seals import Kind
from gateway.errors import Code
from gateway.sequencing.repository import TreeRepository
from tests.audit_builders import a_deny, an_access
from tests.audit_rows import connected
from tests.disclosure_builders import (
    DAY,
    MINE,
    OFFICER,
    POLICE,
    THEIRS,
    Disclosed,
    writer_of,
)
from tests.folded import fold_bodies
from tests.search_builders import an_access_of

OTHER = "003222000090"


async def every_line(told: Disclosed, owner: Owner, rows: int = 7) -> list[Line]:
    """Return the whole list, page by page."""
    found: list[Line] = []
    cursor = None
    while True:
        page = await told.own.listed(owner, cursor, rows)
        found += page.items
        if (cursor := page.next_cursor) is None:
            return found


async def in_the_log(told: Disclosed, owner: Owner) -> list[int]:
    """Return the indexes of every record about *owner*, from the log alone."""
    async with connected(told.dsn) as connection:
        tree = TreeRepository(connection)
        places = await tree.entries(0, (await tree.head()).size or 1)
    return [
        place.index
        for place in places
        if (subj := parse(place.entry).subj) and set(subj.p) & set(owner.pseudonyms)
    ]


def a_refusal_of(told: Disclosed, number: str) -> Leaf:
    """Return the leaf of a refusal about *number*."""
    leaf = a_deny(Code.NO_LEGAL_BASIS)
    epoch = epoch_of(told.clock())
    name = told.pseudonyms.of(Scheme.CITIZEN, number, epoch)
    return replace(leaf, subj=subjects(epoch, (name,)))


async def test_each_record_about_a_person_is_one_line_or_one_closed_line(
    told: Disclosed,
) -> None:
    """Promise P7 over random histories: nothing is missing, nothing is there twice."""
    chance = Random(20261121)
    for _ in range(6):
        leaves: list[Leaf] = []
        for _ in range(chance.randint(1, 25)):
            number = chance.choice([MINE, MINE, THEIRS, OTHER])
            kind = chance.choice(["access", "deny", "search", "own"])
            if kind == "access":
                old = chance.random() < 0.2
                leaves.append(
                    an_access_of(told.pseudonyms, *(("012345678",) if old else ()), number)
                )
            elif kind == "deny":
                leaves.append(a_refusal_of(told, number))
            else:
                event = Event.AUDIT_SEARCH if kind == "search" else Event.OWN_READ
                about = ((Scheme.CITIZEN, number), (Scheme.CITIZEN, OTHER))
                leaves.append(told.acts.leaf(event, OFFICER.by, route="/v1/x", subjects=about))
        await told.add(leaves)
        if chance.random() < 0.4:
            await told.seal()

        for number in (MINE, THEIRS, OTHER):
            owner = await told.mine(number)
            lines, logged = await every_line(told, owner), await in_the_log(told, owner)
            open_ones = [line.index for line in lines if line.kind != "sealed"]

            assert len(logged) == len(lines)
            assert len(set(open_ones)) == len(open_ones)
            assert set(open_ones) <= set(logged)
            assert len(logged) - len(open_ones) == sum(line.kind == "sealed" for line in lines)


async def test_a_line_says_who_what_why_on_which_basis_and_with_what_result(
    told: Disclosed,
) -> None:
    """A code is no answer to a citizen; names of codes unknown to the catalog stay codes."""
    await told.add([an_access_of(told.pseudonyms, MINE)])

    (line,) = await every_line(told, await told.mine())

    assert line.agency is not None
    assert line.basis is not None
    assert ("access", POLICE, "delivered") == (line.kind, line.agency.code, line.result)
    assert ("law", "nd217-2026-d7k3") == (line.basis.kind, line.basis.code)
    assert ["ho_ten"] == [field.code for field in line.fields]
    assert line.sentence_vi.startswith(f"{POLICE} đã nhận ho_ten của bạn")
    assert line.may_ask
    assert "/v1/own/accesses/0/proof" == line.proof


async def test_a_refusal_about_a_person_is_shown_with_its_reason(told: Disclosed) -> None:
    """Whoever tried and was refused, tried."""
    await told.add([a_refusal_of(told, MINE)])

    (line,) = await every_line(told, await told.mine())

    assert line.reason is not None
    assert ("refusal", "refused", Code.NO_LEGAL_BASIS.value) == (
        line.kind,
        line.result,
        line.reason.code,
    )


async def test_a_record_that_left_for_the_archive_is_still_a_line(told: Disclosed) -> None:
    """Somebody looked, whatever became of the record since: the list must not grow shorter."""
    old = told.clock.today - 2 * DAY
    await told.add([an_access_of(told.pseudonyms, MINE, at=told.clock() - 2 * DAY)], day=old)
    await told.add([an_access_of(told.pseudonyms, MINE)])
    async with connected(told.dsn) as connection:
        await connection.execute(f"DROP TABLE audit.entry_{old:%Y%m%d}")

    lines = await every_line(told, await told.mine())

    assert ["access", "archived"] == [line.kind for line in lines]


async def test_nobody_sees_what_is_about_somebody_else(told: Disclosed) -> None:
    """The list is opened by the sign-on's number and by nothing else."""
    await told.add([an_access_of(told.pseudonyms, THEIRS)])

    assert [] == await every_line(told, await told.mine())
    with pytest.raises(Unknown):
        await told.own.record(await told.mine(), 0)


async def test_what_was_found_under_an_old_number_is_in_the_list(told: Disclosed) -> None:
    """Also what came before the source said that the number was replaced."""
    epoch = epoch_of(told.clock())
    alone = an_access_of(told.pseudonyms, MINE)
    assert alone.subj is not None
    old = told.pseudonyms.of(Scheme.CITIZEN, "003190999999", epoch)
    await told.add([replace(alone, subj=replace(alone.subj, p=(old,)))])
    before = await every_line(told, await told.mine())
    await told.add([an_access_of(told.pseudonyms, "003190999999", MINE)])

    after = await every_line(told, await told.mine())

    assert [] == before
    assert [True, False] == [line.old_number for line in after]


async def test_two_people_in_one_record_do_not_become_one_person(told: Disclosed) -> None:
    """Only a source's word that a number was replaced joins two numbers."""
    both = an_access_of(told.pseudonyms, THEIRS, MINE)
    assert both.res is not None
    await told.add(
        [
            replace(both, res=replace(both.res, match=Matched.EXACT)),
            an_access_of(told.pseudonyms, THEIRS),
        ]
    )

    assert 1 == len(await every_line(told, await told.mine()))


async def test_what_became_of_an_answer_is_shown_when_it_is_known(told: Disclosed) -> None:
    """An access that was recorded in doubt is told without doubt once it can be."""
    leaf = an_access_of(told.pseudonyms, MINE)
    assert leaf.res is not None
    doubtful = replace(leaf, res=replace(leaf.res, delivered=Delivered.UNKNOWN))
    await told.add([doubtful])
    before = (await every_line(told, await told.mine()))[0].result
    mark = stamp(told.clock())
    later = Leaf(
        id=mark.id,
        ts=mark.ts,
        salt=mark.salt,
        type=Event.ACCESS_OUTCOME,
        of=doubtful.id,
        req=doubtful.req and replace(doubtful.req, m=None, route=None, d=None),
        res=replace(leaf.res, status=None, match=None, d=None, delivered=Delivered.NO),
    )
    await told.add([later])

    assert "unknown" == before
    assert ["not_delivered"] == [line.result for line in await every_line(told, await told.mine())]


def a_strict_pair(told: Disclosed, number: str) -> tuple[Leaf, Leaf]:
    """Return the record of a question before it is put, and that of its answer."""
    whole = an_access_of(told.pseudonyms, number)
    assert whole.res is not None
    assert whole.target is not None
    before = replace(
        whole,
        res=Result(delivered=Delivered.UNKNOWN),
        target=replace(whole.target, fields=("ho_ten", "thuong_tru")),
    )
    mark = stamp(told.clock())
    after = Leaf(
        id=mark.id,
        ts=mark.ts,
        salt=mark.salt,
        type=Event.ACCESS_OUTCOME,
        of=before.id,
        subj=whole.subj,
        target=whole.target,
        req=Request(id=whole.req.id if whole.req else None),
        res=replace(whole.res, delivered=Delivered.YES),
    )
    return before, after


async def test_a_strict_access_names_what_left_and_not_what_might_have(told: Disclosed) -> None:
    """The record before the question names all that may leave; the outcome knows better."""
    before, after = a_strict_pair(told, MINE)
    await told.add([before])
    (first,) = await every_line(told, await told.mine())
    await told.add([after])

    outcome, access = await every_line(told, await told.mine())

    assert ("unknown", 2) == (first.result, len(first.fields))
    assert ("delivered", ["ho_ten"]) == (access.result, [each.code for each in access.fields])
    assert ("outcome", "delivered") == (outcome.kind, outcome.result)
    assert "đã được chuyển đi" in outcome.sentence_vi


async def test_an_outcome_is_sealed_with_its_access(told: Disclosed) -> None:
    """It does not say who asked, and would give away that and what was looked up."""
    await told.add(a_strict_pair(told, MINE))
    await told.seal()

    assert ["sealed"] * 2 == [line.kind for line in await every_line(told, await told.mine())]
    for index in (0, 1):
        with pytest.raises(Unknown):
            await told.own.record(await told.mine(), index)


async def test_a_closed_line_tells_its_day_and_nothing_else(told: Disclosed) -> None:
    """Not who, not why, not the hour, not the place in the log; not even by its position."""
    leaves = [an_access_of(told.pseudonyms, MINE) for _ in range(3)]
    assert leaves[1].actor is not None
    leaves[1] = replace(leaves[1], actor=Actor(org="H31.77", client="he-thong-khac"))
    await told.add(leaves)
    await told.seal(known="he-thong-khac", kind=Kind.SYSTEM, targets=("he-thong-khac",))

    lines = await every_line(told, await told.mine())

    assert [2, 0, None] == [line.index for line in lines]
    closed = msgspec.to_builtins(lines[-1])
    assert {"kind", "sentence_vi", "sentence_en", "first_day", "last_day", "opens_at"} == set(
        closed
    )
    assert told.clock.today == lines[-1].first_day


async def test_time_opens_a_line_without_anybody(told: Disclosed) -> None:
    """Nothing stays closed because a process did not run."""
    await told.add([an_access_of(told.pseudonyms, MINE)])
    seal = await told.seal()
    closed = [line.kind for line in await every_line(told, await told.mine())]
    told.clock.now = seal.opens_at

    assert ["sealed"] == closed
    assert ["access"] == [line.kind for line in await every_line(told, await told.mine())]


async def test_what_is_sealed_cannot_be_had_by_its_index(told: Disclosed) -> None:
    """A guess at the index gets what a stranger's record gets: nothing is there."""
    await told.add([an_access_of(told.pseudonyms, MINE)])
    await told.seal()

    for ask in (told.own.record, told.own.proof):
        with pytest.raises(Unknown):
            await ask(await told.mine(), 0)


async def test_the_counts_hide_who_is_sealed_and_count_that_something_is(
    told: Disclosed,
) -> None:
    """A number beside an agency's name would open the seal."""
    other = an_access_of(told.pseudonyms, MINE)
    assert other.actor is not None
    other = replace(other, actor=Actor(org="H31.77", client="he-thong-khac"))
    await told.add(
        [an_access_of(told.pseudonyms, MINE), an_access_of(told.pseudonyms, MINE), other]
    )
    await told.seal()

    found = await told.own.summary(await told.mine(), 30)

    assert (1, 1, 2) == (found.agencies, found.accesses, found.sealed)
    assert ["H31.77"] == [group.agency.code for group in found.groups]
    assert "1 cơ quan" in found.sentence_vi
    assert not found.cut


async def test_counts_keep_to_their_window(told: Disclosed) -> None:
    """What was long ago is in the list and not in this month."""
    long_ago = an_access_of(told.pseudonyms, MINE, at=told.clock() - timedelta(days=40))
    await told.add([long_ago, an_access_of(told.pseudonyms, MINE), a_refusal_of(told, MINE)])

    found = await told.own.summary(await told.mine(), 30)

    assert (1, 1) == (found.accesses, found.refused)


async def test_a_cursor_of_another_list_opens_nothing(told: Disclosed) -> None:
    """Cursors are sealed to the person: they tell no index, and lead nowhere else."""
    await told.add(an_access_of(told.pseudonyms, MINE) for _ in range(3))
    page = await told.own.listed(await told.mine(), None, 2)

    assert page.next_cursor is not None
    with pytest.raises(Unknown):
        await told.own.listed(await told.mine(THEIRS), page.next_cursor, 2)
    for nonsense in ("", "0", "AAAA" * 12, "x" * 500, page.next_cursor[:-4] + "AAAA"):
        with pytest.raises(Unknown):
            await told.own.listed(await told.mine(), nonsense, 2)


async def test_one_reading_of_ones_own_list_is_a_line_in_it(told: Disclosed) -> None:
    """Somebody with a stolen sign-on leaves a trace where the person looks."""
    leaf = told.acts.leaf(
        Event.OWN_READ, OFFICER.by, route="/v1/own/accesses", subjects=((Scheme.CITIZEN, MINE),)
    )
    await told.append(Entry(body=leaf))

    assert ["own"] == [line.kind for line in await every_line(told, await told.mine())]


async def test_no_answer_holds_the_persons_number(told: Disclosed) -> None:
    """Promise P6: the number came in with the sign-on and goes nowhere."""
    await told.add([an_access(), an_access_of(told.pseudonyms, MINE), a_refusal_of(told, MINE)])
    owner = await told.mine()
    answers = [await told.own.listed(owner, None, 50), await told.own.summary(owner, 30)]

    assert [False, False] == [MINE.encode() in msgspec.json.encode(each) for each in answers]
    assert MINE not in repr(owner)


@pytest.mark.parametrize(
    "changed",
    [
        {"type": "access.of.a.later.release"},
        {"op": "later"},
        {"res": {"match": "later", "delivered": "later"}, "type": "access.outcome"},
        {"id": "no id", "ts": "never"},
        {"actor": {"org": "\0"}},
    ],
    ids=["event", "operation", "outcome", "no record", "NUL"],
)
async def test_a_record_that_cannot_be_read_is_a_line_like_any_other(
    told: Disclosed, changed: dict[str, object]
) -> None:
    """One record of a later release, or a forged one, must not take the whole list away."""
    access = an_access_of(told.pseudonyms, MINE)
    assert access.req is not None
    odd = {**msgspec.to_builtins(access), "req": {"id": access.req.id}, **changed}
    await told.add([access])
    await fold_bodies(told.dsn, [msgspec.json.encode(odd)], writer=writer_of(told.clock.today))
    await told.add([access])
    owner = await told.mine()

    items = await every_line(told, owner, 2)
    summary = await told.own.summary(owner, 30)

    assert (3, {0, 2, None}) == (len(items), {each.index for each in items})
    (unreadable,) = [each for each in items if each.kind == "unreadable"]
    assert (told.clock.today, None, None) == (
        unreadable.first_day, unreadable.at, unreadable.agency,
    )  # fmt: skip
    assert summary.accesses in {2, 3}  # an access with an odd member is one all the same
    with pytest.raises(Unknown):
        await told.own.record(owner, 1)
