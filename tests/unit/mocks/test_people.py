"""The words of the province."""

from datetime import date
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mocks.people import Birth, Name, Numbers, draw_name, name_key, number_of


@pytest.mark.parametrize(
    ("sex", "year", "digit"),
    [("1", 1999, "0"), ("2", 1900, "1"), ("1", 2000, "2"), ("2", 2026, "3")],
)
def test_the_fourth_digit_says_century_and_sex(sex: str, year: int, digit: str) -> None:
    """Validators outside check exactly this."""
    assert f"003{digit}{year % 100:02d}000007" == number_of("003", sex, year, 7)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Nguyễn Thị Ánh", "NGUYENTHIANH"),
        ("Đỗ Văn Lãm", "DOVANLAM"),
        ("Tôn Nữ Nguyễn Phước Thuỵ Khuê Uyển Nhữ Ỷ Vỹ", "TONNUNGUYENPHUOCTHUYKHUEUYENNHUYVY"),
        ("H' Ân", "H'AN"),
    ],
)
def test_names_are_compared_without_marks_blanks_and_case(name: str, key: str) -> None:
    """This is the register's rule, and its rarest marks."""
    assert key == name_key(name)


@given(st.text(max_size=40))
def test_the_compared_form_of_a_name_is_its_own_compared_form(name: str) -> None:
    """Asking with the compared form must match, too."""
    assert name_key(name_key(name)) == name_key(name)


@pytest.mark.parametrize(
    ("born", "digits", "iso"),
    [
        (Birth(1950), "1950", "1950"),
        (Birth(1950, 3), "195003", "1950-03"),
        (Birth(1950, 3, 7), "19500307", "1950-03-07"),
    ],
)
def test_a_birth_date_shows_what_is_on_record_and_no_more(
    born: Birth, digits: str, iso: str
) -> None:
    """An invented first of January is a wrong birth date."""
    assert (digits, iso) == (born.digits(), born.iso())


def test_drawn_numbers_never_repeat_and_leave_the_personas_alone() -> None:
    """Ten thousand draws of one sex and year fill the same few cells."""
    numbers, dice = Numbers(), Random(1)

    drawn = [numbers.draw(dice, "1", 1990) for _ in range(10_000)]

    assert 10_000 == len(set(drawn))
    assert min(int(number[6:]) for number in drawn) >= 10_000


def test_a_name_without_middle_names_has_no_double_blank() -> None:
    """Forms print names as they come."""
    assert "Y Blim" == str(Name("Y", "", "Blim"))
    assert str(draw_name(Random(1), "1", "Lê")).startswith("Lê ")


def test_ages_count_full_years() -> None:
    """A child is a child until the birthday, not until the year."""
    from mocks.personas import persona  # noqa: PLC0415 - the cast is heavier than this file

    assert date(2026, 11, 21).year - 2016 == persona("p10").age
    assert 4 == persona("p09").age
    assert 84 == persona("p21").age
