"""The whole province: the same every time, in agreement with itself, messy at stated rates."""

from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import TypeAlias

import msgspec
import pytest

from mocks.mess import RATES, REGISTERS
from mocks.people import PREFIXES, Person
from mocks.personas import personas
from mocks.province import Province, build

PERSONAS = len(personas())
Holds: TypeAlias = Callable[[Person], object]


@cache
def province() -> Province:
    """Return the default province."""
    return build.__wrapped__()


def drawn() -> list[Person]:
    """Return everybody but the personas."""
    return list(province().people[PERSONAS:])


def test_the_same_seed_gives_the_same_province_byte_for_byte() -> None:
    """A failure seen once must be seen again."""
    once, again = (msgspec.msgpack.encode(build.__wrapped__(7, 800)) for _ in range(2))

    assert once == again
    assert once != msgspec.msgpack.encode(build.__wrapped__(8, 800))


def test_the_personas_are_in_every_province() -> None:
    """Their numbers stand in documents and other people's tests."""
    small, other = build.__wrapped__(1, PERSONAS), build.__wrapped__(2, 300)

    assert small.people == other.people[:PERSONAS] == province().people[:PERSONAS]
    assert (PERSONAS, 300, 5_000) == tuple(len(p.people) for p in (small, other, province()))


def every_number() -> list[str]:
    """Return every personal number that stands anywhere in the province."""
    whole = province()
    numbers: list[str | None] = []
    for person in whole.people:
        kin = (person.father, person.mother, person.spouse, person.representative)
        numbers += [person.number, *person.former_numbers, *(one.number for one in kin if one)]
    numbers += [held.paper for one in whole.certificates for held in one.holders]
    numbers += [career.number for career in whole.careers]
    return [number for number in numbers if number is not None and len(number) != 9]


def test_no_number_can_be_a_real_persons() -> None:
    """Sandboxes leak; what leaks must be nobody's."""
    assert all(len(one) == 12 and one.isdecimal() and one[:3] in PREFIXES for one in every_number())


def test_numbers_agree_with_sex_and_year_of_birth() -> None:
    """Validators that check the digits must accept everybody."""
    odd = [
        person.number
        for person in province().people
        for number in (person.number, *person.former_numbers)
        if int(number[3]) != (person.born.year // 100 - 19) * 2 + (person.sex == "2")
        or int(number[4:6]) != person.born.year % 100
    ]

    assert [] == odd


def test_nobody_shares_a_number() -> None:
    """Also not with somebody's former number."""
    people = province().people
    numbers = Counter(n for one in people for n in (one.number, *one.former_numbers))

    assert [] == [number for number, count in numbers.items() if count > 1]


def test_spouses_name_each_other() -> None:
    """A marriage has two sides."""
    known = {person.number: person for person in province().people}
    married = [one for one in drawn() if one.marital == "2" and one.spouse]
    couples = [(one, known.get(str(one.spouse.number))) for one in married if one.spouse]

    assert all(
        other is None or (other.spouse is not None and other.spouse.number == one.number)
        for one, other in couples
    )
    assert len(couples) > 1_000


def test_minors_have_somebody_who_acts_for_them() -> None:
    """A child's consent is its representative's to give."""
    children = [one for one in province().people if one.standing == "2"]

    alone = [one for one in children if one.representative is None]

    assert ["003226002020"] == [one.number for one in alone]  # the newborn of the civil register


def test_parents_are_older_than_their_children() -> None:
    """Also the parents of whom only a year is known."""
    odd = [
        person.number
        for person in province().people
        for parent in (person.father, person.mother)
        if parent is not None and person.born.year - parent.born.year < 14
    ]

    assert [] == odd


@pytest.mark.parametrize(
    ("kind", "rate", "hit", "of"),
    [
        pytest.param(
            "year only",
            RATES.year_only,
            lambda one: one.born.month is None,
            lambda one: one.born.year < 1960,
        ),
        pytest.param(
            "year and month",
            RATES.year_and_month,
            lambda one: one.born.month is not None and one.born.day is None,
            lambda one: one.born.year < 1960,
        ),
        pytest.param(
            "renumbered",
            RATES.renumbered,
            lambda one: one.former_numbers,
            lambda one: one.age >= 18 and one.relation != "04",
        ),
        pytest.param(
            "old address",
            RATES.old_address,
            lambda one: one.permanent.commune.district,
            lambda one: one.relation == "00",
        ),
        pytest.param("absent", RATES.absent, lambda one: one.absent_from, lambda _: True),
    ],
)
def test_the_mess_among_people_is_as_stated(kind: str, rate: float, hit: Holds, of: Holds) -> None:
    """Tests downstream count on each kind, and on its being rare."""
    concerned = [one for one in drawn() if of(one)]

    found = sum(bool(hit(one)) for one in concerned) / len(concerned)

    assert rate / 2 <= found <= rate * 2, kind


def test_the_mess_in_the_papers_is_as_stated() -> None:
    """Holders who differ or have no number, cards that lapsed, participants never joined."""
    whole, names = province(), {one.number: str(one.name) for one in province().people}
    holders = [held for one in whole.certificates for held in one.holders]
    known = [held for held in holders if held.paper in names]
    cards = [career.card for career in whole.careers if career.card]
    shares = {
        "differs": sum(held.name != names[str(held.paper)] for held in known) / len(known),
        "unnumbered": sum(held.paper is None for held in holders) / len(holders),
        "lapsed": sum(card.state == 2 for card in cards) / len(cards),
        "unjoined": sum(one.number is None for one in whole.careers) / len(whole.careers),
    }
    stated = (RATES.holder_differs, RATES.holder_unnumbered, RATES.lapsed_card, RATES.unjoined)

    assert all(
        rate / 2 <= found <= rate * 2 for found, rate in zip(shares.values(), stated, strict=True)
    ), shares


def test_every_register_lost_somebody() -> None:
    """A missing person must happen everywhere at least once."""
    assert set(REGISTERS) == {lost for one in drawn() for lost in one.absent_from}
