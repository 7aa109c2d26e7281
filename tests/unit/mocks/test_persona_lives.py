"""The cast in the population register."""

from mocks.communes import SPLIT
from mocks.people import CANARY, FIRST_DRAWN, PREFIXES
from mocks.persona_lives import LIVES


def test_numbers_use_prefixes_that_no_province_has() -> None:
    """What stands in documents must be nobody's number."""
    assert all(one.number[:3] in PREFIXES and len(one.number) == 12 for one in LIVES.values())


def test_numbers_agree_with_sex_and_year() -> None:
    """Callers' own validators must accept the cast."""
    odd = [
        id_
        for id_, one in LIVES.items()
        if int(one.number[3]) != (one.born.year // 100 - 19) * 2 + (one.sex == "2")
        or int(one.number[4:6]) != one.born.year % 100
    ]

    assert [] == odd


def test_no_drawn_number_can_be_a_personas() -> None:
    """Drawn serials begin behind the reserved ones, and step over the canary."""
    outside = [one.number for one in LIVES.values() if int(one.number[6:]) >= FIRST_DRAWN]

    assert [CANARY] == outside


def test_one_lives_where_no_code_can_tell() -> None:
    """The split commune is the case that needs a human."""
    assert LIVES["p17"].permanent.commune.code in SPLIT
    assert "981" == LIVES["p17"].permanent.commune.district
