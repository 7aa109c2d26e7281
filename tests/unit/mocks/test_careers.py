"""Insurance: cards, contributions, benefits."""

from random import Random

import pytest
from msgspec.structs import replace

from mocks.careers import Spell, careers
from mocks.people import TODAY
from mocks.persona_lives import LIVES


@pytest.mark.parametrize(
    ("since", "until", "months"),
    [
        ((2020, 1), (2020, 1), 1),
        ((2020, 1), (2020, 12), 12),
        ((2019, 12), (2020, 1), 2),
        ((TODAY.year, TODAY.month), None, 1),
    ],
)
def test_both_ends_of_a_spell_are_paid(
    since: tuple[int, int], until: tuple[int, int] | None, months: int
) -> None:
    """The total decides about a pension."""
    assert months == Spell(since, until, ("DN", "x"), 5_000_000).months


def test_the_dead_the_hidden_and_the_lost_take_no_part() -> None:
    """A register that shows a hidden person has hidden nobody."""
    hero = LIVES["p01"]
    crowd = [
        LIVES["p12"],
        replace(hero, hidden=True),
        replace(hero, absent_from=frozenset({"insurance"})),
    ]

    assert [] == list(careers(Random(1), crowd * 20))


def test_contributions_never_overlap_and_never_run_backwards() -> None:
    """One job at a time, and time runs forward."""
    drawn = careers(Random(3), [LIVES["p02"], LIVES["p15"], LIVES["p21"]] * 200)

    for career in drawn:
        assert all(spell.months > 0 for spell in career.spells)
        ends = [spell.until or (TODAY.year, TODAY.month) for spell in career.spells]
        starts = [spell.since for spell in career.spells]
        assert all(end < start for end, start in zip(ends[:-1], starts[1:], strict=True))


def test_a_small_childs_card_is_of_the_childrens_group() -> None:
    """Children under six are insured by the state in full."""
    cards = [one.card for one in careers(Random(1), [LIVES["p09"]] * 40) if one.card]
    old = [card.number for card in cards if len(card.number) == 15]

    assert old
    assert all(number.startswith("TE1") for number in old)
