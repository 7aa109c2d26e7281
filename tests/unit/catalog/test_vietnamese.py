"""What is wrong with a value, in Vietnamese."""

from datetime import date
from typing import Annotated

import msgspec
import pytest

from catalog.entries import Mark
from catalog.vietnamese import in_vietnamese


class Everything(msgspec.Struct, kw_only=True):
    """A member of each kind that documents hold."""

    text: Annotated[str, msgspec.Meta(pattern="^x", max_length=3)] | None = None
    number: Annotated[int, msgspec.Meta(ge=1, le=4)] = 1
    day: date | None = None
    mark: Mark = Mark.VERIFIED
    listed: Annotated[tuple[int, ...], msgspec.Meta(min_length=1)] | None = None
    must: str


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "thiếu thành phần must"),
        ({"text": 1}, "cần chữ hoặc bỏ trống, không phải số nguyên"),
        ({"text": "abcd"}, "cần chữ có độ dài <= 3"),
        ({"text": "abc"}, "cần chữ theo mẫu ^x"),
        ({"number": 9}, "cần số nguyên <= 4"),
        ({"number": "1"}, "cần số nguyên, không phải chữ"),
        ({"day": "21/11/2026"}, "không phải ngày hay thời điểm hợp lệ"),
        ({"mark": "X"}, "'X' không có trong danh mục"),
        ({"listed": []}, "cần danh sách có độ dài >= 1"),
    ],
)
def test_whatever_the_decoder_says_is_said_in_vietnamese(
    given: dict[str, object], said: str
) -> None:
    """The officer of the catalog who mends the file may read nothing else."""
    with pytest.raises(msgspec.ValidationError) as wrong:
        msgspec.convert(given, Everything)

    assert said == in_vietnamese(str(wrong.value).partition(" - at")[0])


def test_the_checks_own_sentences_are_said_too() -> None:
    """A code of a wrong form says which form it must have."""
    assert "không phải mã cơ quan" == in_vietnamese("not an agency code")
    assert "dài hơn 35 ký tự" == in_vietnamese("longer than 35")


def test_a_sentence_that_nobody_knows_stays_as_it_is() -> None:
    """Better English than nothing; the decoder may learn new sentences."""
    assert "did not find expected ','" == in_vietnamese("did not find expected ','")
