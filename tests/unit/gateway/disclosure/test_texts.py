"""What people write into questions and reasons."""

import pytest

from gateway.disclosure.errors import TextRefused
from gateway.disclosure.texts import LONGEST_TEXT, written

NUMBERS = (
    "Sao xem số 003190000123 của tôi?",
    "003 190 000 123",
    "003.190.000.123",
    "003-190-000-123",
    "thẻ 012345678",
    "003\u200b190\u200b000\u200b123",
    "٠٠٣١٩٠٠٠٠١٢٣",
    "００３１９００００１２３",
)


@pytest.mark.parametrize("text", NUMBERS)
def test_nine_digits_in_a_row_are_refused_however_dressed(text: str) -> None:
    """Officials read these texts for years; a number in them is one leak more (promise P6)."""
    with pytest.raises(TextRefused) as refused:
        written(text)

    assert "digits" == refused.value.reason
    assert not any(each.isdigit() for each in str(refused.value))


@pytest.mark.parametrize(
    "text",
    [
        "Ngày 20/11/2026 lúc 09:14 ai đã xem?",
        "2026-11-20 09:14:30",
        "hồ sơ H99.30.01-261121-0001",
        "Đất thửa 123, tờ 45, 250.000 đồng",
    ],
)
def test_dates_hours_and_sums_may_be_written(text: str) -> None:
    """A question without its when and what cannot be answered."""
    assert text == written(text)


def test_one_spelling_is_kept_for_all() -> None:
    """Composed and decomposed letters are one text; blanks at the ends are none of it."""
    assert "Tại sao?" == written("  Ta\u0323i sao?\n")


@pytest.mark.parametrize("text", ["", "  a ", "x" * (LONGEST_TEXT + 1)])
def test_too_little_or_too_much_is_refused(text: str) -> None:
    """A bound for the database, and for whoever has to read it."""
    with pytest.raises(TextRefused, match="length"):
        written(text)


@pytest.mark.parametrize("text", ["abc\x00def", "abc\u202edef", "abc\x1b[31m"])
def test_characters_that_hide_or_steer_are_refused(text: str) -> None:
    """What an official reads must be what the person wrote."""
    with pytest.raises(TextRefused, match="characters"):
        written(text)
