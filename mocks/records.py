"""Civil status: births, deaths and marriages as the books hold them."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from random import Random

from msgspec import Struct

from mocks.communes import NEW, OLD, REFORM, Commune
from mocks.people import MALE, TODAY, Kin, Person

BOOKS_SINCE = 1975  # older books were not digitised
FOUND = 0.95
_CAUSES = ("Bệnh tim mạch", "Tuổi già", "Tai nạn giao thông", "Ung thư", "Viêm phổi")


class Entry(Struct, frozen=True):
    """Where and when something was registered; the commune is of the division of that day."""

    number: str
    book: str
    day: date
    commune: Commune


class BirthRecord(Struct, frozen=True, kw_only=True):
    """One birth."""

    entry: Entry
    child: Kin
    father: Kin | None
    mother: Kin | None
    updated: date = date(2025, 10, 2)


class DeathRecord(Struct, frozen=True, kw_only=True):
    """One death; the cause is sensitive."""

    entry: Entry
    dead: Kin
    day: date
    cause: str
    updated: date = date(2026, 4, 1)


class MarriageRecord(Struct, frozen=True, kw_only=True):
    """One marriage, also after it ended."""

    entry: Entry
    wife: Kin
    husband: Kin
    state: str  # HIEU_LUC, LY_HON, MOT_BEN_MAT
    updated: date = date(2025, 10, 2)


def entry(number: int, day: date, commune: str) -> Entry:
    """Return an entry of the books; *commune* is a code of the division of *day*."""
    division = OLD if day < REFORM else NEW
    return Entry(f"{number}/{day.year}", f"01/{day.year}", day, division[commune])


def births(dice: Random, people: Iterable[Person]) -> Iterator[BirthRecord]:
    """Register the births since the books were digitised."""
    for at, person in enumerate(people):
        born = person.born
        known = born.month is not None and born.day is not None and born.year >= BOOKS_SINCE
        known = known and not person.hidden
        if not known or "civil" in person.absent_from or dice.random() >= FOUND:
            continue
        day = min(
            TODAY,
            date(born.year, born.month or 1, born.day or 1) + timedelta(days=dice.randint(1, 50)),
        )
        yield BirthRecord(
            entry=_drawn(dice, at, day),
            child=person.kin(),
            father=person.father,
            mother=person.mother,
        )


def deaths(dice: Random, people: Iterable[Person]) -> Iterator[DeathRecord]:
    """Register the deaths."""
    for at, person in enumerate(people):
        if person.living != "2" or person.living_since is None or "civil" in person.absent_from:
            continue
        day = min(TODAY, person.living_since + timedelta(days=dice.randint(0, 14)))
        yield DeathRecord(
            entry=_drawn(dice, at, day),
            dead=person.kin(),
            day=person.living_since,
            cause=dice.choice(_CAUSES),
        )


def marriages(dice: Random, people: Iterable[Person]) -> Iterator[MarriageRecord]:
    """Register the marriages, once each, on the head's side."""
    states = {"2": "HIEU_LUC", "3": "LY_HON", "4": "MOT_BEN_MAT"}
    for at, person in enumerate(people):
        married = person.spouse is not None and person.relation == "00" and person.marital in states
        if not married or "civil" in person.absent_from or dice.random() >= FOUND:
            continue
        yield _marriage(dice, at, person, states[person.marital])


def _marriage(dice: Random, at: int, person: Person, state: str) -> MarriageRecord:
    other, self_ = person.spouse or person.kin(), person.kin()
    husband, wife = (self_, other) if person.sex == MALE else (other, self_)
    year = min(TODAY.year - 1, person.born.year + dice.randint(20, 32))
    day = date(year, dice.randint(1, 12), dice.randint(1, 28))
    return MarriageRecord(entry=_drawn(dice, at, day), wife=wife, husband=husband, state=state)


def _drawn(dice: Random, at: int, day: date) -> Entry:
    return entry(at % 400 + 1, day, dice.choice(list(OLD if day < REFORM else NEW)))
