"""What one round takes in: shares, turns, ends of writers; over a store in memory."""

from datetime import date, datetime, timedelta

from msgspec import Struct

from gateway.audit.chain import link
from gateway.audit.events import Event
from gateway.audit.leaf import Last, Leaf, Life, body
from gateway.sequencing.intake import LOOK_FAR_S, Intake
from gateway.sequencing.prefix import Cursor, Damage, Row
from gateway.sequencing.store import OpenWriter
from gateway.sequencing.watch import PATIENCE_S, Watch
from tests.audit_builders import a_position, a_stamp, an_access

NOW = datetime.fromisoformat("2026-11-21T12:00:00+00:00")
TODAY = NOW.date()
BODY = body(an_access())


class Kept(Struct):
    """One writer in memory."""

    cursor: Cursor
    rows: list[Row]
    closed_seq: int | None = None


class Shelf:
    """A store of writers; folding is what the test does with the cursors."""

    def __init__(self) -> None:
        self.writers: dict[str, Kept] = {}
        self.records_after: dict[str, list[bytes]] = {}
        self.since: list[date] = []

    def add(self, name: str, count: int, *, day: date = TODAY) -> Kept:
        """Keep a writer with so many records."""
        linked = link(a_position(name), [BODY] * count)
        rows = list(zip(range(count), linked.entries, linked.leaves, strict=True))
        kept = self.writers[name] = Kept(Cursor(name, day), rows)
        return kept

    def folded(self, name: str) -> None:
        """Move a writer's cursor to its end."""
        kept = self.writers[name]
        last = kept.rows[-1][2] if kept.rows else bytes(32)
        kept.cursor = Cursor(name, kept.cursor.day, len(kept.rows), last)

    async def open_writers(self, since: date) -> list[OpenWriter]:
        """Return them all, from a day on."""
        self.since.append(since)
        return [
            OpenWriter(kept.cursor, "gw1.0", kept.closed_seq)
            for kept in self.writers.values()
            if kept.cursor.day >= since
        ]

    async def last_numbers(self, day: date, writers: list[str]) -> dict[str, int]:
        """Return the highest numbers."""
        return {
            name: self.writers[name].rows[-1][0]
            for name in writers
            if self.writers[name].cursor.day == day and self.writers[name].rows
        }

    async def next_rows(self, cursor: Cursor, *, most: int, most_bytes: int) -> list[Row]:
        """Return the next rows."""
        del most_bytes
        rows = self.writers[cursor.writer].rows
        return [row for row in rows if row[0] >= cursor.next_seq][:most]

    async def successors(self, writer: str) -> list[bytes]:
        """Return first records of later writers."""
        return self.records_after.get(writer, [])


def first_record(prior: Last | None) -> bytes:
    """Return the record that opens a writer after *prior*."""
    mark = a_stamp()
    leaf = Leaf(
        id=mark.id,
        ts=mark.ts,
        salt=mark.salt,
        type=Event.WRITER_OPEN,
        life=Life(node="gw1.0", prior=prior),
    )
    return link(a_position("gw1.0.261121.nextnextnext"), [body(leaf)]).entries[0]


async def test_a_busy_writer_leaves_room_for_the_others() -> None:
    """One that writes as fast as it can must not delay the rest."""
    shelf = Shelf()
    shelf.add("busy", 5_000)
    shelf.add("calm", 3)
    intake = Intake(shelf, Watch(), most=1_000)

    portion = await intake.portion(NOW, 0.0)

    assert {"busy", "calm"} == {one.after.writer for one in portion.prefixes}
    assert portion.records <= 1_000
    assert 5_003 - portion.records == portion.backlog


async def test_each_has_its_turn_when_there_are_more_than_fit() -> None:
    """Hundreds of writers after an outage: nobody is left out for ever."""
    shelf = Shelf()
    for n in range(12):
        shelf.add(f"w{n}", 600)
    intake = Intake(shelf, Watch(), most=1_000)
    seen: set[str] = set()
    for n in range(12):
        portion = await intake.portion(NOW, n / 10)
        assert portion.records <= 1_000
        seen |= {one.after.writer for one in portion.prefixes}

    assert set(shelf.writers) == seen


