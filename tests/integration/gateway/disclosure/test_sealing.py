"""Seals on a real database: two people, an end, a leaf for each act, public numbers."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from msgspec.structs import replace

from gateway.audit.acts import By
from gateway.audit.entry import Entry, Receipt
from gateway.audit.events import Event
from gateway.audit.leaf import Leaf, parse
from gateway.audit.pseudonyms import Scheme, epoch_of
from gateway.disclosure.errors import MoveRefused, SecondPersonMissing, TermsRefused, TextRefused
from gateway.disclosure.sealing import digest
from gateway.disclosure.seals import Kind, State
from gateway.errors import AuditUnavailable
from gateway.sequencing.repository import TreeRepository
from tests.audit_rows import connected
from tests.disclosure_builders import DAY, MINE, OFFICER, POLICE, SECOND, THEIRS, Disclosed, a_wish
from tests.search_builders import an_access_of

APPROVED = """
INSERT INTO disclosure.seal_decision (seal_id, asked_by, decided_by, approved, reason, at)
VALUES ($1, $2, $3, true, 'x', now())
"""


async def acts_in_the_log(told: Disclosed) -> list[Leaf]:
    """Return the leaves about seals, in order."""
    async with connected(told.dsn) as connection:
        tree = TreeRepository(connection)
        size = (await tree.head()).size
        places = await tree.entries(0, size) if size else []
    leaves = [parse(place.entry) for place in places]
    return [leaf for leaf in leaves if leaf.type.value.startswith("seal.")]


async def test_every_act_is_a_leaf_of_the_same_seal(told: Disclosed) -> None:
    """An auditor sees who asked, who approved and that it was opened; the leaf holds a digest."""
    seal = await told.seal()
    await told.sealing.open(SECOND, seal.id, "không còn cần")

    acts = await acts_in_the_log(told)

    assert [Event.SEAL_ASK, Event.SEAL_APPROVE, Event.SEAL_OPEN] == [leaf.type for leaf in acts]
    assert {(seal.id, digest(seal))} == {
        (each.change.id, each.change.hash) for each in acts if each.change
    }
    assert 2 == len({leaf.actor.user for leaf in acts if leaf.actor})
    assert [None] * 3 == [leaf.subj for leaf in acts]


async def test_whoever_asks_cannot_approve(told: Disclosed) -> None:
    """Promise P8: nobody seals alone; the refusal leaves no decision."""
    asked = await told.sealing.ask(OFFICER, a_wish(told.clock()), {POLICE})
    same = replace(SECOND, by=OFFICER.by)

    with pytest.raises(SecondPersonMissing):
        await told.sealing.decide(same, asked.id, approved=True, reason="tự duyệt")

    assert State.ASKED is (await told.sealing.seals.one(asked.id)).state(told.clock())
    assert [Event.SEAL_ASK] == [leaf.type for leaf in await acts_in_the_log(told)]


async def test_the_database_itself_demands_two_people(told: Disclosed) -> None:
    """A constraint, not courtesy: neither one name nor another asker's name passes."""
    asked = await told.sealing.ask(OFFICER, a_wish(told.clock()), {POLICE})

    for asker, decider in (("cb-01", "cb-01"), ("cb-01", " cb-01 "), ("cb-09", "cb-01")):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await told.app.execute(APPROVED, asked.id, asker, decider)


async def test_the_database_itself_knows_the_longest_seal(told: Disclosed) -> None:
    """Whoever asks by hand closes nothing for longer than any ground gives."""
    asked = await told.sealing.ask(OFFICER, a_wish(told.clock()), {POLICE})
    by_hand = """
    INSERT INTO disclosure.seal (id, ground, kind, targets, first, last, opens_at, asked_by, agency,
      reason, asked_at)
    SELECT id || $2, ground, kind, targets, first, last, asked_at + $3::interval, asked_by, agency,
      reason, asked_at
    FROM disclosure.seal WHERE id = $1
    """

    await told.app.execute(by_hand, asked.id, "-a", timedelta(days=1826))
    with pytest.raises(asyncpg.CheckViolationError, match="seal_longest_check"):
        await told.app.execute(by_hand, asked.id, "-b", timedelta(days=1826, seconds=1))


