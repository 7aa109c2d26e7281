"""Insurance: participants, cards, contributions, benefits."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from random import Random

from msgspec import Struct

from mocks.mess import RATES
from mocks.people import FEMALE, TODAY, Birth, Person

FIRST_DRAWN_BHXH = (
    300_100_000  # ten digits with the leading zero; smaller ones belong to the personas
)
INSURED = 0.96
EMPLOYED = 0.6
VOLUNTARY = 0.1
OLD_CARD_NUMBER = 0.4
PENSIONED = 0.4
SURVIVING = 0.15  # of the widowed
SCHOOL_AGE, WORK_AGE, PENSION_AGE = 6, 18, 60
_EMPLOYERS = (
    ("DN0012", "Công ty May Sông Vân"),
    ("DN0047", "Công ty Thuỷ sản Cửa Bồi"),
    ("HC0003", "Trường THCS Trần Phú"),
    ("BV0001", "Bệnh viện Đa khoa tỉnh Sông Vân"),
    ("DN0101", "Hợp tác xã Nông nghiệp Đồng Lạc"),
)
CLINICS = (
    ("99001", "Bệnh viện Đa khoa tỉnh Sông Vân"),
    ("99017", "Trung tâm Y tế Đồng Lạc"),
    ("99025", "Trung tâm Y tế Hạ Vân"),
    ("99041", "Trạm Y tế xã Cửa Bồi"),
)


class Card(Struct, frozen=True, kw_only=True):
    """One health insurance card; the number is the old 15 characters or the new ten digits."""

    number: str
    issued: date
    clinic: tuple[str, str]
    since: date
    until: date
    five_years: date | None
    level: int  # 1 to 5, share of cost that is paid
    state: int  # 1 valid, 2 lapsed, 3 locked


class Spell(Struct, frozen=True):
    """Contributions in one job; months are (year, month); *until* is open while it lasts."""

    since: tuple[int, int]
    until: tuple[int, int] | None
    employer: tuple[str, str]
    salary_vnd: int  # a month
    voluntary: bool = False

    @property
    def months(self) -> int:
        """Return the months paid, both ends included."""
        year, month = self.until or (TODAY.year, TODAY.month)
        return (year - self.since[0]) * 12 + month - self.since[1] + 1


class Benefit(Struct, frozen=True):
    """One benefit being paid."""

    kind: str
    label: str
    since: tuple[int, int]


class Career(Struct, frozen=True, kw_only=True):
    """One participant of the fund."""

    bhxh: str
    number: str | None  # nothing when never joined with the population database
    name: str
    born: Birth
    card: Card | None = None
    spells: tuple[Spell, ...] = ()
    benefits: tuple[Benefit, ...] = ()
    updated: date = date(2026, 11, 1)


def careers(dice: Random, people: Iterable[Person]) -> Iterator[Career]:
    """Enrol nearly everybody; those the fund lost stay out."""
    for at, person in enumerate(people):
        outside = "insurance" in person.absent_from or person.hidden or person.living != "1"
        if outside or dice.random() >= INSURED:
            continue
        bhxh = f"{FIRST_DRAWN_BHXH + at:010d}"
        yield Career(
            bhxh=bhxh,
            number=None if dice.random() < RATES.unjoined else person.number,
            name=str(person.name),
            born=person.born,
            card=_card(dice, person, bhxh),
            spells=_spells(dice, person),
            benefits=_benefits(dice, person),
        )


def _group(person: Person) -> tuple[str, int]:
    """Return the subject group and benefit level a card of *person* would carry."""
    if person.age < SCHOOL_AGE:
        return "TE", 1
    if person.age >= PENSION_AGE:
        return "HT", 3
    return ("HS", 4) if person.age < WORK_AGE else ("DN", 4)


def _card(dice: Random, person: Person, bhxh: str) -> Card:
    lapsed = dice.random() < RATES.lapsed_card
    group, level = _group(person)
    year = 2024 if lapsed else TODAY.year
    old = dice.random() < OLD_CARD_NUMBER
    return Card(
        number=f"{group}{level}03{bhxh}" if old else bhxh,
        issued=date(year - 1, 12, dice.randint(1, 28)),
        clinic=dice.choice(CLINICS),
        since=date(year, 1, 1),
        until=date(year, 12, 31),
        five_years=date(dice.randint(2015, 2026), 1, 1) if person.age > WORK_AGE else None,
        level=level,
        state=2 if lapsed else 1,
    )


def _spells(dice: Random, person: Person) -> tuple[Spell, ...]:
    if person.age < WORK_AGE + 2 or dice.random() >= EMPLOYED:
        return ()
    start = person.born.year + dice.randint(WORK_AGE, WORK_AGE + 6)
    start = min(max(start, 1995), TODAY.year - 1)
    change = dice.randint(start, TODAY.year - 1)
    ends = min(TODAY.year - 1, person.born.year + PENSION_AGE)
    if change <= start or change >= ends:
        return (
            _spell(dice, (start, 9), None if ends == TODAY.year - 1 else (max(ends, start + 1), 6)),
        )
    last = None if ends == TODAY.year - 1 else (ends, 6)
    return (_spell(dice, (start, 9), (change, 2)), _spell(dice, (change, 4), last))


def _spell(dice: Random, since: tuple[int, int], until: tuple[int, int] | None) -> Spell:
    salary = dice.randrange(4_600_000, 24_000_000, 100_000)
    voluntary = dice.random() < VOLUNTARY
    return Spell(since, until, dice.choice(_EMPLOYERS), salary, voluntary)


def _benefits(dice: Random, person: Person) -> tuple[Benefit, ...]:
    if person.age >= PENSION_AGE and dice.random() < PENSIONED:
        year = min(TODAY.year - 1, person.born.year + PENSION_AGE + 1)
        return (Benefit("HUU_TRI", "Lương hưu", (year, 3)),)
    if person.marital == "4" and dice.random() < SURVIVING:
        return (Benefit("TU_TUAT", "Trợ cấp tuất hằng tháng", (TODAY.year - 2, 7)),)
    if person.sex == FEMALE and 22 <= person.age <= 38 and dice.random() < 0.03:  # noqa: PLR2004 - child-bearing years
        start = TODAY - timedelta(days=dice.randint(10, 150))
        return (Benefit("THAI_SAN", "Trợ cấp thai sản", (start.year, start.month)),)
    return ()
