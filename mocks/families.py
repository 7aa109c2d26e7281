"""Households drawn by dice: couples, children, elders, those who lost somebody."""

from datetime import date, timedelta
from random import Random

import msgspec

from mocks.communes import NEW, OLD, PARTS
from mocks.mess import RATES, draw_absence, draw_birth
from mocks.people import (
    FEMALE,
    MALE,
    TODAY,
    Address,
    Birth,
    Kin,
    Numbers,
    Person,
    draw_detail,
    draw_name,
)

ADULT = 18
KINDS = ("couple", "alone", "widowed", "divorced")
SHARES = (66, 14, 12, 8)
ORPHANED = 0.02  # children of a household whose guardian is a grandparent
INCAPABLE = 0.005
MISSING = 0.001
HIDDEN = 0.01  # of those who live alone, so that no relative's record names them
WITH_GRANDMOTHER = 0.15
OLD_CARD = 0.6  # adults old enough for it that had a 9-digit card
LAST_OLD_CARD_YEAR = 2000
_ETHNICITIES = (*["01"] * 85, *["02"] * 4, *["03"] * 3, *["05"] * 3, *["07"] * 2, "11", "12", "23")
_RELIGIONS = (*["00"] * 82, *["01"] * 8, *["02"] * 7, "03", "04", "05")


class Drawing:
    """What a household draws from: the dice, fresh numbers, and the count of households."""

    def __init__(self, dice: Random) -> None:
        self.dice = dice
        self.numbers = Numbers()
        self.households = 0
        self._cards = 1_000_000  # smaller ones belong to the personas

    def home(self) -> tuple[str, Address]:
        """Return a fresh household number and its address, some still in the old division."""
        self.households += 1
        code = self.dice.choice(_CODES)
        old = self.dice.random() < RATES.old_address
        commune = OLD[self.dice.choice(PARTS[code])] if old else NEW[code]
        return f"HK{self.households:08d}", Address(commune, draw_detail(self.dice, commune))

    def card(self, year: int) -> str | None:
        """Return a 9-digit card number for somebody born in *year*, if they had one."""
        if year > LAST_OLD_CARD_YEAR or self.dice.random() >= OLD_CARD:
            return None
        self._cards += 1
        return f"99{self._cards:07d}"

    def former(self, sex: str, year: int) -> tuple[str, ...]:
        """Return the number this adult bore before, if it was replaced."""
        renumbered = self.dice.random() < RATES.renumbered
        return (self.numbers.draw(self.dice, sex, year),) if renumbered else ()


_CODES = tuple(NEW)


def household(draw: Drawing) -> list[Person]:
    """Return one household, its head first."""
    kind = draw.dice.choices(KINDS, SHARES)[0]
    at, home = draw.home()
    if kind == "alone":
        return [_alone(draw, at, home)]
    head, other = _pair(draw, at, home, kind)
    pair = [head, other] if kind == "couple" else [head]
    gone = [other] if kind == "widowed" else []
    children = _children(draw, head, other)
    return [*pair, *children, *_grandmother(draw, head), *gone]


def _alone(draw: Drawing, at: str, home: Address) -> Person:
    sex, year = draw.dice.choice((MALE, FEMALE)), draw.dice.randint(1938, 2006)
    person = _person(draw, at, home, sex, year)
    return msgspec.structs.replace(person, hidden=draw.dice.random() < HIDDEN)


def _pair(draw: Drawing, at: str, home: Address, kind: str) -> tuple[Person, Person]:
    """Return the head, and the spouse who is, was, or has died."""
    sex = MALE if kind == "couple" else draw.dice.choice((FEMALE, FEMALE, MALE))
    year = draw.dice.randint(1940, 2000)
    marital = {"couple": "2", "widowed": "4", "divorced": "3"}[kind]
    head = _person(draw, at, home, sex, year)
    other = _person(
        draw, at, home, FEMALE if sex == MALE else MALE, min(2001, year + draw.dice.randint(-3, 6))
    )
    head = msgspec.structs.replace(head, marital=marital, spouse=other.kin("01"))
    if kind == "widowed":
        died = TODAY - timedelta(days=draw.dice.randint(20, 5_000))
        other = msgspec.structs.replace(other, living="2", living_since=died)
    return head, msgspec.structs.replace(other, relation="01", marital="2", spouse=head.kin("01"))