async def test_what_was_said_of_a_seal_is_never_rewritten(told: Disclosed) -> None:
    """Not by the application, and not by the owner of the tables."""
    seal = await told.seal()
    changes = (
        "UPDATE disclosure.seal SET opens_at = opens_at + interval '1 day'",
        "DELETE FROM disclosure.seal_decision",
        "TRUNCATE disclosure.seal CASCADE",
    )

    for change in changes:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await told.app.execute(change)
        async with connected(told.dsn) as connection:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(change)
    assert seal == await told.sealing.seals.one(seal.id)


async def test_a_request_closes_nothing_and_a_refusal_ends_it(told: Disclosed) -> None:
    """Only the second person's yes closes a line."""
    await told.add([an_access_of(told.pseudonyms, MINE)])
    asked = await told.sealing.ask(OFFICER, a_wish(told.clock()), {POLICE})
    waiting = await told.own.listed(await told.mine(), None, 10)
    await told.sealing.decide(SECOND, asked.id, approved=False, reason="thiếu căn cứ")
    refused = await told.own.listed(await told.mine(), None, 10)

    assert ["access"] == [line.kind for line in waiting.items]
    assert ["access"] == [line.kind for line in refused.items]
    with pytest.raises(MoveRefused):
        await told.sealing.decide(SECOND, asked.id, approved=True, reason="nghĩ lại")


async def test_a_request_that_outlived_its_end_is_not_approved(told: Disclosed) -> None:
    """A seal that opens at once would only hide that it was asked for."""
    asked = await told.sealing.ask(OFFICER, a_wish(told.clock()), {POLICE})
    told.clock.now = asked.opens_at

    with pytest.raises(MoveRefused):
        await told.sealing.decide(SECOND, asked.id, approved=True, reason="muộn")


async def test_an_opened_seal_stays_open(told: Disclosed) -> None:
    """What a person has seen cannot be taken back."""
    seal = await told.seal()
    await told.sealing.open(SECOND, seal.id, "kết thúc điều tra")

    assert State.OPEN is (await told.sealing.seals.one(seal.id)).state(told.clock())
    with pytest.raises(MoveRefused):
        await told.sealing.open(SECOND, seal.id, "lần nữa")
    assert not await told.sealing.seals.open(seal.id, by=None, reason="x y", at=told.clock())


async def test_the_keeper_puts_on_record_what_time_has_opened_and_does_so_once(
    told: Disclosed,
) -> None:
    """The end of a seal is an act like its beginning, without an actor."""
    seal = await told.seal()
    early = await told.sealing.open_ended()
    told.clock.now = seal.opens_at

    assert [0, 1, 0] == [early, await told.sealing.open_ended(), await told.sealing.open_ended()]
    last = (await acts_in_the_log(told))[-1]
    assert (Event.SEAL_OPEN, None) == (last.type, last.actor)


async def test_without_a_record_there_is_no_seal(told: Disclosed) -> None:
    """The leaf comes first: when the log is away, nothing is asked, approved or opened."""

    async def away(_: Entry) -> Receipt:
        raise AuditUnavailable

    seal = await told.seal()
    silent = replace(told.sealing, append=away)
    with pytest.raises(AuditUnavailable):
        await silent.ask(OFFICER, a_wish(told.clock()), {POLICE})
    with pytest.raises(AuditUnavailable):
        await silent.open(SECOND, seal.id, "không ghi được")

    assert [seal.id] == [each.id for each in await told.sealing.seals.live(told.clock())]
    assert 1 == len(await told.sealing.seals.listed(before=None, limit=10))


async def test_people_and_officials_stand_in_a_seal_by_pseudonym(told: Disclosed) -> None:
    """The number of a suspect is in no row; a year's turn does not open the seal by accident."""
    now = told.clock()
    wish: dict[str, Any] = {
        "first": now - 2 * DAY,
        "last": now + 200 * DAY,
        "opens_at": now + 300 * DAY,
    }
    seal = await told.seal(kind=Kind.PERSON, targets=(MINE,), **wish)
    years = sorted({epoch_of(now - 2 * DAY), epoch_of(now + 200 * DAY)})

    assert tuple(told.pseudonyms.of(Scheme.CITIZEN, MINE, year) for year in years) == seal.targets
    async with connected(told.dsn) as connection:
        rows = await connection.fetch("SELECT s::text FROM disclosure.seal s")
    assert not any(MINE in row[0] for row in rows)