async def test_old_days_are_looked_at_rarely_unless_work_is_left_there() -> None:
    """Two years of writers cost one look a minute."""
    shelf = Shelf()
    intake = Intake(shelf, Watch(), most=1_000)
    for now_s in (0.0, 1.0, LOOK_FAR_S - 1, LOOK_FAR_S + 1, LOOK_FAR_S + 2):
        await intake.portion(NOW, now_s)
    yesterday = TODAY - timedelta(days=1)
    assert [date.min, yesterday, yesterday, date.min, yesterday] == shelf.since

    shelf.since.clear()
    shelf.add("old", 10, day=TODAY - timedelta(days=40))
    for now_s in (200.0, 201.0):
        await intake.portion(NOW, now_s)
    shelf.folded("old")
    for now_s in (202.0, 203.0):
        await intake.portion(NOW, now_s)
    assert [date.min, date.min, date.min, yesterday] == shelf.since


async def test_a_writer_ends_with_the_number_it_closed_with() -> None:
    """In the same round as its last record, when the number is known by then."""
    shelf = Shelf()
    shelf.add("known", 5).closed_seq = 4
    shelf.add("later", 5)
    intake = Intake(shelf, Watch(), most=1_000)

    portion = await intake.portion(NOW, 0.0)
    assert frozenset({"known"}) == portion.closing
    shelf.folded("later")
    assert [] == [one for one in (await intake.portion(NOW, 1.0)).finished if one.writer == "later"]
    shelf.writers["later"].closed_seq = 4
    finished = (await intake.portion(NOW, 2.0)).finished
    assert [shelf.writers["later"].cursor] == [one for one in finished if one.writer == "later"]


async def test_a_killed_writer_of_another_day_ends_where_its_successor_says() -> None:
    """Of the same day it may still be committing; a wrong hash is damage, not an end."""
    shelf, watch = Shelf(), Watch(patience_s=0)
    kept = shelf.add("dead", 5, day=TODAY - timedelta(days=1))
    shelf.folded("dead")
    leaf = kept.rows[-1][2].hex()

    async def finished(prior: Last | None, at: float) -> list[Cursor]:
        shelf.records_after["dead"] = [b"no record", first_record(prior)]
        return (await Intake(shelf, watch, most=100).portion(NOW, at)).finished

    assert [] == await finished(None, 0.0)
    assert [] == await finished(Last(id="other", seq=4, leaf=leaf), 1.0)
    assert [kept.cursor] == await finished(Last(id="dead", seq=4, leaf=leaf), 2.0)
    assert [kept.cursor] == await finished(Last(id="dead", seq=2, leaf="0" * 64), 3.0)
    assert () == watch.stopped
    assert [] == await finished(Last(id="dead", seq=4, leaf="0" * 64), 4.0)
    assert [Damage.LINK] == [one.damage for one in watch.stopped]
    assert [] == await finished(Last(id="dead", seq=9, leaf=leaf), 5.0)
    assert [Damage.TAIL] == [one.damage for one in watch.stopped]


async def test_a_writer_that_never_wrote_ends_when_another_followed() -> None:
    """It was announced, and died before its first record."""
    shelf = Shelf()
    kept = shelf.add("empty", 0, day=TODAY - timedelta(days=1))
    intake = Intake(shelf, Watch(), most=100)
    assert [] == (await intake.portion(NOW, 0.0)).finished

    shelf.records_after["empty"] = [first_record(None)]

    assert [kept.cursor] == (await intake.portion(NOW, LOOK_FAR_S + 1)).finished


async def test_a_missing_end_of_a_closed_writer_is_damage_after_a_while() -> None:
    """Its closing row says that more was there."""
    shelf, watch = Shelf(), Watch()
    shelf.add("cut", 5).closed_seq = 9
    shelf.folded("cut")
    intake = Intake(shelf, watch, most=100)

    await intake.portion(NOW, 0.0)
    assert () == watch.stopped
    await intake.portion(NOW, PATIENCE_S + 0.1)

    assert [(5, Damage.TAIL)] == [(one.seq, one.damage) for one in watch.stopped]
