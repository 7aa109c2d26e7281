"""The cast."""

import pytest

from mocks.personas import persona, personas


def test_there_are_twenty_four_with_numbers_of_their_own() -> None:
    """Documents promise as many."""
    assert [f"p{at:02d}" for at in range(1, 25)] == [one.id for one in personas()]
    assert 24 == len({one.person.number for one in personas()})


def test_the_hero_is_who_every_example_names() -> None:
    """Design, contracts and first call use this person."""
    hero = persona("p01")

    assert ("003190000123", "Nguyễn Thị Ánh", "1990-02-01") == (
        hero.number,
        str(hero.name),
        hero.born.iso(),
    )
    assert hero.spouse is not None
    assert persona("p02").number == hero.spouse.number


@pytest.mark.parametrize(
    ("id_", "fact", "value"),
    [
        ("p04", "born", "1948"),
        ("p05", "former_numbers", "('005085000500',)"),
        ("p09", "standing", "2"),
        ("p10", "standing", "2"),
        ("p11", "standing", "3"),
        ("p12", "standing", "4"),
        ("p13", "marital", "4"),
        ("p14", "marital", "3"),
        ("p22", "number", "007195777777"),
        ("p23", "cmnd", "990002323"),
        ("p24", "hidden", "True"),
    ],
)
def test_a_persona_shows_what_it_is_for(id_: str, fact: str, value: str) -> None:
    """The page's word must be a fact of the data."""
    found = getattr(persona(id_), fact)

    assert value == (found.iso() if fact == "born" else str(found))