async def test_a_seal_on_one_person_closes_that_persons_lines_alone(told: Disclosed) -> None:
    """The neighbour's list is none of the investigation's business."""
    await told.add([an_access_of(told.pseudonyms, MINE), an_access_of(told.pseudonyms, THEIRS)])
    await told.seal(kind=Kind.PERSON, targets=(MINE,))

    kinds = {
        number: [
            line.kind for line in (await told.own.listed(await told.mine(number), None, 9)).items
        ]
        for number in (MINE, THEIRS)
    }
    assert {MINE: ["sealed"], THEIRS: ["access"]} == kinds


@pytest.mark.parametrize(
    ("changed", "limit"),
    [
        ({"targets": ("H00.00",)}, "targets"),
        ({"targets": ("H31.12",) * 17}, "targets"),
        ({"kind": Kind.PERSON, "targets": (" ",)}, "targets"),
        ({"ground": "khac"}, "ground"),
        ({"opens_at": timedelta(days=366)}, "longest"),
        ({"first": -timedelta(days=400)}, "back"),
        ({"last": timedelta(days=300_000), "opens_at": timedelta(days=300_001)}, "longest"),
    ],
)
async def test_a_wish_outside_the_limits_is_refused_and_makes_no_key(
    told: Disclosed, changed: dict[str, object], limit: str
) -> None:
    """A year that no ground reaches must not get a key of its own."""
    now, before = told.clock(), told.own._keyring.keys()
    moved = {k: now + v if isinstance(v, timedelta) else v for k, v in changed.items()}

    with pytest.raises(TermsRefused) as refused:
        await told.sealing.ask(OFFICER, a_wish(now, **moved), {POLICE})

    assert limit == refused.value.limit
    assert len(told.own._keyring.keys()) <= len(before) + 1


async def test_reasons_hold_no_number(told: Disclosed) -> None:
    """The program refuses, and the database refuses by itself."""
    with pytest.raises(TextRefused):
        await told.sealing.ask(OFFICER, a_wish(told.clock(), reason=f"về {MINE}"), {POLICE})
    seal = await told.seal()
    with pytest.raises(asyncpg.CheckViolationError):
        await told.app.execute(
            "INSERT INTO disclosure.seal_opening (seal_id, approved, reason, at) "
            "VALUES ($1, true, $2, now())",
            seal.id,
            MINE,
        )


async def test_an_account_without_agency_seals_nothing(told: Disclosed) -> None:
    """Somebody has to answer for it."""
    with pytest.raises(TermsRefused, match="agency"):
        await told.sealing.ask(replace(OFFICER, by=By(id="cb-03")), a_wish(told.clock()), {POLICE})


async def test_anybody_may_know_how_much_is_sealed(told: Disclosed) -> None:
    """Numbers only; overlapping seals count a record once, and numbers are a minute old."""
    await told.add([an_access_of(told.pseudonyms, MINE), an_access_of(told.pseudonyms, THEIRS)])
    await told.sealing.ask(OFFICER, a_wish(told.clock()), {POLICE})
    await told.seal(kind=Kind.PERSON, targets=(MINE,))
    await told.seal(kind=Kind.SYSTEM, known="mot-cua-h31", targets=("mot-cua-h31",))

    found = await told.numbers.now()
    await told.seal()
    same = await told.numbers.now()
    told.clock.now += timedelta(seconds=60)
    fresh = await told.numbers.now()

    assert (1, 2, 2, 0, False) == (
        found.asked, found.live, found.sealed_records, found.opened, found.at_least,
    )  # fmt: skip
    assert found == same
    assert 3 == fresh.live


async def test_every_kind_of_seal_is_counted(told: Disclosed) -> None:
    """A kind that is not counted would be the one to hide behind."""
    leaf = an_access_of(told.pseudonyms, MINE)
    assert leaf.actor is not None
    assert leaf.basis is not None
    epoch = epoch_of(told.clock())
    official = told.pseudonyms.of(Scheme.OFFICIAL, "cb-77", epoch)
    dossier = told.pseudonyms.of(Scheme.DOSSIER, "H99-0001", epoch)
    named = replace(
        leaf,
        actor=replace(leaf.actor, user=official),
        basis=replace(leaf.basis, dossier=dossier),
    )
    await told.add([named])
    counted: list[int] = []
    for kind, target in ((Kind.OFFICIAL, "cb-77"), (Kind.DOSSIER, "H99-0001"), (Kind.PERSON, MINE)):
        seal = await told.seal(kind=kind, targets=(target,))
        told.clock.now += timedelta(seconds=61)
        counted.append((await told.numbers.now()).sealed_records)
        await told.sealing.open(SECOND, seal.id, "thử xong")

    assert [1, 1, 1] == counted
