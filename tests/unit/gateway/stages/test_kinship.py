"""Family names: what makes two of them one, and what tells nothing."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.protocol import Subject
from auth.principals import Official
from gateway.stages.kinship import akin, family_name, same_family_name

FAMILIES = (
    "Nguyễn",
    "Trần",
    "Lê",
    "Phạm",
    "Đỗ",
    "Đặng",
    "Đoàn",
    "Doãn",
    "Đinh",
    "Dinh",
    "Vũ",
    "Tô",
)
GIVEN = ("Văn Lãm", "Thị Ánh", "Minh Khôi", "An")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("Nguyễn Thị Ánh", "NGUYỄN VĂN B", True),
        ("Nguyễn Thị Ánh", "Nguyen Van B", True),
        ("Lê Minh Khôi", "Lý Minh Khôi", False),
        ("Đỗ Văn Lãm", "ĐỖ THỊ HOA", True),
        ("Đoàn Văn An", "Doãn Văn An", False),
        ("Đinh Văn Đức", "Dinh Văn Đức", False),
        ("Đỗ Văn Lãm", "Do Van Lam", None),  # typed without any mark: a đ may be lost
        ("Do Van Lam", "Do Thi Hoa", True),
        ("Do Van Lam", "Le Thi Hoa", False),
        ("Ánh", "Ánh", None),
        ("", "Nguyễn Thị Ánh", None),
        ("Y Bhin Niê", "Y Moan Êban", None),  # sex, no family
        ("H'Hen Niê", "H'Hen Niê", None),
        ("12 Nguyễn", "12 Nguyễn", None),
    ],
)
def test_family_names_are_first_words_without_marks(
    one: str, other: str, *, expected: bool | None
) -> None:
    """Marks are spelt unevenly; đ is a letter; what is no family name tells nothing."""
    assert expected is same_family_name(one, other)
    assert expected is same_family_name(other, one)


@given(
    st.sampled_from(FAMILIES),
    st.sampled_from(GIVEN),
    st.sampled_from(GIVEN),
    st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]),
    st.sampled_from([str.upper, str.lower, str.title]),
)
def test_spelling_does_not_part_a_family(
    family: str, one: str, other: str, form: str, case: object
) -> None:
    """Composed or not, shouted or not, with odd blanks or not."""
    spelt = case(unicodedata.normalize(form, f"  {family} \u00a0 {other} "))  # type: ignore[operator, arg-type]

    assert same_family_name(f"{family} {one}", spelt) is True


@given(st.sampled_from(FAMILIES), st.sampled_from(FAMILIES), st.sampled_from(GIVEN))
def test_different_families_are_told_apart(one: str, other: str, given_name: str) -> None:
    """Those of the list differ by more than marks, where marks are written at all."""
    marked = f"{one} {given_name} Ánh", f"{other} {given_name} Ánh"

    assert (one == other) is same_family_name(*marked)


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_two_texts_are_compared_alike_from_both_sides(one: str, other: str) -> None:
    """Names come from registers and providers; no text may stop the record."""
    assert same_family_name(one, other) is same_family_name(other, one)
    assert same_family_name(one, one) is (None if family_name(one) is None else True)


def an_official(name: str | None = "Nguyễn Văn Bình") -> Official:
    """Return an official of *name*."""
    return Official(id="cb-01", agency="H99.30.01", acr="urn:acr:2", name=name)


@pytest.mark.parametrize(
    ("official", "subject", "values", "expected"),
    [
        (None, Subject(ho_ten="Nguyễn Thị Ánh"), {}, None),
        (an_official(None), Subject(ho_ten="Nguyễn Thị Ánh"), {}, None),
        (an_official(), Subject(ho_ten="Nguyễn Thị Ánh"), {}, True),
        (an_official(), Subject(ho_ten="Lê Thị Ánh"), {"ho_ten": "Nguyễn Thị Ánh"}, False),
        (an_official(), Subject(so_dinh_danh="003190000123"), {"ho_ten": "Nguyễn Thị Ánh"}, True),
        (an_official(), Subject(so_dinh_danh="003190000123"), {"ho_ten": None}, None),
        (an_official(), Subject(so_dinh_danh="003190000123"), {"ho_ten": ["Nguyễn A"]}, None),
        (an_official(), Subject(so_dinh_danh="003190000123"), {}, None),
    ],
)
def test_the_name_asked_for_counts_first_and_an_unknown_one_says_nothing(
    official: Official | None,
    subject: Subject,
    values: dict[str, object],
    *,
    expected: bool | None,
) -> None:
    """None is not no: a rule must not count what nobody knows."""
    assert expected is akin(official, subject, values)
