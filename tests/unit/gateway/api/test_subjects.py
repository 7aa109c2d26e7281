"""The caller's words about the subject."""

import unicodedata
from datetime import date
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.protocol import PartialDate, Subject
from gateway.api.subjects import normalised
from gateway.errors import Refusal
from tests.builders import a_subject

TODAY = date(2026, 11, 21)


def test_names_travel_in_one_form() -> None:
    """The same name typed on two keyboards is the same name."""
    typed = "  " + unicodedata.normalize("NFD", "Nguyễn  Thị Ánh") + "\t"

    assert "Nguyễn Thị Ánh" == normalised(a_subject(ho_ten=typed), TODAY).ho_ten


def test_a_serial_is_one_serial_however_it_is_spaced() -> None:
    """A blank before it must not make another certificate of it."""
    assert "BX 12" == normalised(a_subject(so_phat_hanh=" BX  12"), TODAY).so_phat_hanh
    assert "BX 12" == normalised(a_subject(so_phat_hanh=" BX 12"), TODAY).so_phat_hanh


@given(
    blanks=st.lists(st.sampled_from(["", " ", "  ", "\t"]), min_size=3, max_size=3),
    form=st.sampled_from(["NFC", "NFD"]),
    day=st.sampled_from(["1990-02-01", "1990-02", "1990", PartialDate(1990, 2, 1)]),
)
def test_what_stands_and_what_is_mended_meet(
    blanks: list[str], form: Literal["NFC", "NFD"], day: str | PartialDate
) -> None:
    """Most questions need no mending and take a short way; both ways must say the same."""
    begin, middle, end = blanks
    name = f"{begin}Nguyễn {middle}Ánh{end}"
    typed = a_subject(ho_ten=unicodedata.normalize(form, name), ngay_sinh=day)

    once = normalised(typed, TODAY)

    assert "Nguyễn Ánh" == once.ho_ten
    assert once == normalised(once, TODAY)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("1990-02-01", "1990-02-01"),
        ("1990-02", PartialDate(1990, 2)),
        ("1990", PartialDate(1990)),
        (PartialDate(1990, 2, 1), "1990-02-01"),
        (PartialDate(1990), PartialDate(1990)),
    ],
)
def test_one_meaning_of_a_date_has_one_value(given: object, expected: object) -> None:
    """Old people's registers know years only; both spellings mean the same."""
    assert expected == normalised(a_subject(ngay_sinh=given), TODAY).ngay_sinh


@pytest.mark.parametrize(
    ("member", "value"),
    [
        pytest.param("so_dinh_danh", "3190000123", id="leading zero lost"),
        pytest.param("so_dinh_danh", "00319000012a", id="a letter"),
        pytest.param("so_dinh_danh", "٠٠٣١٩٠٠٠٠١٢٣", id="digits of another script"),
        pytest.param("ho_ten", "Иван", id="another script"),
        pytest.param("ho_ten", "1234", id="no letter"),
        pytest.param("ho_ten", "a" * 121, id="too long"),
        pytest.param("ho_ten", "A\x00B", id="control character"),
        pytest.param("ngay_sinh", "1990-02-30", id="no such day"),
        pytest.param("ngay_sinh", "2026-11-22", id="tomorrow"),
        pytest.param("ngay_sinh", "01/02/1990", id="another order"),
        pytest.param("ngay_sinh", PartialDate(1990, None, 3), id="day without month"),
        pytest.param("ma_xa", "123", id="short code"),
        pytest.param("so_phat_hanh", "<script>", id="markup"),
        pytest.param("so_phat_hanh", "Nguyễn Thị Ánh", id="a name in the place of a serial"),
        pytest.param("so_phat_hanh", "A" * 31, id="a serial that is too long"),
    ],
)
def test_bad_input_is_named_by_its_place_and_never_repeated(member: str, value: object) -> None:
    """Exact errors without personal data: the pointer leaves, the value stays."""
    with pytest.raises(Refusal) as refused:
        normalised(Subject(**{member: value}), TODAY)  # type: ignore[arg-type]

    errors = refused.value.facts["errors"]
    assert [f"/subject/{member}"] == [each["pointer"] for each in errors]  # type: ignore[attr-defined]
    assert str(value) not in str(errors)