def _children(draw: Drawing, head: Person, other: Person) -> list[Person]:
    """Return the children still at home, with their parents and whoever acts for the minor ones."""
    mother, father = (head, other) if head.sex == FEMALE else (other, head)
    children: list[Person] = []
    for _ in range(draw.dice.choice((0, 1, 1, 2, 2, 2, 3))):
        year = mother.born.year + draw.dice.randint(20, 38)
        if TODAY.year - 25 < year < TODAY.year:
            children.append(_child(draw, year, father, mother, head))
    return children


def _child(draw: Drawing, year: int, father: Person, mother: Person, head: Person) -> Person:
    sex = draw.dice.choice((MALE, FEMALE))
    child = _person(draw, head.household, head.permanent, sex, year, father.name.family)
    acting = head.kin("03" if head.sex == FEMALE else "02")
    if draw.dice.random() < ORPHANED:
        acting = _guardian(draw, 1958)
    return msgspec.structs.replace(
        child,
        relation="04",
        father=father.kin("02"),
        mother=mother.kin("03"),
        former_numbers=(),
        representative=acting if child.standing == "2" else child.representative,
    )


def _guardian(draw: Drawing, year: int) -> Kin:
    """Return a woman born in *year* who has been made guardian, and is no neighbour we know."""
    number = draw.numbers.draw(draw.dice, FEMALE, year)
    return Kin(draw_name(draw.dice, FEMALE), number, Birth(year), "08")


def _grandmother(draw: Drawing, head: Person) -> list[Person]:
    if draw.dice.random() >= WITH_GRANDMOTHER or head.born.year < 1965:  # noqa: PLR2004 - she would be past a hundred
        return []
    year = head.born.year - draw.dice.randint(20, 30)
    elder = _person(draw, head.household, head.permanent, FEMALE, year)
    return [msgspec.structs.replace(elder, relation="03", marital="4")]


def _person(  # noqa: PLR0917 - what a person is born into
    draw: Drawing, at: str, home: Address, sex: str, year: int, family: str | None = None
) -> Person:
    """Return one inhabitant with everything that does not depend on the family."""
    dice = draw.dice
    adult = year <= TODAY.year - ADULT
    missing = adult and dice.random() < MISSING
    origin = Address(OLD[dice.choice(_OLD_CODES)], "")
    incapable = adult and dice.random() < INCAPABLE
    return Person(
        number=draw.numbers.draw(dice, sex, year),
        name=draw_name(dice, sex, family),
        born=draw_birth(dice, year, dice.randint(1, 12), dice.randint(1, 28)),
        sex=sex,
        permanent=home,
        current=home,
        hometown=origin,
        birthplace=origin,
        household=at,
        former_numbers=draw.former(sex, year) if adult else (),
        cmnd=draw.card(year),
        ethnicity=dice.choice(_ETHNICITIES),
        religion=dice.choice(_RELIGIONS),
        blood=dice.choice("001234"),
        father=Kin(draw_name(dice, MALE, family), None, Birth(year - dice.randint(22, 40)), "02"),
        mother=Kin(draw_name(dice, FEMALE), None, Birth(year - dice.randint(20, 38)), "03"),
        representative=_guardian(draw, 1970) if incapable else None,
        living="3" if missing else "1",
        living_since=TODAY - timedelta(days=dice.randint(900, 4_000)) if missing else None,
        incapable=incapable,
        updated=date(2026, dice.randint(1, 10), dice.randint(1, 28)),
        absent_from=draw_absence(dice),
    )


_OLD_CODES = tuple(OLD)
