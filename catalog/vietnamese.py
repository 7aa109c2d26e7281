"""What is wrong with a value, in Vietnamese: the decoder speaks English alone; pure."""

import re
from collections.abc import Callable
from typing import TypeAlias

_TYPES = {
    "str": "chữ",
    "int": "số nguyên",
    "float": "số thập phân",
    "bool": "true hoặc false",
    "array": "danh sách",
    "object": "bảng tên và giá trị",
    "date": "ngày",
    "datetime": "thời điểm",
    "null": "bỏ trống",
}
# Sentences of the checks themselves.
_SENTENCES = {
    "letters, digits, dot, dash, underscore; at most 64": (
        "chữ, số, dấu chấm, gạch nối, gạch dưới; tối đa 64 ký tự"
    ),
    "d.dddddd": "một chữ số, dấu chấm, sáu chữ số",
    "occurs twice": "có hai lần",
    "not an enterprise code": "không phải mã doanh nghiệp",
    "not an agency code": "không phải mã cơ quan",
    "not UTF-8": "không phải UTF-8",
}
Said: TypeAlias = Callable[[re.Match[str]], str]
_WORDS: tuple[tuple[re.Pattern[str], Said], ...] = (
    (
        re.compile(r"Object missing required field `(\w+)`"),
        lambda found: f"thiếu thành phần {found[1]}",
    ),
    (re.compile(r"longer than (\d+)"), lambda found: f"dài hơn {found[1]} ký tự"),
    (re.compile(r"Invalid enum value (.+)"), lambda found: f"{found[1]} không có trong danh mục"),
    (
        re.compile(r"Invalid (?:RFC3339 encoded )?date(?:time)?"),
        lambda _: "không phải ngày hay thời điểm hợp lệ",
    ),
    (
        re.compile(r"Expected `([^`]+)`, got `([^`]+)`"),
        lambda found: f"cần {_types(found[1])}, không phải {_types(found[2])}",
    ),
    (
        re.compile(r"Expected `([^`]+)` matching regex '(.*)'"),
        lambda found: f"cần {_types(found[1])} theo mẫu {found[2]}",
    ),
    (
        re.compile(r"Expected `([^`]+)` of length (.+)"),
        lambda found: f"cần {_types(found[1])} có độ dài {found[2]}",
    ),
    (
        re.compile(r"Expected `([^`]+)` ([<>]=? .+)"),
        lambda found: f"cần {_types(found[1])} {found[2]}",
    ),
)


def in_vietnamese(problem: str) -> str:
    """Return what *problem* says, a sentence without its place; itself when nobody knows it."""
    if problem in _SENTENCES:
        return _SENTENCES[problem]
    for pattern, said in _WORDS:
        found = pattern.fullmatch(problem)
        if found is not None:
            return said(found)
    return problem


def _types(names: str) -> str:
    """Return "chữ hoặc bỏ trống" for "str | null"."""
    return " hoặc ".join(_TYPES.get(name, name) for name in names.split(" | "))
