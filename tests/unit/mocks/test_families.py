"""Households drawn by dice."""

from random import Random

from mocks.families import Drawing, household

DRAW = Drawing(Random(5))
HOUSEHOLDS = [household(DRAW) for _ in range(600)]


def test_every_household_begins_with_its_head_and_has_one() -> None:
    """Land and household answers rest on this."""
    assert all("00" == people[0].relation for people in HOUSEHOLDS)
    assert all(1 == sum(one.relation == "00" for one in people) for people in HOUSEHOLDS)


def test_a_household_lives_at_one_address() -> None:
    """Members who live apart are other households."""
    assert all(
        1 == len({(one.household, one.permanent.line()) for one in people}) for people in HOUSEHOLDS
    )


def test_mothers_are_of_an_age_to_have_been_mothers() -> None:
    """A mother younger than her child is nobody's mess."""
    children = [one for people in HOUSEHOLDS for one in people if one.relation == "04"]
    gaps = [
        child.born.year - child.mother.born.year for child in children if child.mother is not None
    ]

    assert len(children) == len(gaps)
    assert 20 <= min(gaps) <= max(gaps) <= 38


def test_a_child_bears_the_fathers_family_name() -> None:
    """The usual case; forms that guess it are checked against it."""
    children = [one for people in HOUSEHOLDS for one in people if one.relation == "04"]

    assert all(
        child.father is not None and child.name.family == child.father.name.family
        for child in children
    )


def test_only_people_who_live_alone_are_hidden() -> None:
    """Otherwise a relative's record would give the hidden number away."""
    assert all(1 == len(people) for people in HOUSEHOLDS if any(one.hidden for one in people))
    assert any(one.hidden for people in (household(DRAW) for _ in range(2_000)) for one in people)
